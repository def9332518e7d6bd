/**
 * Target assignment of one member of a consumer group (type 7).
 */
import { array, coordinatorKey, coordinatorValue, int32, type MessageType, string, uuid } from '../../schema.ts';

export const consumerGroupTargetAssignmentMemberKey = coordinatorKey({
  apiKey: 7,
  name: 'ConsumerGroupTargetAssignmentMemberKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string(),
    memberId: string(),
  },
});
export type ConsumerGroupTargetAssignmentMemberKey = MessageType<typeof consumerGroupTargetAssignmentMemberKey>;

export const consumerGroupTargetAssignmentMemberValue = coordinatorValue({
  apiKey: 7,
  name: 'ConsumerGroupTargetAssignmentMemberValue',
  versions: '0',
  flexible: '0+',
  fields: {
    topicPartitions: array({
      topicId: uuid(),
      partitions: array(int32()),
    }),
  },
});
export type ConsumerGroupTargetAssignmentMemberValue = MessageType<typeof consumerGroupTargetAssignmentMemberValue>;
