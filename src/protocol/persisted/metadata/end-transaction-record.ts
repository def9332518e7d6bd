/**
 * Type 24: the metadata transaction takes effect.
 */
import { type MessageType, metadataRecord } from '../../schema.ts';

export const endTransactionRecord = metadataRecord({
  apiKey: 24,
  name: 'EndTransactionRecord',
  versions: '0',
  flexible: '0+',
  fields: {},
});
export type EndTransactionRecord = MessageType<typeof endTransactionRecord>;
