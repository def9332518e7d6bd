/**
 * Type 28: forget the eligible leader replicas of one topic, or of all when the name is empty.
 */
import { type MessageType, metadataRecord, string } from '../../schema.ts';

export const clearElrRecord = metadataRecord({
  apiKey: 28,
  name: 'ClearElrRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    topicName: string(),
  },
});
export type ClearElrRecord = MessageType<typeof clearElrRecord>;
