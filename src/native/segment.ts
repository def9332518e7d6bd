import { crc32 } from 'node:zlib';
import { HEADER_BYTES, HeaderAt, LENGTH_OVERHEAD_BYTES, MAGIC, readInt64, writeHeaderSlots } from './batch-header.ts';
import { crc32c } from './crc32c.ts';
import type { FileSpace } from './file-space.ts';
import { ignoreMissing, OffsetIndexFile, TimeIndexFile } from './index-file.ts';
import { BATCH_STRIDE, BatchFault, type SegmentScan, SegmentSlot } from './log-store.ts';
import { isOldMessage, OLD_MESSAGE_BYTES_MIN, OldMessageAt, writeOldHeader } from './old-message.ts';

/**
 * One segment of a portable log: the `.log` file and its two indexes.
 *
 * Thread: the log's owner.
 */

/** Read at a time when headers are walked from an index entry on; about what one index interval takes. */
const WALK_BYTES = 8192;
/** Read at a time when a whole segment is scanned. */
const SCAN_BYTES = 256 * 1024;

/** "00000000000000000042" */
function segmentName(baseOffset: number): string {
  return String(baseOffset).padStart(20, '0');
}

const windowBytes = new Uint8Array(SCAN_BYTES);
const windowView = new DataView(windowBytes.buffer);

/** Where headers may be walked: what lies outside is damaged. */
export interface WalkBounds {
  readonly start: number;
  readonly end: number;
}

/** Instead of a position: bytes that are no batch are in the way. */
export const STUCK = -1_000_000;

export class Segment {
  readonly baseOffset: number;
  readonly path: string;
  /** End of the good bytes. */
  sizeBytes: number;
  modifiedMs: number;
  nextOffset: number;
  maxTimestamp = -1;
  offsetOfMaxTimestamp: number;
  firstBatchTimestamp = -1;
  readonly offsetIndex: OffsetIndexFile;
  readonly timeIndex: TimeIndexFile;
  offsetIndexUsable = true;
  timeIndexUsable = true;
  bytesSinceIndexEntry = 0;
  /** Written to since the last sync. */
  dirty = false;
  /** The next sync takes the indexes along, also those of an active segment. */
  indexesFinished = false;
  /** Plans that have not been released. */
  planHolds = 0;
  /** Plans and syncs that need the descriptor. */
  #holds = 0;
  readonly #files: FileSpace;
  #file = -1;
  #loaded = false;
  #retired = false;
  /** The file is larger than the segment. */
  #preallocated = false;
  /** The walk that found the next offset stopped before the end of the file. */
  #endsEarly = false;

  constructor(files: FileSpace, folder: string, baseOffset: number, sizeBytes: number, modifiedMs: number) {
    this.#files = files;
    this.baseOffset = baseOffset;
    this.path = `${folder}/${segmentName(baseOffset)}`;
    this.sizeBytes = sizeBytes;
    this.modifiedMs = modifiedMs;
    this.nextOffset = baseOffset;
    this.offsetOfMaxTimestamp = baseOffset;
    this.offsetIndex = new OffsetIndexFile(files, `${this.path}.index`);
    this.timeIndex = new TimeIndexFile(files, `${this.path}.timeindex`);
  }

  /** Makes the files of a new, empty segment; leftovers of the same name go. */
  create(preallocateBytes: number): number {
    const file = this.#files.open(`${this.path}.log`, true);
    if (file < 0) return file;
    this.#file = file;
    const result = this.#files.truncate(file, 0);
    if (result < 0) return result;
    // A disk without room for all of it is no reason not to begin.
    if (preallocateBytes > 0) this.#preallocated = this.#files.truncate(file, preallocateBytes) === 0;
    this.offsetIndex.clear();
    this.timeIndex.clear();
    this.#loaded = true;
    return this.flushIndexes(false);
  }

  /** Gives back what was reserved and is not used. */
  trim(): number {
    if (!this.#preallocated) return 0;
    const file = this.open();
    if (file < 0) return file;
    this.#preallocated = false;
    this.dirty = true;
    return this.#files.truncate(file, this.sizeBytes);
  }

  refreshModified(): number {
    const stat = this.#files.stat(`${this.path}.log`);
    if (typeof stat === 'number') return stat;
    this.modifiedMs = stat.modifiedMs;
    return 0;
  }

  /** The descriptor, or a negative errno. */
  open(): number {
    if (this.#file < 0) this.#file = this.#files.open(`${this.path}.log`, false);
    return this.#file;
  }

  /** Finds end and greatest timestamp: from the indexes, then by walking the headers behind their last entries. */
  load(): number {
    if (this.#loaded) return 0;
    const file = this.open();
    if (file < 0) return file;
    this.offsetIndexUsable = this.offsetIndex.load(this.sizeBytes);
    this.timeIndexUsable = this.timeIndex.load(this.sizeBytes);
    const { offsetIndex, timeIndex } = this;
    let from = 0;
    if (this.offsetIndexUsable && offsetIndex.entries > 0) {
      const last = offsetIndex.entries - 1;
      const checked = this.#checkLead(offsetIndex.position(last), this.baseOffset + offsetIndex.relativeOffset(last));
      if (checked < 0) return checked;
      if (checked === 0) {
        offsetIndex.clear();
        this.offsetIndexUsable = false;
      }
    }
    if (this.offsetIndexUsable && this.timeIndexUsable) {
      if (offsetIndex.entries > 0) from = offsetIndex.position(offsetIndex.entries - 1);
      if (timeIndex.entries > 0) {
        this.maxTimestamp = timeIndex.timestamp(timeIndex.entries - 1);
        this.offsetOfMaxTimestamp = this.baseOffset + timeIndex.relativeOffset(timeIndex.entries - 1);
      }
    }
    const result = this.#walkToEnd(from);
    if (result < 0) return result;
    this.#countSinceIndexEntry();
    this.#loaded = true;
    return 0;
  }

  #countSinceIndexEntry(): void {
    const { offsetIndex } = this;
    const last = offsetIndex.entries > 0 ? offsetIndex.position(offsetIndex.entries - 1) : 0;
    this.bytesSinceIndexEntry = this.sizeBytes - last;
  }

  #walkToEnd(from: number): number {
    const first = this.headerAt(0);
    if (first < 0) return first;
    if (first > 0) this.firstBatchTimestamp = readInt64(headerView, headerFrom + HeaderAt.maxTimestamp);
    let position = from;
    for (;;) {
      const size = this.headerAt(position);
      if (size < 0) return size;
      if (size === 0) {
        this.#endsEarly = position < this.sizeBytes;
        return 0;
      }
      const lastOffset = headerLastOffset();
      const timestamp = readInt64(headerView, headerFrom + HeaderAt.maxTimestamp);
      if (timestamp > this.maxTimestamp) {
        this.maxTimestamp = timestamp;
        this.offsetOfMaxTimestamp = lastOffset;
      }
      this.nextOffset = lastOffset + 1;
      position += size;
    }
  }

  /**
   * Brings the header at `position` into `headerView` (at `headerFrom`) and returns the batch's size; 0 at the end of the
   * good bytes or where no whole batch follows. Of a message older than batches it makes one.
   */
  headerAt(position: number): number {
    const left = this.sizeBytes - position;
    if (left < OLD_MESSAGE_BYTES_MIN) return 0;
    const needed = Math.min(left, HEADER_BYTES);
    if (windowOf !== this || position < windowStart || position + needed > windowEnd) {
      const got = this.#window(position, WALK_BYTES);
      if (got < 0) return got;
      if (got < needed) return 0;
    }
    headerView = windowView;
    headerFrom = position - windowStart;
    const size = windowView.getInt32(headerFrom + HeaderAt.length) + LENGTH_OVERHEAD_BYTES;
    if (windowBytes[headerFrom + HeaderAt.magic] < MAGIC) {
      if (!isOldMessage(windowView, headerFrom, left)) return 0;
      writeOldHeader(windowView, headerFrom, oldHeaderView);
      headerView = oldHeaderView;
      headerFrom = 0;
      return size;
    }
    return size < HEADER_BYTES || size > left ? 0 : size;
  }

  #window(position: number, sizeBytes: number): number {
    const file = this.open();
    if (file < 0) return file;
    const got = this.#files.read(file, position, windowBytes, 0, Math.min(sizeBytes, this.sizeBytes - position));
    windowOf = got < 0 ? undefined : this;
    windowStart = position;
    windowEnd = position + Math.max(0, got);
    return got;
  }

  /**
   * `position`, to which the index leads for `offset`, 0 where it cannot be right (the batch there must begin at or before
   * the offset), or a negative errno.
   */
  #checkLead(position: number, offset: number): number {
    const size = position > 0 ? this.headerAt(position) : 0;
    if (size <= 0) return size;
    const isBatch = headerView.getUint8(headerFrom + HeaderAt.magic) <= MAGIC;
    const baseOffset = headerBaseOffset();
    return isBatch && baseOffset >= this.baseOffset && baseOffset <= offset ? position : 0;
  }

  /** Where the index says that a walk to `offset` may begin, or a negative errno. */
  #startFor(offset: number): number {
    if (!this.offsetIndexUsable) return 0;
    return this.#checkLead(this.offsetIndex.lookup(offset - this.baseOffset), offset);
  }

  /** Position of the batch that contains `offset` or of the next one; -1 when there is none. */
  positionOf(offset: number): number {
    const position = this.seek(offset);
    return position === STUCK ? -1 : position;
  }

  /** As `positionOf`, within bounds; STUCK where the walk meets bytes that are no batch. */
  seek(offset: number, bounds?: WalkBounds): number {
    const loaded = this.load();
    if (loaded < 0) return loaded;
    // Among damage, the walk that found the next offset may have ended early.
    if (offset >= this.nextOffset && !bounds && !this.#endsEarly) return -1;
    let position = this.#startFor(offset);
    if (position < 0) return position;
    if (bounds) position = Math.max(position, bounds.start);
    for (;;) {
      if (bounds && position >= bounds.end) return -1;
      const size = this.headerAt(position);
      if (size < 0) return size;
      if (size === 0) return position < this.sizeBytes ? STUCK : -1;
      if (headerLastOffset() >= offset) return position;
      position += size;
    }
  }

  positionOfTimestamp(timestamp: number): number {
    const loaded = this.load();
    if (loaded < 0) return loaded;
    if (timestamp > this.maxTimestamp) return -1;
    let position = this.timeIndexUsable ? this.#startFor(this.baseOffset + this.timeIndex.lookup(timestamp)) : 0;
    if (position < 0) return position;
    for (;;) {
      const size = this.headerAt(position);
      if (size <= 0) return size < 0 ? size : -1;
      if (readInt64(headerView, headerFrom + HeaderAt.maxTimestamp) >= timestamp) return position;
      position += size;
    }
  }

  readHeaders(position: number, out: Float64Array): number {
    const max = Math.floor(out.length / BATCH_STRIDE);
    let count = 0;
    while (count < max) {
      const size = this.headerAt(position);
      if (size < 0) return size;
      if (size === 0) break;
      writeHeaderSlots(headerView, headerFrom, position, out, count * BATCH_STRIDE);
      position += size;
      count++;
    }
    return count;
  }

  read(position: number, target: Uint8Array, targetAt: number, sizeBytes: number): number {
    const file = this.open();
    if (file < 0) return file;
    return this.#files.read(file, position, target, targetAt, Math.min(sizeBytes, this.sizeBytes - position));
  }

  /** Writes behind the end; on failure the file is cut back. */
  write(parts: readonly Uint8Array[], count: number): number {
    const file = this.open();
    if (file < 0) return file;
    const result = this.#files.write(file, this.sizeBytes, parts, count);
    if (windowOf === this) windowOf = undefined;
    if (result < 0) this.#files.truncate(file, this.sizeBytes);
    else this.dirty = true;
    return result;
  }

  /** Takes a batch that was just written behind `sizeBytes` into account. */
  noteBatch(batchBytes: number, lastOffset: number, maxTimestamp: number, indexIntervalBytes: number): void {
    if (this.sizeBytes === 0) this.firstBatchTimestamp = maxTimestamp;
    if (maxTimestamp > this.maxTimestamp) {
      this.maxTimestamp = maxTimestamp;
      this.offsetOfMaxTimestamp = lastOffset;
    }
    if (this.bytesSinceIndexEntry > indexIntervalBytes) {
      this.offsetIndex.add(lastOffset - this.baseOffset, this.sizeBytes);
      this.timeIndex.addIfLater(this.maxTimestamp, this.offsetOfMaxTimestamp - this.baseOffset);
      this.bytesSinceIndexEntry = 0;
    }
    this.bytesSinceIndexEntry += batchBytes;
    this.sizeBytes += batchBytes;
    this.nextOffset = lastOffset + 1;
  }

  /** Adds the closing time entry and brings both index files up to date. */
  closeIndexes(sync: boolean): number {
    if (!this.#loaded || !this.offsetIndexUsable || !this.timeIndexUsable) return 0;
    this.timeIndex.addIfLater(this.maxTimestamp, this.offsetOfMaxTimestamp - this.baseOffset);
    return this.flushIndexes(sync);
  }

  /** See LogStore.finishIndexes. */
  finishIndexes(): boolean {
    const { offsetIndex, timeIndex } = this;
    const last = offsetIndex.entries - 1;
    if (this.closeIndexes(false) < 0 || last < 0 || timeIndex.synced) return false;
    this.indexesFinished = this.offsetOfMaxTimestamp - this.baseOffset < offsetIndex.relativeOffset(last);
    this.dirty ||= this.indexesFinished;
    return this.indexesFinished;
  }

  /** Makes the indexes durable as they are; the closing time entry may still follow, and may be lost without harm. */
  syncIndexes(): number {
    return this.offsetIndexUsable && this.timeIndexUsable ? this.flushIndexes(true) : 0;
  }

  flushIndexes(sync: boolean): number {
    if (sync) this.indexesFinished = false;
    return this.offsetIndex.flush(sync) || this.timeIndex.flush(sync);
  }

  /** Cuts at a batch boundary (0 to empty). */
  cutAt(position: number): number {
    const file = this.open();
    if (file < 0) return file;
    const result = this.#files.truncate(file, position);
    if (result < 0) return result;
    this.sizeBytes = position;
    this.dirty = true;
    this.#forget();
    this.offsetIndex.cutAt(position);
    this.#countSinceIndexEntry();
    const loaded = this.#walkToEnd(0);
    if (loaded < 0) return loaded;
    this.timeIndex.cutAt(this.nextOffset - this.baseOffset);
    return this.offsetIndexUsable && this.timeIndexUsable ? this.flushIndexes(false) : 0;
  }

  #forget(): void {
    windowOf = undefined;
    this.nextOffset = this.baseOffset;
    this.maxTimestamp = -1;
    this.offsetOfMaxTimestamp = this.baseOffset;
    this.firstBatchTimestamp = -1;
  }

  /** Checks every batch from the start and writes both indexes anew; see LogStore.rebuild. */
  rebuild(indexIntervalBytes: number): SegmentScan | number {
    const stat = this.#files.stat(`${this.path}.log`);
    if (typeof stat === 'number') return stat;
    const file = this.open();
    if (file < 0) return file;
    this.#forget();
    this.offsetIndex.clear();
    this.timeIndex.clear();
    this.bytesSinceIndexEntry = 0;
    this.sizeBytes = 0;
    let batches = 0;
    let fault: BatchFault = BatchFault.none;
    while (this.sizeBytes < stat.sizeBytes) {
      const checked = this.#checkBatch(file, this.sizeBytes, stat.sizeBytes);
      if (checked < 0) return checked;
      if (checked > 0) {
        fault = checked as BatchFault;
        break;
      }
      const size = scanView.getInt32(HeaderAt.length) + LENGTH_OVERHEAD_BYTES;
      this.noteBatch(size, lastOffsetOf(scanView, 0), readInt64(scanView, HeaderAt.maxTimestamp), indexIntervalBytes);
      batches++;
    }
    this.offsetIndexUsable = true;
    this.timeIndexUsable = true;
    this.#loaded = true;
    windowOf = undefined;
    this.timeIndex.addIfLater(this.maxTimestamp, this.offsetOfMaxTimestamp - this.baseOffset);
    const result = this.flushIndexes(true);
    if (result < 0) return result;
    return { validBytes: this.sizeBytes, nextOffset: this.nextOffset, fault, batches };
  }

  /** A BatchFault, or a negative errno; the header stays in `scanView`. */
  #checkBatch(file: number, position: number, fileBytes: number): number {
    windowOf = undefined;
    const left = fileBytes - position;
    if (left < OLD_MESSAGE_BYTES_MIN) return BatchFault.truncated;
    const got = this.#files.read(file, position, scanHeader, 0, Math.min(left, HEADER_BYTES));
    if (got < 0) return got;
    const size = scanView.getInt32(HeaderAt.length) + LENGTH_OVERHEAD_BYTES;
    const isOld = isOldMessage(scanView, 0, left);
    if (isOld) {
      windowBytes.set(scanHeader);
      writeOldHeader(windowView, 0, scanView);
    } else {
      if (left < HEADER_BYTES || size > left) return BatchFault.truncated;
      if (scanHeader[HeaderAt.magic] !== MAGIC) return BatchFault.magic;
      if (size < HEADER_BYTES) return BatchFault.length;
    }
    let crc = 0;
    for (let at = position + (isOld ? OldMessageAt.magic : HeaderAt.attributes); at < position + size; ) {
      const read = this.#files.read(file, at, windowBytes, 0, Math.min(SCAN_BYTES, position + size - at));
      if (read < 0) return read;
      if (read === 0) return BatchFault.truncated;
      crc = isOld ? crc32(windowBytes.subarray(0, read), crc) : crc32c(windowBytes, 0, read, crc);
      at += read;
    }
    if (crc !== scanView.getUint32(HeaderAt.crc)) return BatchFault.crc;
    const baseOffset = readInt64(scanView, HeaderAt.baseOffset);
    const lastOffset = lastOffsetOf(scanView, 0);
    const relative = lastOffset - this.baseOffset;
    if (baseOffset < this.nextOffset || lastOffset < baseOffset || relative > 0x7fffffff) return BatchFault.count;
    return BatchFault.none;
  }

  writeState(out: Float64Array): void {
    out[SegmentSlot.baseOffset] = this.baseOffset;
    out[SegmentSlot.sizeBytes] = this.sizeBytes;
    out[SegmentSlot.nextOffset] = this.nextOffset;
    out[SegmentSlot.maxTimestamp] = this.maxTimestamp;
    out[SegmentSlot.offsetOfMaxTimestamp] = this.offsetOfMaxTimestamp;
    out[SegmentSlot.firstBatchTimestamp] = this.firstBatchTimestamp;
    out[SegmentSlot.offsetIndexEntries] = this.offsetIndexUsable ? this.offsetIndex.entries : -1;
    out[SegmentSlot.timeIndexEntries] = this.timeIndexUsable ? this.timeIndex.entries : -1;
    out[SegmentSlot.modifiedMs] = this.modifiedMs;
  }

  sync(done: (result: number) => void): void {
    const file = this.open();
    if (file < 0) {
      queueMicrotask(() => done(file));
      return;
    }
    this.dirty = false;
    this.hold();
    this.#files.sync(file, (result) => {
      this.releaseHold();
      done(result);
    });
  }

  syncNow(): number {
    const file = this.open();
    if (file < 0) return file;
    this.dirty = false;
    return this.#files.syncNow(file);
  }

  hold(): void {
    this.#holds++;
  }

  releaseHold(): void {
    this.#holds--;
    this.#closeWhenFree();
  }

  /** Takes the segment out of use; its descriptor closes with the last hold. */
  retire(): void {
    this.#retired = true;
    if (windowOf === this) windowOf = undefined;
    this.#closeWhenFree();
  }

  /** Renames the files away (`suffix`) or unlinks them ('' ). */
  discard(suffix: string): number {
    let first = 0;
    for (const extension of ['.log', '.index', '.timeindex']) {
      const path = this.path + extension;
      const result = suffix ? this.#files.rename(path, path + suffix) : this.#files.unlink(path);
      first ||= ignoreMissing(result);
    }
    return first;
  }

  #closeWhenFree(): void {
    if (!this.#retired || this.#holds > 0 || this.#file < 0) return;
    this.#files.close(this.#file);
    this.#file = -1;
  }
}

const scanHeader = new Uint8Array(HEADER_BYTES);
const scanView = new DataView(scanHeader.buffer);

/** What the shared window holds: `[windowStart, windowEnd)` of the segment `windowOf`. */
let windowOf: Segment | undefined;
let windowStart = 0;
let windowEnd = 0;
/** Where the header lies that was looked at last: in the window, or made of an old message. */
let headerView = windowView;
let headerFrom = 0;
const oldHeaderView = new DataView(new ArrayBuffer(HEADER_BYTES));

function lastOffsetOf(view: DataView, at: number): number {
  return readInt64(view, at + HeaderAt.baseOffset) + view.getInt32(at + HeaderAt.lastOffsetDelta);
}

function headerLastOffset(): number {
  return lastOffsetOf(headerView, headerFrom);
}

/** Of the header that the last walk stopped at. */
export function headerBaseOffset(): number {
  return readInt64(headerView, headerFrom + HeaderAt.baseOffset);
}
