import { ErrorCode } from '../protocol/errors.ts';
import { FileSuffix, offsetFileName, SEGMENT_EXTENSIONS } from './log-files.ts';
import type { LogState } from './log-state.ts';
import { rollSegment } from './segment-roll.ts';
import { StorageError } from './storage-error.ts';

/**
 * Which segments go, and how they go: renamed at once, unlinked `file.delete.delay.ms` later, so that readers can
 * finish. Follows Kafka's UnifiedLog.deleteOldSegments.
 *
 * Thread: the log's owner.
 */

/** Judges a segment; the next segment's base offset is undefined for the active one. */
type IsExpired = (baseOffset: number, nextBaseOffset: number | undefined) => boolean;

/** Deletes what the topic's policy says. Returns the number of segments. Throws a StorageError. */
export function deleteOldSegments(state: LogState): number {
  const { config } = state;
  if (config.cleanupDelete) return deleteBelowLogStart(state) + deleteOverSize(state) + deleteOverAge(state);
  return config.cleanupCompact ? deleteBelowLogStart(state) : 0;
}

function deleteBelowLogStart(state: LogState): number {
  return deletePrefix(
    state,
    (_, nextBaseOffset) => nextBaseOffset !== undefined && nextBaseOffset <= state.logStartOffset,
    'records below the log start offset',
  );
}

function deleteOverSize(state: LogState): number {
  const { retentionBytes } = state.config;
  if (retentionBytes < 0) return 0;
  let excessBytes = logSizeBytes(state) - retentionBytes;
  if (excessBytes < 0) return 0;
  return deletePrefix(
    state,
    (baseOffset) => {
      const sizeBytes = state.segmentSizeBytes(baseOffset);
      if (excessBytes - sizeBytes < 0) return false;
      excessBytes -= sizeBytes;
      return true;
    },
    'retention.bytes',
  );
}

function deleteOverAge(state: LogState): number {
  const { retentionMs } = state.config;
  if (retentionMs < 0) return 0;
  const nowMs = state.clock.wallMs();
  return deletePrefix(
    state,
    (baseOffset) => nowMs - state.segmentLargestTimestamp(baseOffset) > retentionMs,
    'retention.ms',
  );
}

export function logSizeBytes(state: LogState): number {
  let sizeBytes = 0;
  for (const baseOffset of state.segments) sizeBytes += state.segmentSizeBytes(baseOffset);
  return sizeBytes;
}

/** Deletes segments from the oldest on while they are expired and lie below the high watermark. */
function deletePrefix(state: LogState, isExpired: IsExpired, reason: string): number {
  const { segments } = state;
  const expired: number[] = [];
  for (let at = 0; at < segments.length; at++) {
    const next = segments.at(at + 1);
    const isEmptyActive = next === undefined && state.activeSizeBytes === 0;
    if (state.highWatermark < (next ?? state.logEndOffset) || isEmptyActive) break;
    if (!isExpired(segments[at], next)) break;
    expired.push(segments[at]);
  }
  if (expired.length === 0) return 0;
  // A log keeps one segment at least.
  if (expired.length === segments.length && rollSegment(state, state.logEndOffset) !== ErrorCode.NONE)
    throw new StorageError('cannot begin a segment in', state.folder, 0);
  state.logger.info({ partition: state.name, segments: expired, reason }, 'deleting segments');
  try {
    removeSegments(state, expired);
  } finally {
    const firstOffset = state.segments[0];
    if (firstOffset > state.logStartOffset) moveLogStart(state, firstOffset);
  }
  return expired.length;
}

/**
 * Takes segments away from readers and has their files unlinked later. Throws a StorageError; those before the one that
 * could not be removed are gone then.
 */
export function removeSegments(state: LogState, baseOffsets: readonly number[]): void {
  const paths: string[] = [];
  try {
    for (const baseOffset of baseOffsets) removeSegment(state, baseOffset, paths);
  } finally {
    state.segments = state.store.segments(state.handle);
    state.damage.keepOnly(state.segments);
    unlinkLater(state, paths);
  }
}

/** Adds the files that are to be unlinked to `paths`. */
function removeSegment(state: LogState, baseOffset: number, paths: string[]): void {
  makeWayForDeleted(state, baseOffset);
  const result = state.store.remove(state.handle, baseOffset);
  if (result < 0) throw new StorageError('cannot remove a segment of', state.folder, result);
  state.forgetSegment(baseOffset);
  const transactionIndex = state.transactions.path(baseOffset);
  state.files.rename(transactionIndex, transactionIndex + FileSuffix.deleted);
  state.snapshots.markDeleted(baseOffset);
  for (const extension of [...SEGMENT_EXTENSIONS, '.snapshot']) paths.push(deletedPath(state, baseOffset, extension));
}

/** Where a segment's file waits to be deleted. */
export function deletedPath({ folder }: LogState, baseOffset: number, extension: string): string {
  return `${folder}/${offsetFileName(baseOffset, extension)}${FileSuffix.deleted}`;
}

/**
 * Before a segment's files get the names under which they wait for their deletion: deletes the files that wait there
 * already, which had this base offset before they were compacted. Renaming over them would delete them here and now,
 * which takes a thread 10 ms and more for a large one.
 */
export function makeWayForDeleted({ folder, files, pendingUnlinks }: LogState, baseOffset: number): void {
  for (const extension of SEGMENT_EXTENSIONS) {
    const name = `${folder}/${offsetFileName(baseOffset, extension)}`;
    const path = name + FileSuffix.deleted;
    if (!pendingUnlinks.delete(path)) continue;
    const aside = name + FileSuffix.superseded;
    if (files.rename(path, aside) === 0) files.unlinkAside(aside);
  }
}

/** Deletes files after `file.delete.delay.ms`, or when the log is closed; those that are gone by then do not matter. */
export function unlinkLater({ pendingUnlinks, files, clock, config }: LogState, paths: readonly string[]): void {
  for (const path of paths) pendingUnlinks.set(path, paths);
  clock.schedule(config.fileDeleteDelayMs, () => {
    for (const path of paths) {
      // Another file may wait under this name by now.
      if (pendingUnlinks.get(path) !== paths) continue;
      pendingUnlinks.delete(path);
      files.unlinkAside(path);
    }
  });
}

/** Deletes all that waits for it. */
export function unlinkNow({ pendingUnlinks, files }: LogState): void {
  for (const path of pendingUnlinks.keys()) files.unlink(path);
  pendingUnlinks.clear();
}

/** Moves the log start up, with what hangs on it. */
export function moveLogStart(state: LogState, offset: number): void {
  state.logStartOffset = offset;
  state.producers.onHighWatermark(offset);
  try {
    state.epochs.truncateFromStart(offset);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    // The file says too much, which does no harm; a full disk must not stop what makes room on it.
    state.logger.warn({ partition: state.name, error: error.message }, 'the leader epochs were not written');
  }
}
