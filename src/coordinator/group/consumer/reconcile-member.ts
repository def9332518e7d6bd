/**
 * One step of a member towards the group's target (KIP-848): it keeps what both agree on, gives back the rest, and only
 * then gets what is new and free. A partition has one owner at a time: who must give it back owns it until it says
 * that it no longer does. Topics that it no longer subscribes to are given back at once, and not handed out to it, even if
 * the target has yet to follow. Control thread; pure.
 */
import type { Uuid } from '../../../base/uuid.ts';
import { ErrorCode, KafkaError } from '../../../protocol/errors.ts';
import { type ConsumerMember, MemberState } from './consumer-member.ts';
import {
  NO_PARTITIONS,
  type OwnedPartitions,
  overlaps,
  type PartitionSet,
  samePartitions,
  type TopicPartitions,
  unionOf,
} from './partition-sets.ts';

export interface ReconcileInput {
  readonly targetEpoch: number;
  readonly target: PartitionSet;
  /** Whether some member owns the partition, this one included. */
  readonly isOwned: (topicId: Uuid, partition: number) => boolean;
  /** What the client says it holds; null when it did not say. */
  readonly reported: readonly TopicPartitions[] | null;
  /** Topics that exist of those the member subscribes to. */
  subscribed(): ReadonlySet<Uuid>;
  /** The member subscribes to others than before. */
  readonly subscriptionChanged: boolean;
}

/** The member after the step; the same object when nothing changes. */
export function reconcileMember(member: ConsumerMember, input: ReconcileInput): ConsumerMember {
  const next = step(member, input);
  const unchanged =
    next.epoch === member.epoch &&
    next.previousEpoch === member.previousEpoch &&
    next.state === member.state &&
    samePartitions(next.assigned, member.assigned) &&
    samePartitions(next.pendingRevocation, member.pendingRevocation);
  return unchanged ? member : next;
}

function step(member: ConsumerMember, input: ReconcileInput): ConsumerMember {
  switch (member.state) {
    case MemberState.Stable:
      return member.epoch === input.targetEpoch
        ? withoutUnsubscribed(member, input)
        : nextAssignment(member, member.epoch, input);
    case MemberState.UnrevokedPartitions:
      if (stillHolds(member.pendingRevocation, input)) return withoutUnsubscribed(member, input);
      return nextAssignment(member, member.epoch, input);
    case MemberState.UnreleasedPartitions:
      return nextAssignment(member, member.epoch, input);
    default:
      // A state of a newer coordinator. Nothing can be said about what the member holds, unless it holds nothing.
      if (input.reported === null || input.reported.length > 0) {
        throw new KafkaError(ErrorCode.FENCED_MEMBER_EPOCH, 'the state of the member is not known; it must join again');
      }
      return nextAssignment(member, input.targetEpoch, input);
  }
}

/** A client that does not say what it holds is taken to hold everything. */
function stillHolds(partitions: OwnedPartitions, { reported }: ReconcileInput): boolean {
  return reported === null || overlaps(reported, partitions);
}

/** No step is due, but for topics that the member no longer wants: partitions that it does not hold are free at once. */
function withoutUnsubscribed(member: ConsumerMember, input: ReconcileInput): ConsumerMember {
  if (!input.subscriptionChanged) return member;
  const subscribed = input.subscribed();
  const unwanted = new Map([...member.assigned].filter(([topicId]) => !subscribed.has(topicId)));
  if (unwanted.size === 0) return member;
  const assigned = new Map([...member.assigned].filter(([topicId]) => subscribed.has(topicId)));
  const pendingRevocation = unionOf(member.pendingRevocation, unwanted);
  const changed = { ...withEpoch(member, member.epoch), assigned };
  if (!stillHolds(pendingRevocation, input)) return changed;
  return { ...changed, state: MemberState.UnrevokedPartitions, pendingRevocation };
}

function nextAssignment(member: ConsumerMember, epochWhileRevoking: number, input: ReconcileInput): ConsumerMember {
  const { targetEpoch } = input;
  const subscribed = input.subscribed();
  const target = new Map([...input.target].filter(([topicId]) => subscribed.has(topicId)));
  const kept = new Map<Uuid, Map<number, number>>();
  const revoked = new Map<Uuid, Map<number, number>>();
  for (const [topicId, partitions] of member.assigned) {
    for (const [partition, epoch] of partitions) {
      put(target.get(topicId)?.has(partition) ? kept : revoked, topicId, partition, epoch);
    }
  }
  if (revoked.size > 0 && stillHolds(revoked, input)) {
    return {
      ...withEpoch(member, epochWhileRevoking),
      state: MemberState.UnrevokedPartitions,
      assigned: kept,
      pendingRevocation: revoked,
    };
  }
  let waits = false;
  const isOwnHere = (topicId: Uuid, partition: number): boolean => kept.get(topicId)?.has(partition) ?? false;
  for (const [topicId, partitions] of target) {
    for (const partition of partitions) {
      if (isOwnHere(topicId, partition)) continue;
      // What the member itself was to give back is free now that it no longer holds it, or it never let go of it.
      const wasOwn = member.pendingRevocation.get(topicId)?.has(partition) ?? false;
      if (!wasOwn && input.isOwned(topicId, partition)) waits = true;
      else put(kept, topicId, partition, targetEpoch);
    }
  }
  return {
    ...withEpoch(member, targetEpoch),
    state: waits ? MemberState.UnreleasedPartitions : MemberState.Stable,
    assigned: kept,
    pendingRevocation: NO_PARTITIONS,
  };
}

function withEpoch(member: ConsumerMember, epoch: number): ConsumerMember {
  return { ...member, epoch, previousEpoch: member.epoch };
}

function put(map: Map<Uuid, Map<number, number>>, topicId: Uuid, partition: number, epoch: number): void {
  const partitions = map.get(topicId);
  if (partitions) partitions.set(partition, epoch);
  else map.set(topicId, new Map([[partition, epoch]]));
}
