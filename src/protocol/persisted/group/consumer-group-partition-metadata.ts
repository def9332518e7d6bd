/**
 * Partition counts and racks of a consumer group's topics (type 4). Superseded by the hash in type 3: only read, and
 * deleted with a tombstone.
 */
import { array, coordinatorKey, coordinatorValue, int32, type MessageType, string, uuid } from '../../schema.ts';

export const consumerGroupPartitionMetadataKey = coordinatorKey({
  apiKey: 4,
  name: 'ConsumerGroupPartitionMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string(),
  },
});
export type ConsumerGroupPartitionMetadataKey = MessageType<typeof consumerGroupPartitionMetadataKey>;

export const consumerGroupPartitionMetadataValue = coordinatorValue({
  apiKey: 4,
  name: 'ConsumerGroupPartitionMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    topics: array({
      topicId: uuid(),
      topicName: string(),
      numPartitions: int32(),
      partitionMetadata: array({
        partition: int32(),
        racks: array(string()),
      }),
    }),
  },
});
export type ConsumerGroupPartitionMetadataValue = MessageType<typeof consumerGroupPartitionMetadataValue>;
