/**
 * The broker's log directories (JBOD): where each partition lies, which directories have failed, the checkpoint files
 * beside the partitions, whether the last stop was clean. Control thread: it owns the directories themselves, the storage
 * workers own the folders in them.
 */
import { statfsSync } from 'node:fs';
import { resolve } from 'node:path';
import { giveWay } from '../base/give-way.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { Uuid } from '../base/uuid.ts';
import type { FileSpace } from '../native/file-space.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { PartitionTable } from '../ring/partition-table.ts';
import { isDirectoryFault } from '../storage/directory-fault.ts';
import { parsePartitionFolder, partitionFolderName, strayFolderName } from '../storage/log-files.ts';
import { wasMovedHere } from '../storage/move/move-files.ts';
import { readPartitionMetadata } from '../storage/partition-metadata-file.ts';
import { StorageError } from '../storage/storage-error.ts';
import { LogDirectory, type RowPlace } from './log-directory.ts';

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

/** A directory of the settings as the start has found it. */
interface StartDirectory {
  readonly path: string;
  /** From its meta.properties; undefined when it cannot be read. */
  readonly id: Uuid | undefined;
  /** Why it cannot be used; undefined when it can. */
  readonly fault?: string;
}

/** A move to another directory that had begun when the broker stopped. */
export interface FutureFolder {
  readonly topic: string;
  readonly partition: number;
  /** Path of the directory it moves to. */
  readonly path: string;
  readonly folder: string;
}

/** Partitions that do not exist yet and for which AlterReplicaLogDirs has named a directory. */
const PREFERRED_MAX = 10_000;

export class LogDirectories {
  readonly #files: FileSpace;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #directories: LogDirectory[] = [];
  /** Epoch under which this broker was last registered and stopped cleanly; -1 after an unclean stop. */
  readonly previousBrokerEpoch: number;
  readonly #directoryOf = new Map<string, LogDirectory>();
  readonly #preferred = new Map<string, LogDirectory>();
  #mustWriteCheckpoints = false;
  /** Under way, for all starts that moved before it. */
  #startsWritten: Promise<void> | null = null;
  /** A directory fails at a file of its own. */
  onFault: (path: string, fault: string) => void = () => {};

  /** Reads the directories, which exist and are locked. Throws a StorageError when none of them can be used. */
  constructor(directories: readonly StartDirectory[], files: FileSpace, random: Random, logger: Logger) {
    this.#files = files;
    this.#random = random;
    this.#logger = logger;
    for (const start of directories) this.#directories.push(this.#open(start));
    const online = this.#online();
    if (online.length === 0) throw new StorageError(this.#directories[0].fault!, this.#directories[0].path, 0);
    const epochs = online.map(({ brokerEpoch }) => brokerEpoch);
    this.previousBrokerEpoch = epochs.includes(undefined) ? -1 : epochs[0]!;
    this.#settleDuplicates();
  }

  /**
   * A partition was placed under a name of which the checkpoint files still tell what was true of another one: they are to
   * be written before its log is opened. Deletions themselves write none, however many come one after the other.
   */
  get mustWriteCheckpoints(): boolean {
    return this.#mustWriteCheckpoints;
  }

  list(): DescribedDirectory[] {
    return this.#directories.map((directory) => {
      const path = this.#describedPath(directory.path);
      const space = directory.isOnline ? this.#space(directory) : undefined;
      if (!space) return { path, errorCode: ErrorCode.KAFKA_STORAGE_ERROR, totalBytes: -1, usableBytes: -1 };
      return { path, errorCode: ErrorCode.NONE, ...space };
    });
  }

  /** Of all, by which clients know them. */
  paths(): string[] {
    return this.#directories.map(({ path }) => this.#describedPath(path));
  }

  directoryOf(topic: string, partition: number): string | undefined {
    const directory = this.#directoryOf.get(partitionFolderName(topic, partition));
    return directory && this.#describedPath(directory.path);
  }

  /** Id of the directory that a partition lies in; undefined when that is not known. */
  idOf(topic: string, partition: number): Uuid | undefined {
    return this.#directoryOf.get(partitionFolderName(topic, partition))?.id;
  }

  /** Id of a directory by the path that clients know it by. */
  idOfPath(path: string): Uuid | undefined {
    return this.#byPath(path)?.id;
  }

  /** Ids of the directories that work. */
  onlineIds(): Uuid[] {
    return this.#online().flatMap(({ id }) => id ?? []);
  }

  offlineIds(): Uuid[] {
    return this.#directories.flatMap(({ id, isOnline }) => (isOnline || id === undefined ? [] : id));
  }

  get hasOnline(): boolean {
    return this.#directories.some(({ isOnline }) => isOnline);
  }

  /** Of a directory by the path that clients know it by; undefined when the settings do not name it. */
  isOnline(path: string): boolean | undefined {
    return this.#byPath(path)?.isOnline;
  }

  /** Nothing in it is read or written any more. False when it was offline already, or is none of ours. */
  setOffline(path: string, fault: string): boolean {
    const directory = this.#byPath(path);
    if (!directory?.isOnline) return false;
    directory.fault = fault;
    this.#logger.error({ path: directory.path, fault }, 'a log directory is offline');
    return true;
  }

  /** Where a partition goes when it is made: AlterReplicaLogDirs may come before the partition. */
  prefer(topic: string, partition: number, path: string): void {
    const directory = this.#byPath(path);
    if (!directory || this.#preferred.size >= PREFERRED_MAX) return;
    this.#preferred.set(partitionFolderName(topic, partition), directory);
  }

  /**
   * Where the partition lies, or is to lie when it is not there: where it was asked to, else where the metadata assigns
   * it, else in the directory with the fewest partitions. Undefined: its directory has failed, or may have. `isNew`: it
   * was created just now, so that it cannot lie in a directory that nobody can read.
   */
  place(
    topic: string,
    partition: number,
    topicId: Uuid,
    { assigned, isNew }: { readonly assigned?: Uuid; readonly isNew: boolean },
  ): PartitionPlace | undefined {
    const name = partitionFolderName(topic, partition);
    const online = this.#online();
    const holds = ({ partitions }: LogDirectory): boolean => partitions.has(name);
    // A deletion that failed may have left a folder of that name, which is not in the lists any more.
    const suspects = online.some(holds) ? online.filter(holds) : online;
    for (const suspect of suspects) {
      if (this.isAnothers(`${suspect.path}/${name}`, topicId)) this.#setAside(suspect, topic, partition);
    }
    const directory = online.find(holds) ?? this.#directoryForNew(name, assigned, isNew);
    if (!directory) return undefined;
    this.#preferred.delete(name);
    const known = directory.partitions.has(name);
    directory.partitions.add(name);
    this.#directoryOf.set(name, directory);
    if (directory.isStale(name)) this.#mustWriteCheckpoints = true;
    return {
      folder: `${directory.path}/${name}`,
      recoveryPoint: directory.recoveryPoints.get(name) ?? 0,
      logStartOffset: directory.logStartOffsets.get(name) ?? 0,
      cleanedOffset: directory.cleanerOffsets.get(name) ?? 0,
      cleanShutdown: directory.brokerEpoch !== undefined || !known,
    };
  }

  /** The partition is being deleted. */
  forget(topic: string, partition: number): void {
    const name = partitionFolderName(topic, partition);
    this.#directoryOf.get(name)?.forget(name);
    this.#directoryOf.delete(name);
  }

  /** A partition is about to be moved there. As with `place`, its checkpoint files may tell of another one of that name. */
  prepareMove(topic: string, partition: number, path: string): void {
    if (this.#byPath(path)?.isStale(partitionFolderName(topic, partition))) this.#mustWriteCheckpoints = true;
  }

  /** A move has put the partition into another directory, which durably tells the same of its log from now on. */
  moved(topic: string, partition: number, path: string): void {
    const name = partitionFolderName(topic, partition);
    const from = this.#directoryOf.get(name);
    const to = this.#byPath(path)!;
    if (from) this.#carryOver(name, from, to);
    from?.forget(name);
    to.partitions.add(name);
    this.#directoryOf.set(name, to);
  }

  /** The directory's own path, as folders in it are named. */
  storedPath(path: string): string {
    return this.#byPath(path)?.path ?? path;
  }

  /**
   * Whether a folder says that it belongs to another topic of the same name. One that says nothing stays: its log will not
   * open, and that partition alone is offline.
   */
  isAnothers(folder: string, topicId: Uuid): boolean {
    const found = this.#topicIdOf(folder);
    return found !== undefined && found !== topicId;
  }

  #topicIdOf(folder: string): Uuid | undefined {
    try {
      return readPartitionMetadata(this.#files, folder);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      return undefined;
    }
  }

  /** Moves that had begun when the broker stopped. */
  futures(): FutureFolder[] {
    return this.#online().flatMap(({ path, futures }) =>
      futures.map(({ topic, partition, name }) => ({
        topic,
        partition,
        path: this.#describedPath(path),
        folder: `${path}/${name}`,
      })),
    );
  }

  /** Up to where a partition's log has been cleaned; undefined when it never was. */
  cleanerOffset(topic: string, partition: number): number | undefined {
    const name = partitionFolderName(topic, partition);
    return this.#directoryOf.get(name)?.cleanerOffsets.get(name);
  }

  /** Durable when it returns. Throws a StorageError. */
  setCleanerOffset(topic: string, partition: number, offset: number): void {
    const name = partitionFolderName(topic, partition);
    this.#directoryOf.get(name)?.setCleanerOffset(name, offset);
  }

  /** Folders of partitions that the metadata does not have: set aside, as the metadata is the truth. */
  setStraysAside(isKnown: (topic: string, partition: number) => boolean): void {
    for (const directory of this.#online()) {
      for (const name of [...directory.partitions]) {
        const { topic, partition } = parsePartitionFolder(name)!;
        if (!isKnown(topic, partition)) this.#setAside(directory, topic, partition);
      }
    }
  }

  /** Writes every directory's checkpoint files from the partition table; false when one could not be written. */
  writeCheckpoints(rows: Iterable<RowPlace>, table: PartitionTable): boolean {
    this.#mustWriteCheckpoints = false;
    const marks = new Map(this.#online().map((directory) => [directory, directory.beginCheckpoints()]));
    for (const place of rows) {
      const name = partitionFolderName(place.topic, place.partition);
      marks.get(this.#directoryOf.get(name)!)?.add(name, place.row, table);
    }
    let done = true;
    for (const [directory, mark] of marks) done = this.#tryToWrite(directory, () => mark.write()) && done;
    return done;
  }

  /**
   * The log of a partition begins at `offset` from now on. Resolves when that is durable, or could not be made so; what
   * has moved in one turn is written together.
   */
  async saveLogStart(topic: string, partition: number, offset: number): Promise<void> {
    const name = partitionFolderName(topic, partition);
    if (!this.#directoryOf.get(name)?.moveLogStart(name, offset)) return;
    this.#startsWritten ??= giveWay().then(() => {
      this.#startsWritten = null;
      for (const directory of this.#online()) this.#tryToWrite(directory, () => directory.writeMovedStarts());
    });
    await this.#startsWritten;
  }

  #carryOver(name: string, from: LogDirectory, to: LogDirectory): void {
    if (to.moveLogStart(name, from.logStartOf(name))) this.#tryToWrite(to, () => to.writeMovedStarts());
    const cleanedOffset = from.cleanerOffsets.get(name);
    if (cleanedOffset !== undefined) this.#tryToWrite(to, () => to.setCleanerOffset(name, cleanedOffset));
  }

  #tryToWrite({ path }: LogDirectory, write: () => void): boolean {
    try {
      write();
      return true;
    } catch (error) {
      // The disk may be full: reads go on, and the files before are as good as they were.
      this.#logger.error({ path, error: (error as Error).message }, 'checkpoint files cannot be written');
      if (error instanceof StorageError && isDirectoryFault(error.errno)) {
        this.onFault(this.#describedPath(path), error.message);
      }
      return false;
    }
  }

  /** The last thing of an orderly stop: all logs are closed and synced, but for those in directories that failed. */
  closeCleanly(brokerEpoch: number): void {
    for (const directory of this.#online()) directory.markClean(brokerEpoch);
  }

  #open({ path, id, fault }: StartDirectory): LogDirectory {
    const directory = new LogDirectory(path, id, this.#files, this.#logger, fault);
    if (fault !== undefined) return directory;
    try {
      directory.read();
    } catch (error) {
      if (!(error instanceof StorageError) || error.errno === 0) throw error;
      directory.fault = error.message;
    }
    if (!directory.isOnline) return directory;
    for (const name of directory.partitions) this.#directoryOf.set(name, directory);
    return directory;
  }

  #online(): LogDirectory[] {
    return this.#directories.filter(({ isOnline }) => isOnline);
  }

  #byPath(path: string): LogDirectory | undefined {
    return this.#directories.find(
      (directory) => path === directory.path || path === this.#describedPath(directory.path),
    );
  }

  #directoryForNew(name: string, assigned: Uuid | undefined, isNew: boolean): LogDirectory | undefined {
    const online = this.#online();
    if (!isNew && online.length < this.#directories.length) return undefined;
    const preferred = this.#preferred.get(name);
    if (preferred?.isOnline) return preferred;
    const wanted = online.find(({ id }) => id !== undefined && id === assigned);
    return wanted ?? online.reduce((least, other) => (other.partitions.size < least.partitions.size ? other : least));
  }

  /**
   * A stop in the last step of a move leaves a partition in two directories. The one that it was moved to has all that the
   * other has, and maybe more; but where its log begins, and how far it is clean, may have been told to the other alone.
   */
  #settleDuplicates(): void {
    for (const directory of this.#online()) {
      for (const name of [...directory.partitions]) {
        const other = this.#online().find((one) => one !== directory && one.partitions.has(name));
        if (!other || !wasMovedHere(this.#files, `${directory.path}/${name}`)) continue;
        const { topic, partition } = parsePartitionFolder(name)!;
        const topicId = this.#topicIdOf(`${directory.path}/${name}`);
        if (topicId === undefined || !this.isAnothers(`${other.path}/${name}`, topicId))
          this.#carryOver(name, other, directory);
        this.#setAside(other, topic, partition);
        this.#directoryOf.set(name, directory);
      }
    }
  }

  #setAside(directory: LogDirectory, topic: string, partition: number): void {
    const name = partitionFolderName(topic, partition);
    const aside = strayFolderName(topic, partition, this.#random);
    this.#logger.warn({ folder: `${directory.path}/${name}`, aside }, 'a folder of no known partition is set aside');
    this.#files.rename(`${directory.path}/${name}`, `${directory.path}/${aside}`);
    if (this.#directoryOf.get(name) === directory) this.#directoryOf.delete(name);
    directory.forget(name);
  }

  #describedPath(path: string): string {
    return this.#files.kind === 'fs' ? resolve(path) : path;
  }

  /** Undefined when the disk does not say. */
  #space({ path }: LogDirectory): { totalBytes: number; usableBytes: number } | undefined {
    if (this.#files.kind !== 'fs') return { totalBytes: -1, usableBytes: -1 };
    try {
      const { blocks, bsize, bavail } = statfsSync(path);
      return { totalBytes: blocks * bsize, usableBytes: bavail * bsize };
    } catch {
      return undefined;
    }
  }
}
