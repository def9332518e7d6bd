/**
 * Target assignment of one member of a share group (type 13).
 */
import { array, coordinatorKey, coordinatorValue, int32, type MessageType, string, uuid } from '../../schema.ts';

export const shareGroupTargetAssignmentMemberKey = coordinatorKey({
  apiKey: 13,
  name: 'ShareGroupTargetAssignmentMemberKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string(),
    memberId: string(),
  },
});
export type ShareGroupTargetAssignmentMemberKey = MessageType<typeof shareGroupTargetAssignmentMemberKey>;

export const shareGroupTargetAssignmentMemberValue = coordinatorValue({
  apiKey: 13,
  name: 'ShareGroupTargetAssignmentMemberValue',
  versions: '0',
  flexible: '0+',
  fields: {
    topicPartitions: array({
      topicId: uuid(),
      partitions: array(int32()),
    }),
  },
});
export type ShareGroupTargetAssignmentMemberValue = MessageType<typeof shareGroupTargetAssignmentMemberValue>;
