/**
 * Type 25: the metadata transaction is dropped.
 */
import { type MessageType, metadataRecord, string } from '../../schema.ts';

export const abortTransactionRecord = metadataRecord({
  apiKey: 25,
  name: 'AbortTransactionRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    reason: string({ nullable: true, default: null, tag: 0 }),
  },
});
export type AbortTransactionRecord = MessageType<typeof abortTransactionRecord>;
