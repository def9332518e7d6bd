import type { Logger } from '../../base/logger.ts';
import { Errno, type FileSpace } from '../../native/file-space.ts';
import { FileSuffix, type OffsetFile, offsetFileName, parseOffsetFile } from '../log-files.ts';
import { StorageError } from '../storage-error.ts';
import type { ProducerEntry } from './producer-entry.ts';
import { decodeProducerSnapshot, encodeProducerSnapshot } from './producer-snapshot-file.ts';

/**
 * The `.snapshot` files of a partition: producers as of an offset, written at each roll (offset = the new segment's
 * base) and at a clean close (offset = log end). They are not synced: a damaged one is passed over and an older one
 * taken, with more of the log to read again.
 *
 * Thread: the log's owner.
 */
export class ProducerSnapshots {
  readonly #files: FileSpace;
  readonly #folder: string;
  readonly #logger: Logger;
  /** Ascending. */
  #offsets: number[] = [];

  constructor(files: FileSpace, folder: string, logger: Logger) {
    this.#files = files;
    this.#folder = folder;
    this.#logger = logger;
  }

  get offsets(): readonly number[] {
    return this.#offsets;
  }

  /** Offset of the latest snapshot, -1 when there is none. */
  get latest(): number {
    return this.#offsets.at(-1) ?? -1;
  }

  /** Finds what the folder holds. Throws a StorageError. */
  scan(): void {
    const entries = this.#files.list(this.#folder);
    if (typeof entries === 'number') throw new StorageError('cannot list', this.#folder, entries);
    this.take(entries.flatMap(({ name }) => parseOffsetFile(name) ?? []));
  }

  /** The same for who has listed the folder already. */
  take(present: Iterable<OffsetFile>): void {
    this.#offsets = [];
    for (const { kind, suffix, offset } of present)
      if (kind === 'snapshot' && suffix === '') this.#offsets.push(offset);
    this.#offsets.sort((a, b) => a - b);
  }

  path(offset: number): string {
    return `${this.#folder}/${offsetFileName(offset, '.snapshot')}`;
  }

  /**
   * Writes a snapshot; one that is there already stays. Where there is no room for it (a full disk) nothing is lost: the next
   * start reads more of the log.
   */
  write(offset: number, entries: ReadonlyMap<number, ProducerEntry>): void {
    if (this.#offsets.includes(offset)) return;
    const path = this.path(offset);
    const result = this.#write(path, encodeProducerSnapshot(entries));
    if (result < 0) {
      this.#files.unlink(path);
      this.#logger.warn({ snapshot: path, errno: result }, 'cannot write a producer snapshot');
      return;
    }
    this.#offsets.push(offset);
    this.#offsets.sort((a, b) => a - b);
  }

  #write(path: string, bytes: Uint8Array): number {
    const file = this.#files.open(path, true);
    if (file < 0) return file;
    const result = this.#files.truncate(file, 0) || this.#files.write(file, 0, [bytes], 1);
    this.#files.close(file);
    return result;
  }

  /** Loads the latest good snapshot at or below `offset`; damaged ones are deleted. Undefined when there is none. */
  loadLatest(offset: number): { readonly offset: number; readonly entries: ProducerEntry[] } | undefined {
    for (const candidate of [...this.#offsets].reverse()) {
      if (candidate > offset) continue;
      const content = this.#files.readFile(this.path(candidate));
      const entries = typeof content === 'number' ? undefined : decodeProducerSnapshot(content);
      if (entries) return { offset: candidate, entries };
      this.#logger.warn({ snapshot: this.path(candidate) }, 'deleting a damaged producer snapshot');
      this.remove(candidate);
    }
    return undefined;
  }

  remove(offset: number): void {
    this.#offsets = this.#offsets.filter((other) => other !== offset);
    const result = this.#files.unlink(this.path(offset));
    if (result < 0 && result !== Errno.ENOENT) throw new StorageError('cannot delete', this.path(offset), result);
  }

  /** Deletes snapshots outside of `(lower, upper]`. */
  removeOutside(lower: number, upper: number): void {
    for (const offset of [...this.#offsets]) if (offset <= lower || offset > upper) this.remove(offset);
  }

  /** Deletes snapshots that belong to no segment, except the latest when it lies above all segments' base offsets. */
  removeStray(segments: readonly number[]): void {
    const bases = new Set(segments);
    const highest = segments.at(-1) ?? -1;
    const strays = this.#offsets.filter((offset) => !bases.has(offset));
    const kept = strays.at(-1);
    for (const offset of strays) if (offset !== kept || offset < highest) this.remove(offset);
  }

  /** Renames a snapshot away; returns the new path, undefined when there was none. */
  markDeleted(offset: number): string | undefined {
    if (!this.#offsets.includes(offset)) return undefined;
    this.#offsets = this.#offsets.filter((other) => other !== offset);
    const path = this.path(offset);
    return this.#files.rename(path, path + FileSuffix.deleted) === 0 ? path + FileSuffix.deleted : undefined;
  }
}
