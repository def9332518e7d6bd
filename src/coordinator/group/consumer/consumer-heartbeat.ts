/**
 * ConsumerGroupHeartbeat (KIP-848): join (epoch 0), stay (above), leave (-1) and leave for a while (-2, static members).
 * Control thread.
 */

import { randomUuid } from '../../../base/uuid.ts';
import { ErrorCode, KafkaError } from '../../../protocol/errors.ts';
import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from '../../../protocol/messages/68-consumer-group-heartbeat.ts';
import type { CoordinatorResult } from '../../runtime/coordinator-shard.ts';
import { consumerSetting } from '../group-config.ts';
import type { GroupEnvironment, GroupRequestContext } from '../group-environment.ts';
import type { GroupRecord } from '../group-records.ts';
import { consumerMemberRecord } from '../group-records.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import {
  type ConsumerMember,
  currentRecord,
  JOIN_EPOCH,
  newConsumerMember,
  STATIC_LEAVE_EPOCH,
  subscriptionRecord,
  topicNameSet,
} from './consumer-member.ts';
import type { ConsumerProgress } from './consumer-progress.ts';
import { type ConsumerSessions, memberTombstones } from './consumer-sessions.ts';
import { isSubset, NO_PARTITIONS, samePartitions, toTopicPartitions } from './partition-sets.ts';
import { ASSIGNORS } from './target-assignment.ts';
import { validateRegex } from './topic-regex.ts';

type Result = CoordinatorResult<GroupRecord, ConsumerGroupHeartbeatResponse>;

/** A member as it was, and the static one whose place it takes. */
export interface FoundMember {
  readonly member: ConsumerMember;
  readonly replacedId?: string;
}

export class ConsumerHeartbeat {
  readonly #env: GroupEnvironment;
  readonly #progress: ConsumerProgress;
  readonly #sessions: ConsumerSessions;

  constructor(env: GroupEnvironment, progress: ConsumerProgress, sessions: ConsumerSessions) {
    this.#env = env;
    this.#progress = progress;
    this.#sessions = sessions;
  }

  /** Throws a KafkaError. `records` holds what made the group, if it is new. */
  beat(
    group: ConsumerGroup,
    request: ConsumerGroupHeartbeatRequest,
    context: GroupRequestContext,
    records: GroupRecord[],
  ): Result {
    // Version 0 lets the coordinator make up the id (KIP-1082 leaves that to the client).
    const memberId = request.memberId === '' ? randomUuid(this.#env.random) : request.memberId;
    throwIfFull(group, memberId, this.#env.config.consumer.maxSize);
    const { member: before, replacedId } = this.#findMember(group, memberId, request, records);
    if (request.subscribedTopicRegex) validateRegex(request.subscribedTopicRegex);
    const updated = withRequest(before, request, context);
    const { member: after } = this.#progress.advance(
      {
        group,
        before,
        member: updated,
        replacedId,
        reported: request.topicPartitions,
        mayDescribe: context.mayDescribe,
      },
      records,
    );
    this.#sessions.resetSession(group.groupId, after);
    this.#sessions.watchRevocation(group.groupId, updated, after);
    const { rebalanceTimeoutMs, subscribedTopicNames, subscribedTopicRegex, topicPartitions } = request;
    const isFull =
      request.memberEpoch === JOIN_EPOCH ||
      (rebalanceTimeoutMs !== -1 &&
        (subscribedTopicNames ?? subscribedTopicRegex) !== null &&
        topicPartitions !== null);
    const tellAssignment = isFull || !samePartitions(before.assigned, after.assigned);
    return {
      records,
      response: {
        ...heartbeatAnswer(
          after.memberId,
          after.epoch,
          consumerSetting(this.#env.config, group.groupId, 'heartbeatIntervalMs'),
        ),
        assignment: tellAssignment ? { topicPartitions: toTopicPartitions(after.assigned) } : null,
      },
    };
  }

  /** Throws a KafkaError. */
  leave(group: ConsumerGroup, request: ConsumerGroupHeartbeatRequest): Result {
    const { instanceId, memberId, memberEpoch } = request;
    const member = instanceId === null ? group.member(memberId) : staticMember(group, instanceId, memberId);
    const response = heartbeatAnswer(memberId, memberEpoch, 0);
    if (memberEpoch === STATIC_LEAVE_EPOCH) {
      const left = { ...member, epoch: STATIC_LEAVE_EPOCH, pendingRevocation: NO_PARTITIONS };
      return { records: [currentRecord(group.groupId, left)], response };
    }
    return { ...this.#sessions.remove(group, [member]), response };
  }

  #findMember(
    group: ConsumerGroup,
    memberId: string,
    request: ConsumerGroupHeartbeatRequest,
    records: GroupRecord[],
  ): FoundMember {
    const { instanceId, memberEpoch } = request;
    if (instanceId === null) {
      const member = memberEpoch === JOIN_EPOCH ? group.members.get(memberId) : group.member(memberId);
      if (member) throwIfEpochIsWrong(member, request);
      return { member: member ?? newConsumerMember(memberId) };
    }
    if (memberEpoch !== JOIN_EPOCH) {
      const member = staticMember(group, instanceId, memberId);
      throwIfEpochIsWrong(member, request);
      return { member };
    }
    const holder = group.staticMember(instanceId);
    // The member itself joins again when an answer was lost. Kafka refuses that too, which ends its client for good.
    if (holder && holder.memberId !== memberId && holder.epoch !== STATIC_LEAVE_EPOCH && holder.classic === null) {
      throw new KafkaError(
        ErrorCode.UNRELEASED_INSTANCE_ID,
        `instance id ${instanceId} is in use by member ${holder.memberId}`,
      );
    }
    return takeStaticPlace(group, holder, memberId, records);
  }
}

/** The static member of this instance goes on under another id, with its target and what it owns. */
export function takeStaticPlace(
  group: ConsumerGroup,
  holder: ConsumerMember | undefined,
  memberId: string,
  records: GroupRecord[],
): FoundMember {
  if (!holder) return { member: group.members.get(memberId) ?? newConsumerMember(memberId) };
  if (holder.memberId === memberId) return { member: { ...holder, epoch: Math.max(holder.epoch, JOIN_EPOCH) } };
  const { groupId } = group;
  const member = { ...holder, memberId, epoch: JOIN_EPOCH, previousEpoch: JOIN_EPOCH };
  const topicPartitions = toTopicPartitions(group.target(holder.memberId));
  records.push(
    ...memberTombstones(groupId, holder.memberId),
    subscriptionRecord(groupId, member),
    consumerMemberRecord('consumerTargetMember', groupId, memberId, { topicPartitions }),
    currentRecord(groupId, member),
  );
  return { member, replacedId: holder.memberId };
}

/** Throws UNKNOWN_MEMBER_ID, or FENCED_INSTANCE_ID when the instance belongs to another member. */
export function staticMember(group: ConsumerGroup, instanceId: string, memberId: string): ConsumerMember {
  const member = group.staticMember(instanceId);
  if (!member) throw new KafkaError(ErrorCode.UNKNOWN_MEMBER_ID, `instance id ${instanceId} is unknown`);
  if (member.memberId !== memberId) {
    throw new KafkaError(ErrorCode.FENCED_INSTANCE_ID, `instance id ${instanceId} belongs to ${member.memberId}`);
  }
  return member;
}

export function throwIfFull(group: ConsumerGroup, memberId: string, maxSize: number): void {
  if (group.size >= maxSize && !group.members.has(memberId)) {
    throw new KafkaError(
      ErrorCode.GROUP_MAX_SIZE_REACHED,
      `the group has ${maxSize} members, which is all it may have`,
    );
  }
}

/** Throws INVALID_REQUEST or UNSUPPORTED_ASSIGNOR. */
export function validateHeartbeat(
  request: ConsumerGroupHeartbeatRequest,
  apiVersion: number,
  env: GroupEnvironment,
): void {
  const { memberEpoch, memberId, instanceId, subscribedTopicNames, subscribedTopicRegex, serverAssignor } = request;
  const require = (holds: boolean, message: string): void => {
    if (!holds) throw new KafkaError(ErrorCode.INVALID_REQUEST, message);
  };
  // A name of nothing but blanks counts as empty.
  require(request.groupId.trim() !== '', "GroupId can't be empty.");
  require(instanceId?.trim() !== '', "InstanceId can't be empty.");
  require(request.rackId?.trim() !== '', "RackId can't be empty.");
  require(memberEpoch >= STATIC_LEAVE_EPOCH, 'MemberEpoch is invalid.');
  const maybeNameless = apiVersion === 0 && (memberEpoch === JOIN_EPOCH || memberEpoch === STATIC_LEAVE_EPOCH);
  require(memberId.trim() !== '' || maybeNameless, "MemberId can't be empty.");
  require(memberEpoch !== STATIC_LEAVE_EPOCH || instanceId !== null, "InstanceId can't be null.");
  if (memberEpoch === JOIN_EPOCH) {
    require(request.rebalanceTimeoutMs !== -1, 'RebalanceTimeoutMs must be provided in first request.');
    require(request.topicPartitions?.length === 0, 'TopicPartitions must be empty when (re-)joining.');
    const hasTopics = subscribedTopicNames !== null || subscribedTopicRegex !== null;
    require(hasTopics, 'Either SubscribedTopicNames or SubscribedTopicRegex must be set when (re-)joining.');
  }
  const { assignors } = env.config.consumer;
  if (serverAssignor !== null && !(assignors.includes(serverAssignor) && ASSIGNORS.has(serverAssignor))) {
    throw new KafkaError(
      ErrorCode.UNSUPPORTED_ASSIGNOR,
      `ServerAssignor ${serverAssignor} is not supported. Supported assignors: ${assignors.join(', ')}.`,
    );
  }
}

export function heartbeatAnswer(
  memberId: string,
  memberEpoch: number,
  heartbeatIntervalMs: number,
): ConsumerGroupHeartbeatResponse {
  return {
    throttleTimeMs: 0,
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    memberId,
    memberEpoch,
    heartbeatIntervalMs,
    assignment: null,
  };
}

export function heartbeatError(errorCode: number, errorMessage: string): ConsumerGroupHeartbeatResponse {
  return { ...heartbeatAnswer('', 0, 0), memberId: null, errorCode, errorMessage };
}

/**
 * A member that joins has given up what it had, whichever epoch it was in. Otherwise its epoch must be the one it was
 * told last, or the one before, when the answer with the new one was lost.
 */
function throwIfEpochIsWrong(member: ConsumerMember, request: ConsumerGroupHeartbeatRequest): void {
  const { memberEpoch, topicPartitions } = request;
  if (memberEpoch === JOIN_EPOCH || memberEpoch === member.epoch) return;
  const answerWasLost =
    memberEpoch === member.previousEpoch &&
    memberEpoch < member.epoch &&
    topicPartitions !== null &&
    isSubset(topicPartitions, member.assigned);
  if (answerWasLost) return;
  throw new KafkaError(
    ErrorCode.FENCED_MEMBER_EPOCH,
    `the member comes with epoch ${memberEpoch} but has ${member.epoch}; it must give up its partitions and join again`,
  );
}

/** Absent fields stand for no change. */
function withRequest(
  member: ConsumerMember,
  request: ConsumerGroupHeartbeatRequest,
  context: GroupRequestContext,
): ConsumerMember {
  return {
    ...member,
    instanceId: request.instanceId ?? member.instanceId,
    rackId: request.rackId ?? member.rackId,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs === -1 ? member.rebalanceTimeoutMs : request.rebalanceTimeoutMs,
    serverAssignor: request.serverAssignor ?? member.serverAssignor,
    topicNames: request.subscribedTopicNames ? topicNameSet(request.subscribedTopicNames) : member.topicNames,
    topicRegex: request.subscribedTopicRegex ?? member.topicRegex,
    clientId: context.clientId,
    clientHost: context.clientHost,
    classic: null,
  };
}
