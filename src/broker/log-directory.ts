/** One log directory: the partition folders in it and the files beside them. Control thread. */
import type { Logger } from '../base/logger.ts';
import type { Uuid } from '../base/uuid.ts';
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
  recoveryPoints: OffsetCheckpoint = new Map();
  logStartOffsets: OffsetCheckpoint = new Map();
  /** Up to where compacted logs are clean. */
  cleanerOffsets: OffsetCheckpoint = new Map();
  /** Of the broker that stopped cleanly; undefined after an unclean stop. */
  brokerEpoch: number | undefined;
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
      if (folder?.state === 'online' && folder.topic !== '__cluster_metadata') this.partitions.add(name);
    }
  }

  forget(name: string): void {
    this.partitions.delete(name);
    this.recoveryPoints.delete(name);
    this.logStartOffsets.delete(name);
    this.cleanerOffsets.delete(name);
  }

  /** Durable when it returns. Throws a StorageError. */
  setCleanerOffset(name: string, offset: number): void {
    this.cleanerOffsets.set(name, offset);
    writeOffsetCheckpoint(this.#files, `${this.path}/${CheckpointName.cleaner}`, this.cleanerOffsets);
  }

  beginCheckpoints(): Checkpoints {
    return new Checkpoints(this.path, this.#files);
  }

  markClean(brokerEpoch: number): void {
    writeCleanShutdown(this.#files, this.path, brokerEpoch);
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

/** Offsets of a directory's partitions on their way into its checkpoint files. */
class Checkpoints {
  readonly #path: string;
  readonly #files: FileSpace;
  readonly #recoveryPoint: OffsetCheckpoint = new Map();
  readonly #highWatermark: OffsetCheckpoint = new Map();
  readonly #logStartOffset: OffsetCheckpoint = new Map();

  constructor(path: string, files: FileSpace) {
    this.#path = path;
    this.#files = files;
  }

  add(name: string, row: number, table: PartitionTable): void {
    if (table.get(row, RowSlot.state) !== RowState.online) return;
    this.#recoveryPoint.set(name, table.get(row, RowSlot.recoveryPoint));
    this.#highWatermark.set(name, table.get(row, RowSlot.highWatermark));
    // Kafka keeps only starts that the first segment's name does not tell; all of them are right too.
    this.#logStartOffset.set(name, table.get(row, RowSlot.logStartOffset));
  }

  /** Throws a StorageError. */
  write(): void {
    const files = this.#files;
    writeOffsetCheckpoint(files, `${this.#path}/${CheckpointName.recoveryPoint}`, this.#recoveryPoint);
    writeOffsetCheckpoint(files, `${this.#path}/${CheckpointName.highWatermark}`, this.#highWatermark);
    writeOffsetCheckpoint(files, `${this.#path}/${CheckpointName.logStartOffset}`, this.#logStartOffset);
  }
}
