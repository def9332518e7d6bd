/**
 * Share partitions that are being set up, are set up, or are being deleted at the share coordinator (type 15).
 */
import { array, coordinatorKey, coordinatorValue, int32, type MessageType, string, uuid } from '../../schema.ts';

export const shareGroupStatePartitionMetadataKey = coordinatorKey({
  apiKey: 15,
  name: 'ShareGroupStatePartitionMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string(),
  },
});
export type ShareGroupStatePartitionMetadataKey = MessageType<typeof shareGroupStatePartitionMetadataKey>;

const topicPartitionsInfo = {
  topicId: uuid(),
  topicName: string(),
  partitions: array(int32()),
};

const topicInfo = {
  topicId: uuid(),
  topicName: string(),
};

export const shareGroupStatePartitionMetadataValue = coordinatorValue({
  apiKey: 15,
  name: 'ShareGroupStatePartitionMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    initializingTopics: array(topicPartitionsInfo),
    initializedTopics: array(topicPartitionsInfo),
    deletingTopics: array(topicInfo),
  },
});
export type ShareGroupStatePartitionMetadataValue = MessageType<typeof shareGroupStatePartitionMetadataValue>;
