/**
 * A consumer group (type 3): its epoch and a hash of the topics it sees.
 */
import { bigint64, coordinatorKey, coordinatorValue, int32, type MessageType, string } from '../../schema.ts';

export const consumerGroupMetadataKey = coordinatorKey({
  apiKey: 3,
  name: 'ConsumerGroupMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string(),
  },
});
export type ConsumerGroupMetadataKey = MessageType<typeof consumerGroupMetadataKey>;

export const consumerGroupMetadataValue = coordinatorValue({
  apiKey: 3,
  name: 'ConsumerGroupMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    epoch: int32(),
    metadataHash: bigint64({ tag: 0 }),
  },
});
export type ConsumerGroupMetadataValue = MessageType<typeof consumerGroupMetadataValue>;
