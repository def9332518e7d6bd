/**
 * The committed offsets of a partition's groups, and those that wait for the end of their transaction. Changed by replay
 * alone. Control thread.
 */
import type { OffsetCommitKey, OffsetCommitValue } from '../../../protocol/persisted/group/offset-commit.ts';
import type { RecordOrigin } from '../../runtime/coordinator-shard.ts';
import { JournaledMap, type UndoLog } from '../../runtime/undo-log.ts';

export interface StoredOffset {
  /** Which of two commits is newer, once a transaction's commits are told apart from their order of becoming visible. */
  readonly order: number;
  readonly value: OffsetCommitValue;
}

type ByPartition = JournaledMap<number, StoredOffset>;
type ByTopic = JournaledMap<string, ByPartition>;

/** group -> topic -> partition -> offset. */
class OffsetTree {
  readonly #undo: UndoLog;
  readonly groups: JournaledMap<string, ByTopic>;

  constructor(undo: UndoLog) {
    this.#undo = undo;
    this.groups = new JournaledMap(undo);
  }

  get(group: string, topic: string, partition: number): StoredOffset | undefined {
    return this.groups.get(group)?.get(topic)?.get(partition);
  }

  set(group: string, topic: string, partition: number, offset: StoredOffset): void {
    let topics = this.groups.get(group);
    if (!topics) this.groups.set(group, (topics = new JournaledMap(this.#undo)));
    let partitions = topics.get(topic);
    if (!partitions) topics.set(topic, (partitions = new JournaledMap(this.#undo)));
    partitions.set(partition, offset);
  }

  delete(group: string, topic: string, partition: number): void {
    const topics = this.groups.get(group);
    const partitions = topics?.get(topic);
    if (!topics || !partitions?.delete(partition)) return;
    if (partitions.size === 0) topics.delete(topic);
    if (topics.size === 0) this.groups.delete(group);
  }

  *entries(): IterableIterator<[string, string, number, StoredOffset]> {
    for (const [group, topics] of this.groups) {
      for (const [topic, partitions] of topics) {
        for (const [partition, offset] of partitions) yield [group, topic, partition, offset];
      }
    }
  }

  /** Entries of these topics: a group costs as much as it has topics, or as there are names. */
  *entriesOf(names: ReadonlySet<string>): IterableIterator<[string, string, number, StoredOffset]> {
    for (const [group, topics] of this.groups) {
      for (const topic of names.size < topics.size ? names : topics.keys()) {
        if (!names.has(topic)) continue;
        for (const [partition, offset] of topics.get(topic) ?? []) yield [group, topic, partition, offset];
      }
    }
  }
}

export class OffsetStore {
  readonly #undo: UndoLog;
  readonly #committed: OffsetTree;
  /** By producer id. */
  readonly #pending: JournaledMap<number, OffsetTree>;
  /** The producers whose open transaction committed offsets of the group. */
  readonly #openByGroup: JournaledMap<string, ReadonlySet<number>>;

  constructor(undo: UndoLog) {
    this.#undo = undo;
    this.#committed = new OffsetTree(undo);
    this.#pending = new JournaledMap(undo);
    this.#openByGroup = new JournaledMap(undo);
  }

  get(group: string, topic: string, partition: number): OffsetCommitValue | undefined {
    return this.#committed.get(group, topic, partition)?.value;
  }

  /** Topics of a group with committed offsets. */
  topicsOf(group: string): ReadonlyMapLike<string, ReadonlyMapLike<number, StoredOffset>> | undefined {
    return this.#committed.groups.get(group);
  }

  /** Places of the offsets, committed or pending, of topics with these names. */
  *placesOfTopics(
    names: ReadonlySet<string>,
  ): IterableIterator<{ group: string; topic: string; partition: number; topicId: string }> {
    for (const tree of [this.#committed, ...this.#pending.values()]) {
      for (const [group, topic, partition, { value }] of tree.entriesOf(names)) {
        yield { group, topic, partition, topicId: value.topicId };
      }
    }
  }

  *placesOf(group: string): IterableIterator<{ topic: string; partition: number }> {
    for (const tree of [this.#committed, ...this.#pending.values()]) {
      for (const [topic, partitions] of tree.groups.get(group) ?? []) {
        for (const partition of partitions.keys()) yield { topic, partition };
      }
    }
  }

  hasPending(group: string, topic: string, partition: number): boolean {
    for (const producerId of this.#openByGroup.get(group) ?? []) {
      if (this.#pending.get(producerId)?.get(group, topic, partition)) return true;
    }
    return false;
  }

  hasOpenTransaction(group: string): boolean {
    return this.#openByGroup.has(group);
  }

  replay(key: OffsetCommitKey, value: OffsetCommitValue | null, origin: RecordOrigin): void {
    const { group, topic, partition } = key;
    if (value === null) {
      this.#committed.delete(group, topic, partition);
      for (const producerId of this.#openByGroup.get(group) ?? []) {
        this.#pending.get(producerId)?.delete(group, topic, partition);
      }
    } else if (origin.producerId === -1) {
      this.#committed.set(group, topic, partition, { order: origin.order, value });
    } else {
      let tree = this.#pending.get(origin.producerId);
      if (!tree) this.#pending.set(origin.producerId, (tree = new OffsetTree(this.#undo)));
      tree.set(group, topic, partition, { order: origin.order, value });
      const open = this.#openByGroup.get(group);
      if (!open?.has(origin.producerId)) this.#openByGroup.set(group, new Set(open).add(origin.producerId));
    }
  }

  /**
   * The newest commit wins by its place in the log, not by when its transaction ended: compaction keeps the newest
   * record of a key, so a restart would find the same.
   */
  replayEndTransaction(producerId: number, committed: boolean): void {
    const tree = this.#pending.get(producerId);
    if (!tree) return;
    this.#pending.delete(producerId);
    for (const [group, open] of [...this.#openByGroup]) {
      if (!open.has(producerId)) continue;
      if (open.size === 1) this.#openByGroup.delete(group);
      else this.#openByGroup.set(group, open.difference(new Set([producerId])));
    }
    if (!committed) return;
    for (const [group, topic, partition, offset] of tree.entries()) {
      const existing = this.#committed.get(group, topic, partition);
      if (!existing || existing.order < offset.order) this.#committed.set(group, topic, partition, offset);
    }
  }
}

export interface ReadonlyMapLike<K, V> extends Iterable<[K, V]> {
  readonly size: number;
  get(key: K): V | undefined;
  keys(): Iterable<K>;
}
