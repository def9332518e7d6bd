/** One log directory: the partition folders in it and the files beside them. Control thread. */
import type { Logger } from '../base/logger.ts';
import type { Uuid } from '../base/uuid.ts';
import { CLUSTER_METADATA_TOPIC } from '../metadata/topic-name.ts';
import type { FileSpace } from '../native/file-space.ts';
import { type PartitionTable, RowSlot, RowState } from '../ring/partition-table.ts';
import {
  CheckpointName,
  type OffsetCheckpoint,
  readOffsetCheckpoint,
  writeOffsetCheckpoint,
} from '../storage/checkpoint-file.ts';
import { readCleanShutdown, removeCleanShutdown, writeCleanShutdown } from '../storage/clean-shutdown-file.ts';
import { type PartitionFolder, parsePartitionFolder } from '../storage/log-files.ts';
import { StorageError } from '../storage/storage-error.ts';

/** A row of the partition table and the partition in it. */
export interface RowPlace {
  readonly row: number;
  readonly topic: string;
  readonly partition: number;
}

export class LogDirectory {
  readonly path: string;
  /** From meta.properties; undefined when it could not be read. */
  readonly id: Uuid | undefined;
  /** Why it is not used any more. */
  fault: string | undefined;
  /** Names of partition folders in it. */
  readonly partitions = new Set<string>();
  /** Folders of partitions that were on their way here. */
  readonly futures: PartitionFolder[] = [];
  /** As the checkpoint files say it. */
  recoveryPoints: OffsetCheckpoint = new Map();
  logStartOffsets: OffsetCheckpoint = new Map();
  /** Starts that have moved since, to be written now. */
  readonly #movedStarts: OffsetCheckpoint = new Map();
  /** Up to where compacted logs are clean. */
  cleanerOffsets: OffsetCheckpoint = new Map();
  /** Their file tells of partitions that are gone. */
  #isCleanerFileStale = false;
  /** Of the broker that stopped cleanly; undefined after an unclean stop. */
  brokerEpoch: number | undefined;
  /** Names that the files tell of though their partitions are gone. */
  readonly #stale = new Set<string>();
  /** When checkpoints were last written, none of its partitions was offline. */
  #isWhole = true;
  readonly #files: FileSpace;
  readonly #logger: Logger;

  constructor(path: string, id: Uuid | undefined, files: FileSpace, logger: Logger, fault: string | undefined) {
    this.path = path;
    this.id = id;
    this.fault = fault;
    this.#files = files;
    this.#logger = logger;
  }

  get isOnline(): boolean {
    return this.fault === undefined;
  }

  /** Takes up what the directory holds, and the mark of a clean stop with it. Throws a StorageError. */
  read(): void {
    const files = this.#files;
    const { path } = this;
    const entries = files.list(path);
    if (typeof entries === 'number') throw new StorageError('cannot list', path, entries);
    this.brokerEpoch = readCleanShutdown(files, path)?.brokerEpoch;
    this.recoveryPoints = readOffsetCheckpoint(files, `${path}/${CheckpointName.recoveryPoint}`);
    this.logStartOffsets = readOffsetCheckpoint(files, `${path}/${CheckpointName.logStartOffset}`);
    this.cleanerOffsets = this.#readCleanerOffsets();
    removeCleanShutdown(files, path);
    for (const { name, isFolder } of entries) {
      const folder = isFolder ? parsePartitionFolder(name) : undefined;
      // Thousands take seconds; nobody needs their names again.
      if (folder?.state === 'delete') files.removeFolderAside(`${path}/${name}`);
      if (folder?.state === 'future') this.futures.push(folder);
      if (folder?.state === 'online' && folder.topic !== CLUSTER_METADATA_TOPIC) this.partitions.add(name);
    }
    // Of a folder that is gone they would be taken for those of the next topic of the name.
    for (const offsets of [this.recoveryPoints, this.logStartOffsets, this.cleanerOffsets])
      for (const name of offsets.keys()) if (!this.partitions.has(name)) this.#drop(name);
  }

  forget(name: string): void {
    this.partitions.delete(name);
    this.#drop(name);
  }

  /** The files have to be written before a partition of that name can be used: they would be believed after a crash. */
  isStale(name: string): boolean {
    return this.#stale.has(name);
  }

  #drop(name: string): void {
    this.#movedStarts.delete(name);
    const wasKnown = this.recoveryPoints.delete(name);
    const hadStart = this.logStartOffsets.delete(name);
    const wasCleaned = this.cleanerOffsets.delete(name);
    if (wasCleaned) this.#isCleanerFileStale = true;
    if (wasKnown || hadStart || wasCleaned) this.#stale.add(name);
  }

  /** Durable when it returns. Throws a StorageError. */
  setCleanerOffset(name: string, offset: number): void {
    this.cleanerOffsets.set(name, offset);
    this.#writeCleanerOffsets();
  }

  /** Has the file tell of nothing that is gone. Throws a StorageError. */
  renewCleanerOffsets(): void {
    if (this.#isCleanerFileStale) this.#writeCleanerOffsets();
  }

  #writeCleanerOffsets(): void {
    writeOffsetCheckpoint(this.#files, `${this.path}/${CheckpointName.cleaner}`, this.cleanerOffsets);
    this.#isCleanerFileStale = false;
  }

  /** Where the partition's log begins, as far as it is not told by its first segment's name. */
  logStartOf(name: string): number {
    return Math.max(this.logStartOffsets.get(name) ?? 0, this.#movedStarts.get(name) ?? 0);
  }

  /** False when the files say so already. */
  moveLogStart(name: string, offset: number): boolean {
    if (offset <= (this.logStartOffsets.get(name) ?? 0)) return false;
    this.#movedStarts.set(name, offset);
    return true;
  }

  /** Makes moved starts durable. Throws a StorageError; they are tried again with the next. */
  writeMovedStarts(): void {
    if (this.#movedStarts.size === 0) return;
    const starts = new Map(this.logStartOffsets);
    for (const [name, offset] of this.#movedStarts) starts.set(name, Math.max(offset, starts.get(name) ?? 0));
    writeOffsetCheckpoint(this.#files, `${this.path}/${CheckpointName.logStartOffset}`, starts);
    this.logStartOffsets = starts;
    this.#movedStarts.clear();
  }

  beginCheckpoints(): Checkpoints {
    return new Checkpoints(this, this.#files);
  }

  noteCheckpoints(recoveryPoints: OffsetCheckpoint, logStartOffsets: OffsetCheckpoint, isWhole: boolean): void {
    this.recoveryPoints = recoveryPoints;
    this.logStartOffsets = logStartOffsets;
    this.#isWhole = isWhole;
    this.#stale.clear();
  }

  /** Not with a partition offline: the next start has to look at it again. */
  markClean(brokerEpoch: number): void {
    if (this.#isWhole) writeCleanShutdown(this.#files, this.path, brokerEpoch);
  }

  /** Without them the logs are cleaned from their start: a damaged file is no reason to stay down. */
  #readCleanerOffsets(): OffsetCheckpoint {
    try {
      return readOffsetCheckpoint(this.#files, `${this.path}/${CheckpointName.cleaner}`);
    } catch (error) {
      if (!(error instanceof StorageError) || error.errno < 0) throw error;
      this.#logger.warn({ err: error }, 'ignoring a damaged checkpoint of the cleaner');
      return new Map();
    }
  }
}

/**
 * Offsets of a directory's partitions on their way into its checkpoint files. Those that are not online keep what the files
 * say of them: without it, the next start would take what is damaged below the recovery point for a torn tail, and cut it.
 */
class Checkpoints {
  readonly #directory: LogDirectory;
  readonly #files: FileSpace;
  readonly #recoveryPoint: OffsetCheckpoint;
  readonly #highWatermark: OffsetCheckpoint = new Map();
  readonly #logStartOffset: OffsetCheckpoint;
  #isWhole = true;

  constructor(directory: LogDirectory, files: FileSpace) {
    this.#directory = directory;
    this.#files = files;
    this.#recoveryPoint = new Map(directory.recoveryPoints);
    this.#logStartOffset = new Map(directory.logStartOffsets);
  }

  add(name: string, row: number, table: PartitionTable): void {
    if (table.get(row, RowSlot.state) !== RowState.online) {
      this.#isWhole = false;
      return;
    }
    this.#recoveryPoint.set(name, table.get(row, RowSlot.recoveryPoint));
    this.#highWatermark.set(name, table.get(row, RowSlot.highWatermark));
    // Kafka keeps only starts that the first segment's name does not tell; all of them are right too.
    this.#logStartOffset.set(name, table.get(row, RowSlot.logStartOffset));
  }

  /** Throws a StorageError. */
  write(): void {
    const files = this.#files;
    const { path } = this.#directory;
    writeOffsetCheckpoint(files, `${path}/${CheckpointName.recoveryPoint}`, this.#recoveryPoint);
    writeOffsetCheckpoint(files, `${path}/${CheckpointName.highWatermark}`, this.#highWatermark);
    writeOffsetCheckpoint(files, `${path}/${CheckpointName.logStartOffset}`, this.#logStartOffset);
    this.#directory.renewCleanerOffsets();
    this.#directory.noteCheckpoints(this.#recoveryPoint, this.#logStartOffset, this.#isWhole);
  }
}
