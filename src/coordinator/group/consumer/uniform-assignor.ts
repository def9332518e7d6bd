/**
 * Uniform: members get as equal numbers of partitions as their subscriptions allow, and keep what they have as far as
 * that goes. Pure.
 *
 * Members keep what they had and still want, up to their share. What is left goes to whoever wants it and has least.
 * When subscriptions differ, that may leave chances: partitions are then moved from fuller to emptier members while
 * that makes the difference smaller.
 */
import type { Uuid } from '../../../base/uuid.ts';
import type { AssignorInput, AssignorMember, PartitionAssignor } from './partition-assignor.ts';
import { type PartitionSet, partitionsOf } from './partition-sets.ts';

type TopicPartition = readonly [topicId: Uuid, partition: number];

/** Rounds of moving partitions to emptier members, each one over all members: more brings next to nothing. */
const BALANCE_ROUNDS_MAX = 16;

export const uniformAssignor: PartitionAssignor = {
  name: 'uniform',
  assign(input) {
    const members = input.members.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1));
    const plan = new Plan(members);
    const isHomogeneous = members.every((member) => sameTopics(member.topicIds, members[0].topicIds));
    const free = keepLast(plan, input, isHomogeneous ? sharesOf(members.length, totalOf(input)) : null);
    if (isHomogeneous) fillShares(plan, free, sharesOf(members.length, totalOf(input)));
    else fillAndBalance(plan, free);
    return plan.result();
  },
};

/** Who has what, while it is worked out. */
class Plan {
  readonly members: readonly AssignorMember[];
  readonly counts: number[];
  readonly #assigned: Map<Uuid, Set<number>>[];

  constructor(members: readonly AssignorMember[]) {
    this.members = members;
    this.counts = members.map(() => 0);
    this.#assigned = members.map(() => new Map());
  }

  give(index: number, [topicId, partition]: TopicPartition): void {
    const topics = this.#assigned[index];
    const partitions = topics.get(topicId);
    if (partitions) partitions.add(partition);
    else topics.set(topicId, new Set([partition]));
    this.counts[index]++;
  }

  take(index: number, [topicId, partition]: TopicPartition): void {
    const partitions = this.#assigned[index].get(topicId)!;
    partitions.delete(partition);
    if (partitions.size === 0) this.#assigned[index].delete(topicId);
    this.counts[index]--;
  }

  topicsOf(index: number): ReadonlyMap<Uuid, ReadonlySet<number>> {
    return this.#assigned[index];
  }

  result(): Map<string, PartitionSet> {
    return new Map(this.members.map((member, index) => [member.memberId, this.#assigned[index]]));
  }
}

interface Shares {
  readonly least: number;
  /** So many members have one more. */
  readonly larger: number;
}

function totalOf(input: AssignorInput): number {
  let total = 0;
  for (const count of input.partitionCounts.values()) total += count;
  return total;
}

function sharesOf(members: number, partitions: number): Shares {
  return {
    least: members === 0 ? 0 : Math.floor(partitions / members),
    larger: members === 0 ? 0 : partitions % members,
  };
}

/** Gives members what they had and may keep; returns the rest, topic by topic. */
function keepLast(plan: Plan, input: AssignorInput, shares: Shares | null): TopicPartition[] {
  const taken = new Map<Uuid, Set<number>>();
  let larger = shares?.larger ?? 0;
  // Those who have most come first to the larger shares, so that least is taken away.
  const order = plan.members.map((_, index) => index).sort((a, b) => sizeOf(plan, b) - sizeOf(plan, a));
  for (const index of order) {
    const member = plan.members[index];
    const quota = shares ? shares.least + (larger > 0 ? 1 : 0) : Number.POSITIVE_INFINITY;
    for (const [topicId, partition] of partitionsOf(member.lastTarget)) {
      if (plan.counts[index] === quota) break;
      const count = input.partitionCounts.get(topicId) ?? 0;
      const isFree = partition < count && !taken.get(topicId)?.has(partition);
      if (!isFree || !member.topicIds.has(topicId)) continue;
      plan.give(index, [topicId, partition]);
      taken.set(topicId, (taken.get(topicId) ?? new Set()).add(partition));
    }
    if (shares && plan.counts[index] > shares.least) larger--;
  }
  return withoutTaken(input.partitionCounts, taken);
}

/** Topic by topic. */
function withoutTaken(
  partitionCounts: ReadonlyMap<Uuid, number>,
  taken: ReadonlyMap<Uuid, ReadonlySet<number>>,
): TopicPartition[] {
  const free: TopicPartition[] = [];
  for (const [topicId, count] of [...partitionCounts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (let partition = 0; partition < count; partition++) {
      if (!taken.get(topicId)?.has(partition)) free.push([topicId, partition]);
    }
  }
  return free;
}

function sizeOf(plan: Plan, index: number): number {
  let size = 0;
  for (const partitions of plan.members[index].lastTarget.values()) size += partitions.size;
  return size;
}

function fillShares(plan: Plan, free: readonly TopicPartition[], shares: Shares): void {
  let next = 0;
  const fill = (index: number, upTo: number): void => {
    while (plan.counts[index] < upTo && next < free.length) plan.give(index, free[next++]);
  };
  for (let index = 0; index < plan.members.length; index++) fill(index, shares.least);
  for (let index = 0; index < plan.members.length; index++) fill(index, shares.least + 1);
}

function fillAndBalance(plan: Plan, free: readonly TopicPartition[]): void {
  const wanting = new Map<Uuid, number[]>();
  plan.members.forEach((member, index) => {
    for (const topicId of member.topicIds) wanting.set(topicId, [...(wanting.get(topicId) ?? []), index]);
  });
  const emptiest = (topicId: Uuid): number =>
    wanting.get(topicId)!.reduce((best, index) => (plan.counts[index] < plan.counts[best] ? index : best));
  // What few want is given first: the many can make up for it elsewhere.
  const byWanting = free.toSorted(([a], [b]) => wanting.get(a)!.length - wanting.get(b)!.length);
  for (const topicPartition of byWanting) plan.give(emptiest(topicPartition[0]), topicPartition);
  for (let round = 0; round < BALANCE_ROUNDS_MAX; round++) {
    if (!moveToEmptier(plan, emptiest)) return;
  }
}

/** Moves partitions wherever another member has at least two less; returns whether any was. */
function moveToEmptier(plan: Plan, emptiest: (topicId: Uuid) => number): boolean {
  let moved = false;
  const fullestFirst = plan.members.map((_, index) => index).sort((a, b) => plan.counts[b] - plan.counts[a]);
  for (const index of fullestFirst) {
    for (const [topicId, partitions] of [...plan.topicsOf(index)]) {
      for (const partition of [...partitions]) {
        const other = emptiest(topicId);
        if (plan.counts[index] - plan.counts[other] < 2) break;
        plan.take(index, [topicId, partition]);
        plan.give(other, [topicId, partition]);
        moved = true;
      }
    }
  }
  return moved;
}

function sameTopics(a: ReadonlySet<Uuid>, b: ReadonlySet<Uuid>): boolean {
  return a.size === b.size && a.isSubsetOf(b);
}
