/**
 * Current assignment of one member of a share group (type 14).
 */
import { array, coordinatorKey, coordinatorValue, int8, int32, type MessageType, string, uuid } from '../../schema.ts';

export const shareGroupCurrentMemberAssignmentKey = coordinatorKey({
  apiKey: 14,
  name: 'ShareGroupCurrentMemberAssignmentKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string(),
    memberId: string(),
  },
});
export type ShareGroupCurrentMemberAssignmentKey = MessageType<typeof shareGroupCurrentMemberAssignmentKey>;

const topicPartitions = {
  topicId: uuid(),
  partitions: array(int32()),
};

export const shareGroupCurrentMemberAssignmentValue = coordinatorValue({
  apiKey: 14,
  name: 'ShareGroupCurrentMemberAssignmentValue',
  versions: '0',
  flexible: '0+',
  fields: {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: array(topicPartitions),
  },
});
export type ShareGroupCurrentMemberAssignmentValue = MessageType<typeof shareGroupCurrentMemberAssignmentValue>;
