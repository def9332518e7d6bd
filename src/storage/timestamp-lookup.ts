import { BATCH_STRIDE, BatchSlot } from '../native/log-store.ts';
import { STORED_BYTES_MAX } from '../protocol/records/compression.ts';
import { type LogRecord, RecordReader } from '../protocol/records/record-reader.ts';
import { storedBatch } from '../protocol/records/stored-batches.ts';
import type { LogState } from './log-state.ts';
import { readBatch } from './producer/producer-replay.ts';
import { StorageError } from './storage-error.ts';

/**
 * ListOffsets by timestamp: the index finds the first batch that can hold the record, then its records are looked at
 * one by one. Follows Kafka's UnifiedLog.fetchOffsetByTimestamp.
 *
 * Thread: the log's owner.
 */

export interface TimestampedOffset {
  readonly offset: number;
  readonly timestamp: number;
  /** -1 when unknown. */
  readonly leaderEpoch: number;
}

const header = new Float64Array(BATCH_STRIDE);
const STORED = { decompressedBytesMax: STORED_BYTES_MAX };

/**
 * The first record at or behind the log start whose timestamp is >= `timestamp`; undefined when there is none below
 * `readableEnd` (high watermark or last stable offset). Throws a StorageError, or a BatchError for damaged records.
 */
export function offsetForTimestamp(
  state: LogState,
  timestamp: number,
  readableEnd: number,
): TimestampedOffset | undefined {
  const isMatch = (record: LogRecord): boolean =>
    record.timestamp >= timestamp && record.offset >= state.logStartOffset;
  for (const segment of state.segments) {
    if (state.segmentMaxTimestamp(segment) < timestamp) continue;
    let position = state.store.positionOfTimestamp(state.handle, segment, timestamp);
    if (position < -1) throw new StorageError('cannot search', state.folder, position);
    while (position >= 0 && readHeader(state, segment, position)) {
      const found =
        header[BatchSlot.maxTimestamp] < timestamp ? undefined : findRecord(state, segment, position, isMatch);
      if (found) return found.offset < readableEnd ? found : undefined;
      position += header[BatchSlot.sizeBytes];
    }
  }
  return undefined;
}

/**
 * The first record with the greatest timestamp of the log; undefined when the log has no timestamps, or the record does
 * not lie below `readableEnd`. Throws as above.
 */
export function maxTimestampOffset(state: LogState, readableEnd: number): TimestampedOffset | undefined {
  let newest = -1;
  let maxTimestamp = -1;
  for (const segment of state.segments) {
    const timestamp = state.segmentMaxTimestamp(segment);
    if (timestamp <= maxTimestamp) continue;
    maxTimestamp = timestamp;
    newest = segment;
  }
  if (newest < 0) return undefined;
  const position = state.store.positionOfTimestamp(state.handle, newest, maxTimestamp);
  if (position < -1) throw new StorageError('cannot search', state.folder, position);
  if (position < 0 || !readHeader(state, newest, position)) return undefined;
  const found = findRecord(state, newest, position, (record) => record.timestamp === maxTimestamp);
  return found && found.offset < readableEnd ? found : undefined;
}

function readHeader(state: LogState, segment: number, position: number): boolean {
  const count = state.store.readHeaders(state.handle, segment, position, header);
  if (count < 0) throw new StorageError('cannot read', state.folder, count);
  return count === 1;
}

/** First record of the batch in `header` that matches. */
function findRecord(
  state: LogState,
  segment: number,
  position: number,
  isMatch: (record: LogRecord) => boolean,
): TimestampedOffset | undefined {
  const sizeBytes = header[BatchSlot.sizeBytes];
  const batch = storedBatch(readBatch(state, segment, position, sizeBytes), 0, sizeBytes);
  for (const record of new RecordReader(batch, STORED))
    if (isMatch(record))
      return { offset: record.offset, timestamp: record.timestamp, leaderEpoch: batch.partitionLeaderEpoch };
  return undefined;
}
