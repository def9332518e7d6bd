/**
 * Sets of partitions, by topic id, as consumer groups pass them around. Never changed once they are made; no topic has an
 * empty set. Control thread.
 */
import type { Uuid } from '../../../base/uuid.ts';

export type PartitionSet = ReadonlyMap<Uuid, ReadonlySet<number>>;
/** Partitions with the member epoch in which each was given to the member (KIP-1251). */
export type OwnedPartitions = ReadonlyMap<Uuid, ReadonlyMap<number, number>>;

export interface TopicPartitions {
  readonly topicId: Uuid;
  readonly partitions: readonly number[];
}

export const NO_PARTITIONS: ReadonlyMap<Uuid, never> = new Map<Uuid, never>();

export function partitionSet(topics: Iterable<TopicPartitions>): PartitionSet {
  const set = new Map<Uuid, Set<number>>();
  for (const { topicId, partitions } of topics) {
    if (partitions.length > 0) set.set(topicId, new Set([...(set.get(topicId) ?? []), ...partitions]));
  }
  return set;
}

/** In the order of topic ids and partitions, so that equal sets give equal records. */
export function toTopicPartitions(set: PartitionSet | OwnedPartitions): { topicId: Uuid; partitions: number[] }[] {
  return [...set.keys()].sort().map((topicId) => ({
    topicId,
    partitions: [...set.get(topicId)!.keys()].sort((a, b) => a - b),
  }));
}

/** Whether every partition of `part` is in `whole`. */
export function isSubset(part: Iterable<TopicPartitions>, whole: PartitionSet | OwnedPartitions): boolean {
  for (const { topicId, partitions } of part) {
    const among = whole.get(topicId);
    for (const partition of partitions) if (!among?.has(partition)) return false;
  }
  return true;
}

/** Whether some partition of `part` is in `whole`. */
export function overlaps(part: Iterable<TopicPartitions>, whole: PartitionSet | OwnedPartitions): boolean {
  for (const { topicId, partitions } of part) {
    const among = whole.get(topicId);
    if (among && partitions.some((partition) => among.has(partition))) return true;
  }
  return false;
}

/** Whether both hold the same partitions, whatever the epochs. */
export function samePartitions(a: PartitionSet | OwnedPartitions, b: PartitionSet | OwnedPartitions): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [topicId, partitions] of a) {
    const other = b.get(topicId);
    if (!other || other.size !== partitions.size) return false;
    for (const partition of partitions.keys()) if (!other.has(partition)) return false;
  }
  return true;
}

export function unionOf(a: OwnedPartitions, b: OwnedPartitions): OwnedPartitions {
  if (b.size === 0) return a;
  const union = new Map<Uuid, ReadonlyMap<number, number>>(a);
  for (const [topicId, partitions] of b) union.set(topicId, new Map([...(union.get(topicId) ?? []), ...partitions]));
  return union;
}

export function* partitionsOf(set: PartitionSet | OwnedPartitions): IterableIterator<[Uuid, number]> {
  for (const [topicId, partitions] of set) for (const partition of partitions.keys()) yield [topicId, partition];
}
