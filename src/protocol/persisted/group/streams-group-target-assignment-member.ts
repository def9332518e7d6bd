/**
 * Target tasks of one member of a streams group (type 21).
 */
import { array, coordinatorKey, coordinatorValue, int32, type MessageType, string } from '../../schema.ts';

export const streamsGroupTargetAssignmentMemberKey = coordinatorKey({
  apiKey: 21,
  name: 'StreamsGroupTargetAssignmentMemberKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string(),
    memberId: string(),
  },
});
export type StreamsGroupTargetAssignmentMemberKey = MessageType<typeof streamsGroupTargetAssignmentMemberKey>;

const taskIds = {
  subtopologyId: string(),
  partitions: array(int32()),
};

export const streamsGroupTargetAssignmentMemberValue = coordinatorValue({
  apiKey: 21,
  name: 'StreamsGroupTargetAssignmentMemberValue',
  versions: '0',
  flexible: '0+',
  fields: {
    activeTasks: array(taskIds),
    standbyTasks: array(taskIds),
    warmupTasks: array(taskIds),
  },
});
export type StreamsGroupTargetAssignmentMemberValue = MessageType<typeof streamsGroupTargetAssignmentMemberValue>;
