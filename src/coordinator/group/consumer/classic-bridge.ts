/**
 * Members of the classic protocol in a consumer group (KIP-848): their JoinGroup is a heartbeat that tells everything,
 * their generation is the member's epoch, and SyncGroup gives what they own by now. When they have to take another step
 * they are told that a rebalance is in progress. Control thread.
 */
import { ErrorCode, KafkaError } from '../../../protocol/errors.ts';
import type { HeartbeatRequest } from '../../../protocol/messages/12-heartbeat.ts';
import type { SyncGroupRequest, SyncGroupResponse } from '../../../protocol/messages/14-sync-group.ts';
import { errorCodeOf } from '../../runtime/append-errors.ts';
import type { JoinRequest } from '../classic/classic-join.ts';
import type { LeavingMember, LeftMember } from '../classic/classic-leave.ts';
import { joinGroupError } from '../classic/classic-responses.ts';
import { assignmentBytes, ownedPartitionsOf, subscriptionOf } from '../consumer-protocol.ts';
import { type Effects, type GroupEnvironment, NO_EFFECTS } from '../group-environment.ts';
import type { GroupRecord } from '../group-records.ts';
import { randomJavaUuid } from '../member-id.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import { staticMember, takeStaticPlace, throwIfFull } from './consumer-heartbeat.ts';
import { type ConsumerMember, MemberState, newConsumerMember, topicNameSet } from './consumer-member.ts';
import type { ConsumerProgress } from './consumer-progress.ts';
import type { ConsumerSessions } from './consumer-sessions.ts';
import type { GroupMigration } from './group-migration.ts';

export class ClassicBridge {
  readonly #env: GroupEnvironment;
  readonly #progress: ConsumerProgress;
  readonly #sessions: ConsumerSessions;
  readonly #migration: GroupMigration;

  constructor(
    env: GroupEnvironment,
    progress: ConsumerProgress,
    sessions: ConsumerSessions,
    migration: GroupMigration,
  ) {
    this.#env = env;
    this.#progress = progress;
    this.#sessions = sessions;
    this.#migration = migration;
  }

  /** Throws a KafkaError. The answer leaves when the step is durable. */
  join(group: ConsumerGroup, request: JoinRequest): Effects {
    const { context, groupInstanceId } = request;
    const memberId = request.memberId || `${groupInstanceId ?? context.clientId}-${randomJavaUuid(this.#env.random)}`;
    const { consumer } = this.#env.config;
    if (consumer.migrationPolicy === 'DISABLED') throw new KafkaError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
    throwIfFull(group, memberId, consumer.maxSize);
    throwIfProtocolsDiffer(group, request);
    if (request.memberId === '' && groupInstanceId === null && context.apiVersion >= 4) {
      request.respond(joinGroupError(memberId, ErrorCode.MEMBER_ID_REQUIRED));
      return NO_EFFECTS;
    }
    const records: GroupRecord[] = [];
    const found = this.#findMember(group, memberId, request, records);
    const subscription = subscriptionOf(request.protocols[0].metadata);
    if (!subscription) throw new KafkaError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, 'the subscription is malformed');
    const member: ConsumerMember = {
      ...found.member,
      instanceId: groupInstanceId ?? found.member.instanceId,
      rackId: subscription.rackId ?? found.member.rackId,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs,
      topicNames: topicNameSet(subscription.topics),
      topicRegex: '',
      clientId: context.clientId,
      clientHost: context.clientHost,
      classic: { sessionTimeoutMs: request.sessionTimeoutMs, supportedProtocols: [...request.protocols] },
    };
    const after = this.#progress.advance(
      {
        group,
        before: found.member,
        member,
        replacedId: found.replacedId,
        reported: ownedPartitionsOf(subscription, this.#env.topics),
        mayDescribe: context.mayDescribe,
      },
      records,
    );
    return this.#finishJoin(group, request, after, found.replacedId, records);
  }

  #finishJoin(
    group: ConsumerGroup,
    request: JoinRequest,
    { member, epoch }: { member: ConsumerMember; epoch: number },
    replacedId: string | undefined,
    records: GroupRecord[],
  ): Effects {
    const respond = (): void =>
      request.respond({
        ...joinGroupError(member.memberId, ErrorCode.NONE),
        generationId: member.epoch,
        protocolType: 'consumer',
        protocolName: request.protocols[0].name,
      });
    if (replacedId !== undefined && this.#migration.canDowngrade(group, new Set([replacedId]), 1)) {
      const downgraded = this.#migration.downgradeReplacing(group, replacedId, member, epoch);
      return { ...downgraded, onDurable: respond };
    }
    return {
      records,
      onDurable: () => {
        this.#sessions.joined(group.groupId, member.memberId);
        this.#sessions.resetSession(group.groupId, member);
        this.#sessions.expectSync(group.groupId, member);
        respond();
      },
    };
  }

  #findMember(group: ConsumerGroup, memberId: string, request: JoinRequest, records: GroupRecord[]) {
    const { groupInstanceId } = request;
    if (groupInstanceId === null) return { member: group.members.get(memberId) ?? newConsumerMember(memberId) };
    if (request.memberId !== '') return { member: staticMember(group, groupInstanceId, memberId) };
    return takeStaticPlace(group, group.staticMember(groupInstanceId), memberId, records);
  }

  /** Throws a KafkaError. */
  sync(group: ConsumerGroup, request: SyncGroupRequest, respond: (response: SyncGroupResponse) => void): Effects {
    const member = this.#classicMember(group, request);
    const [offered] = member.classic!.supportedProtocols;
    const { protocolType, protocolName } = request;
    if ((protocolType ?? 'consumer') !== 'consumer' || (protocolName ?? offered.name) !== offered.name) {
      throw new KafkaError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
    }
    // One that has to give partitions back has joined already; it will be told again when it has.
    if (group.targetEpoch > member.epoch && member.state !== MemberState.UnrevokedPartitions) {
      this.#sessions.expectJoin(group.groupId, member);
      throw new KafkaError(ErrorCode.REBALANCE_IN_PROGRESS);
    }
    return {
      records: [],
      onDurable: () => {
        this.#sessions.synced(group.groupId, member.memberId);
        this.#sessions.resetSession(group.groupId, member);
        respond({
          throttleTimeMs: 0,
          errorCode: ErrorCode.NONE,
          protocolType,
          protocolName,
          assignment: assignmentBytes(member.assigned, this.#env.topics, offered.metadata),
        });
      },
    };
  }

  /** The error code of the answer. Throws a KafkaError. */
  heartbeat(group: ConsumerGroup, request: HeartbeatRequest): number {
    const member = this.#classicMember(group, request);
    this.#sessions.resetSession(group.groupId, member);
    const mustJoin =
      member.epoch < group.targetEpoch ||
      member.state === MemberState.UnrevokedPartitions ||
      (member.state === MemberState.UnreleasedPartitions && !group.waitsForOthers(member));
    if (!mustJoin) return ErrorCode.NONE;
    this.#sessions.expectJoin(group.groupId, member);
    return ErrorCode.REBALANCE_IN_PROGRESS;
  }

  /** An administrator may send it for members of either protocol. */
  leave(group: ConsumerGroup, leaving: readonly LeavingMember[]): { effects: Effects; members: LeftMember[] } {
    const gone = new Map<string, ConsumerMember>();
    const members = leaving.map(({ memberId, groupInstanceId }) => {
      let errorCode: number = ErrorCode.NONE;
      try {
        const member = this.#leavingMember(group, memberId, groupInstanceId);
        gone.set(member.memberId, member);
      } catch (error) {
        errorCode = errorCodeOf(error);
      }
      return { memberId, groupInstanceId, errorCode };
    });
    return { members, effects: gone.size > 0 ? this.#sessions.remove(group, [...gone.values()]) : NO_EFFECTS };
  }

  #leavingMember(group: ConsumerGroup, memberId: string, instanceId: string | null): ConsumerMember {
    const byInstance = memberId === '' && instanceId !== null;
    const ownId = byInstance ? (group.staticMember(instanceId)?.memberId ?? '') : memberId;
    return instanceId === null ? group.member(ownId) : staticMember(group, instanceId, ownId);
  }

  #classicMember(
    group: ConsumerGroup,
    request: { readonly memberId: string; readonly groupInstanceId: string | null; readonly generationId: number },
  ): ConsumerMember {
    const { memberId, groupInstanceId } = request;
    const member = groupInstanceId === null ? group.member(memberId) : staticMember(group, groupInstanceId, memberId);
    if (member.classic === null) throw new KafkaError(ErrorCode.UNKNOWN_MEMBER_ID);
    if (member.epoch !== request.generationId) throw new KafkaError(ErrorCode.ILLEGAL_GENERATION);
    return member;
  }
}

/** A classic member must share a protocol with the group's other classic members, in case they are left alone. */
function throwIfProtocolsDiffer(group: ConsumerGroup, request: JoinRequest): void {
  const classics = [...group.members.values()].flatMap(({ classic }) => classic ?? []);
  const isShared = request.protocols.some(({ name }) =>
    classics.every(({ supportedProtocols }) => supportedProtocols.some((protocol) => protocol.name === name)),
  );
  if (request.protocolType !== 'consumer' || request.protocols.length === 0 || !isShared) {
    throw new KafkaError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  }
}
