/**
 * Applies metadata to this broker's partitions: gives each a row of the partition table, opens and deletes logs on the
 * storage workers, tells I/O threads the routes. Control thread. It follows the image and does not care who wrote it.
 */
import type { BrokerConfig, ConfigTexts } from '../config/broker-config.ts';
import { effectiveTopicConfig, type LogConfig } from '../config/topic-config.ts';
import { ConfigResourceType } from '../metadata/configs-image.ts';
import type { MetadataDelta, ReplicaChange } from '../metadata/metadata-delta.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import { isInternalTopic } from '../metadata/topic-name.ts';
import type { PartitionRegistration, TopicImage } from '../metadata/topics-image.ts';
import type { OpenPartition } from '../partition/storage-messages.ts';
import { ErrorCode } from '../protocol/errors.ts';
import { type PartitionTable, RowSlot, RowState } from '../ring/partition-table.ts';
import type { TopicRouteMessage } from './io/topic-routes.ts';
import type { IoLinks } from './io-links.ts';
import type { LogDirectories } from './log-directories.ts';
import type { RowPlace } from './log-directory.ts';
import type { StorageLinks } from './storage-links.ts';

export interface PartitionManagerContext {
  readonly nodeId: number;
  readonly table: PartitionTable;
  readonly storage: StorageLinks;
  readonly io: IoLinks;
  readonly directories: LogDirectories;
  config(): BrokerConfig;
  writeCheckpoints(): void;
  onPartitionOnline(topic: string, partition: number): void;
  onPartitionOffline(topic: string, partition: number): void;
  /** Before its worker is told; the row is another's afterwards. */
  onPartitionDeleted(topic: string, partition: number, row: number): void;
  /** So many partitions of a change cannot be served: the partition table is full. */
  onNoRoom(count: number): void;
  /** Partitions lie elsewhere than where the metadata says. Not to be waited for. */
  onAssigned(places: readonly AssignedPlace[]): void;
}

/** A partition and the id of the directory that it lies in. */
export interface AssignedPlace {
  readonly topicId: string;
  readonly partition: number;
  readonly directory: string;
}

export interface Located {
  readonly errorCode: number;
  /** -1 with an error. */
  readonly row: number;
}

interface LocalTopic {
  readonly id: string;
  readonly name: string;
  /** cleanup.policy has "compact". */
  compacted: boolean;
  /** Row by partition, -1 where this broker has no replica. */
  rows: number[];
}

/** A change behind which this broker has the replica. */
type HeldReplica = ReplicaChange & { readonly after: PartitionRegistration };

/** Partitions that came to this broker. */
interface Arrivals {
  readonly opening: OpenPartition[];
  /** Those that lie elsewhere than where the metadata says. */
  readonly strayed: AssignedPlace[];
  withoutRoom: number;
}

const NO_ROW = -1;

function assignedDirectory({ replicas, directories }: PartitionRegistration, nodeId: number): string | undefined {
  return directories[replicas.indexOf(nodeId)];
}

function isHeld(change: ReplicaChange): change is HeldReplica {
  return change.after !== null && !change.topicDeleted;
}

function setRow({ rows }: LocalTopic, partition: number, row: number): void {
  while (rows.length < partition) rows.push(NO_ROW);
  rows[partition] = row;
}

export class PartitionManager {
  readonly #context: PartitionManagerContext;
  readonly #topics = new Map<string, LocalTopic>();
  readonly #places: (RowPlace | undefined)[] = [];
  readonly #freeRows: number[] = [];
  /** The image as it was at the start has been applied: what comes is new. */
  #isLoaded = false;

  constructor(context: PartitionManagerContext) {
    this.#context = context;
  }

  /** Rows in use with their partitions, for checkpoints and sizes. */
  *rows(): IterableIterator<RowPlace> {
    for (const place of this.#places) if (place) yield place;
  }

  /** The same of compacted topics. */
  *compactedRows(): IterableIterator<RowPlace> {
    for (const place of this.rows()) if (this.#topics.get(place.topic)?.compacted) yield place;
  }

  /** Row of a partition that this broker leads and whose log works. */
  locate(topic: string, partition: number, currentLeaderEpoch = -1): Located {
    const { table } = this.#context;
    const row = this.#topics.get(topic)?.rows[partition] ?? NO_ROW;
    if (row === NO_ROW) return { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, row: NO_ROW };
    const state = table.get(row, RowSlot.state);
    if (state !== RowState.online) {
      const offline = state === RowState.offline;
      return { errorCode: offline ? ErrorCode.KAFKA_STORAGE_ERROR : ErrorCode.NOT_LEADER_OR_FOLLOWER, row: NO_ROW };
    }
    const leaderEpoch = table.get(row, RowSlot.leaderEpoch);
    if (currentLeaderEpoch !== -1 && currentLeaderEpoch !== leaderEpoch) {
      const fenced = currentLeaderEpoch < leaderEpoch;
      return { errorCode: fenced ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH, row: NO_ROW };
    }
    return { errorCode: ErrorCode.NONE, row };
  }

  /** The replica of that node is known to have a broken log. */
  isOffline(topic: string, partition: number, nodeId: number): boolean {
    if (nodeId !== this.#context.nodeId) return false;
    const row = this.#topics.get(topic)?.rows[partition] ?? NO_ROW;
    return row !== NO_ROW && this.#isRowOffline(row);
  }

  /** Brings this broker's logs and routes to the state of the image after `delta`. */
  async apply(delta: MetadataDelta, image: MetadataImage): Promise<void> {
    const deleted = delta.deletedTopics().filter(({ id, name }) => this.#topics.get(name)?.id === id);
    if (deleted.length > 0) await this.#delete(deleted);
    const opened = await this.#open(delta, image);
    await this.#reconfigure(delta, image, opened);
    this.#isLoaded = true;
  }

  /** Rows of the partitions in a directory, by the path that clients know it by. */
  rowsIn(path: string): number[] {
    const { directories } = this.#context;
    return [...this.rows()]
      .filter((place) => directories.directoryOf(place.topic, place.partition) === path)
      .map(({ row }) => row);
  }

  /** The partition in a row, undefined for one that is not in use. */
  placeOf(row: number): RowPlace | undefined {
    return this.#places[row];
  }

  /** Id of the topic whose partitions are here under that name. */
  topicId(topic: string): string | undefined {
    return this.#topics.get(topic)?.id;
  }

  /** Resolves when no I/O thread uses what it knew of the topic before. */
  async refreshRoute(topic: string): Promise<void> {
    if (this.#topics.has(topic)) await this.#context.io.publishRoutes([this.#route(topic)], []);
  }

  /** A storage worker lost a partition. */
  noteOffline(row: number): void {
    const place = this.#places[row];
    if (place) this.#context.onPartitionOffline(place.topic, place.partition);
  }

  async #delete(topics: readonly TopicImage[]): Promise<void> {
    const { io, storage, directories } = this.#context;
    await io.publishRoutes(
      [],
      topics.map(({ name }) => name),
    );
    const rows: number[] = [];
    for (const { name } of topics) {
      for (const [partition, row] of this.#topics.get(name)!.rows.entries()) {
        if (row === NO_ROW) continue;
        rows.push(row);
        directories.forget(name, partition);
        this.#context.onPartitionOffline(name, partition);
        this.#context.onPartitionDeleted(name, partition, row);
      }
      this.#topics.delete(name);
    }
    await storage.requestRows(rows, (some) => ({ op: 'delete', rows: some }));
    for (const row of rows) {
      this.#places[row] = undefined;
      this.#freeRows.push(row);
    }
  }

  /** Returns the rows that it has opened, with the settings of the image. */
  async #open(delta: MetadataDelta, image: MetadataImage): Promise<ReadonlySet<number>> {
    const { nodeId, table, io, directories } = this.#context;
    const changes = delta.replicaChanges(nodeId).filter(isHeld);
    await this.#raiseEpochs(changes);
    const { opening, strayed, withoutRoom } = this.#prepareAll(changes, image);
    if (directories.mustWriteCheckpoints) this.#context.writeCheckpoints();
    if (opening.length > 0) await this.#openLogs(opening);
    const touched = [...new Set(changes.map(({ topicName }) => topicName))];
    if (touched.length > 0)
      await io.publishRoutes(
        touched.map((name) => this.#route(name)),
        [],
      );
    for (const { topic, partition, row } of opening) {
      if (table.get(row, RowSlot.state) === RowState.online) this.#context.onPartitionOnline(topic, partition);
    }
    if (strayed.length > 0) this.#context.onAssigned(strayed);
    if (withoutRoom > 0) this.#context.onNoRoom(withoutRoom);
    return new Set(opening.map(({ row }) => row));
  }

  /** Of partitions that have a row. */
  async #raiseEpochs(changes: readonly HeldReplica[]): Promise<void> {
    const { table, storage } = this.#context;
    for (const { topicName, partition, after } of changes) {
      const row = this.#topics.get(topicName)?.rows[partition] ?? NO_ROW;
      const { leaderEpoch } = after;
      if (row === NO_ROW || table.get(row, RowSlot.leaderEpoch) >= leaderEpoch || this.#isRowOffline(row)) continue;
      await storage.request(row, { op: 'setLeaderEpoch', row, leaderEpoch });
    }
  }

  /** Gives rows to the partitions that have none. */
  #prepareAll(changes: readonly HeldReplica[], image: MetadataImage): Arrivals {
    const { nodeId, directories } = this.#context;
    const arrivals: Arrivals = { opening: [], strayed: [], withoutRoom: 0 };
    const configs = new Map<string, LogConfig>();
    for (const { topicName, topicId, partition, after } of changes) {
      const topic = this.#localTopic(topicName, topicId);
      if ((topic.rows[partition] ?? NO_ROW) !== NO_ROW) continue;
      if (!this.#hasRoom) {
        setRow(topic, partition, NO_ROW);
        arrivals.withoutRoom++;
        continue;
      }
      let config = configs.get(topicName);
      if (!config) configs.set(topicName, (config = this.#logConfig(topicName, image)));
      topic.compacted = config.cleanupCompact;
      const assigned = assignedDirectory(after, nodeId);
      const open = this.#prepare(topic, partition, assigned, after.leaderEpoch, config);
      if (!open) continue;
      arrivals.opening.push(open);
      const directory = directories.idOf(topicName, partition);
      if (directory !== undefined && directory !== assigned)
        arrivals.strayed.push({ topicId: topic.id, partition, directory });
    }
    return arrivals;
  }

  get #hasRoom(): boolean {
    return this.#freeRows.length > 0 || this.#places.length < this.#context.table.rowsMax;
  }

  async #openLogs(opening: readonly OpenPartition[]): Promise<void> {
    const byRow = new Map(opening.map((open) => [open.row, open]));
    await this.#context.storage.requestRows([...byRow.keys()], (rows) => ({
      op: 'open',
      partitions: rows.map((row) => byRow.get(row)!),
      isStart: !this.#isLoaded,
    }));
  }

  async #reconfigure(delta: MetadataDelta, image: MetadataImage, opened: ReadonlySet<number>): Promise<void> {
    const names = new Set<string>();
    for (const { before, after } of delta.configs.values()) {
      const resource = (after ?? before)!;
      if (resource.resourceType === ConfigResourceType.TOPIC) names.add(resource.resourceName);
      // Broker settings are the topics' defaults.
      if (resource.resourceType === ConfigResourceType.BROKER) for (const name of this.#topics.keys()) names.add(name);
    }
    for (const name of names) {
      const config = this.#logConfig(name, image);
      const topic = this.#topics.get(name);
      if (topic) topic.compacted = config.cleanupCompact;
      const rows = topic?.rows.filter((row) => row !== NO_ROW && !opened.has(row) && !this.#isRowOffline(row)) ?? [];
      await this.#context.storage.requestRows(rows, (some) => ({ op: 'configure', rows: some, config }));
    }
  }

  /** Its log is not open, or not used any more. */
  #isRowOffline(row: number): boolean {
    return this.#context.table.get(row, RowSlot.state) === RowState.offline;
  }

  #localTopic(name: string, id: string): LocalTopic {
    let topic = this.#topics.get(name);
    if (!topic) this.#topics.set(name, (topic = { id, name, compacted: false, rows: [] }));
    return topic;
  }

  /** Gives the partition its row; undefined when it cannot be opened, because its directory has failed. */
  #prepare(
    topic: LocalTopic,
    partition: number,
    assigned: string | undefined,
    leaderEpoch: number,
    config: LogConfig,
  ): OpenPartition | undefined {
    const { table } = this.#context;
    const row = this.#freeRows.pop() ?? this.#places.length;
    this.#places[row] = { row, topic: topic.name, partition };
    setRow(topic, partition, row);
    const internal = isInternalTopic(topic.name);
    const isNew = this.#isLoaded;
    const place = this.#context.directories.place(topic.name, partition, topic.id, { assigned, isNew });
    if (!place) {
      table.set(row, RowSlot.leaderEpoch, leaderEpoch);
      table.set(row, RowSlot.state, RowState.offline);
      return undefined;
    }
    return { row, topic: topic.name, partition, topicId: topic.id, internal, config, leaderEpoch, ...place };
  }

  #route(name: string): TopicRouteMessage {
    const { id, rows } = this.#topics.get(name)!;
    return { name, id, internal: isInternalTopic(name), rows: Int32Array.from(rows) };
  }

  #logConfig(name: string, image: MetadataImage): LogConfig {
    const overrides: ConfigTexts = image.configs.topic(name);
    return effectiveTopicConfig(overrides, this.#context.config());
  }
}
