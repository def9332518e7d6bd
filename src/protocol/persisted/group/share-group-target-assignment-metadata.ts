/**
 * Epoch of a share group's target assignment (type 12).
 */
import { coordinatorKey, coordinatorValue, int32, int64, type MessageType, string } from '../../schema.ts';

export const shareGroupTargetAssignmentMetadataKey = coordinatorKey({
  apiKey: 12,
  name: 'ShareGroupTargetAssignmentMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string(),
  },
});
export type ShareGroupTargetAssignmentMetadataKey = MessageType<typeof shareGroupTargetAssignmentMetadataKey>;

export const shareGroupTargetAssignmentMetadataValue = coordinatorValue({
  apiKey: 12,
  name: 'ShareGroupTargetAssignmentMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64({ tag: 0, ignorable: true }),
  },
});
export type ShareGroupTargetAssignmentMetadataValue = MessageType<typeof shareGroupTargetAssignmentMetadataValue>;
