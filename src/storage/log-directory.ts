import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import { Errno, type FileSpace } from '../native/file-space.ts';
import {
  CheckpointName,
  type OffsetCheckpoint,
  readOffsetCheckpoint,
  writeOffsetCheckpoint,
} from './checkpoint-file.ts';
import {
  type CleanShutdown,
  readCleanShutdown,
  removeCleanShutdown,
  writeCleanShutdown,
} from './clean-shutdown-file.ts';
import {
  deletedFolderName,
  type PartitionFolder,
  parsePartitionFolder,
  partitionFolderName,
  strayFolderName,
} from './log-files.ts';
import { type MetaProperties, readMetaProperties, writeMetaProperties } from './meta-properties.ts';
import { ensureDone, StorageError } from './storage-error.ts';

/**
 * One of the broker's `log.dirs`: who uses it, whose it is, which partitions lie in it, and the checkpoints that all its
 * logs share. The logs themselves are opened by their owners; they give their offsets to the checkpoint writers.
 *
 * Thread: one, whichever looks after the directory.
 */

export interface LogDirectoryOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What the checkpoints keep of a log; a `Log` is one. */
export interface CheckpointedLog {
  readonly topic: string;
  readonly partition: number;
  readonly recoveryPoint: number;
  readonly highWatermark: number;
  readonly logStartOffset: number;
  /** Base offsets, ascending. */
  readonly segments: readonly number[];
}

const LOCK_FILE = '.lock';

export class LogDirectory {
  readonly path: string;
  readonly #files: FileSpace;
  readonly #options: LogDirectoryOptions;
  readonly #recoveryPoints: OffsetCheckpoint;
  readonly #highWatermarks: OffsetCheckpoint;
  readonly #logStartOffsets: OffsetCheckpoint;
  readonly #cleanShutdown: CleanShutdown | undefined;

  private constructor(files: FileSpace, path: string, options: LogDirectoryOptions) {
    this.path = path;
    this.#files = files;
    this.#options = options;
    const read = (name: string): OffsetCheckpoint => {
      try {
        return readOffsetCheckpoint(files, `${path}/${name}`);
      } catch (error) {
        if (!(error instanceof StorageError) || error.errno < 0) throw error;
        // The logs are then checked from their start.
        options.logger.warn({ err: error }, 'ignoring a damaged checkpoint');
        return new Map();
      }
    };
    this.#recoveryPoints = read(CheckpointName.recoveryPoint);
    this.#highWatermarks = read(CheckpointName.highWatermark);
    this.#logStartOffsets = read(CheckpointName.logStartOffset);
    this.#cleanShutdown = readCleanShutdown(files, path);
    if (this.#cleanShutdown) removeCleanShutdown(files, path);
  }

  /**
   * Takes the directory (made when missing) for this process and reads its checkpoints. From here on a stop counts as
   * unclean until `close`. Throws a StorageError, with EAGAIN when another process uses the directory.
   */
  static open(files: FileSpace, path: string, options: LogDirectoryOptions): LogDirectory {
    ensureDone(files.makeFolder(path), 'cannot make', path);
    const lock = `${path}/${LOCK_FILE}`;
    const locked = files.lock(lock);
    if (locked === Errno.EAGAIN) throw new StorageError('another process uses the log directory', path, locked);
    ensureDone(locked, 'cannot lock', lock);
    try {
      return new LogDirectory(files, path, options);
    } catch (error) {
      files.unlock(lock);
      throw error;
    }
  }

  /** The last stop was clean: logs need no recovery. */
  get wasClean(): boolean {
    return this.#cleanShutdown !== undefined;
  }

  /** Epoch of the broker that stopped cleanly, -1 when unknown. */
  get lastBrokerEpoch(): number {
    return this.#cleanShutdown?.brokerEpoch ?? -1;
  }

  /** Undefined when the directory is not formatted. Throws a StorageError. */
  readMetaProperties(): MetaProperties | undefined {
    return readMetaProperties(this.#files, this.path);
  }

  writeMetaProperties(properties: MetaProperties): void {
    writeMetaProperties(this.#files, this.path, properties);
  }

  /** Folders of partitions, whatever their state; other folders are left out. Throws a StorageError. */
  scan(): PartitionFolder[] {
    const entries = this.#files.list(this.path);
    if (typeof entries === 'number') throw new StorageError('cannot list', this.path, entries);
    const folders: PartitionFolder[] = [];
    for (const { name, isFolder } of entries) {
      const folder = isFolder ? parsePartitionFolder(name) : undefined;
      if (folder) folders.push(folder);
    }
    return folders;
  }

  logFolder(topic: string, partition: number): string {
    return `${this.path}/${partitionFolderName(topic, partition)}`;
  }

  /**
   * What `Log.open` wants to know. A partition without a folder begins at 0 whatever a checkpoint says: an entry may
   * have outlived an earlier topic of the same name.
   */
  checkpointsOf(
    topic: string,
    partition: number,
  ): {
    readonly recoveryPoint: number;
    readonly highWatermark: number;
    readonly logStartOffset: number;
  } {
    const name = partitionFolderName(topic, partition);
    if (typeof this.#files.stat(`${this.path}/${name}`) === 'number') this.#forget(name);
    return {
      recoveryPoint: this.#recoveryPoints.get(name) ?? 0,
      highWatermark: this.#highWatermarks.get(name) ?? 0,
      logStartOffset: this.#logStartOffsets.get(name) ?? 0,
    };
  }

  /** Forgets a partition's checkpoint entries, on disk too: they would mislead the recovery of a later one. */
  #forget(name: string): void {
    const write = (offsets: OffsetCheckpoint, file: string): void => {
      if (offsets.delete(name)) writeOffsetCheckpoint(this.#files, `${this.path}/${file}`, offsets);
    };
    write(this.#recoveryPoints, CheckpointName.recoveryPoint);
    write(this.#logStartOffsets, CheckpointName.logStartOffset);
    write(this.#highWatermarks, CheckpointName.highWatermark);
  }

  /** All logs of the directory; those that are not given keep what was checkpointed last. Throws a StorageError. */
  writeRecoveryPoints(logs: Iterable<CheckpointedLog>): void {
    for (const log of logs) this.#recoveryPoints.set(nameOf(log), log.recoveryPoint);
    writeOffsetCheckpoint(this.#files, `${this.path}/${CheckpointName.recoveryPoint}`, this.#recoveryPoints);
  }

  /** As above. */
  writeHighWatermarks(logs: Iterable<CheckpointedLog>): void {
    for (const log of logs) this.#highWatermarks.set(nameOf(log), log.highWatermark);
    writeOffsetCheckpoint(this.#files, `${this.path}/${CheckpointName.highWatermark}`, this.#highWatermarks);
  }

  /** As above; a log that starts with its first segment needs no entry. */
  writeLogStartOffsets(logs: Iterable<CheckpointedLog>): void {
    for (const log of logs)
      if (log.logStartOffset > (log.segments[0] ?? 0)) this.#logStartOffsets.set(nameOf(log), log.logStartOffset);
      else this.#logStartOffsets.delete(nameOf(log));
    writeOffsetCheckpoint(this.#files, `${this.path}/${CheckpointName.logStartOffset}`, this.#logStartOffsets);
  }

  /**
   * Deletes a partition whose log its owner has abandoned: the folder is renamed at once, durably, and removed after
   * `delayMs`. Throws a StorageError.
   */
  deleteLog(topic: string, partition: number, delayMs: number): void {
    this.#moveAway(topic, partition, deletedFolderName(topic, partition, this.#options.random), delayMs);
  }

  /** Sets a partition aside that the cluster does not know; nothing of it is removed. Throws a StorageError. */
  setAside(topic: string, partition: number): void {
    this.#moveAway(topic, partition, strayFolderName(topic, partition, this.#options.random), undefined);
  }

  #moveAway(topic: string, partition: number, newName: string, removeAfterMs: number | undefined): void {
    const from = this.logFolder(topic, partition);
    ensureDone(this.#files.rename(from, `${this.path}/${newName}`), 'cannot rename', from);
    ensureDone(this.#files.syncFolderNow(this.path), 'cannot sync', this.path);
    this.#forget(partitionFolderName(topic, partition));
    if (removeAfterMs !== undefined) this.#removeLater(newName, removeAfterMs);
  }

  /** Goes on with deletions that an earlier stop interrupted. Returns how many folders are to go. */
  resumeDeletions(delayMs: number): number {
    const deleted = this.scan().filter((folder) => folder.state === 'delete');
    for (const { name } of deleted) this.#removeLater(name, delayMs);
    return deleted.length;
  }

  #removeLater(name: string, delayMs: number): void {
    this.#options.clock.schedule(delayMs, () => {
      const result = this.#files.removeFolder(`${this.path}/${name}`);
      if (result < 0 && result !== Errno.ENOENT)
        this.#options.logger.warn({ folder: name, errno: result }, 'cannot remove the folder of a deleted partition');
    });
  }

  /** After all logs were closed: writes the checkpoints and marks the stop as clean. Throws a StorageError. */
  close(logs: readonly CheckpointedLog[], brokerEpoch: number): void {
    this.writeRecoveryPoints(logs);
    this.writeHighWatermarks(logs);
    this.writeLogStartOffsets(logs);
    writeCleanShutdown(this.#files, this.path, brokerEpoch);
    this.abandon();
  }

  /** Gives the directory back as after a crash. */
  abandon(): void {
    this.#files.unlock(`${this.path}/${LOCK_FILE}`);
  }
}

function nameOf(log: CheckpointedLog): string {
  return partitionFolderName(log.topic, log.partition);
}
