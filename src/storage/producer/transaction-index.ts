import { Errno, type FileSpace } from '../../native/file-space.ts';
import { offsetFileName } from '../log-files.ts';
import { StorageError } from '../storage-error.ts';

/**
 * `.txnindex` of a segment: the aborted transactions whose markers the segment holds, ascending by marker.
 *
 *     { version 2 (0) | producerId 8 | firstOffset 8 | lastOffset 8 | lastStableOffset 8 } ...
 *
 * Thread: the log's owner.
 */

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
  /** Offset of the marker. */
  readonly lastOffset: number;
  /** No transaction that is open below this offset is missing from the index up to here. */
  readonly lastStableOffset: number;
}

const VERSION = 0;
const ENTRY_BYTES = 34;

export class TransactionIndex {
  readonly #files: FileSpace;
  readonly #folder: string;
  /** Loaded indexes by their segment's base offset; segments without aborted transactions have none. */
  readonly #entries = new Map<number, AbortedTransaction[]>();
  /** Undefined when it has to be looked for. */
  #lastAbortedOffset: number | undefined;

  constructor(files: FileSpace, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  path(segmentBaseOffset: number): string {
    return `${this.#folder}/${offsetFileName(segmentBaseOffset, '.txnindex')}`;
  }

  /** All entries of a segment. A torn last entry is left out. Throws a StorageError. */
  entries(segmentBaseOffset: number): readonly AbortedTransaction[] {
    return this.#load(segmentBaseOffset);
  }

  #load(segmentBaseOffset: number): AbortedTransaction[] {
    const known = this.#entries.get(segmentBaseOffset);
    if (known) return known;
    const path = this.path(segmentBaseOffset);
    const bytes = this.#files.readFile(path);
    if (typeof bytes === 'number' && bytes !== Errno.ENOENT) throw new StorageError('cannot read', path, bytes);
    const entries = typeof bytes === 'number' ? [] : decodeEntries(bytes, path);
    this.#entries.set(segmentBaseOffset, entries);
    return entries;
  }

  /**
   * Adds transactions to a segment's index, all or none; durable when the owner syncs the file with the log. Throws a
   * StorageError.
   */
  append(segmentBaseOffset: number, added: readonly AbortedTransaction[]): void {
    const entries = this.#load(segmentBaseOffset);
    const sizeBytes = entries.length * ENTRY_BYTES;
    this.#change(segmentBaseOffset, (file) => {
      const result = this.#files.write(file, sizeBytes, [encodeAborted(added)], 1);
      return result < 0 ? this.#files.truncate(file, sizeBytes) || result : result;
    });
    entries.push(...added);
    this.#lastAbortedOffset = undefined;
  }

  /** Takes the last entries of a segment's index back. Throws a StorageError. */
  dropLast(segmentBaseOffset: number, count: number): void {
    const entries = this.#load(segmentBaseOffset);
    const left = entries.length - count;
    this.#change(segmentBaseOffset, (file) => this.#files.truncate(file, left * ENTRY_BYTES));
    entries.length = left;
    this.#lastAbortedOffset = undefined;
  }

  #change(segmentBaseOffset: number, change: (file: number) => number): void {
    const path = this.path(segmentBaseOffset);
    const file = this.#files.open(path, true);
    if (file < 0) throw new StorageError('cannot open', path, file);
    const result = change(file);
    this.#files.close(file);
    if (result < 0) throw new StorageError('cannot write', path, result);
  }

  /**
   * Aborted transactions that overlap `[fetchOffset, upperBound)`, from the segments given in ascending order beginning
   * with the one that holds fetchOffset. Throws a StorageError.
   */
  collect(segments: readonly number[], fetchOffset: number, upperBound: number): AbortedTransaction[] {
    const found: AbortedTransaction[] = [];
    for (const segment of segments) {
      const entries = this.#load(segment);
      for (let at = firstEndingFrom(entries, fetchOffset); at < entries.length; at++) {
        const entry = entries[at];
        if (entry.firstOffset < upperBound) found.push(entry);
        // Every transaction that began below upperBound had ended by then.
        if (entry.lastStableOffset >= upperBound) return found;
      }
    }
    return found;
  }

  /** Offset of the newest marker in the log's segments, -1 when there is none. Costs nothing while nothing changes. */
  lastAbortedOffset(segments: readonly number[]): number {
    this.#lastAbortedOffset ??= this.#findLastAborted(segments);
    return this.#lastAbortedOffset;
  }

  #findLastAborted(segments: readonly number[]): number {
    for (let at = segments.length - 1; at >= 0; at--) {
      const last = this.#load(segments[at]).at(-1);
      if (last) return last.lastOffset;
    }
    return -1;
  }

  /** Drops entries whose marker lies at or behind `offset`. Throws a StorageError. */
  truncate(segmentBaseOffset: number, offset: number): void {
    const kept = this.#load(segmentBaseOffset).filter((entry) => entry.lastOffset < offset);
    if (kept.length < this.#load(segmentBaseOffset).length) this.replace(segmentBaseOffset, kept);
  }

  /** Puts other entries in place of a segment's; no file is left for none. Throws a StorageError. */
  replace(segmentBaseOffset: number, entries: readonly AbortedTransaction[]): void {
    const path = this.path(segmentBaseOffset);
    const result =
      entries.length === 0 ? this.#remove(path) : this.#files.writeFileAtomic(path, encodeAborted(entries));
    if (result < 0 && result !== Errno.ENOENT) throw new StorageError('cannot replace', path, result);
    this.#entries.set(segmentBaseOffset, [...entries]);
    this.#lastAbortedOffset = undefined;
  }

  /** Most segments have none: to look is cheaper than to fail. */
  #remove(path: string): number {
    return this.#files.stat(path) === Errno.ENOENT ? Errno.ENOENT : this.#files.unlink(path);
  }

  /** The segment is gone. */
  forget(segmentBaseOffset: number): void {
    this.#entries.delete(segmentBaseOffset);
    this.#lastAbortedOffset = undefined;
  }
}

/** Index of the first entry whose marker lies at or behind the offset. */
function firstEndingFrom(entries: readonly AbortedTransaction[], offset: number): number {
  let low = 0;
  for (let high = entries.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if (entries[middle].lastOffset < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The content of an index file. */
export function encodeAborted(entries: readonly AbortedTransaction[]): Buffer {
  return Buffer.concat(entries.map(encodeEntry));
}

function encodeEntry({ producerId, firstOffset, lastOffset, lastStableOffset }: AbortedTransaction): Buffer {
  const bytes = Buffer.alloc(ENTRY_BYTES);
  bytes.writeInt16BE(VERSION, 0);
  bytes.writeBigInt64BE(BigInt(producerId), 2);
  bytes.writeBigInt64BE(BigInt(firstOffset), 10);
  bytes.writeBigInt64BE(BigInt(lastOffset), 18);
  bytes.writeBigInt64BE(BigInt(lastStableOffset), 26);
  return bytes;
}

function decodeEntries(content: Uint8Array, path: string): AbortedTransaction[] {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const entries: AbortedTransaction[] = [];
  for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
    if (bytes.readInt16BE(at) > VERSION) throw new StorageError('entry of an unknown version', path, 0);
    entries.push({
      producerId: Number(bytes.readBigInt64BE(at + 2)),
      firstOffset: Number(bytes.readBigInt64BE(at + 10)),
      lastOffset: Number(bytes.readBigInt64BE(at + 18)),
      lastStableOffset: Number(bytes.readBigInt64BE(at + 26)),
    });
  }
  return entries;
}
