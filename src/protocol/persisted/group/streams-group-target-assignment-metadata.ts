/**
 * Epoch of a streams group's target assignment (type 20).
 */
import { coordinatorKey, coordinatorValue, int32, int64, type MessageType, string } from '../../schema.ts';

export const streamsGroupTargetAssignmentMetadataKey = coordinatorKey({
  apiKey: 20,
  name: 'StreamsGroupTargetAssignmentMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string(),
  },
});
export type StreamsGroupTargetAssignmentMetadataKey = MessageType<typeof streamsGroupTargetAssignmentMetadataKey>;

export const streamsGroupTargetAssignmentMetadataValue = coordinatorValue({
  apiKey: 20,
  name: 'StreamsGroupTargetAssignmentMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64({ tag: 0, ignorable: true }),
  },
});
export type StreamsGroupTargetAssignmentMetadataValue = MessageType<typeof streamsGroupTargetAssignmentMetadataValue>;
