import type { FileSpace } from '../../native/file-space.ts';
import { BATCH_HEADER_BYTES, BATCH_MAGIC, RecordBatchView } from '../../protocol/records/batch-header.ts';
import { offsetFileName } from '../log-files.ts';
import { ensureDone, StorageError } from '../storage-error.ts';
import type { CleanSource } from './clean-job.ts';

/**
 * The batches of a closed segment, front to back through one buffer. The segment is opened by its name: one that was
 * removed meanwhile ends the cleaning.
 *
 * Thread: the cleaner's.
 */
export class SegmentReader {
  readonly #files: FileSpace;
  readonly #path: string;
  readonly #sizeBytes: number;
  readonly #file: number;
  #buffer: Buffer;
  /** The buffer holds `[start, end)` of the file. */
  #start = 0;
  #end = 0;
  #position = 0;
  #bytesRead = 0;

  /** Throws a StorageError. */
  constructor(files: FileSpace, folder: string, source: CleanSource, bufferBytes: number) {
    this.#files = files;
    this.#path = `${folder}/${offsetFileName(source.baseOffset, '.log')}`;
    this.#sizeBytes = source.sizeBytes;
    this.#buffer = Buffer.allocUnsafe(Math.max(BATCH_HEADER_BYTES, Math.min(bufferBytes, source.sizeBytes)));
    this.#file = ensureDone(files.open(this.#path, false), 'cannot open', this.#path);
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** The next batch, good until the call after it; undefined at the end. Throws a StorageError. */
  next(): RecordBatchView | undefined {
    if (this.#position >= this.#sizeBytes) return undefined;
    this.#bring(BATCH_HEADER_BYTES);
    const { sizeBytes, magic } = new RecordBatchView(this.#buffer, this.#position - this.#start);
    if (sizeBytes < BATCH_HEADER_BYTES || magic !== BATCH_MAGIC)
      throw new StorageError(`no batch at byte ${this.#position} of`, this.#path, 0);
    this.#bring(sizeBytes);
    const batch = new RecordBatchView(this.#buffer, this.#position - this.#start);
    this.#position += sizeBytes;
    return batch;
  }

  close(): void {
    this.#files.close(this.#file);
  }

  /** Has the buffer hold that many bytes from the position on. */
  #bring(sizeBytes: number): void {
    if (this.#position + sizeBytes <= this.#end) return;
    // The length of a batch is believed only as far as the file goes.
    if (this.#position + sizeBytes > this.#sizeBytes)
      throw new StorageError(`a batch is cut off at byte ${this.#position} of`, this.#path, 0);
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
