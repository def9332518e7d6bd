/**
 * Batches as they lie in logs and Fetch responses, where messages older than batches may be among them
 * (`old-messages.ts`). Any thread.
 */
import { BatchFault } from '../../native/log-store.ts';
import { OLD_MESSAGE_BYTES_MIN } from '../../native/old-message.ts';
import { asBuffer } from '../primitives.ts';
import { BATCH_HEADER_BYTES, BATCH_MAGIC, BatchError, type Crc32c, RecordBatchView } from './batch-header.ts';
import { batchOfOldMessage, hasValidOldCrc, isOldAt, oldMessageHeader } from './old-messages.ts';

/**
 * The header of the batch at `at`, or one made of the old message there (of its last offset alone); undefined where neither
 * begins that lies whole within the next `left` bytes. At most BATCH_HEADER_BYTES of these are read.
 */
export function storedHeader(bytes: Buffer, at: number, left: number): RecordBatchView | undefined {
  if (left < OLD_MESSAGE_BYTES_MIN) return undefined;
  if (isOldAt(bytes, at)) return oldMessageHeader(bytes, at, left);
  if (left < BATCH_HEADER_BYTES) return undefined;
  const batch = new RecordBatchView(bytes, at);
  const { sizeBytes, magic } = batch;
  return magic === BATCH_MAGIC && sizeBytes >= BATCH_HEADER_BYTES && sizeBytes <= left ? batch : undefined;
}

/** Whether the CRC of the whole batch or old message at `at` is right. */
export function hasValidStoredCrc(bytes: Buffer, at: number, sizeBytes: number, crc32c: Crc32c): boolean {
  return isOldAt(bytes, at) ? hasValidOldCrc(bytes, at, sizeBytes) : new RecordBatchView(bytes, at).hasValidCrc(crc32c);
}

/** The whole batch at `at`, or what becomes of the old message there. Throws a BatchError for the latter. */
export function storedBatch(bytes: Buffer, at: number, sizeBytes: number, crc32c?: Crc32c): RecordBatchView {
  return isOldAt(bytes, at) ? batchOfOldMessage(bytes, at, sizeBytes, crc32c) : new RecordBatchView(bytes, at);
}

/**
 * The batches in `bytes[start, end)`, old messages as such. A last one that is cut off, as Fetch responses may end, is left
 * out. Throws a BatchError where a header cannot be one, or an old message is damaged; CRCs of batches are not checked.
 */
export function* recordBatches(bytes: Uint8Array, start = 0, end = bytes.length): Generator<RecordBatchView, void> {
  const buffer = asBuffer(bytes);
  for (let at = start; end - at >= OLD_MESSAGE_BYTES_MIN; ) {
    const isOld = isOldAt(buffer, at);
    if (!isOld && end - at < BATCH_HEADER_BYTES) return;
    const { sizeBytes, magic } = new RecordBatchView(buffer, at);
    if (!isOld && magic !== BATCH_MAGIC) throw new BatchError(BatchFault.magic, `magic ${magic} at byte ${at}`);
    const bytesMin = isOld ? OLD_MESSAGE_BYTES_MIN : BATCH_HEADER_BYTES;
    if (sizeBytes < bytesMin) throw new BatchError(BatchFault.length, `batch of ${sizeBytes} bytes at byte ${at}`);
    if (sizeBytes > end - at) return;
    yield storedBatch(buffer, at, sizeBytes);
    at += sizeBytes;
  }
}
