/**
 * A group of the consumer protocol (KIP-848): members, the target assignment that they move towards, and the epochs that
 * order it all. Durable state, changed by replay alone; what is derived from it is kept along. Control thread.
 *
 *   subscription or topics change -> groupEpoch + 1 -> target computed: targetEpoch = groupEpoch -> each member reconciles
 */
import type { Uuid } from '../../../base/uuid.ts';
import { ErrorCode, KafkaError } from '../../../protocol/errors.ts';
import type { ConsumerGroupCurrentMemberAssignmentValue } from '../../../protocol/persisted/group/consumer-group-current-member-assignment.ts';
import type { ConsumerGroupMemberMetadataValue } from '../../../protocol/persisted/group/consumer-group-member-metadata.ts';
import type { ConsumerGroupRegularExpressionValue } from '../../../protocol/persisted/group/consumer-group-regular-expression.ts';
import { JournaledCell, JournaledMap, type UndoLog } from '../../runtime/undo-log.ts';
import type { Group, OffsetClient, PartitionCheck, RetentionStart } from '../group.ts';
import { consumerGroupRecord, consumerMemberRecord, consumerRegexRecord, type GroupRecord } from '../group-records.ts';
import { NO_METADATA_HASH } from '../metadata-hash.ts';
import {
  type ConsumerMember,
  isReconciledTo,
  LEAVE_EPOCH,
  MemberState,
  newConsumerMember,
  withCurrent,
  withSubscription,
} from './consumer-member.ts';
import {
  NO_PARTITIONS,
  type OwnedPartitions,
  type PartitionSet,
  partitionSet,
  partitionsOf,
  unionOf,
} from './partition-sets.ts';

export type ConsumerGroupState = 'Empty' | 'Assigning' | 'Reconciling' | 'Stable';
type TargetTopics = readonly { readonly topicId: Uuid; readonly partitions: readonly number[] }[];

/** Kafka's first epoch of a group; with its first member it becomes 2. */
const FIRST_EPOCH = 1;
/** No target was ever computed. */
const NO_TARGET_EPOCH = -1;

export class ConsumerGroup implements Group {
  readonly type = 'consumer';
  readonly protocolTypeName = 'consumer';
  readonly groupId: string;
  readonly members: JournaledMap<string, ConsumerMember>;
  readonly targets: JournaledMap<string, PartitionSet>;
  /** What each regular expression of a member matches. */
  readonly regexes: JournaledMap<string, ConsumerGroupRegularExpressionValue>;
  readonly #epoch: JournaledCell<number>;
  readonly #metadataHash: JournaledCell<bigint>;
  readonly #targetEpoch: JournaledCell<number>;
  readonly #targetTimestampMs: JournaledCell<number>;
  /** Instance id to member id. */
  readonly #staticMembers: JournaledMap<string, string>;
  /** 'topic id/partition' to the member that holds it, or has to give it back. */
  readonly #owners: JournaledMap<string, string>;
  /** Soft: the version of the topics that `metadataHash` is known to stand for; see `ConsumerProgress`. */
  topicsVersionSeen = -1;

  constructor(groupId: string, undo: UndoLog) {
    this.groupId = groupId;
    this.members = new JournaledMap(undo);
    this.targets = new JournaledMap(undo);
    this.regexes = new JournaledMap(undo);
    this.#epoch = new JournaledCell(undo, FIRST_EPOCH);
    this.#metadataHash = new JournaledCell(undo, NO_METADATA_HASH);
    this.#targetEpoch = new JournaledCell(undo, NO_TARGET_EPOCH);
    this.#targetTimestampMs = new JournaledCell(undo, 0);
    this.#staticMembers = new JournaledMap(undo);
    this.#owners = new JournaledMap(undo);
  }

  get epoch(): number {
    return this.#epoch.value;
  }

  /** 0: not known. */
  get metadataHash(): bigint {
    return this.#metadataHash.value;
  }

  get targetEpoch(): number {
    return this.#targetEpoch.value;
  }

  /** When the target was computed; 0 when that is not known. */
  get targetTimestampMs(): number {
    return this.#targetTimestampMs.value;
  }

  get size(): number {
    return this.members.size;
  }

  get isEmpty(): boolean {
    return this.members.size === 0;
  }

  get stateName(): ConsumerGroupState {
    if (this.isEmpty) return 'Empty';
    if (this.epoch > this.targetEpoch) return 'Assigning';
    for (const member of this.members.values()) if (!isReconciledTo(member, this.targetEpoch)) return 'Reconciling';
    return 'Stable';
  }

  /** Throws UNKNOWN_MEMBER_ID. */
  member(memberId: string): ConsumerMember {
    const member = this.members.get(memberId);
    if (!member) throw new KafkaError(ErrorCode.UNKNOWN_MEMBER_ID, `no member ${memberId} in group ${this.groupId}`);
    return member;
  }

  staticMember(instanceId: string): ConsumerMember | undefined {
    const memberId = this.#staticMembers.get(instanceId);
    return memberId === undefined ? undefined : this.members.get(memberId);
  }

  target(memberId: string): PartitionSet {
    return this.targets.get(memberId) ?? NO_PARTITIONS;
  }

  isOwned(topicId: Uuid, partition: number): boolean {
    return this.#owners.has(ownerKey(topicId, partition));
  }

  /** Whether the member still waits for a partition that another one has to give back. */
  waitsForOthers(member: ConsumerMember): boolean {
    if (member.state !== MemberState.UnreleasedPartitions) return false;
    for (const [topicId, partition] of partitionsOf(this.target(member.memberId))) {
      if (!member.assigned.get(topicId)?.has(partition) && this.isOwned(topicId, partition)) return true;
    }
    return false;
  }

  /** The topics that the member wants, by name or by what its expression matches. */
  *topicsOf(member: ConsumerMember): IterableIterator<string> {
    yield* member.topicNames;
    if (member.topicRegex !== '') yield* this.regexes.get(member.topicRegex)?.topics ?? [];
  }

  isSubscribedTo(topic: string): boolean {
    for (const member of this.members.values()) {
      for (const wanted of this.topicsOf(member)) if (wanted === topic) return true;
    }
    return false;
  }

  validateOffsetCommit(client: OffsetClient): PartitionCheck | null {
    const { memberId, groupInstanceId, generationIdOrMemberEpoch: epoch } = client;
    if (epoch < 0 && this.isEmpty) return null;
    // A transactional producer may know of the group and of nobody in it.
    if (client.isTransactional && epoch === -1 && memberId === '' && groupInstanceId === null) return null;
    const member = this.member(memberId);
    if (!client.isTransactional && member.classic === null && client.apiVersion < 9) {
      throw new KafkaError(
        ErrorCode.UNSUPPORTED_VERSION,
        'members of the consumer protocol need OffsetCommit 9 or newer',
      );
    }
    if (epoch === member.epoch) return null;
    if (member.classic !== null) throw new KafkaError(ErrorCode.ILLEGAL_GENERATION);
    if (epoch > member.epoch || epoch < 0) throw staleEpoch(epoch, member.epoch);
    // KIP-1251: an epoch that is behind is good enough for a partition that the member has held since.
    return (topicId, partition) => {
      const since =
        heldSince(member.assigned, topicId, partition) ?? heldSince(member.pendingRevocation, topicId, partition);
      if (since === undefined || epoch < since) throw staleEpoch(epoch, member.epoch);
    };
  }

  validateOffsetFetch(memberId: string | null, memberEpoch: number): void {
    if (memberId === null && memberEpoch < 0) return;
    const member = this.member(memberId ?? '');
    if (memberEpoch === member.epoch) return;
    throw member.classic === null
      ? staleEpoch(memberEpoch, member.epoch)
      : new KafkaError(ErrorCode.ILLEGAL_GENERATION);
  }

  validateOffsetDelete(): void {}

  retentionStart(): RetentionStart {
    return (offset) => offset.commitTimestamp;
  }

  tombstones(): GroupRecord[] {
    const { groupId } = this;
    const ids = [...this.members.keys()];
    const targets = new Set([...ids, ...this.targets.keys()]);
    return [
      ...ids.map((id) => consumerMemberRecord('consumerCurrent', groupId, id, null)),
      ...[...targets].map((id) => consumerMemberRecord('consumerTargetMember', groupId, id, null)),
      consumerGroupRecord('consumerTarget', groupId, null),
      consumerGroupRecord('consumerPartitions', groupId, null),
      ...[...this.regexes.keys()].map((regex) => consumerRegexRecord(groupId, regex, null)),
      ...ids.map((id) => consumerMemberRecord('consumerMember', groupId, id, null)),
      consumerGroupRecord('consumerGroup', groupId, null),
    ];
  }

  /** What must be the same after a restart. For tests. */
  durableState(): unknown {
    const members = [...this.members.values()].map((member) => [
      { ...member, assigned: epochsOf(member.assigned), pendingRevocation: epochsOf(member.pendingRevocation) },
      [...partitionsOf(this.target(member.memberId))].sort(),
    ]);
    const regexes = [...this.regexes.entries()].map(([regex, { topics }]) => [regex, topics]);
    const owners = [...this.#owners.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      epoch: this.epoch,
      targetEpoch: this.targetEpoch,
      members: members.sort(),
      regexes: regexes.sort(),
      owners,
    };
  }

  // Replay.

  replayGroup(epoch: number, metadataHash: bigint): void {
    this.#epoch.set(epoch);
    this.#metadataHash.set(metadataHash);
  }

  replayTarget(epoch: number, timestampMs: number): void {
    this.#targetEpoch.set(epoch);
    this.#targetTimestampMs.set(timestampMs);
  }

  forgetTarget(): void {
    this.replayTarget(NO_TARGET_EPOCH, 0);
  }

  replayTargetMember(memberId: string, topics: TargetTopics | null): void {
    if (topics === null) this.targets.delete(memberId);
    else this.targets.set(memberId, partitionSet(topics));
  }

  replaySubscription(memberId: string, value: ConsumerGroupMemberMetadataValue | null): void {
    const member = this.members.get(memberId);
    if (value !== null) {
      this.putMember(withSubscription(member ?? newConsumerMember(memberId), value));
      return;
    }
    if (!member) return;
    this.#disown(member, NO_PARTITIONS);
    this.members.delete(memberId);
    if (member.instanceId !== null && this.#staticMembers.get(member.instanceId) === memberId) {
      this.#staticMembers.delete(member.instanceId);
    }
  }

  replayCurrent(memberId: string, value: ConsumerGroupCurrentMemberAssignmentValue | null): void {
    const member = this.members.get(memberId);
    if (value !== null) {
      this.putMember(withCurrent(member ?? newConsumerMember(memberId), value));
      return;
    }
    if (!member) return;
    this.putMember({
      ...member,
      epoch: LEAVE_EPOCH,
      previousEpoch: LEAVE_EPOCH,
      assigned: NO_PARTITIONS,
      pendingRevocation: NO_PARTITIONS,
    });
  }

  replayRegex(regex: string, value: ConsumerGroupRegularExpressionValue | null): void {
    if (value === null) this.regexes.delete(regex);
    else this.regexes.set(regex, value);
  }

  putMember(member: ConsumerMember): void {
    const old = this.members.get(member.memberId);
    const held = unionOf(member.assigned, member.pendingRevocation);
    if (old && (old.assigned !== member.assigned || old.pendingRevocation !== member.pendingRevocation)) {
      this.#disown(old, held);
    }
    this.members.set(member.memberId, member);
    if (member.instanceId !== null && this.#staticMembers.get(member.instanceId) !== member.memberId) {
      this.#staticMembers.set(member.instanceId, member.memberId);
    }
    for (const [topicId, partition] of partitionsOf(held)) {
      const key = ownerKey(topicId, partition);
      if (this.#owners.get(key) !== member.memberId) this.#owners.set(key, member.memberId);
    }
  }

  /** What the member held and does not hold any more is free, unless another one has it by now. */
  #disown(member: ConsumerMember, except: OwnedPartitions): void {
    for (const owned of [member.assigned, member.pendingRevocation]) {
      for (const [topicId, partition] of partitionsOf(owned)) {
        if (except.get(topicId)?.has(partition)) continue;
        const key = ownerKey(topicId, partition);
        if (this.#owners.get(key) === member.memberId) this.#owners.delete(key);
      }
    }
  }
}

const epochsOf = (owned: OwnedPartitions): unknown[] =>
  [...owned].map(([topicId, partitions]) => [topicId, [...partitions].sort(([a], [b]) => a - b)]).sort();

const ownerKey = (topicId: Uuid, partition: number): string => `${topicId}/${partition}`;

function heldSince(owned: OwnedPartitions, topicId: Uuid, partition: number): number | undefined {
  return owned.get(topicId)?.get(partition);
}

function staleEpoch(epoch: number, memberEpoch: number): KafkaError {
  return new KafkaError(
    ErrorCode.STALE_MEMBER_EPOCH,
    `epoch ${epoch} of the member is not its current one, ${memberEpoch}`,
  );
}
