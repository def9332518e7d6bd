import { Errno, type FileSpace } from '../native/file-space.ts';
import {
  BATCH_STRIDE,
  BatchFault,
  BatchSlot,
  SEGMENT_STRIDE,
  type SegmentScan,
  SegmentSlot,
} from '../native/log-store.ts';
import { BATCH_HEADER_BYTES, faultName } from '../protocol/records/batch-header.ts';
import { storedHeader } from '../protocol/records/stored-batches.ts';
import { FileSuffix, type OffsetFile, offsetFileName, parseOffsetFile } from './log-files.ts';
import { removeSegments } from './log-retention.ts';
import type { LogState } from './log-state.ts';
import { type ReplayVisitor, replaySegment } from './producer/producer-replay.ts';
import type { CompletedTransaction } from './producer/producer-state.ts';
import { ensureDone, StorageError } from './storage-error.ts';

/**
 * Bringing a log back: leftovers of interrupted operations are finished or cleared away, indexes made anew where they
 * are missing, and, after an unclean stop, every batch from the recovery point's segment on is checked and the log cut
 * at the first bad one. What lies below the recovery point was durable once: damage there is reported and nothing is
 * cut. Follows Kafka's LogLoader.
 *
 * Thread: the log's owner.
 */

/** The log is damaged below its recovery point; someone has to look at it. */
export class LogCorruptionError extends StorageError {
  readonly offset: number;

  constructor(path: string, offset: number, recoveryPoint: number, what: string) {
    super(`records at offset ${offset}, below the recovery point ${recoveryPoint}, are damaged (${what})`, path, 0);
    this.name = 'LogCorruptionError';
    this.offset = offset;
  }
}

/** Read at a time where nothing but zeros is expected. */
const ZEROS_READ_BYTES = 64 * 1024;

function listOffsetFiles(files: FileSpace, folder: string): OffsetFile[] {
  const entries = files.list(folder);
  if (typeof entries === 'number') throw new StorageError('cannot list', folder, entries);
  const found: OffsetFile[] = [];
  for (const { name, isFolder } of entries) {
    const file = isFolder ? undefined : parseOffsetFile(name);
    if (file) found.push(file);
  }
  return found;
}

function unlink(files: FileSpace, path: string): void {
  const result = files.unlink(path);
  if (result < 0 && result !== Errno.ENOENT) throw new StorageError('cannot delete', path, result);
}

/**
 * Before the store opens the folder: deletes what was on its way out, completes a swap of cleaned segments that had
 * begun (all .cleaned files of it were renamed to .swap), undoes one that had not, and drops indexes without a log.
 * Returns the files of segments and snapshots that are there then, by name. Throws a StorageError.
 */
export function clearLeftovers(files: FileSpace, folder: string): ReadonlyMap<string, OffsetFile> {
  const found = listOffsetFiles(files, folder);
  const cleaned = found.filter((file) => file.suffix === FileSuffix.cleaned);
  const firstCleaned = Math.min(...cleaned.map((file) => file.offset));
  const swapped: OffsetFile[] = [];
  for (const file of found) {
    if (file.suffix.endsWith(FileSuffix.deleted) || file.suffix === FileSuffix.cleaned)
      unlink(files, `${folder}/${file.name}`);
    else if (file.suffix === FileSuffix.swap)
      if (file.offset >= firstCleaned) unlink(files, `${folder}/${file.name}`);
      else swapped.push(file);
  }
  if (swapped.length > 0) finishSwap(files, folder, found, swapped);
  const isAsFound = found.every(({ suffix }) => suffix === '');
  const present = new Map<string, OffsetFile>();
  for (const file of isAsFound ? found : listOffsetFiles(files, folder)) present.set(file.name, file);
  for (const { name, kind, offset } of [...present.values()]) {
    if (kind === 'log' || kind === 'snapshot' || present.has(offsetFileName(offset, '.log'))) continue;
    unlink(files, `${folder}/${name}`);
    present.delete(name);
  }
  return present;
}

/** The segments that the swapped ones stand for go, and the swapped ones get their names. */
function finishSwap(
  files: FileSpace,
  folder: string,
  found: readonly OffsetFile[],
  swapped: readonly OffsetFile[],
): void {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const { name, kind, offset } of swapped) {
    if (kind !== 'log') continue;
    from = Math.min(from, offset);
    to = Math.max(to, nextOffsetOfFile(files, `${folder}/${name}`, offset));
  }
  for (const file of found)
    if (file.suffix === '' && file.offset >= from && file.offset < to && file.kind !== 'snapshot')
      unlink(files, `${folder}/${file.name}`);
  for (const { name } of swapped) {
    const path = `${folder}/${name}`;
    ensureDone(files.rename(path, path.slice(0, -FileSuffix.swap.length)), 'cannot rename', path);
  }
}

/** Offset behind the last whole batch of a file that the store does not know yet. */
function nextOffsetOfFile(files: FileSpace, path: string, baseOffset: number): number {
  const stat = files.stat(path);
  if (typeof stat === 'number') throw new StorageError('cannot read', path, stat);
  const file = ensureDone(files.open(path, false), 'cannot open', path);
  const bytes = Buffer.alloc(BATCH_HEADER_BYTES);
  let nextOffset = baseOffset;
  try {
    for (let position = 0; ; ) {
      ensureDone(files.read(file, position, bytes, 0, bytes.length), 'cannot read', path);
      const batch = storedHeader(bytes, 0, stat.sizeBytes - position);
      if (!batch) break;
      nextOffset = batch.nextOffset;
      position += batch.sizeBytes;
    }
  } finally {
    files.close(file);
  }
  return nextOffset;
}

/**
 * Makes indexes anew that are missing or cannot be right; `present` are the folder's files by name. Segments from `below`
 * on are left to `recoverSegments`.
 */
export function rebuildMissingIndexes(state: LogState, present: { has(name: string): boolean }, below: number): void {
  const facts = new Float64Array(SEGMENT_STRIDE);
  for (const baseOffset of state.segments) {
    if (baseOffset >= below) return;
    const hasFile = (extension: string): boolean => present.has(offsetFileName(baseOffset, extension));
    let isUsable = hasFile('.index') && hasFile('.timeindex');
    if (isUsable) {
      ensureDone(state.store.state(state.handle, baseOffset, facts), 'cannot read a segment of', state.folder);
      isUsable = facts[SegmentSlot.offsetIndexEntries] >= 0 && facts[SegmentSlot.timeIndexEntries] >= 0;
    }
    if (isUsable) continue;
    state.logger.warn({ partition: state.name, segment: baseOffset }, 'making the indexes of a segment anew');
    const scan = scanSegment(state, baseOffset);
    if (scan.fault !== BatchFault.none) noteDamagedTail(state, baseOffset, scan);
  }
}

function scanSegment(state: LogState, baseOffset: number): SegmentScan {
  const scan = state.store.rebuild(state.handle, baseOffset);
  if (typeof scan === 'number') throw new StorageError('cannot scan a segment of', state.folder, scan);
  if (scan.fault === BatchFault.none || !endsInZeros(state, baseOffset, scan.validBytes)) return scan;
  // The store appends only behind an end that it has cut itself.
  if (baseOffset === state.activeBaseOffset)
    ensureDone(state.store.truncate(state.handle, scan.nextOffset), 'cannot cut a segment of', state.folder);
  return { ...scan, fault: BatchFault.none };
}

/** A file that was made larger than its segment (`preallocate`) and never cut ends in zeros; then it is cut now. */
function endsInZeros({ files, folder }: LogState, baseOffset: number, position: number): boolean {
  const path = `${folder}/${offsetFileName(baseOffset, '.log')}`;
  const file = ensureDone(files.open(path, false), 'cannot open', path);
  try {
    const bytes = Buffer.alloc(ZEROS_READ_BYTES);
    for (let at = position; ; ) {
      const got = ensureDone(files.read(file, at, bytes, 0, bytes.length), 'cannot read', path);
      if (got === 0) break;
      if (bytes.subarray(0, got).some((byte) => byte !== 0)) return false;
      at += got;
    }
    ensureDone(files.truncate(file, position), 'cannot cut', path);
    ensureDone(files.syncNow(file), 'cannot sync', path);
    return true;
  } finally {
    files.close(file);
  }
}

/**
 * Durable records of a closed segment are damaged: what lies behind the last good batch is not served any more, the rest
 * of the log is. Throws a LogCorruptionError for the last segment, since nothing may be appended behind damage.
 */
function noteDamagedTail(state: LogState, baseOffset: number, scan: SegmentScan): void {
  const { segments, folder, recoveryPoint, logger } = state;
  const { nextOffset: fromOffset, validBytes: fromPosition } = scan;
  const what = faultName(scan.fault);
  const toOffset = segments[segments.indexOf(baseOffset) + 1];
  if (toOffset === undefined) throw new LogCorruptionError(folder, fromOffset, recoveryPoint, what);
  const path = `${folder}/${offsetFileName(baseOffset, '.log')}`;
  const stat = state.files.stat(path);
  const toPosition = typeof stat === 'number' ? fromPosition : stat.sizeBytes;
  state.damage.set(baseOffset, [{ segment: baseOffset, fromPosition, toPosition, fromOffset, toOffset, what }]);
  logger.error({ partition: state.name, file: path, fromOffset, toOffset, fromPosition, what }, 'records are damaged');
}

/**
 * After an unclean stop: checks the segments from the one that holds the recovery point on, cuts the log at the first
 * bad batch and drops the segments behind it. What it leaves becomes durable with the log's next sync. Returns the base
 * offset of the first segment that was checked. Throws a LogCorruptionError for damage below the recovery point.
 * Compaction has been at work below `cleanedOffset`.
 */
export function recoverSegments(state: LogState, cleanedOffset: number): number {
  const { recoveryPoint, logger } = state;
  const first = Math.max(0, state.floorSegment(recoveryPoint));
  const unflushed = state.segments.slice(first);
  for (const [at, baseOffset] of unflushed.entries()) {
    const scan = scanSegment(state, baseOffset);
    const { nextOffset, validBytes: position } = scan;
    const fault =
      scan.fault === BatchFault.none
        ? gapBefore(state, unflushed[at + 1], nextOffset, cleanedOffset)
        : faultName(scan.fault);
    if (fault === undefined) continue;
    if (nextOffset < recoveryPoint) {
      if (scan.fault === BatchFault.none) throw new LogCorruptionError(state.folder, nextOffset, recoveryPoint, fault);
      noteDamagedTail(state, baseOffset, scan);
      continue;
    }
    const details = { partition: state.name, segment: baseOffset, position, fault, logEndOffset: nextOffset };
    logger.warn(details, 'cutting the log behind its last good batch');
    removeSegments(state, unflushed.slice(at + 1));
    ensureDone(state.store.truncate(state.handle, nextOffset), 'cannot cut a segment of', state.folder);
    break;
  }
  // Nobody else will sync what was written by a process that is gone. Not now: gigabytes may be on their way to the disk.
  for (const baseOffset of state.store.segments(state.handle))
    if (baseOffset >= unflushed[0]) state.unsyncedSegments.add(baseOffset);
  return unflushed[0] ?? 0;
}

/**
 * A segment that ends before the next one begins has lost its tail at a batch boundary, unless compaction takes batches
 * away in this topic, or has done so before the topic's policy was changed.
 */
function gapBefore(
  state: LogState,
  nextSegment: number | undefined,
  nextOffset: number,
  cleanedOffset: number,
): string | undefined {
  if (nextSegment === undefined || state.config.cleanupCompact || nextSegment <= cleanedOffset) return undefined;
  const isGap = nextOffset < nextSegment;
  return isGap ? `batches up to offset ${nextSegment} are missing` : undefined;
}

/**
 * Brings epochs, transaction indexes and producers in line with the segments. `recoveredFrom` is the base offset of the
 * first segment that was checked, undefined after a clean stop.
 */
export function rebuildDerivedState(state: LogState, recoveredFrom: number | undefined): void {
  const { epochs, snapshots, transactions, logEndOffset } = state;
  epochs.truncateFromEnd(logEndOffset);
  snapshots.removeStray(state.segments);
  snapshots.removeOutside(-1, logEndOffset);
  const aborted = new Map<number, CompletedTransaction[]>();
  const visitor: ReplayVisitor = {
    onEpoch(epoch, baseOffset) {
      if (epoch > epochs.latestEpoch) epochs.assign(epoch, baseOffset);
    },
    onCompleted(segment, completed) {
      if (!completed.aborted) return;
      const known = aborted.get(segment);
      if (known) known.push(completed);
      else aborted.set(segment, [completed]);
    },
  };
  if (recoveredFrom !== undefined) {
    // Nothing is known of how far the indexes of the recovered segments reached the disk.
    reloadProducers(state, epochsKnownTo(state, recoveredFrom), visitor);
    for (const segment of state.segments)
      if (segment >= recoveredFrom) transactions.replace(segment, aborted.get(segment) ?? []);
  } else {
    // A clean stop writes it without syncing it, and leaves none on a full disk.
    const isLost = epochs.latestEpoch < 0;
    reloadProducers(state, isLost ? epochsKnownTo(state, logEndOffset) : logEndOffset, visitor);
  }
  epochs.truncateFromStart(state.logStartOffset);
}

/**
 * Where reading for leader epochs has to begin, at most `offset`: a crash may have come after a segment was closed and
 * before the file that tells of its epochs was synced. A segment whose last epoch is known is known as a whole.
 */
function epochsKnownTo(state: LogState, offset: number): number {
  const { segments, epochs } = state;
  let at = segments.filter((baseOffset) => baseOffset < offset).length;
  while (at > 0 && lastEpoch(state, segments[at - 1]) > epochs.latestEpoch) at--;
  return Math.min(offset, segments[at] ?? offset);
}

/** Leader epoch of a segment's last batch, -1 when it has none. */
function lastEpoch({ store, handle }: LogState, baseOffset: number): number {
  const facts = new Float64Array(SEGMENT_STRIDE);
  const header = new Float64Array(BATCH_STRIDE);
  if (store.state(handle, baseOffset, facts) < 0 || facts[SegmentSlot.sizeBytes] === 0) return -1;
  const position = store.positionOf(handle, baseOffset, facts[SegmentSlot.nextOffset] - 1);
  if (position < 0 || store.readHeaders(handle, baseOffset, position, header) !== 1) return -1;
  return header[BatchSlot.partitionLeaderEpoch];
}

/**
 * Loads the latest snapshot at or below `snapshotMax` and replays the log from there to its end; then keeps a snapshot
 * of the end, so that the next start has less to do.
 */
export function reloadProducers(state: LogState, snapshotMax: number, visitor: ReplayVisitor): void {
  const { producers, snapshots, logEndOffset, logStartOffset } = state;
  const loaded = snapshots.loadLatest(snapshotMax);
  producers.load(loaded?.entries ?? [], state.clock.wallMs());
  const from = Math.max(loaded?.offset ?? 0, logStartOffset);
  for (const [at, segment] of state.segments.entries()) {
    const next = state.segments[at + 1] ?? Number.POSITIVE_INFINITY;
    if (next <= from || from >= logEndOffset) continue;
    replaySegment(state, segment, from, logEndOffset, visitor);
  }
  producers.commit();
  if (logEndOffset > snapshots.latest && logEndOffset > logStartOffset)
    snapshots.write(logEndOffset, producers.entries);
}

/** Whether the active segment ends with a whole batch; a clean stop promises so. */
export function endsWithWholeBatch(state: LogState): boolean {
  const { store, handle } = state;
  const header = new Float64Array(BATCH_STRIDE);
  const { nextOffset, sizeBytes, baseOffset } = SegmentSlot;
  if (state.active[sizeBytes] === 0) return true;
  const position = store.positionOf(handle, state.active[baseOffset], state.active[nextOffset] - 1);
  if (position < 0 || store.readHeaders(handle, state.active[baseOffset], position, header) !== 1) return false;
  return position + header[BatchSlot.sizeBytes] === state.active[sizeBytes];
}
