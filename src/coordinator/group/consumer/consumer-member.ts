/**
 * A member of a consumer group (KIP-848), as its records describe it. Never changed in place. Control thread.
 *
 *   Stable --------------> UnrevokedPartitions: has to give partitions back first; its epoch stands still
 *      ^   <-------------- (it stopped reporting them)
 *      +---- UnreleasedPartitions: in the target's epoch, waiting for partitions that others still hold
 */
import type { Uuid } from '../../../base/uuid.ts';
import type { ConsumerGroupCurrentMemberAssignmentValue } from '../../../protocol/persisted/group/consumer-group-current-member-assignment.ts';
import type { ConsumerGroupMemberMetadataValue } from '../../../protocol/persisted/group/consumer-group-member-metadata.ts';
import { consumerMemberRecord, type GroupRecord } from '../group-records.ts';
import { NO_PARTITIONS, type OwnedPartitions, toTopicPartitions } from './partition-sets.ts';

/** Numbers as Kafka writes them. */
export const MemberState = { Stable: 0, UnrevokedPartitions: 1, UnreleasedPartitions: 2, Unknown: 127 } as const;

export const JOIN_EPOCH = 0;
export const LEAVE_EPOCH = -1;
/** A static member leaves for a while and keeps its place. */
export const STATIC_LEAVE_EPOCH = -2;

export type ClassicMemberMetadata = NonNullable<ConsumerGroupMemberMetadataValue['classicMemberMetadata']>;

export interface ConsumerMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  /** Sorted, each once. */
  readonly topicNames: readonly string[];
  /** '' for none. */
  readonly topicRegex: string;
  readonly rebalanceTimeoutMs: number;
  readonly serverAssignor: string | null;
  /** Of a member that speaks the classic protocol: JoinGroup, SyncGroup. */
  readonly classic: ClassicMemberMetadata | null;
  readonly epoch: number;
  readonly previousEpoch: number;
  readonly state: number;
  readonly assigned: OwnedPartitions;
  readonly pendingRevocation: OwnedPartitions;
}

export function newConsumerMember(memberId: string): ConsumerMember {
  return {
    memberId,
    instanceId: null,
    rackId: null,
    clientId: '',
    clientHost: '',
    topicNames: [],
    topicRegex: '',
    rebalanceTimeoutMs: -1,
    serverAssignor: null,
    classic: null,
    epoch: 0,
    previousEpoch: -1,
    state: MemberState.Stable,
    assigned: NO_PARTITIONS,
    pendingRevocation: NO_PARTITIONS,
  };
}

/** The same topics give the same list. */
export function topicNameSet(names: Iterable<string>): string[] {
  return [...new Set(names)].sort();
}

export function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}

/** Whether the member is where the target of this epoch wants it. */
export function isReconciledTo(member: ConsumerMember, targetEpoch: number): boolean {
  return member.state === MemberState.Stable && member.epoch === targetEpoch;
}

/** Whether two members would have the same subscription record. */
export function sameSubscription(a: ConsumerMember, b: ConsumerMember): boolean {
  return (
    a.instanceId === b.instanceId &&
    a.rackId === b.rackId &&
    a.clientId === b.clientId &&
    a.clientHost === b.clientHost &&
    a.topicRegex === b.topicRegex &&
    a.rebalanceTimeoutMs === b.rebalanceTimeoutMs &&
    a.serverAssignor === b.serverAssignor &&
    sameNames(a.topicNames, b.topicNames) &&
    sameClassic(a.classic, b.classic)
  );
}

function sameClassic(a: ClassicMemberMetadata | null, b: ClassicMemberMetadata | null): boolean {
  if (a === null || b === null) return a === b;
  if (a.sessionTimeoutMs !== b.sessionTimeoutMs) return false;
  if (a.supportedProtocols.length !== b.supportedProtocols.length) return false;
  return a.supportedProtocols.every((protocol, index) => {
    const other = b.supportedProtocols[index];
    return protocol.name === other.name && Buffer.compare(protocol.metadata, other.metadata) === 0;
  });
}

export function subscriptionRecord(groupId: string, member: ConsumerMember): GroupRecord {
  return consumerMemberRecord('consumerMember', groupId, member.memberId, {
    instanceId: member.instanceId,
    rackId: member.rackId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: [...member.topicNames],
    subscribedTopicRegex: member.topicRegex,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    serverAssignor: member.serverAssignor,
    classicMemberMetadata: member.classic,
  });
}

export function withSubscription(member: ConsumerMember, value: ConsumerGroupMemberMetadataValue): ConsumerMember {
  return {
    ...member,
    instanceId: value.instanceId,
    rackId: value.rackId,
    clientId: value.clientId,
    clientHost: value.clientHost,
    topicNames: topicNameSet(value.subscribedTopicNames),
    topicRegex: value.subscribedTopicRegex ?? '',
    rebalanceTimeoutMs: value.rebalanceTimeoutMs,
    serverAssignor: value.serverAssignor,
    classic: value.classicMemberMetadata,
  };
}

export function currentRecord(groupId: string, member: ConsumerMember): GroupRecord {
  return consumerMemberRecord('consumerCurrent', groupId, member.memberId, {
    memberEpoch: member.epoch,
    previousMemberEpoch: member.previousEpoch,
    state: member.state,
    assignedPartitions: ownedToRecord(member.assigned),
    partitionsPendingRevocation: ownedToRecord(member.pendingRevocation),
  });
}

export function withCurrent(member: ConsumerMember, value: ConsumerGroupCurrentMemberAssignmentValue): ConsumerMember {
  const isKnown = value.state >= MemberState.Stable && value.state <= MemberState.UnreleasedPartitions;
  return {
    ...member,
    epoch: value.memberEpoch,
    previousEpoch: value.previousMemberEpoch,
    state: isKnown ? value.state : MemberState.Unknown,
    assigned: ownedFromRecord(value.assignedPartitions, value.memberEpoch),
    pendingRevocation: ownedFromRecord(value.partitionsPendingRevocation, value.memberEpoch),
  };
}

type OwnedRecord = ConsumerGroupCurrentMemberAssignmentValue['assignedPartitions'];

function ownedToRecord(owned: OwnedPartitions): OwnedRecord {
  return toTopicPartitions(owned).map(({ topicId, partitions }) => ({
    topicId,
    partitions,
    assignmentEpochs: partitions.map((partition) => owned.get(topicId)!.get(partition)!),
  }));
}

/** Older records have no epochs of partitions: the member's stands for them. */
function ownedFromRecord(topics: OwnedRecord, memberEpoch: number): OwnedPartitions {
  const owned = new Map<Uuid, Map<number, number>>();
  for (const { topicId, partitions, assignmentEpochs } of topics) {
    owned.set(
      topicId,
      new Map(partitions.map((partition, index) => [partition, assignmentEpochs?.[index] ?? memberEpoch])),
    );
  }
  return owned;
}
