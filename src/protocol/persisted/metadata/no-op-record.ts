/**
 * Type 20: nothing; the active controller writes it so that the log and its time go on.
 */
import { type MessageType, metadataRecord } from '../../schema.ts';

export const noOpRecord = metadataRecord({
  apiKey: 20,
  name: 'NoOpRecord',
  versions: '0',
  flexible: '0+',
  fields: {},
});
export type NoOpRecord = MessageType<typeof noOpRecord>;
