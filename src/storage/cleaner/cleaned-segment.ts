import type { FileSpace } from '../../native/file-space.ts';
import { OffsetIndexFile, TimeIndexFile } from '../../native/index-file.ts';
import type { RecordBatchView } from '../../protocol/records/batch-header.ts';
import { offsetFileName, SEGMENT_EXTENSIONS } from '../log-files.ts';
import { type AbortedTransaction, encodeAborted } from '../producer/transaction-index.ts';
import { ensureDone, StorageError } from '../storage-error.ts';
import { CLEANED_SUFFIX, type CleanJob, type CleanSource } from './clean-job.ts';

/**
 * The segment that a group of old ones becomes, while it is written: `*.log.cleaned` with its indexes, all durable before
 * anybody is told of them.
 *
 * Thread: the cleaner's.
 */
const BUFFER_BYTES = 512 * 1024;
/** Positions in an index have 31 bits. */
const SEGMENT_BYTES_MAX = 2 ** 31 - 1;

export class CleanedSegment {
  readonly #files: FileSpace;
  readonly #job: CleanJob;
  readonly #baseOffset: number;
  readonly #file: number;
  readonly #offsetIndex: OffsetIndexFile;
  readonly #timeIndex: TimeIndexFile;
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #buffered = 0;
  #written = 0;
  #bytesSinceIndexEntry = 0;
  #maxTimestamp = -1;
  #offsetOfMaxTimestamp: number;

  /** Throws a StorageError. */
  constructor(files: FileSpace, job: CleanJob, baseOffset: number) {
    this.#files = files;
    this.#job = job;
    this.#baseOffset = baseOffset;
    this.#offsetOfMaxTimestamp = baseOffset;
    this.#offsetIndex = new OffsetIndexFile(files, this.#path('.index'));
    this.#timeIndex = new TimeIndexFile(files, this.#path('.timeindex'));
    const path = this.#path('.log');
    this.#file = ensureDone(files.open(path, true), 'cannot make', path);
    const emptied = files.truncate(this.#file, 0);
    if (emptied < 0) {
      files.close(this.#file);
      throw new StorageError('cannot empty', path, emptied);
    }
    this.#offsetIndex.clear();
    this.#timeIndex.clear();
  }

  get sizeBytes(): number {
    return this.#written + this.#buffered;
  }

  #path(extension: string): string {
    return `${this.#job.folder}/${offsetFileName(this.#baseOffset, extension)}${CLEANED_SUFFIX}`;
  }

  /** Adds what is left of a batch, and index entries as an append would. Throws a StorageError. */
  append(batch: RecordBatchView): void {
    const bytes = batch.batchBytes();
    const position = this.sizeBytes;
    if (position + bytes.length > SEGMENT_BYTES_MAX)
      throw new StorageError('a cleaned segment grows too large in', this.#job.folder, 0);
    if (this.#buffered + bytes.length > BUFFER_BYTES) this.#flush();
    if (bytes.length > BUFFER_BYTES) this.#write(bytes);
    else {
      bytes.copy(this.#buffer, this.#buffered);
      this.#buffered += bytes.length;
    }
    this.#index(batch, position);
    this.#bytesSinceIndexEntry += bytes.length;
  }

  #index({ lastOffset, maxTimestamp, recordsCount }: RecordBatchView, position: number): void {
    // An emptied batch has the timestamp of a record that nobody will find.
    if (maxTimestamp > this.#maxTimestamp && recordsCount > 0) {
      this.#maxTimestamp = maxTimestamp;
      this.#offsetOfMaxTimestamp = lastOffset;
    }
    if (this.#bytesSinceIndexEntry <= this.#job.indexIntervalBytes) return;
    this.#offsetIndex.add(lastOffset - this.#baseOffset, position);
    this.#timeIndex.addIfLater(this.#maxTimestamp, this.#offsetOfMaxTimestamp - this.#baseOffset);
    this.#bytesSinceIndexEntry = 0;
  }

  #flush(): void {
    if (this.#buffered === 0) return;
    const count = this.#buffered;
    this.#buffered = 0;
    this.#write(this.#buffer.subarray(0, count));
  }

  #write(bytes: Uint8Array): void {
    ensureDone(this.#files.write(this.#file, this.#written, [bytes], 1), 'cannot write', this.#path('.log'));
    this.#written += bytes.length;
  }

  /**
   * Writes what is left, with the transaction index, makes everything durable, and gives the file the time of the last
   * source's last change, which retention goes by where records have no timestamps. Throws a StorageError.
   */
  finish(aborted: readonly AbortedTransaction[], last: CleanSource): void {
    const { folder } = this.#job;
    const files = this.#files;
    this.#flush();
    ensureDone(files.syncNow(this.#file), 'cannot sync', this.#path('.log'));
    this.#timeIndex.addIfLater(this.#maxTimestamp, this.#offsetOfMaxTimestamp - this.#baseOffset);
    ensureDone(this.#offsetIndex.flush(true), 'cannot write', this.#offsetIndex.path);
    ensureDone(this.#timeIndex.flush(true), 'cannot write', this.#timeIndex.path);
    if (aborted.length > 0) {
      const path = this.#path('.txnindex');
      ensureDone(files.writeFileAtomic(path, encodeAborted(aborted)), 'cannot write', path);
    }
    ensureDone(files.setModified(this.#path('.log'), last.modifiedMs), 'cannot touch', this.#path('.log'));
    ensureDone(files.syncFolderNow(folder), 'cannot sync', folder);
  }

  close(): void {
    this.#files.close(this.#file);
  }
}

/** Deletes what was written for a group that did not get its place. The folder may be gone. */
export function discardCleaned(files: FileSpace, folder: string, baseOffset: number): void {
  for (const extension of SEGMENT_EXTENSIONS)
    files.unlink(`${folder}/${offsetFileName(baseOffset, extension)}${CLEANED_SUFFIX}`);
}
