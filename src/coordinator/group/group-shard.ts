/**
 * The groups of one partition of `__consumer_offsets`: passes each request to the part that knows, and replays records.
 * Control thread; run by the runtime, one operation at a time.
 */
import { ErrorCode, KafkaError } from '../../protocol/errors.ts';
import type { OffsetCommitRequest, OffsetCommitResponse } from '../../protocol/messages/08-offset-commit.ts';
import type { HeartbeatRequest } from '../../protocol/messages/12-heartbeat.ts';
import type { SyncGroupRequest, SyncGroupResponse } from '../../protocol/messages/14-sync-group.ts';
import type { ListGroupsRequest, ListGroupsResponse } from '../../protocol/messages/16-list-groups.ts';
import type { TxnOffsetCommitRequest } from '../../protocol/messages/28-txn-offset-commit.ts';
import type { OffsetDeleteRequest, OffsetDeleteResponse } from '../../protocol/messages/47-offset-delete.ts';
import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from '../../protocol/messages/68-consumer-group-heartbeat.ts';
import type { CoordinatorResult, CoordinatorShard, RecordOrigin, ShardServices } from '../runtime/coordinator-shard.ts';
import { JournaledMap } from '../runtime/undo-log.ts';
import { ClassicGroup } from './classic/classic-group.ts';
import { classicHeartbeat } from './classic/classic-heartbeat.ts';
import { ClassicJoin, type JoinRequest } from './classic/classic-join.ts';
import { classicLeave, type LeavingMember, type LeftMember } from './classic/classic-leave.ts';
import { ClassicRebalance } from './classic/classic-rebalance.ts';
import { restoreClassicGroup } from './classic/classic-records.ts';
import { joinGroupError } from './classic/classic-responses.ts';
import { ClassicSync } from './classic/classic-sync.ts';
import { ClassicBridge } from './consumer/classic-bridge.ts';
import { type DescribedConsumerGroup, describeConsumerGroup } from './consumer/consumer-describe.ts';
import { ConsumerGroup } from './consumer/consumer-group.ts';
import { ConsumerHeartbeat, validateHeartbeat } from './consumer/consumer-heartbeat.ts';
import { JOIN_EPOCH } from './consumer/consumer-member.ts';
import { ConsumerProgress } from './consumer/consumer-progress.ts';
import { replayConsumerRecord } from './consumer/consumer-replay.ts';
import { ConsumerSessions } from './consumer/consumer-sessions.ts';
import { GroupMigration } from './consumer/group-migration.ts';
import type { Group, OffsetClient, PartitionCheck } from './group.ts';
import { type DescribedGroup, describeClassicGroup, listGroups } from './group-describe.ts';
import { type Effects, type GroupEnvironment, type GroupRequestContext, NO_EFFECTS } from './group-environment.ts';
import type { TopicDescription } from './group-ports.ts';
import type { GroupRecord, RecordOf } from './group-records.ts';
import { allOffsetTombstones, deletedTopicTombstones, deleteOffsets, expireOffsets } from './offsets/offset-cleanup.ts';
import { decideCommit } from './offsets/offset-commit.ts';
import { type FetchedGroup, type FetchOptions, fetchOffsets, type GroupToFetch } from './offsets/offset-fetch.ts';
import { OffsetStore } from './offsets/offset-store.ts';

type Result<T> = CoordinatorResult<GroupRecord, T>;
type CommittedTopics = OffsetCommitResponse['topics'];

const CLEANUP_TIMER = 'cleanup';

export class GroupShard implements CoordinatorShard<GroupRecord> {
  readonly #env: GroupEnvironment;
  readonly #groups: JournaledMap<string, Group>;
  readonly #offsets: OffsetStore;
  readonly #rebalance: ClassicRebalance;
  readonly #classicJoin: ClassicJoin;
  readonly #classicSync: ClassicSync;
  readonly #migration: GroupMigration;
  readonly #progress: ConsumerProgress;
  readonly #sessions: ConsumerSessions;
  readonly #consumerHeartbeat: ConsumerHeartbeat;
  readonly #classicBridge: ClassicBridge;

  constructor(
    services: ShardServices<GroupShard, GroupRecord>,
    ports: Pick<GroupEnvironment, 'config' | 'topics' | 'clock' | 'random' | 'logger'>,
  ) {
    const { timers, undo } = services;
    this.#env = {
      ...ports,
      timers,
      undo,
      submit: (name, step) => services.submit(name, () => ({ ...step(), response: undefined })),
    };
    this.#groups = new JournaledMap(undo);
    this.#offsets = new OffsetStore(undo);
    this.#rebalance = new ClassicRebalance(this.#env, (group) => this.#groups.get(group.groupId) === group);
    this.#classicJoin = new ClassicJoin(this.#env, this.#rebalance);
    this.#classicSync = new ClassicSync(this.#env, this.#rebalance);
    const consumerGroup = (groupId: string): ConsumerGroup | null => this.#consumerGroup(groupId);
    this.#migration = new GroupMigration(this.#env, this.#rebalance, (group) => this.#groups.set(group.groupId, group));
    this.#progress = new ConsumerProgress(this.#env, consumerGroup);
    this.#sessions = new ConsumerSessions(this.#env, this.#progress, this.#migration, consumerGroup);
    this.#consumerHeartbeat = new ConsumerHeartbeat(this.#env, this.#progress, this.#sessions);
    this.#classicBridge = new ClassicBridge(this.#env, this.#progress, this.#sessions, this.#migration);
  }

  // Membership. Answers come through `respond`, when the group has come so far.

  /** Throws a KafkaError. */
  joinGroup(request: JoinRequest): Result<void> {
    const group = this.#groups.get(request.groupId);
    if (group instanceof ClassicGroup) return softResult(this.#classicJoin.join(group, request, false), undefined);
    if (group instanceof ConsumerGroup && !group.isEmpty) {
      return { ...this.#classicBridge.join(group, request), response: undefined };
    }
    if (group && !(group instanceof ConsumerGroup)) throw new KafkaError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
    // An id that this coordinator gave out would be known; a group that could never have members is not made.
    const hasProtocols = request.protocolType !== '' && request.protocols.length > 0;
    if (request.memberId !== '' || !hasProtocols) {
      const errorCode = request.memberId ? ErrorCode.UNKNOWN_MEMBER_ID : ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
      request.respond(joinGroupError(request.memberId, errorCode));
      return softResult(NO_EFFECTS, undefined);
    }
    const tombstones = group?.tombstones() ?? [];
    const joined = this.#classicJoin.join(this.#makeClassicGroup(request.groupId), request, true);
    return softResult({ ...joined, records: [...tombstones, ...joined.records] }, undefined);
  }

  /** Throws a KafkaError. */
  syncGroup(request: SyncGroupRequest, respond: (response: SyncGroupResponse) => void): Result<void> {
    const group = this.#groups.get(request.groupId);
    if (group instanceof ConsumerGroup) {
      return { ...this.#classicBridge.sync(group, request, respond), response: undefined };
    }
    if (!(group instanceof ClassicGroup) || group.isEmpty) throw new KafkaError(ErrorCode.UNKNOWN_MEMBER_ID);
    return softResult(this.#classicSync.sync(group, request, respond), undefined);
  }

  /** The error code of the answer. Throws a KafkaError. */
  heartbeat(request: HeartbeatRequest): Result<number> {
    const group = this.#groups.get(request.groupId);
    if (group instanceof ConsumerGroup) {
      return { records: [], response: this.#classicBridge.heartbeat(group, request) };
    }
    if (!(group instanceof ClassicGroup)) throw new KafkaError(ErrorCode.UNKNOWN_MEMBER_ID);
    return softResult(NO_EFFECTS, classicHeartbeat(group, request, this.#rebalance));
  }

  /** Throws a KafkaError. */
  leaveGroup(groupId: string, leaving: readonly LeavingMember[]): Result<LeftMember[]> {
    const group = this.#groups.get(groupId);
    if (group instanceof ConsumerGroup) {
      const { effects, members } = this.#classicBridge.leave(group, leaving);
      return { ...effects, response: members };
    }
    if (!(group instanceof ClassicGroup)) throw new KafkaError(ErrorCode.UNKNOWN_MEMBER_ID);
    const { effects, members } = classicLeave(group, leaving, this.#rebalance);
    return softResult(effects, members);
  }

  /** Throws a KafkaError. */
  consumerHeartbeat(
    request: ConsumerGroupHeartbeatRequest,
    context: GroupRequestContext,
  ): Result<ConsumerGroupHeartbeatResponse> {
    validateHeartbeat(request, context.apiVersion, this.#env);
    const records: GroupRecord[] = [];
    const group = this.#consumerGroupToJoin(request, records);
    if (request.memberEpoch < JOIN_EPOCH) return this.#consumerHeartbeat.leave(group, request);
    return this.#consumerHeartbeat.beat(group, request, context, records);
  }

  /** Who joins may make the group, or turn a classic one into it. */
  #consumerGroupToJoin(request: ConsumerGroupHeartbeatRequest, records: GroupRecord[]): ConsumerGroup {
    const group = this.#groups.get(request.groupId);
    if (group instanceof ConsumerGroup) return group;
    const joins = request.memberEpoch === JOIN_EPOCH;
    if (joins && group instanceof ClassicGroup && !group.isEmpty) {
      const upgraded = this.#migration.upgrade(group, records);
      // Should the change fail, these find no consumer group; the classic sessions run on beside them.
      this.#sessions.begin(upgraded);
      return upgraded;
    }
    if (!joins || (group && !(group instanceof ClassicGroup))) {
      throw new KafkaError(ErrorCode.GROUP_ID_NOT_FOUND, `no consumer group ${request.groupId}`);
    }
    if (group && !group.isSimple) records.push(...group.tombstones());
    return new ConsumerGroup(request.groupId, this.#env.undo);
  }

  // Offsets.

  commitOffsets(request: OffsetCommitRequest, context: GroupRequestContext): Result<CommittedTopics> {
    const client: OffsetClient = { ...request, isTransactional: false, apiVersion: context.apiVersion };
    const group = this.#groups.get(request.groupId);
    // A group that does not exist may be made by who only stores offsets.
    if (!group && client.generationIdOrMemberEpoch >= 0) {
      throw new KafkaError(
        context.apiVersion >= 9 ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.ILLEGAL_GENERATION,
        `group ${request.groupId} not found`,
      );
    }
    const check = group?.validateOffsetCommit(client) ?? null;
    if (group instanceof ClassicGroup && group.isIn('Stable', 'PreparingRebalance')) {
      const member = group.member(request.memberId);
      if (member) this.#rebalance.resetSession(group, member);
    }
    const byTopicId = context.apiVersion >= 10;
    const { records, topics } = decideCommit(this.#env, { ...request, byTopicId }, check);
    return { records, response: topics };
  }

  commitTransactionalOffsets(request: TxnOffsetCommitRequest, context: GroupRequestContext): Result<CommittedTopics> {
    const client: OffsetClient = { ...request, isTransactional: true, apiVersion: context.apiVersion };
    const group = this.#groups.get(request.groupId);
    if (!group && client.generationIdOrMemberEpoch >= 0) {
      throw new KafkaError(context.apiVersion >= 6 ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.ILLEGAL_GENERATION);
    }
    const check = (group && validateTransactionalCommit(group, client)) ?? null;
    const byTopicId = context.apiVersion >= 6;
    const { records, topics } = decideCommit(this.#env, { ...request, byTopicId, retentionTimeMs: -1 }, check);
    return { records, response: topics };
  }

  /** Throws a KafkaError when this member may not ask. */
  fetchOffsets(request: GroupToFetch, options: FetchOptions): FetchedGroup {
    const group = this.#groups.get(request.groupId);
    group?.validateOffsetFetch(request.memberId, request.memberEpoch);
    return fetchOffsets(this.#offsets, this.#env.topics, request, options, group !== undefined);
  }

  deleteOffsets(request: OffsetDeleteRequest): Result<OffsetDeleteResponse['topics']> {
    const group = this.#groups.get(request.groupId);
    if (!group) throw new KafkaError(ErrorCode.GROUP_ID_NOT_FOUND);
    group.validateOffsetDelete();
    const { records, topics } = deleteOffsets(this.#offsets, group, request, this.#env.topics);
    return { records, response: topics };
  }

  // Administration.

  describeConsumerGroup(groupId: string): DescribedConsumerGroup {
    return describeConsumerGroup(groupId, this.#groups.get(groupId), this.#env);
  }

  describeGroup(groupId: string, apiVersion: number): DescribedGroup {
    return describeClassicGroup(groupId, this.#groups.get(groupId), apiVersion);
  }

  listGroups(request: ListGroupsRequest): ListGroupsResponse['groups'] {
    return listGroups(this.#groups.values(), request);
  }

  /** The error code: NON_EMPTY_GROUP, GROUP_ID_NOT_FOUND. */
  deleteGroup(groupId: string): Result<number> {
    const group = this.#groups.get(groupId);
    if (!group) return { records: [], response: ErrorCode.GROUP_ID_NOT_FOUND };
    if (!group.isEmpty) return { records: [], response: ErrorCode.NON_EMPTY_GROUP };
    const records = [...allOffsetTombstones(this.#offsets, groupId), ...group.tombstones()];
    return { records, response: ErrorCode.NONE, splittable: true };
  }

  onTopicsDeleted(topics: readonly Pick<TopicDescription, 'name' | 'id'>[]): Result<void> {
    return { records: deletedTopicTombstones(this.#offsets, topics), response: undefined, splittable: true };
  }

  onTopicsChanged(): void {
    this.#progress.topicsChanged();
  }

  /** Drops expired offsets, and groups that are empty and have none left. */
  cleanUp(): Result<void> {
    const records: GroupRecord[] = [];
    const { clock, config } = this.#env;
    for (const group of this.#groups.values()) {
      const nothingLeft = expireOffsets(this.#offsets, group, clock.wallMs(), config.offsetsRetentionMs, records);
      const isJoining = group instanceof ClassicGroup && group.pendingJoinMembers.size > 0;
      if (nothingLeft && group.isEmpty && !isJoining) records.push(...group.tombstones());
    }
    return { records, response: undefined, splittable: true };
  }

  // The log.

  replay(record: GroupRecord, origin: RecordOrigin): void {
    switch (record.kind) {
      case 'offset':
        if (record.value !== null && !this.#groups.has(record.key.group)) this.#makeClassicGroup(record.key.group);
        this.#offsets.replay(record.key, record.value, origin);
        break;
      case 'classicGroup':
        this.#replayClassicGroup(record);
        break;
      default:
        this.#replayConsumerGroup(record);
    }
  }

  replayEndTransaction(producerId: number, committed: boolean): void {
    this.#offsets.replayEndTransaction(producerId, committed);
  }

  onLoaded(): void {
    for (const group of this.#groups.values()) {
      if (group instanceof ClassicGroup) this.#resume(group);
      else if (group instanceof ConsumerGroup) this.#sessions.resume(group);
    }
    this.#planCleanUp();
  }

  onUnloaded(error: KafkaError): void {
    for (const group of this.#groups.values()) {
      if (group instanceof ClassicGroup) this.#rebalance.dissolve(group, error.code);
    }
  }

  /** What must be the same after a restart, in a form that can be compared. For tests. */
  durableState(): unknown {
    const groups = [...this.#groups.values()].map((group) => [
      group.groupId,
      group.type,
      group instanceof ClassicGroup ? group.persisted.value : null,
      group instanceof ConsumerGroup ? group.durableState() : null,
    ]);
    const offsets = [...this.#groups.keys()].flatMap((groupId) =>
      [...this.#offsets.placesOf(groupId)].map(({ topic, partition }) => {
        const pending = this.#offsets.hasPending(groupId, topic, partition);
        return [groupId, topic, partition, pending, this.#offsets.get(groupId, topic, partition) ?? null];
      }),
    );
    const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
    return { groups: groups.sort(byText), offsets: offsets.sort(byText) };
  }

  #makeClassicGroup(groupId: string): ClassicGroup {
    const group = new ClassicGroup(groupId, this.#env.undo, this.#env.clock.wallMs());
    this.#groups.set(groupId, group);
    return group;
  }

  #replayClassicGroup({ key, value }: RecordOf<'classicGroup'>): void {
    if (value === null) {
      if (this.#groups.get(key.group) instanceof ClassicGroup) this.#groups.delete(key.group);
      return;
    }
    const group = this.#groups.get(key.group);
    const classic = group instanceof ClassicGroup ? group : this.#makeClassicGroup(key.group);
    classic.persisted.set(value);
  }

  #consumerGroup(groupId: string): ConsumerGroup | null {
    const group = this.#groups.get(groupId);
    return group instanceof ConsumerGroup ? group : null;
  }

  /** A tombstone makes no group. Any other record does, in the place of what only stored offsets. */
  #replayConsumerGroup(record: Exclude<GroupRecord, { kind: 'offset' | 'classicGroup' }>): void {
    const { groupId } = record.key;
    let group = this.#consumerGroup(groupId);
    if (!group) {
      if (record.value === null) return;
      group = new ConsumerGroup(groupId, this.#env.undo);
      this.#groups.set(groupId, group);
    }
    if (record.kind === 'consumerGroup' && record.value === null) this.#groups.delete(groupId);
    else replayConsumerRecord(group, record);
  }

  /** After loading: the group goes on where its last durable generation was, and its members have a session to prove it. */
  #resume(group: ClassicGroup): void {
    if (group.persisted.value) restoreClassicGroup(group, group.persisted.value);
    for (const member of group.members()) this.#rebalance.resetSession(group, member);
    if (group.size > this.#env.config.maxSize) {
      this.#env.submit('over-capacity', () => this.#rebalance.rebalance(group, 'the group is larger than allowed'));
    }
  }

  #planCleanUp(): void {
    this.#env.timers.schedule(CLEANUP_TIMER, this.#env.config.offsetsRetentionCheckIntervalMs, () => {
      this.#env.submit(CLEANUP_TIMER, () => this.cleanUp());
      this.#planCleanUp();
    });
  }
}

/** Producers before version 6 do not know of member epochs. */
function validateTransactionalCommit(group: Group, client: OffsetClient): PartitionCheck | null {
  try {
    return group.validateOffsetCommit(client);
  } catch (error) {
    const isStale = error instanceof KafkaError && error.code === ErrorCode.STALE_MEMBER_EPOCH;
    throw isStale && client.apiVersion < 6 ? new KafkaError(ErrorCode.ILLEGAL_GENERATION) : error;
  }
}

/** Classic membership rests on soft state: an answer without records need not wait for other groups' writes. */
function softResult<T>(effects: Effects, response: T): Result<T> {
  return { ...effects, response, immediate: true };
}
