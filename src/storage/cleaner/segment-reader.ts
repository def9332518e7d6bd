import type { FileSpace } from '../../native/file-space.ts';
import { BATCH_HEADER_BYTES, type Crc32c, type RecordBatchView } from '../../protocol/records/batch-header.ts';
import { storedBatch, storedHeader } from '../../protocol/records/stored-batches.ts';
import { offsetFileName } from '../log-files.ts';
import { ensureDone, StorageError } from '../storage-error.ts';
import type { CleanSource } from './clean-job.ts';

/**
 * The batches of a closed segment, front to back through one buffer; messages older than batches become such. The segment
 * is opened by its name: one that was removed meanwhile ends the cleaning.
 *
 * Thread: the cleaner's.
 */
export interface SegmentReaderContext {
  readonly files: FileSpace;
  readonly crc32c: Crc32c;
  /** Of a read. */
  readonly bufferBytes: number;
}

export class SegmentReader {
  readonly #files: FileSpace;
  readonly #path: string;
  readonly #sizeBytes: number;
  readonly #crc32c: Crc32c;
  readonly #file: number;
  #buffer: Buffer;
  /** The buffer holds `[start, end)` of the file. */
  #start = 0;
  #end = 0;
  #position = 0;
  #bytesRead = 0;

  /** Throws a StorageError. */
  constructor({ files, crc32c, bufferBytes }: SegmentReaderContext, folder: string, source: CleanSource) {
    this.#files = files;
    this.#crc32c = crc32c;
    this.#path = `${folder}/${offsetFileName(source.baseOffset, '.log')}`;
    this.#sizeBytes = source.sizeBytes;
    this.#buffer = Buffer.allocUnsafe(Math.max(BATCH_HEADER_BYTES, Math.min(bufferBytes, source.sizeBytes)));
    this.#file = ensureDone(files.open(this.#path, false), 'cannot open', this.#path);
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** The next batch, good until the call after it; undefined at the end. Throws a StorageError or a BatchError. */
  next(): RecordBatchView | undefined {
    if (this.#position >= this.#sizeBytes) return undefined;
    const left = this.#sizeBytes - this.#position;
    this.#bring(Math.min(left, BATCH_HEADER_BYTES));
    const header = storedHeader(this.#buffer, this.#position - this.#start, left);
    if (!header) throw new StorageError(`no batch at byte ${this.#position} of`, this.#path, 0);
    const { sizeBytes } = header;
    this.#bring(sizeBytes);
    const batch = storedBatch(this.#buffer, this.#position - this.#start, sizeBytes, this.#crc32c);
    this.#position += sizeBytes;
    return batch;
  }

  close(): void {
    this.#files.close(this.#file);
  }

  /** Has the buffer hold that many bytes from the position on. */
  #bring(sizeBytes: number): void {
    if (this.#position + sizeBytes <= this.#end) return;
    const left = this.#end - this.#position;
    const target = sizeBytes > this.#buffer.length ? Buffer.allocUnsafe(sizeBytes) : this.#buffer;
    this.#buffer.copy(target, 0, this.#position - this.#start, this.#end - this.#start);
    this.#buffer = target;
    this.#start = this.#position;
    const wanted = Math.min(target.length - left, this.#sizeBytes - this.#position - left);
    const got = ensureDone(
      this.#files.read(this.#file, this.#position + left, target, left, wanted),
      'cannot read',
      this.#path,
    );
    if (got < wanted) throw new StorageError(`${got} of ${wanted} bytes are left in`, this.#path, 0);
    this.#bytesRead += got;
    this.#end = this.#start + left + got;
  }
}
