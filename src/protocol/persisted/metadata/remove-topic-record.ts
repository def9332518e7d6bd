/**
 * Type 9: a topic was deleted, with all its partitions and configs.
 */
import { type MessageType, metadataRecord, uuid } from '../../schema.ts';

export const removeTopicRecord = metadataRecord({
  apiKey: 9,
  name: 'RemoveTopicRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    topicId: uuid(),
  },
});
export type RemoveTopicRecord = MessageType<typeof removeTopicRecord>;
