/**
 * Epoch of a consumer group's target assignment (type 6); written after the members' targets.
 */
import { coordinatorKey, coordinatorValue, int32, int64, type MessageType, string } from '../../schema.ts';

export const consumerGroupTargetAssignmentMetadataKey = coordinatorKey({
  apiKey: 6,
  name: 'ConsumerGroupTargetAssignmentMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string(),
  },
});
export type ConsumerGroupTargetAssignmentMetadataKey = MessageType<typeof consumerGroupTargetAssignmentMetadataKey>;

export const consumerGroupTargetAssignmentMetadataValue = coordinatorValue({
  apiKey: 6,
  name: 'ConsumerGroupTargetAssignmentMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64({ tag: 0, ignorable: true }),
  },
});
export type ConsumerGroupTargetAssignmentMetadataValue = MessageType<typeof consumerGroupTargetAssignmentMetadataValue>;
