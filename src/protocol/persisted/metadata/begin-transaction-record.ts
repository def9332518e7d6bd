/**
 * Type 23: what follows takes effect only with an EndTransactionRecord (KIP-868).
 */
import { type MessageType, metadataRecord, string } from '../../schema.ts';

export const beginTransactionRecord = metadataRecord({
  apiKey: 23,
  name: 'BeginTransactionRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    name: string({ nullable: true, default: null, tag: 0 }),
  },
});
export type BeginTransactionRecord = MessageType<typeof beginTransactionRecord>;
