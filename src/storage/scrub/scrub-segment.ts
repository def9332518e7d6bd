import { Errno, errnoName, type FileSpace } from '../../native/file-space.ts';
import { BATCH_HEADER_BYTES, type Crc32c, type RecordBatchView } from '../../protocol/records/batch-header.ts';
import { hasValidStoredCrc, storedHeader } from '../../protocol/records/stored-batches.ts';
import type { PacedSteps } from '../background/paced-steps.ts';
import { offsetFileName } from '../log-files.ts';
import { ensureDone, StorageError } from '../storage-error.ts';
import type { DamagedRange } from './damage-list.ts';

/**
 * Reads a closed segment from its start and checks every batch: header, CRC, ascending offsets. Where a header cannot be
 * believed, the offset index tells where the next batch begins.
 *
 * Thread: any; the log is only read.
 */
export interface ScrubJob {
  readonly folder: string;
  readonly baseOffset: number;
  readonly sizeBytes: number;
  /** Base offset of the segment behind it. */
  readonly nextBaseOffset: number;
}

export interface ScrubResult {
  readonly damage: readonly DamagedRange[];
  readonly bytesRead: number;
  /** The segment was deleted meanwhile. */
  readonly isGone: boolean;
}

const READ_BYTES = 256 * 1024;
const INDEX_ENTRY_BYTES = 8;

/** Throws a StorageError when the file cannot be opened. */
export function* scrubSegment(job: ScrubJob, files: FileSpace, crc32c: Crc32c): PacedSteps<ScrubResult> {
  const path = `${job.folder}/${offsetFileName(job.baseOffset, '.log')}`;
  const file = files.open(path, false);
  if (file === Errno.ENOENT) return { damage: [], bytesRead: 0, isGone: true };
  ensureDone(file, 'cannot open', path);
  const scrub = new Scrub(job, files, file, crc32c);
  try {
    while (!scrub.isDone) {
      scrub.step();
      const bytes = scrub.takeBytesRead();
      if (bytes > 0) yield bytes;
    }
    return { damage: scrub.damage, bytesRead: scrub.bytesRead, isGone: false };
  } finally {
    files.close(file);
  }
}

class Scrub {
  readonly damage: DamagedRange[] = [];
  bytesRead = 0;
  #bytesTold = 0;
  readonly #job: ScrubJob;
  readonly #files: FileSpace;
  readonly #file: number;
  readonly #crc32c: Crc32c;
  #buffer = Buffer.allocUnsafe(READ_BYTES);
  /** The buffer holds `[start, end)` of the file. */
  #start = 0;
  #end = 0;
  /** Of the batch to be checked next, and the least offset that it may have. */
  #position = 0;
  #offset: number;
  #index: Buffer | undefined;

  constructor(job: ScrubJob, files: FileSpace, file: number, crc32c: Crc32c) {
    this.#job = job;
    this.#files = files;
    this.#file = file;
    this.#crc32c = crc32c;
    this.#offset = job.baseOffset;
  }

  get isDone(): boolean {
    return this.#position >= this.#job.sizeBytes;
  }

  takeBytesRead(): number {
    const bytes = this.bytesRead - this.#bytesTold;
    if (bytes < READ_BYTES && !this.isDone) return 0;
    this.#bytesTold = this.bytesRead;
    return bytes;
  }

  /** Checks one batch, or finds the end of damage. */
  step(): void {
    try {
      const what = this.#check();
      if (what !== undefined) this.#passOver(what);
    } catch (error) {
      if (!(error instanceof StorageError) || error.errno === 0) throw error;
      // A part of the disk that cannot be read any more.
      this.#passOver(errnoName(error.errno));
    }
  }

  /** Goes behind a good batch; else what is wrong with it. */
  #check(): string | undefined {
    const batch = this.#header(this.#position, this.#offset);
    if (!batch) return 'header';
    const { sizeBytes, nextOffset } = batch;
    const next = this.#position + sizeBytes;
    // A length that is rot must not make us read the rest of the file at once.
    if (sizeBytes > READ_BYTES && next < this.#job.sizeBytes && !this.#header(next, nextOffset)) return 'header';
    this.#bring(this.#position, sizeBytes);
    if (!hasValidStoredCrc(this.#buffer, this.#position - this.#start, sizeBytes, this.#crc32c)) return 'crc';
    this.#position = next;
    this.#offset = nextOffset;
    return undefined;
  }

  /** The batch at a position, if its header can be believed; good until other bytes are brought. */
  #header(position: number, offsetMin: number): RecordBatchView | undefined {
    const { sizeBytes, nextBaseOffset } = this.#job;
    const left = sizeBytes - position;
    this.#bring(position, Math.min(left, BATCH_HEADER_BYTES));
    const batch = storedHeader(this.#buffer, position - this.#start, left);
    if (!batch) return undefined;
    const isInOrder = batch.baseOffset >= offsetMin && batch.lastOffset >= batch.baseOffset;
    return isInOrder && batch.lastOffset < nextBaseOffset ? batch : undefined;
  }

  /** Notes damage from here to the next batch that can be believed. */
  #passOver(what: string): void {
    const { baseOffset: segment, sizeBytes, nextBaseOffset } = this.#job;
    const found = this.#next();
    const toPosition = found?.position ?? sizeBytes;
    const toOffset = found?.baseOffset ?? nextBaseOffset;
    const last = this.damage.at(-1);
    if (last && last.toPosition === this.#position) {
      this.damage[this.damage.length - 1] = { ...last, toPosition, toOffset };
    } else {
      this.damage.push({ segment, fromPosition: this.#position, toPosition, fromOffset: this.#offset, toOffset, what });
    }
    this.#position = toPosition;
    this.#offset = toOffset;
  }

  #next(): { readonly position: number; readonly baseOffset: number } | undefined {
    return this.#nextByLength() ?? this.#nextByIndex();
  }

  /** Where the damaged batch says that the next one begins, if one begins there. */
  #nextByLength(): { readonly position: number; readonly baseOffset: number } | undefined {
    try {
      const batch = this.#header(this.#position, this.#offset);
      if (!batch) return undefined;
      const position = this.#position + batch.sizeBytes;
      const next = this.#header(position, batch.nextOffset);
      return next && { position, baseOffset: next.baseOffset };
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      return undefined;
    }
  }

  #nextByIndex(): { readonly position: number; readonly baseOffset: number } | undefined {
    const { baseOffset, folder } = this.#job;
    if (!this.#index) {
      const bytes = this.#files.readFile(`${folder}/${offsetFileName(baseOffset, '.index')}`);
      this.#index = typeof bytes === 'number' ? Buffer.alloc(0) : Buffer.from(bytes);
    }
    for (let at = 0; at + INDEX_ENTRY_BYTES <= this.#index.length; at += INDEX_ENTRY_BYTES) {
      const position = this.#index.readInt32BE(at + 4);
      if (position <= this.#position) continue;
      try {
        const batch = this.#header(position, this.#offset);
        if (batch?.lastOffset === baseOffset + this.#index.readInt32BE(at)) {
          return { position, baseOffset: batch.baseOffset };
        }
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
      }
    }
    return undefined;
  }

  /** Has the buffer hold the bytes. Throws a StorageError. */
  #bring(position: number, sizeBytes: number): void {
    if (position >= this.#start && position + sizeBytes <= this.#end) return;
    if (sizeBytes > this.#buffer.length) this.#buffer = Buffer.allocUnsafe(sizeBytes);
    const wanted = Math.min(this.#buffer.length, this.#job.sizeBytes - position);
    this.#start = this.#end = position;
    const got = ensureDone(
      this.#files.read(this.#file, position, this.#buffer, 0, wanted),
      'cannot read',
      this.#job.folder,
    );
    if (got < sizeBytes) throw new StorageError('the file is shorter than it was', this.#job.folder, Errno.EIO);
    this.#end = position + got;
    this.bytesRead += got;
  }
}
