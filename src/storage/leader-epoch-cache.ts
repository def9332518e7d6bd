import type { FileSpace } from '../native/file-space.ts';
import { parseCheckpointNumber, readCheckpointLines, writeCheckpointLines } from './checkpoint-file.ts';
import { isDiskFull } from './reserve-file.ts';
import { StorageError } from './storage-error.ts';

/**
 * Which leader epoch wrote which offsets of a partition: (epoch, offset of its first record), ascending in both. Kept in
 * `leader-epoch-checkpoint`. Follows Kafka's LeaderEpochFileCache.
 *
 * Thread: the log's owner.
 */

export interface EpochEntry {
  readonly epoch: number;
  readonly startOffset: number;
}

const UNDEFINED_EPOCH = -1;
const UNDEFINED_EPOCH_OFFSET = -1;

const SYNCED = Number.POSITIVE_INFINITY;

export class LeaderEpochCache {
  readonly #files: FileSpace;
  readonly #path: string;
  #entries: EpochEntry[] = [];
  /** Where the first epoch begins that the file does not durably tell of; below all when others went since. */
  #unsyncedFrom = SYNCED;
  #isWritten = true;

  readonly #syncsWithLog: boolean;

  /**
   * Loads what the partition's folder holds. With `syncsWithLog` a new epoch is written when its segment or the log is
   * closed (`write`; a file is a dear thing in the first append to a partition), and is durable when the owner syncs the
   * file (`takeUnsynced`): recovery finds again what a crash has taken. Else each change is durable at once. Throws a
   * StorageError.
   */
  constructor(files: FileSpace, folder: string, syncsWithLog = false) {
    this.#files = files;
    this.#syncsWithLog = syncsWithLog;
    this.#path = `${folder}/leader-epoch-checkpoint`;
    for (const [epoch, startOffset] of readCheckpointLines(files, this.#path, 2, !syncsWithLog))
      this.#insert(parseCheckpointNumber(epoch, this.#path), parseCheckpointNumber(startOffset, this.#path));
  }

  get entries(): readonly EpochEntry[] {
    return this.#entries;
  }

  /** -1 when nothing was written under any epoch. */
  get latestEpoch(): number {
    const { length } = this.#entries;
    return length === 0 ? UNDEFINED_EPOCH : this.#entries[length - 1].epoch;
  }

  /** Notes that `epoch` begins at `startOffset`; entries that contradict it go. Throws a StorageError. */
  assign(epoch: number, startOffset: number): void {
    if (!this.#insert(epoch, startOffset)) return;
    if (!this.#syncsWithLog) this.flush();
    else this.#unsyncedFrom = Math.min(this.#unsyncedFrom, startOffset);
    this.#isWritten = !this.#syncsWithLog;
  }

  #insert(epoch: number, startOffset: number): boolean {
    const latest = this.#entries.at(-1);
    if (latest && latest.epoch === epoch && startOffset >= latest.startOffset) return false;
    while (this.#entries.length > 0) {
      const last = this.#entries.at(-1)!;
      if (last.epoch < epoch && last.startOffset < startOffset) break;
      this.#entries.pop();
    }
    this.#entries.push({ epoch, startOffset });
    return true;
  }

  /**
   * The greatest epoch <= `epoch` that began here, and the offset where it ends (`logEndOffset` for the latest). The
   * leader's own epoch has begun although nothing was written under it yet. Both -1 when the epoch is unknown here because
   * it is newer; for one older than all, the first known start.
   */
  endOffsetFor(
    epoch: number,
    logEndOffset: number,
    leaderEpoch: number,
  ): { readonly epoch: number; readonly endOffset: number } {
    const newest = Math.max(this.latestEpoch, leaderEpoch);
    if (epoch === UNDEFINED_EPOCH || epoch > newest)
      return { epoch: UNDEFINED_EPOCH, endOffset: UNDEFINED_EPOCH_OFFSET };
    if (epoch === newest) return { epoch, endOffset: logEndOffset };
    const higher = this.#entries.findIndex((entry) => entry.epoch > epoch);
    const last = higher < 0 ? this.#entries.length - 1 : higher - 1;
    return {
      epoch: last < 0 ? epoch : this.#entries[last].epoch,
      endOffset: higher < 0 ? logEndOffset : this.#entries[higher].startOffset,
    };
  }

  /** Epoch under which the record at `offset` was written, -1 when unknown. */
  epochFor(offset: number): number {
    for (let at = this.#entries.length - 1; at >= 0; at--)
      if (this.#entries[at].startOffset <= offset) return this.#entries[at].epoch;
    return UNDEFINED_EPOCH;
  }

  /** Drops epochs that begin at or behind `endOffset`. */
  truncateFromEnd(endOffset: number): void {
    const kept = this.#entries.filter((entry) => entry.startOffset < endOffset);
    if (kept.length === this.#entries.length) return;
    this.#entries = kept;
    this.flush();
  }

  /** Makes the first epoch begin at `startOffset` and drops those before it. */
  truncateFromStart(startOffset: number): void {
    let covering = -1;
    while (covering + 1 < this.#entries.length && this.#entries[covering + 1].startOffset <= startOffset) covering++;
    if (covering < 0 || (covering === 0 && this.#entries[0].startOffset === startOffset)) return;
    const { epoch } = this.#entries[covering];
    this.#entries = [{ epoch, startOffset }, ...this.#entries.slice(covering + 1)];
    this.flush();
  }

  clear(): void {
    this.#entries = [];
    this.flush();
  }

  flush(): void {
    this.#writeFile();
    if (this.#syncsWithLog) this.#unsyncedFrom = UNDEFINED_EPOCH_OFFSET;
  }

  /** Writes epochs that were noted since. Throws a StorageError. */
  write(): void {
    if (!this.#isWritten) this.#writeFile();
  }

  #writeFile(): void {
    const lines = this.#entries.map(({ epoch, startOffset }) => `${epoch} ${startOffset}`);
    writeCheckpointLines(this.#files, this.#path, lines, !this.#syncsWithLog);
    this.#isWritten = true;
  }

  /** The same where the disk may be full: then there is no file, and recovery finds again what it would tell. */
  writeIfRoom(): void {
    try {
      this.write();
    } catch (error) {
      if (!(error instanceof StorageError) || !isDiskFull(error.errno)) throw error;
      this.#files.unlink(this.#path);
    }
  }

  /** Whether the file does not durably tell which epochs begin below `offset`. */
  isUnsyncedBelow(offset: number): boolean {
    return this.#unsyncedFrom < offset;
  }

  /** The file, which is up to date, is about to be synced; returns its path. */
  takeUnsynced(): string {
    this.#unsyncedFrom = SYNCED;
    return this.#path;
  }
}
