/**
 * Where one member of a consumer group stands on the way to its target (type 8): epochs, state, partitions held and to
 * be given back.
 */
import { array, coordinatorKey, coordinatorValue, int8, int32, type MessageType, string, uuid } from '../../schema.ts';

export const consumerGroupCurrentMemberAssignmentKey = coordinatorKey({
  apiKey: 8,
  name: 'ConsumerGroupCurrentMemberAssignmentKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string(),
    memberId: string(),
  },
});
export type ConsumerGroupCurrentMemberAssignmentKey = MessageType<typeof consumerGroupCurrentMemberAssignmentKey>;

const topicPartitions = {
  topicId: uuid(),
  partitions: array(int32()),
  assignmentEpochs: array(int32(), { nullable: true, default: null, explicitNull: true, tag: 0 }),
};

export const consumerGroupCurrentMemberAssignmentValue = coordinatorValue({
  apiKey: 8,
  name: 'ConsumerGroupCurrentMemberAssignmentValue',
  versions: '0',
  flexible: '0+',
  fields: {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: array(topicPartitions),
    partitionsPendingRevocation: array(topicPartitions),
  },
});
export type ConsumerGroupCurrentMemberAssignmentValue = MessageType<typeof consumerGroupCurrentMemberAssignmentValue>;
