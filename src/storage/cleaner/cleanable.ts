import type { LogState } from '../log-state.ts';
import type { CleanJob, CleanSource, LastProducerRecord } from './clean-job.ts';

/**
 * What of a log may be cleaned, and whether it is worth it. Follows Kafka's LogCleanerManager.
 *
 *     clean: below the checkpoint | dirty: up to the end offset | not cleanable: open transactions, the active segment,
 *     what is not synced, segments younger than min.compaction.lag.ms
 *
 * Thread: the log's owner.
 */
export interface CleanRange {
  /** The checkpoint, where it is one of this log. */
  readonly firstDirtyOffset: number;
  readonly endOffset: number;
}

export interface CleanableState extends CleanRange {
  readonly cleanBytes: number;
  readonly cleanableBytes: number;
  /** `max.compaction.lag.ms` has passed for a record that was never cleaned. */
  readonly isOverdue: boolean;
  readonly minDirtyRatio: number;
}

/** `checkpoint` is undefined when the log was never cleaned. */
export function cleanRange(state: LogState, lastStableOffset: number, checkpoint: number | undefined): CleanRange {
  const { logStartOffset, logEndOffset, recoveryPoint, config, segments } = state;
  // A checkpoint outside of the log is another log's, or records were lost: everything counts as dirty.
  const isKnown = checkpoint !== undefined && checkpoint >= logStartOffset && checkpoint <= logEndOffset;
  const firstDirtyOffset = isKnown ? checkpoint : logStartOffset;
  // A durable record may only make way for one that is durable itself.
  let endOffset = Math.min(lastStableOffset, state.activeBaseOffset, recoveryPoint);
  if (config.minCompactionLagMs > 0) {
    const youngest = state.clock.wallMs() - config.minCompactionLagMs;
    const from = Math.max(0, state.floorSegment(firstDirtyOffset));
    const young = segments.slice(from).find((segment) => state.segmentLargestTimestamp(segment) > youngest);
    if (young !== undefined) endOffset = Math.min(endOffset, young);
  }
  return { firstDirtyOffset, endOffset: Math.max(endOffset, firstDirtyOffset) };
}

export function cleanableState(state: LogState, range: CleanRange): CleanableState {
  const { firstDirtyOffset, endOffset } = range;
  const { segments } = state;
  let cleanBytes = 0;
  let cleanableBytes = 0;
  for (const [at, baseOffset] of segments.slice(0, -1).entries()) {
    const next = segments[at + 1];
    // What a cleaning can only do in part would make it worth another one forever.
    if (next > endOffset) break;
    const sizeBytes = state.segmentSizeBytes(baseOffset);
    if (next <= firstDirtyOffset) cleanBytes += sizeBytes;
    else cleanableBytes += sizeBytes;
  }
  const isOverdue = cleanableBytes > 0 && isLagExceeded(state, firstDirtyOffset);
  return { ...range, cleanBytes, cleanableBytes, isOverdue, minDirtyRatio: state.config.minCleanableDirtyRatio };
}

function isLagExceeded(state: LogState, firstDirtyOffset: number): boolean {
  const oldest = state.clock.wallMs() - state.config.maxCompactionLagMs;
  return state.segments.some((baseOffset, at) => {
    const next = state.segments[at + 1];
    if (next === undefined || next <= firstDirtyOffset) return false;
    const firstTimestamp = state.segmentFirstTimestamp(baseOffset);
    return firstTimestamp > 0 && firstTimestamp < oldest;
  });
}

/** Whether the active segment holds a record that has to become cleanable by now. */
export function mustRollForCleaning(state: LogState): boolean {
  const firstTimestamp = state.activeSizeBytes > 0 ? state.segmentFirstTimestamp(state.activeBaseOffset) : -1;
  return firstTimestamp > 0 && firstTimestamp < state.clock.wallMs() - state.config.maxCompactionLagMs;
}

/** Share of the dirty bytes in all that a cleaning would go through. */
export function dirtyRatio({ cleanBytes, cleanableBytes }: CleanableState): number {
  const bytes = cleanBytes + cleanableBytes;
  return bytes === 0 ? 0 : cleanableBytes / bytes;
}

/** Whether a log is to be cleaned now. */
export function isFilthy(log: CleanableState): boolean {
  return log.cleanableBytes > 0 && (log.isOverdue || dirtyRatio(log) > log.minDirtyRatio);
}

/** The log that has most to gain, undefined when none is worth it. */
export function filthiest<T extends CleanableState>(logs: readonly T[]): T | undefined {
  let found: T | undefined;
  for (const log of logs) if (isFilthy(log) && (!found || dirtyRatio(log) > dirtyRatio(found))) found = log;
  return found;
}

export function cleanJob(state: LogState, { firstDirtyOffset, endOffset }: CleanRange): CleanJob {
  const { config, transactions, producers } = state;
  const sources: CleanSource[] = [];
  for (const [at, baseOffset] of state.segments.slice(0, -1).entries()) {
    if (baseOffset >= endOffset) break;
    const { sizeBytes, offsetIndexEntries, timeIndexEntries, modifiedMs } = state.closedSegment(baseOffset);
    const abortedCount = transactions.entries(baseOffset).length;
    const nextBaseOffset = state.segments[at + 1];
    const facts = { sizeBytes, offsetIndexEntries, timeIndexEntries, modifiedMs };
    sources.push({ baseOffset, nextBaseOffset, abortedCount, ...facts });
  }
  const upperOffset = sources.at(-1)?.nextBaseOffset ?? endOffset;
  const lastRecords: LastProducerRecord[] = [...producers.entries.values()].map((entry) => ({
    producerId: entry.producerId,
    producerEpoch: entry.epoch,
    lastDataOffset: entry.lastDataOffset,
  }));
  return {
    name: state.name,
    folder: state.folder,
    sources,
    firstDirtyOffset,
    endOffset,
    highWatermark: state.highWatermark,
    aborted: transactions.collect(state.segments, 0, upperOffset),
    lastRecords,
    nowMs: state.clock.wallMs(),
    deleteRetentionMs: config.deleteRetentionMs,
    segmentBytes: config.segmentBytes,
    segmentIndexBytes: config.segmentIndexBytes,
    indexIntervalBytes: config.indexIntervalBytes,
  };
}
