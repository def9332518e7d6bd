import { readInt64, writeInt64 } from './batch-header.ts';
import { Errno, type FileSpace } from './file-space.ts';

/**
 * One sparse index of a segment, held in memory and written in pieces. Offsets are relative to the segment's base.
 *
 *     .index      { relativeOffset 4 | position 4 } ...    the last offset of a batch, and where that batch starts
 *     .timeindex  { timestamp 8 | relativeOffset 4 } ...   greatest timestamp so far, and the last offset of its batch
 *
 * New entries reach the file at `flush` (roll and close). That is enough: after an unclean stop the segment that holds
 * the recovery point and all after it are scanned again, and their indexes written anew.
 *
 * Thread: the log's owner.
 */
const ENTRIES_AT_FIRST = 32;

abstract class IndexFile {
  readonly #files: FileSpace;
  readonly path: string;
  readonly entryBytes: number;
  protected bytes: Uint8Array = new Uint8Array(0);
  protected view: DataView = new DataView(this.bytes.buffer);
  entries = 0;
  #flushedEntries = 0;
  #trimmed = true;
  #synced = true;

  /** Nothing was written to the file since it was last synced. */
  get synced(): boolean {
    return this.#synced;
  }

  constructor(files: FileSpace, path: string, entryBytes: number) {
    this.#files = files;
    this.path = path;
    this.entryBytes = entryBytes;
  }

  /** Reads the file. False when it is missing or cannot be what an index of this segment looks like. */
  load(logBytes: number): boolean {
    const bytes = this.#files.readFile(this.path);
    if (typeof bytes === 'number' || bytes.length % this.entryBytes !== 0) {
      this.clear();
      return false;
    }
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.entries = bytes.length / this.entryBytes;
    this.#flushedEntries = this.entries;
    this.#trimmed = true;
    if (this.entries === 0 || this.isSane(logBytes)) return true;
    this.clear();
    return false;
  }

  protected abstract isSane(logBytes: number): boolean;

  /** Place of a new entry's bytes. */
  protected extend(): number {
    const at = this.entries * this.entryBytes;
    if (at + this.entryBytes > this.bytes.length) {
      const grown = new Uint8Array(Math.max(ENTRIES_AT_FIRST * this.entryBytes, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, at));
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    this.entries++;
    return at;
  }

  cut(entries: number): void {
    if (entries >= this.entries) return;
    this.entries = entries;
    this.#flushedEntries = Math.min(this.#flushedEntries, entries);
    this.#trimmed = false;
  }

  clear(): void {
    this.entries = 0;
    this.#flushedEntries = 0;
    this.#trimmed = false;
  }

  /** Brings the file to what memory says, creating it when it is missing. */
  flush(sync: boolean): number {
    const exists = typeof this.#files.stat(this.path) !== 'number';
    const isFlushed = exists && this.#trimmed && this.#flushedEntries === this.entries;
    if (isFlushed && (!sync || this.#synced)) return 0;
    const file = this.#files.open(this.path, true);
    if (file < 0) return file;
    try {
      const from = exists ? this.#flushedEntries * this.entryBytes : 0;
      const end = this.entries * this.entryBytes;
      let result = from < end ? this.#files.write(file, from, [this.bytes.subarray(from, end)], 1) : 0;
      if (result === 0 && !this.#trimmed) result = this.#files.truncate(file, end);
      if (result === 0 && sync) result = this.#files.syncNow(file);
      if (result < 0) return result;
    } finally {
      this.#files.close(file);
    }
    this.#synced = sync;
    this.#flushedEntries = this.entries;
    this.#trimmed = true;
    return 0;
  }

  /** Entry with the greatest key <= `key`, -1 when there is none. */
  protected floor(key: number, keyOf: (entry: number) => number): number {
    let low = 0;
    let high = this.entries;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keyOf(middle) <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

export class OffsetIndexFile extends IndexFile {
  readonly #relativeOffsetOf = (entry: number): number => this.relativeOffset(entry);

  constructor(files: FileSpace, path: string) {
    super(files, path, 8);
  }

  relativeOffset(entry: number): number {
    return this.view.getInt32(entry * 8);
  }

  position(entry: number): number {
    return this.view.getInt32(entry * 8 + 4);
  }

  add(relativeOffset: number, position: number): void {
    const at = this.extend();
    this.view.setInt32(at, relativeOffset);
    this.view.setInt32(at + 4, position);
  }

  /** Position to scan from in order to find `relativeOffset`. */
  lookup(relativeOffset: number): number {
    const entry = this.floor(relativeOffset, this.#relativeOffsetOf);
    return entry < 0 ? 0 : this.position(entry);
  }

  /** Drops entries whose position is at or behind `position`. */
  cutAt(position: number): void {
    let entries = this.entries;
    while (entries > 0 && this.position(entries - 1) >= position) entries--;
    this.cut(entries);
  }

  /** Kafka sizes an index in advance and fills the rest with zeros, so a zero at the end means: not closed properly. */
  protected isSane(logBytes: number): boolean {
    const position = this.position(this.entries - 1);
    return position > 0 && position < logBytes && this.relativeOffset(this.entries - 1) >= this.relativeOffset(0);
  }
}

export class TimeIndexFile extends IndexFile {
  readonly #timestampOf = (entry: number): number => this.timestamp(entry);

  constructor(files: FileSpace, path: string) {
    super(files, path, 12);
  }

  timestamp(entry: number): number {
    return readInt64(this.view, entry * 12);
  }

  relativeOffset(entry: number): number {
    return this.view.getInt32(entry * 12 + 8);
  }

  /** Adds an entry when it advances the greatest timestamp. */
  addIfLater(timestamp: number, relativeOffset: number): void {
    const last = this.entries > 0 ? this.timestamp(this.entries - 1) : -1;
    if (timestamp <= last) return;
    const at = this.extend();
    writeInt64(this.view, at, timestamp);
    this.view.setInt32(at + 8, relativeOffset);
  }

  /** Relative offset up to which every timestamp is at most `timestamp`; 0 when nothing is known. */
  lookup(timestamp: number): number {
    const entry = this.floor(timestamp, this.#timestampOf);
    return entry < 0 ? 0 : this.relativeOffset(entry);
  }

  /** Drops entries for offsets from `relativeOffset` on. */
  cutAt(relativeOffset: number): void {
    let entries = this.entries;
    while (entries > 0 && this.relativeOffset(entries - 1) >= relativeOffset) entries--;
    this.cut(entries);
  }

  protected isSane(): boolean {
    const last = this.entries - 1;
    return (
      this.timestamp(last) >= this.timestamp(0) &&
      (last === 0 || this.timestamp(last) > 0) &&
      this.relativeOffset(last) >= this.relativeOffset(0)
    );
  }
}

/** A missing file is no error where a file is to go away. */
export function ignoreMissing(result: number): number {
  return result === Errno.ENOENT ? 0 : result;
}
