/**
 * Topics and their partitions as the metadata log tells them. Control thread; changed by replay only.
 *
 * A `TopicImage` and a `PartitionRegistration` are values: once the delta that made them is sealed they never change, so
 * anybody may keep one. Within a delta a touched topic is copied once, however many of its partitions change.
 */
import type { ChangeSet } from './change-set.ts';
import type { PartitionChangeRecord, PartitionRecord } from './metadata-records.ts';
import { collisionKey, hasCollisionCharacters } from './topic-name.ts';

export const NO_LEADER = -1;
/** `PartitionChangeRecord.leader` when the leader stays. */
const NO_LEADER_CHANGE = -2;

/** Directory ids with a meaning of their own (KIP-858). */
export const DIRECTORY_UNASSIGNED = 'AAAAAAAAAAAAAAAAAAAAAA';
export const DIRECTORY_MIGRATING = 'AAAAAAAAAAAAAAAAAAAAAg';

export const LeaderRecoveryState = { RECOVERED: 0, RECOVERING: 1 } as const;

/** More partitions than this in one topic is a damaged record, not a topic. */
const TOPIC_PARTITIONS_MAX = 1_000_000;

export interface PartitionRegistration {
  readonly replicas: readonly number[];
  /** Directory id per replica, in the order of `replicas`. */
  readonly directories: readonly string[];
  readonly isr: readonly number[];
  readonly elr: readonly number[];
  readonly lastKnownElr: readonly number[];
  readonly addingReplicas: readonly number[];
  readonly removingReplicas: readonly number[];
  /** NO_LEADER when there is none. */
  readonly leader: number;
  readonly leaderRecoveryState: number;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
}

export interface TopicImage {
  readonly name: string;
  readonly id: string;
  /** Index is the partition id. */
  readonly partitions: readonly PartitionRegistration[];
}

interface TopicBuilder {
  readonly name: string;
  readonly id: string;
  readonly partitions: PartitionRegistration[];
}

type TopicChanges = ChangeSet<string, TopicImage>;

export class TopicsImage {
  readonly #byId = new Map<string, TopicImage>();
  readonly #idByName = new Map<string, string>();
  /** Names by `collisionKey`, for names that can collide. */
  readonly #colliding = new Map<string, Set<string>>();
  #partitionCount = 0;

  get(id: string): TopicImage | undefined {
    return this.#byId.get(id);
  }

  byName(name: string): TopicImage | undefined {
    const id = this.#idByName.get(name);
    return id === undefined ? undefined : this.#byId.get(id);
  }

  idOf(name: string): string | undefined {
    return this.#idByName.get(name);
  }

  partition(id: string, partition: number): PartitionRegistration | undefined {
    return this.#byId.get(id)?.partitions[partition];
  }

  /** A topic whose name differs from `name` in '.' and '_' only. */
  collidingWith(name: string): string | undefined {
    if (!hasCollisionCharacters(name)) return undefined;
    return this.#colliding.get(collisionKey(name))?.values().next().value;
  }

  get size(): number {
    return this.#byId.size;
  }

  get partitionCount(): number {
    return this.#partitionCount;
  }

  /** In the order of creation. */
  values(): IterableIterator<TopicImage> {
    return this.#byId.values();
  }

  names(): IterableIterator<string> {
    return this.#idByName.keys();
  }

  replayTopic(name: string, id: string, changes: TopicChanges): void {
    const before = this.#byId.get(id) ?? null;
    if (before) this.#partitionCount -= before.partitions.length;
    const topic: TopicBuilder = { name, id, partitions: [] };
    this.#byId.set(id, topic);
    this.#idByName.set(name, id);
    if (hasCollisionCharacters(name)) {
      const key = collisionKey(name);
      const names = this.#colliding.get(key);
      if (names) names.add(name);
      else this.#colliding.set(key, new Set([name]));
    }
    changes.note(id, before, topic);
  }

  replayPartition(record: PartitionRecord, changes: TopicChanges): void {
    const topic = this.#editable(record.topicId, changes);
    if (record.partitionId < 0 || record.partitionId >= TOPIC_PARTITIONS_MAX) {
      throw new RangeError(`metadata log: partition ${record.partitionId} of topic ${topic.name} is out of range`);
    }
    if (topic.partitions[record.partitionId] === undefined) this.#partitionCount++;
    topic.partitions[record.partitionId] = registrationOf(record);
  }

  replayPartitionChange(record: PartitionChangeRecord, changes: TopicChanges): void {
    const topic = this.#editable(record.topicId, changes);
    const before = topic.partitions[record.partitionId];
    if (!before) {
      throw new RangeError(
        `metadata log: change of partition ${topic.name}-${record.partitionId}, which does not exist`,
      );
    }
    topic.partitions[record.partitionId] = changedRegistration(before, record);
  }

  /** Returns the topic that was removed. */
  replayRemoveTopic(id: string, changes: TopicChanges): TopicImage {
    const before = this.#byId.get(id);
    if (!before) throw new RangeError(`metadata log: removal of topic ${id}, which does not exist`);
    this.#byId.delete(id);
    this.#partitionCount -= before.partitions.length;
    if (this.#idByName.get(before.name) === id) this.#idByName.delete(before.name);
    const key = collisionKey(before.name);
    const names = this.#colliding.get(key);
    if (names?.delete(before.name) && names.size === 0) this.#colliding.delete(key);
    changes.note(id, before, null);
    return before;
  }

  /** Empties the ELR of one topic's partitions, or of all when the name is empty. */
  replayClearElr(name: string, changes: TopicChanges): void {
    const topics = name === '' ? [...this.#byId.values()] : [this.byName(name)];
    for (const topic of topics) {
      if (!topic) throw new RangeError(`metadata log: ELR of topic ${name} cleared, which does not exist`);
      for (const [partition, before] of topic.partitions.entries()) {
        if (before.elr.length === 0 && before.lastKnownElr.length === 0) continue;
        const editable = this.#editable(topic.id, changes);
        editable.partitions[partition] = { ...before, elr: [], lastKnownElr: [] };
      }
    }
  }

  /** The topic as something this delta may write into. */
  #editable(id: string, changes: TopicChanges): TopicBuilder {
    const topic = this.#byId.get(id);
    if (!topic) throw new RangeError(`metadata log: a partition of topic ${id}, which does not exist`);
    if (changes.owns(id, topic)) return topic as TopicBuilder;
    const copy: TopicBuilder = { name: topic.name, id, partitions: topic.partitions.slice() };
    this.#byId.set(id, copy);
    changes.note(id, topic, copy);
    return copy;
  }
}

function registrationOf(record: PartitionRecord): PartitionRegistration {
  return {
    replicas: record.replicas,
    directories: directoriesFor(record.directories, record.replicas.length),
    isr: record.isr,
    elr: record.eligibleLeaderReplicas ?? [],
    lastKnownElr: record.lastKnownElr ?? [],
    addingReplicas: record.addingReplicas,
    removingReplicas: record.removingReplicas,
    leader: record.leader,
    leaderRecoveryState: record.leaderRecoveryState,
    leaderEpoch: record.leaderEpoch,
    partitionEpoch: record.partitionEpoch,
  };
}

/** Records written before KIP-858 name no directories. */
function directoriesFor(directories: readonly string[] | null, replicaCount: number): readonly string[] {
  if (directories && directories.length > 0) return directories;
  return new Array<string>(replicaCount).fill(DIRECTORY_MIGRATING);
}

/** The partition after the change: a named leader always raises the leader epoch, any change the partition epoch. */
export function changedRegistration(
  before: PartitionRegistration,
  record: PartitionChangeRecord,
): PartitionRegistration {
  const replicas = record.replicas ?? before.replicas;
  const leaderNamed = record.leader !== NO_LEADER_CHANGE;
  return {
    replicas,
    directories: directoriesFor(
      record.directories ?? (before.directories.length === replicas.length ? before.directories : null),
      replicas.length,
    ),
    isr: record.isr ?? before.isr,
    elr: record.eligibleLeaderReplicas ?? before.elr,
    lastKnownElr: record.lastKnownElr ?? before.lastKnownElr,
    addingReplicas: record.addingReplicas ?? before.addingReplicas,
    removingReplicas: record.removingReplicas ?? before.removingReplicas,
    leader: leaderNamed ? record.leader : before.leader,
    leaderRecoveryState: record.leaderRecoveryState === -1 ? before.leaderRecoveryState : record.leaderRecoveryState,
    leaderEpoch: leaderNamed ? before.leaderEpoch + 1 : before.leaderEpoch,
    partitionEpoch: before.partitionEpoch + 1,
  };
}
