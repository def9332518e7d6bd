/** ConsumerGroupDescribe: what administrators see of a consumer group. Control thread. */
import { ErrorCode } from '../../../protocol/errors.ts';
import type { ConsumerGroupDescribeResponse } from '../../../protocol/messages/69-consumer-group-describe.ts';
import type { Group } from '../group.ts';
import { NO_AUTHORIZED_OPERATIONS } from '../group-describe.ts';
import type { GroupEnvironment } from '../group-environment.ts';
import { ConsumerGroup } from './consumer-group.ts';
import type { ConsumerMember } from './consumer-member.ts';
import { ConsumerView } from './consumer-view.ts';
import { type OwnedPartitions, type PartitionSet, toTopicPartitions, unionOf } from './partition-sets.ts';

export type DescribedConsumerGroup = ConsumerGroupDescribeResponse['groups'][number];
type DescribedMember = DescribedConsumerGroup['members'][number];

const MEMBER_TYPE = { classic: 0, consumer: 1 } as const;

export function describeConsumerGroup(
  groupId: string,
  group: Group | undefined,
  env: GroupEnvironment,
): DescribedConsumerGroup {
  if (!(group instanceof ConsumerGroup)) {
    const message = group ? `Group ${groupId} is not a consumer group.` : `Group ${groupId} not found.`;
    return noConsumerGroup(groupId, ErrorCode.GROUP_ID_NOT_FOUND, message);
  }
  return {
    ...noConsumerGroup(groupId, ErrorCode.NONE, null),
    groupState: group.stateName,
    groupEpoch: group.epoch,
    assignmentEpoch: group.targetEpoch,
    assignorName: new ConsumerView(group, {}).preferredAssignor(env),
    members: [...group.members.values()].map((member) => describeMember(group, member, env)),
  };
}

export function noConsumerGroup(
  groupId: string,
  errorCode: number,
  errorMessage: string | null,
): DescribedConsumerGroup {
  return {
    errorCode,
    errorMessage,
    groupId,
    groupState: '',
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: '',
    members: [],
    authorizedOperations: NO_AUTHORIZED_OPERATIONS,
  };
}

function describeMember(group: ConsumerGroup, member: ConsumerMember, env: GroupEnvironment): DescribedMember {
  return {
    memberId: member.memberId,
    instanceId: member.instanceId,
    rackId: member.rackId,
    memberEpoch: member.epoch,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: [...member.topicNames],
    subscribedTopicRegex: member.topicRegex,
    // What it has to give back it still holds.
    assignment: describePartitions(unionOf(member.assigned, member.pendingRevocation), env),
    targetAssignment: describePartitions(group.target(member.memberId), env),
    memberType: member.classic === null ? MEMBER_TYPE.consumer : MEMBER_TYPE.classic,
  };
}

/** Topics that are gone have no name to show. */
function describePartitions(
  partitions: PartitionSet | OwnedPartitions,
  env: GroupEnvironment,
): DescribedMember['assignment'] {
  return {
    topicPartitions: toTopicPartitions(partitions).flatMap(({ topicId, partitions: numbers }) => {
      const topicName = env.topics.byId(topicId)?.name;
      return topicName === undefined ? [] : [{ topicId, topicName, partitions: numbers }];
    }),
  };
}
