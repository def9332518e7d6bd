/**
 * Type 2: a topic was created; its partitions follow as PartitionRecords.
 */
import { type MessageType, metadataRecord, string, uuid } from '../../schema.ts';

export const topicRecord = metadataRecord({
  apiKey: 2,
  name: 'TopicRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    name: string(),
    topicId: uuid(),
  },
});
export type TopicRecord = MessageType<typeof topicRecord>;
