/**
 * Where one member of a streams group stands on the way to its target (type 22).
 */
import { array, coordinatorKey, coordinatorValue, int8, int32, type MessageType, string } from '../../schema.ts';

export const streamsGroupCurrentMemberAssignmentKey = coordinatorKey({
  apiKey: 22,
  name: 'StreamsGroupCurrentMemberAssignmentKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string(),
    memberId: string(),
  },
});
export type StreamsGroupCurrentMemberAssignmentKey = MessageType<typeof streamsGroupCurrentMemberAssignmentKey>;

const taskIds = {
  subtopologyId: string(),
  partitions: array(int32()),
  assignmentEpochs: array(int32(), { nullable: true, default: null, explicitNull: true, tag: 0 }),
};

export const streamsGroupCurrentMemberAssignmentValue = coordinatorValue({
  apiKey: 22,
  name: 'StreamsGroupCurrentMemberAssignmentValue',
  versions: '0',
  flexible: '0+',
  fields: {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    activeTasks: array(taskIds),
    standbyTasks: array(taskIds),
    warmupTasks: array(taskIds),
    activeTasksPendingRevocation: array(taskIds),
    standbyTasksPendingRevocation: array(taskIds),
    warmupTasksPendingRevocation: array(taskIds),
  },
});
export type StreamsGroupCurrentMemberAssignmentValue = MessageType<typeof streamsGroupCurrentMemberAssignmentValue>;
