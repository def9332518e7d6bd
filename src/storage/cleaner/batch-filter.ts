import { BatchFault } from '../../native/log-store.ts';
import { Writer } from '../../protocol/primitives.ts';
import {
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_OVERHEAD_BYTES,
  BatchAttribute,
  BatchError,
  BatchHeaderAt,
  type Crc32c,
  NO_TIMESTAMP,
  RecordBatchView,
} from '../../protocol/records/batch-header.ts';
import { type CompressionType, compress, decompress, STORED_BYTES_MAX } from '../../protocol/records/compression.ts';
import { RecordWalk } from './record-walk.ts';

/**
 * What is left of one batch. Offsets, sequences, producer, leader epoch, codec and order stay; a batch of which nothing
 * is taken away stays byte for byte. Follows Kafka's MemoryRecords.filterTo.
 *
 * A batch in which a tombstone, or a marker without a transaction, is met for the first time gets a delete horizon: until
 * then it is kept, so that every reader that started before may see it. The horizon takes the place of the base timestamp,
 * and the records' deltas count from it.
 *
 * Thread: the cleaner's.
 */

export interface BatchVerdict {
  /** No record of it is wanted. */
  discardsRecords: boolean;
  /** Without records, its header stays. */
  keepsEmpty: boolean;
  /** A marker that ends nothing any more. */
  isIdleMarker: boolean;
}

export interface FilterSettings {
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
  readonly crc32c: Crc32c;
  /** Whether a data record stays; `horizonMs` is undefined when its batch has none yet. */
  keeps(offset: number, key: Uint8Array | null, isTombstone: boolean, horizonMs: number | undefined): boolean;
}

/** The records of a batch in the log, decompressed. Throws a BatchError. */
export function walkRecords(batch: RecordBatchView): RecordWalk {
  return new RecordWalk(decompress(batch.compression, batch.recordsBytes(), STORED_BYTES_MAX));
}

/** Of the records of a batch that stay. */
interface Kept {
  readonly walk: RecordWalk;
  count: number;
  dropped: number;
  hasTombstone: boolean;
  maxTimestamp: number;
  /** Bytes `[start, end)` of kept records, neighbours joined. */
  readonly ranges: number[];
}

/** The batch as it stays (`batch` itself when nothing changes), undefined when it goes. Throws a BatchError. */
export function filterBatch(
  batch: RecordBatchView,
  verdict: BatchVerdict,
  settings: FilterSettings,
): RecordBatchView | undefined {
  const kept = verdict.discardsRecords || batch.recordsCount === 0 ? undefined : keepRecords(batch, settings);
  if (!kept || kept.count === 0) {
    if (!verdict.keepsEmpty) return undefined;
    return batch.recordsCount === 0 ? batch : emptyBatch(batch, settings);
  }
  const needsHorizon = batch.deleteHorizonMs === undefined && (kept.hasTombstone || verdict.isIdleMarker);
  if (kept.dropped === 0 && !needsHorizon) return batch;
  // A new CRC must not hide that the old one was wrong.
  if (!batch.hasValidCrc(settings.crc32c)) throw new BatchError(BatchFault.crc, `batch at offset ${batch.baseOffset}`);
  const horizonMs = needsHorizon ? settings.nowMs + settings.deleteRetentionMs : undefined;
  const records = horizonMs === undefined ? copyRecords(kept) : rebaseRecords(batch, kept, horizonMs);
  return rebuild(batch, kept, records, horizonMs, settings);
}

function keepRecords(batch: RecordBatchView, settings: FilterSettings): Kept {
  const walk = walkRecords(batch);
  const { baseOffset, baseTimestamp, isControl, deleteHorizonMs } = batch;
  const kept: Kept = { walk, count: 0, dropped: 0, hasTombstone: false, maxTimestamp: NO_TIMESTAMP, ranges: [] };
  const { ranges } = kept;
  while (walk.next()) {
    const { key, isTombstone, start, end } = walk;
    if (!isControl && !settings.keeps(baseOffset + walk.offsetDelta, key, isTombstone, deleteHorizonMs)) {
      kept.dropped++;
      continue;
    }
    kept.count++;
    kept.hasTombstone ||= isTombstone;
    kept.maxTimestamp = Math.max(kept.maxTimestamp, baseTimestamp + walk.timestampDelta);
    if (ranges.at(-1) === start) ranges[ranges.length - 1] = end;
    else ranges.push(start, end);
  }
  if (kept.count + kept.dropped !== batch.recordsCount)
    throw new BatchError(BatchFault.records, `${kept.count + kept.dropped} records of ${batch.recordsCount}`);
  return kept;
}

function copyRecords({ walk, ranges }: Kept): Buffer {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < ranges.length; at += 2) parts.push(walk.bytes.subarray(ranges[at], ranges[at + 1]));
  return Buffer.concat(parts);
}

function rebaseRecords(batch: RecordBatchView, { walk, ranges }: Kept, horizonMs: number): Buffer {
  const { baseTimestamp } = batch;
  const writer = new Writer(walk.bytes.length + BATCH_HEADER_BYTES);
  for (let at = 0; at < ranges.length; at += 2) {
    const records = new RecordWalk(walk.bytes.subarray(ranges[at], ranges[at + 1]));
    while (records.next()) {
      const mark = writer.beginSized();
      writer.int8(0);
      writer.varlong(baseTimestamp + records.timestampDelta - horizonMs);
      writer.raw(records.bytes.subarray(records.offsetDeltaAt, records.end));
      writer.endVarintSized(mark);
    }
  }
  return writer.copy();
}

function rebuild(
  batch: RecordBatchView,
  kept: Kept,
  records: Buffer,
  horizonMs: number | undefined,
  { crc32c }: FilterSettings,
): RecordBatchView {
  const body = compress(batch.compression as CompressionType, records);
  const bytes = Buffer.allocUnsafe(BATCH_HEADER_BYTES + body.length);
  batch.batchBytes().copy(bytes, 0, 0, BATCH_HEADER_BYTES);
  bytes.set(body, BATCH_HEADER_BYTES);
  bytes.writeInt32BE(kept.count, BatchHeaderAt.recordsCount);
  if (!batch.isLogAppendTime) writeInt64(bytes, BatchHeaderAt.maxTimestamp, kept.maxTimestamp);
  if (horizonMs !== undefined) {
    writeInt64(bytes, BatchHeaderAt.baseTimestamp, horizonMs);
    bytes.writeUInt16BE(batch.attributes | BatchAttribute.deleteHorizon, BatchHeaderAt.attributes);
  }
  return seal(bytes, crc32c);
}

/** The header alone: it keeps a producer's last sequence and epoch, or the log's last offset. */
function emptyBatch(batch: RecordBatchView, { crc32c }: FilterSettings): RecordBatchView {
  const bytes = Buffer.from(batch.batchBytes().subarray(0, BATCH_HEADER_BYTES));
  const { logAppendTime, transactional, control } = BatchAttribute;
  bytes.writeUInt16BE(batch.attributes & (logAppendTime | transactional | control), BatchHeaderAt.attributes);
  writeInt64(bytes, BatchHeaderAt.baseTimestamp, NO_TIMESTAMP);
  bytes.writeInt32BE(0, BatchHeaderAt.recordsCount);
  return seal(bytes, crc32c);
}

function seal(bytes: Buffer, crc32c: Crc32c): RecordBatchView {
  bytes.writeInt32BE(bytes.length - BATCH_LENGTH_OVERHEAD_BYTES, BatchHeaderAt.length);
  bytes.writeUInt32BE(crc32c(bytes, BatchHeaderAt.attributes, bytes.length), BatchHeaderAt.crc);
  return new RecordBatchView(bytes);
}

function writeInt64(bytes: Buffer, at: number, value: number): void {
  bytes.writeBigInt64BE(BigInt(value), at);
}
