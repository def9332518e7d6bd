/**
 * The broker's log directories (JBOD): where each partition lies, the checkpoint files beside the partitions, whether the
 * last stop was clean. Control thread: it owns the directories themselves, the storage workers own the folders in them.
 */
import { statfsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { Uuid } from '../base/uuid.ts';
import type { FileSpace } from '../native/file-space.ts';
import { ErrorCode } from '../protocol/errors.ts';
import { type PartitionTable, RowSlot, RowState } from '../ring/partition-table.ts';
import {
  CheckpointName,
  type OffsetCheckpoint,
  readOffsetCheckpoint,
  writeOffsetCheckpoint,
} from '../storage/checkpoint-file.ts';
import { readCleanShutdown, removeCleanShutdown, writeCleanShutdown } from '../storage/clean-shutdown-file.ts';
import { parsePartitionFolder, partitionFolderName, strayFolderName } from '../storage/log-files.ts';
import { readPartitionMetadata } from '../storage/partition-metadata-file.ts';
import { StorageError } from '../storage/storage-error.ts';

export interface DescribedDirectory {
  readonly path: string;
  readonly errorCode: number;
  readonly totalBytes: number;
  readonly usableBytes: number;
}

/** What a storage worker must know to open a partition. */
export interface PartitionPlace {
  readonly folder: string;
  readonly recoveryPoint: number;
  readonly logStartOffset: number;
  readonly cleanedOffset: number;
  readonly cleanShutdown: boolean;
}

export interface RowPlace {
  readonly row: number;
  readonly topic: string;
  readonly partition: number;
}

interface Directory {
  readonly path: string;
  /** Names of partition folders in it. */
  readonly partitions: Set<string>;
  readonly recoveryPoints: OffsetCheckpoint;
  readonly logStartOffsets: OffsetCheckpoint;
  /** Up to where compacted logs are clean. */
  readonly cleanerOffsets: OffsetCheckpoint;
  readonly cleanShutdown: boolean;
}

export class LogDirectories {
  readonly #files: FileSpace;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #directories: Directory[] = [];
  /** Epoch under which this broker was last registered and stopped cleanly; -1 after an unclean stop. */
  previousBrokerEpoch = -1;
  readonly #directoryOf = new Map<string, Directory>();

  /** Reads the directories, which exist and are locked. Throws a StorageError. */
  constructor(paths: readonly string[], files: FileSpace, random: Random, logger: Logger) {
    this.#files = files;
    this.#random = random;
    this.#logger = logger;
    for (const path of paths) this.#directories.push(this.#open(path));
  }

  list(): DescribedDirectory[] {
    return this.#directories.map(({ path }) => ({
      path: this.#describedPath(path),
      errorCode: ErrorCode.NONE,
      ...this.#space(path),
    }));
  }

  directoryOf(topic: string, partition: number): string | undefined {
    const directory = this.#directoryOf.get(partitionFolderName(topic, partition));
    return directory && this.#describedPath(directory.path);
  }

  /** Where the partition lies, or is to lie when it is new: then in the directory with the fewest partitions. */
  place(topic: string, partition: number, topicId: Uuid): PartitionPlace {
    const name = partitionFolderName(topic, partition);
    const holds = ({ partitions }: Directory): boolean => partitions.has(name);
    // A deletion that failed may have left a folder of that name, which is not in the lists any more.
    const suspects = this.#directories.some(holds) ? this.#directories.filter(holds) : this.#directories;
    for (const suspect of suspects) {
      if (this.#isAnothers(`${suspect.path}/${name}`, topicId)) this.#setAside(suspect, topic, partition);
    }
    const directory =
      this.#directories.find(holds) ??
      this.#directories.reduce((least, other) => (other.partitions.size < least.partitions.size ? other : least));
    const known = directory.partitions.has(name);
    if (!known) directory.cleanerOffsets.delete(name);
    directory.partitions.add(name);
    this.#directoryOf.set(name, directory);
    return {
      folder: `${directory.path}/${name}`,
      recoveryPoint: directory.recoveryPoints.get(name) ?? 0,
      logStartOffset: directory.logStartOffsets.get(name) ?? 0,
      cleanedOffset: directory.cleanerOffsets.get(name) ?? 0,
      cleanShutdown: directory.cleanShutdown || !known,
    };
  }

  /** The partition is being deleted. */
  forget(topic: string, partition: number): void {
    const name = partitionFolderName(topic, partition);
    const directory = this.#directoryOf.get(name);
    if (directory) this.#forget(directory, name);
  }

  /** Up to where a partition's log has been cleaned; undefined when it never was. */
  cleanerOffset(topic: string, partition: number): number | undefined {
    const name = partitionFolderName(topic, partition);
    return this.#directoryOf.get(name)?.cleanerOffsets.get(name);
  }

  /** Durable when it returns. Throws a StorageError. */
  setCleanerOffset(topic: string, partition: number, offset: number): void {
    const name = partitionFolderName(topic, partition);
    const directory = this.#directoryOf.get(name);
    if (!directory) return;
    directory.cleanerOffsets.set(name, offset);
    writeOffsetCheckpoint(this.#files, `${directory.path}/${CheckpointName.cleaner}`, directory.cleanerOffsets);
  }

  /** Folders of partitions that the metadata does not have: set aside, as the metadata is the truth. */
  setStraysAside(isKnown: (topic: string, partition: number) => boolean): void {
    for (const directory of this.#directories) {
      for (const name of [...directory.partitions]) {
        const { topic, partition } = parsePartitionFolder(name)!;
        if (!isKnown(topic, partition)) this.#setAside(directory, topic, partition);
      }
    }
  }

  /** Writes every directory's checkpoint files from the partition table; false when one could not be written. */
  writeCheckpoints(rows: Iterable<RowPlace>, table: PartitionTable): boolean {
    const marks = new Map(this.#directories.map((directory) => [directory, emptyMarks()]));
    for (const { row, topic, partition } of rows) {
      const name = partitionFolderName(topic, partition);
      const mark = marks.get(this.#directoryOf.get(name)!);
      if (!mark || table.get(row, RowSlot.state) !== RowState.online) continue;
      mark.recoveryPoint.set(name, table.get(row, RowSlot.recoveryPoint));
      mark.highWatermark.set(name, table.get(row, RowSlot.highWatermark));
      // Kafka keeps only starts that the first segment's name does not tell; all of them are right too.
      mark.logStartOffset.set(name, table.get(row, RowSlot.logStartOffset));
    }
    let done = true;
    for (const [{ path }, mark] of marks) {
      try {
        writeOffsetCheckpoint(this.#files, `${path}/${CheckpointName.recoveryPoint}`, mark.recoveryPoint);
        writeOffsetCheckpoint(this.#files, `${path}/${CheckpointName.highWatermark}`, mark.highWatermark);
        writeOffsetCheckpoint(this.#files, `${path}/${CheckpointName.logStartOffset}`, mark.logStartOffset);
      } catch (error) {
        // The disk may be full: reads go on, and the files before are as good as they were.
        this.#logger.error({ path, error: (error as Error).message }, 'checkpoint files cannot be written');
        done = false;
      }
    }
    return done;
  }

  /** The last thing of an orderly stop: all logs are closed and synced. */
  closeCleanly(brokerEpoch: number): void {
    for (const { path } of this.#directories) writeCleanShutdown(this.#files, path, brokerEpoch);
  }

  #open(path: string): Directory {
    const entries = this.#files.list(path);
    if (typeof entries === 'number') throw new StorageError('cannot list', path, entries);
    const cleanShutdown = readCleanShutdown(this.#files, path);
    if (this.#directories.length === 0 && cleanShutdown) this.previousBrokerEpoch = cleanShutdown.brokerEpoch;
    const directory: Directory = {
      path,
      partitions: new Set(),
      recoveryPoints: readOffsetCheckpoint(this.#files, `${path}/${CheckpointName.recoveryPoint}`),
      logStartOffsets: readOffsetCheckpoint(this.#files, `${path}/${CheckpointName.logStartOffset}`),
      cleanerOffsets: this.#readCleanerOffsets(path),
      cleanShutdown: cleanShutdown !== undefined,
    };
    removeCleanShutdown(this.#files, path);
    for (const { name, isFolder } of entries) {
      const folder = isFolder ? parsePartitionFolder(name) : undefined;
      if (folder?.state === 'delete') this.#files.removeFolder(`${path}/${name}`);
      if (folder?.state !== 'online' || folder.topic === '__cluster_metadata') continue;
      directory.partitions.add(name);
      this.#directoryOf.set(name, directory);
    }
    return directory;
  }

  /** Without them the logs are cleaned from their start: a damaged file is no reason to stay down. */
  #readCleanerOffsets(path: string): OffsetCheckpoint {
    try {
      return readOffsetCheckpoint(this.#files, `${path}/${CheckpointName.cleaner}`);
    } catch (error) {
      if (!(error instanceof StorageError) || error.errno < 0) throw error;
      this.#logger.warn({ err: error }, 'ignoring a damaged checkpoint of the cleaner');
      return new Map();
    }
  }

  #isAnothers(folder: string, topicId: Uuid): boolean {
    const found = readPartitionMetadata(this.#files, folder);
    return found !== undefined && found !== topicId;
  }

  #setAside(directory: Directory, topic: string, partition: number): void {
    const name = partitionFolderName(topic, partition);
    const aside = strayFolderName(topic, partition, this.#random);
    this.#logger.warn({ folder: `${directory.path}/${name}`, aside }, 'a folder of no known partition is set aside');
    this.#files.rename(`${directory.path}/${name}`, `${directory.path}/${aside}`);
    this.#forget(directory, name);
  }

  #forget(directory: Directory, name: string): void {
    if (this.#directoryOf.get(name) === directory) this.#directoryOf.delete(name);
    directory.partitions.delete(name);
    directory.recoveryPoints.delete(name);
    directory.logStartOffsets.delete(name);
    directory.cleanerOffsets.delete(name);
  }

  #describedPath(path: string): string {
    return this.#files.kind === 'fs' ? resolve(path) : path;
  }

  #space(path: string): { totalBytes: number; usableBytes: number } {
    if (this.#files.kind !== 'fs') return { totalBytes: -1, usableBytes: -1 };
    const { blocks, bsize, bavail } = statfsSync(path);
    return { totalBytes: blocks * bsize, usableBytes: bavail * bsize };
  }
}

function emptyMarks(): Record<'recoveryPoint' | 'highWatermark' | 'logStartOffset', OffsetCheckpoint> {
  return { recoveryPoint: new Map(), highWatermark: new Map(), logStartOffset: new Map() };
}
