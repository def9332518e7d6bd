import { SegmentSlot } from '../native/log-store.ts';
import { ErrorCode } from '../protocol/errors.ts';
import { isDirectoryFault } from './directory-fault.ts';
import type { LogState } from './log-state.ts';
import { StorageError } from './storage-error.ts';

/**
 * When a new segment is begun, and how. Follows Kafka's LogSegment.shouldRoll and UnifiedLog.roll.
 *
 * Thread: the log's owner.
 */

/** Indexes keep offsets relative to the segment's base, in 31 bits. */
export const RELATIVE_OFFSET_MAX = 0x7fffffff;
export const OFFSET_INDEX_ENTRY_BYTES = 8;
export const TIME_INDEX_ENTRY_BYTES = 12;

/** Whether a batch has to go into a new segment. */
export function shouldRoll(state: LogState, sizeBytes: number, maxTimestamp: number, lastOffset: number): boolean {
  const { active, config } = state;
  const usedBytes = active[SegmentSlot.sizeBytes];
  if (usedBytes > config.segmentBytes - sizeBytes) return true;
  if (lastOffset - active[SegmentSlot.baseOffset] > RELATIVE_OFFSET_MAX) return true;
  const { segmentIndexBytes } = config;
  if (active[SegmentSlot.offsetIndexEntries] >= Math.floor(segmentIndexBytes / OFFSET_INDEX_ENTRY_BYTES)) return true;
  // The last place in a time index is for the closing entry.
  if (active[SegmentSlot.timeIndexEntries] >= Math.floor(segmentIndexBytes / TIME_INDEX_ENTRY_BYTES) - 1) return true;
  if (usedBytes === 0) return false;
  const firstTimestamp = active[SegmentSlot.firstBatchTimestamp];
  const waitedMs = firstTimestamp >= 0 ? maxTimestamp - firstTimestamp : state.clock.wallMs() - state.activeSinceMs;
  // Only closed segments can be cleaned.
  const ageMsMax = config.cleanupCompact ? Math.min(config.segmentMs, config.maxCompactionLagMs) : config.segmentMs;
  return waitedMs > ageMsMax - state.rollJitterMs;
}

/**
 * Begins a new active segment at `baseOffset` (not below the log end) and keeps the producers as of there. Returns NONE
 * or KAFKA_STORAGE_ERROR; a failed roll changes nothing.
 */
export function rollSegment(state: LogState, baseOffset: number): ErrorCode {
  const { store, handle, logger } = state;
  if (baseOffset === state.activeBaseOffset && state.activeSizeBytes === 0) return ErrorCode.NONE;
  // A leftover would be taken for the new segment's.
  state.files.unlink(state.transactions.path(baseOffset));
  const result = writeEpochs(state) || store.roll(handle, baseOffset);
  if (result < 0) {
    logger.error({ partition: state.name, errno: result, baseOffset }, 'cannot begin a new segment');
    if (isDirectoryFault(result)) state.fault = new StorageError('cannot begin a segment in', state.folder, result);
    return ErrorCode.KAFKA_STORAGE_ERROR;
  }
  noteNewActiveSegment(state);
  state.rolledSinceSync = true;
  state.snapshots.write(baseOffset, state.producers.entries);
  return ErrorCode.NONE;
}

/** Those that begin in the segment that is to be closed. Returns 0 or a negative errno. */
function writeEpochs({ epochs }: LogState): number {
  try {
    epochs.write();
    return 0;
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    return error.errno;
  }
}

/** After the store has begun a segment. */
export function noteNewActiveSegment(state: LogState): void {
  const { segmentJitterMs } = state.config;
  state.segments = state.store.segments(state.handle);
  state.refreshActive();
  state.activeSinceMs = state.clock.wallMs();
  state.rollJitterMs = segmentJitterMs > 0 ? state.random.below(Math.min(segmentJitterMs, 2 ** 31 - 1)) : 0;
}
