import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { Uuid } from '../base/uuid.ts';
import type { LogConfig } from '../config/topic-config.ts';
import {
  type LogHandle,
  type LogStore,
  type OpenLogOptions,
  SegmentSlot,
  type ValidationPolicy,
} from '../native/log-store.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { AppendOrigin } from './append-origin.ts';
import { AppendOutcome } from './append-outcome.ts';
import { type BatchMemory, registerBatchMemory } from './batch-memory.ts';
import type { CleanedGroup, CleanJob } from './cleaner/clean-job.ts';
import { type CleanableState, cleanableState, cleanJob, cleanRange, mustRollForCleaning } from './cleaner/cleanable.ts';
import { swapCleaned } from './cleaner/segment-swap.ts';
import { FollowerAppender } from './follower-appender.ts';
import { LeaderEpochCache } from './leader-epoch-cache.ts';
import { type AppendContext, LogAppender } from './log-appender.ts';
import type { OffsetFile } from './log-files.ts';
import {
  clearLeftovers,
  endsWithWholeBatch,
  rebuildDerivedState,
  rebuildMissingIndexes,
  recoverSegments,
  reloadProducers,
} from './log-recovery.ts';
import { deleteOldSegments, logSizeBytes, moveLogStart, unlinkNow } from './log-retention.ts';
import { LogState } from './log-state.ts';
import { finishIndexes, type SyncDone, syncLog, syncLogNow } from './log-sync.ts';
import { beginMove, finishMove, type MoveState, type MoveTarget, moveState } from './move/finish-move.ts';
import { readPartitionMetadata, writePartitionMetadata } from './partition-metadata-file.ts';
import { findAborted, type ServedBytes } from './producer/aborted-lookup.ts';
import { ProducerSnapshots } from './producer/producer-snapshots.ts';
import { ProducerState, type ProducerStateOptions } from './producer/producer-state.ts';
import { type AbortedTransaction, TransactionIndex } from './producer/transaction-index.ts';
import { type DamagedRange, DamageList } from './scrub/damage-list.ts';
import { noteNewActiveSegment, rollSegment } from './segment-roll.ts';
import { ensureDone, StorageError } from './storage-error.ts';
import { maxTimestampOffset, offsetForTimestamp, type TimestampedOffset } from './timestamp-lookup.ts';

/**
 * The log of one partition: Kafka's rules for appends, offsets, retention and recovery, over the port to the storage
 * engine. Reads of records go to the engine directly, with `handle` and the offsets kept here.
 *
 * Synchronous, except `sync`. Failures outside of appends throw a StorageError.
 *
 * Thread: the partition's storage worker, or the one thread of an embedded broker.
 */

export interface LogOptions {
  readonly topic: string;
  readonly partition: number;
  readonly topicId: Uuid;
  readonly config: LogConfig;
  /** What may be appended. */
  readonly validation: ValidationPolicy;
  readonly producerStateOptions: ProducerStateOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** From the directory's checkpoints; 0 for a new log. */
  readonly recoveryPoint: number;
  readonly logStartOffset: number;
  /** Where the last cleaning ended (`cleaner-offset-checkpoint`); absent when the log was never compacted. */
  readonly cleanedOffset?: number;
  /** The directory's logs were closed in order. */
  readonly cleanShutdown: boolean;
  /**
   * What recovery finds is made durable before the log is used, because others act on what it says; by default with the
   * first sync.
   */
  readonly syncRecovered?: boolean;
  /** Epoch under which this broker leads the partition, -1 as a follower. */
  readonly leaderEpoch: number;
}

/** What DescribeProducers tells of a producer. */
export interface ActiveProducer {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly lastSequence: number;
  readonly lastTimestamp: number;
  readonly coordinatorEpoch: number;
  /** -1 when no transaction is open. */
  readonly currentTxnStartOffset: number;
}

/** A closed segment, as a check of its batches needs it. */
export interface ScrubSegment {
  readonly baseOffset: number;
  readonly sizeBytes: number;
  /** Base offset of the segment behind it. */
  readonly nextBaseOffset: number;
}

export class Log {
  readonly #state: LogState;
  readonly #appender: LogAppender;
  readonly #follower: FollowerAppender;

  private constructor(state: LogState) {
    this.#state = state;
    this.#appender = new LogAppender(state);
    this.#follower = new FollowerAppender(state);
  }

  /**
   * Opens or makes the log in a folder, recovering it when the last stop was not clean. Throws a StorageError; a
   * LogCorruptionError when records are damaged that were durable.
   */
  static open(store: LogStore, folder: string, options: LogOptions): Log {
    const { files } = store;
    const topicId = readPartitionMetadata(files, folder);
    if (topicId === undefined) {
      ensureDone(files.makeFolder(folder), 'cannot make', folder);
      writePartitionMetadata(files, folder, options.topicId);
    } else if (topicId !== options.topicId)
      throw new StorageError(`topic id ${topicId} where ${options.topicId} is expected`, folder, 0);
    const present = clearLeftovers(files, folder);
    const handle = ensureDone(store.openLog(folder, engineOptions(options.config)), 'cannot open the log in', folder);
    try {
      const snapshots = new ProducerSnapshots(files, folder, options.logger);
      snapshots.take(present.values());
      const epochs = new LeaderEpochCache(files, folder, true);
      const transactions = new TransactionIndex(files, folder);
      const producers = new ProducerState(options.producerStateOptions);
      const damage = new DamageList(store, handle, folder);
      const parts = { epochs, producers, snapshots, transactions, damage };
      const state = new LogState({ ...options, ...parts, store, handle, folder });
      load(state, present, options);
      return new Log(state);
    } catch (error) {
      store.closeLog(handle);
      throw error;
    }
  }

  get topic(): string {
    return this.#state.topic;
  }
  get partition(): number {
    return this.#state.partition;
  }
  get topicId(): Uuid {
    return this.#state.topicId;
  }
  get folder(): string {
    return this.#state.folder;
  }
  /** For reads through the store: `planRead`, `readPlanned`, `send`. */
  get handle(): LogHandle {
    return this.#state.handle;
  }
  get logStartOffset(): number {
    return this.#state.logStartOffset;
  }
  get logEndOffset(): number {
    return this.#state.logEndOffset;
  }
  get highWatermark(): number {
    return this.#state.highWatermark;
  }
  /** Everything below it is durable. */
  get recoveryPoint(): number {
    return this.#state.recoveryPoint;
  }
  get leaderEpoch(): number {
    return this.#state.leaderEpoch;
  }
  get config(): LogConfig {
    return this.#state.config;
  }
  /** Base offsets, ascending. */
  get segments(): readonly number[] {
    return this.#state.segments;
  }
  get sizeBytes(): number {
    return logSizeBytes(this.#state);
  }
  /** Set when the log cannot be used any more: the partition belongs offline. */
  get fault(): StorageError | undefined {
    return this.#state.fault;
  }
  /** A segment was finished since the last sync began: a good time to sync where nobody else asks for it. */
  get rolledSinceSync(): boolean {
    return this.#state.rolledSinceSync;
  }
  get producers(): ProducerState {
    return this.#state.producers;
  }

  /** Readers of committed data may read below it. */
  get lastStableOffset(): number {
    const { producers, highWatermark, logStartOffset } = this.#state;
    const unstable = producers.firstUnstableOffset;
    return unstable < 0 ? highWatermark : Math.min(Math.max(unstable, logStartOffset), highWatermark);
  }

  /**
   * Checks a batch, gives it its offsets and queues it. `outcome` is final at once when the batch is refused or repeats
   * a stored one, else (`isPending`) with the next `write`. The bytes must stay as they are until then.
   */
  stage(
    memory: BatchMemory,
    offset: number,
    sizeBytes: number,
    origin: AppendOrigin,
    outcome: AppendOutcome,
    context?: AppendContext,
  ): void {
    this.#appender.stage(memory, offset, sizeBytes, origin, outcome, context);
  }

  /** Writes what is staged and completes the outcomes; on failure they all get KAFKA_STORAGE_ERROR. */
  write(): void {
    this.#appender.write();
  }

  get stagedCount(): number {
    return this.#appender.stagedCount;
  }

  /** One batch at once, for callers without shared memory. The bytes are patched. */
  append(batch: Uint8Array, origin: AppendOrigin, context?: AppendContext): AppendOutcome {
    const memory = registerBatchMemory(this.#state.store, batch);
    const outcome = new AppendOutcome();
    this.#appender.stage(memory, 0, batch.length, origin, outcome, context);
    this.#appender.write();
    this.#state.store.releaseMemory(memory.id);
    return outcome;
  }

  /**
   * Appends what a leader sent, offsets and epochs given. Returns NONE, CORRUPT_MESSAGE, OFFSET_OUT_OF_RANGE (the
   * batches do not continue the log) or KAFKA_STORAGE_ERROR.
   */
  appendAsFollower(memory: BatchMemory, offset: number, sizeBytes: number, leaderEpochMax: number): ErrorCode {
    const result = this.#follower.append(memory, offset, sizeBytes, leaderEpochMax);
    this.#appender.resync();
    return result;
  }

  /** What follows is written under this epoch; -1 as a follower. */
  setLeaderEpoch(leaderEpoch: number): void {
    this.#state.leaderEpoch = leaderEpoch;
  }

  /** Kept within the log. Transactions that ended below it are stable. */
  setHighWatermark(offset: number): void {
    const state = this.#state;
    state.highWatermark = Math.min(Math.max(offset, state.logStartOffset), state.logEndOffset);
    state.producers.onHighWatermark(state.highWatermark);
  }

  setConfig(config: LogConfig): void {
    this.#state.config = config;
    this.#state.store.setOptions(this.#state.handle, engineOptions(config));
  }

  /**
   * DeleteRecords: records below `offset` (-1: the high watermark) are gone. The files follow with the next
   * `deleteOldSegments`. Returns NONE, OFFSET_OUT_OF_RANGE or POLICY_VIOLATION; `logStartOffset` is the low watermark.
   */
  deleteRecords(offset: number): ErrorCode {
    const { config, highWatermark } = this.#state;
    if (config.cleanupCompact && !config.cleanupDelete) return ErrorCode.POLICY_VIOLATION;
    return this.incrementLogStartOffset(offset === -1 ? highWatermark : offset);
  }

  /** Never moves back. Returns NONE or OFFSET_OUT_OF_RANGE (above the high watermark, or negative). */
  incrementLogStartOffset(offset: number): ErrorCode {
    const state = this.#state;
    if (offset < 0 || offset > state.highWatermark) return ErrorCode.OFFSET_OUT_OF_RANGE;
    if (offset > state.logStartOffset) moveLogStart(state, offset);
    return ErrorCode.NONE;
  }

  /** Retention, in the order log start, size, time. Returns how many segments went. */
  deleteOldSegments(): number {
    return deleteOldSegments(this.#state);
  }

  /** Begins a new segment now. Returns NONE or KAFKA_STORAGE_ERROR. */
  roll(): ErrorCode {
    return rollSegment(this.#state, this.#state.logEndOffset);
  }

  /**
   * What the cleaner wants to know of a compacted log, undefined for another or one at fault. The active segment is
   * rolled first when `max.compaction.lag.ms` wants its records to be cleaned. `checkpoint` is where the last cleaning
   * ended, undefined without one. Throws a StorageError.
   */
  cleanable(checkpoint: number | undefined): CleanableState | undefined {
    const state = this.#state;
    // What cannot be read cannot be judged, and must not be written anew as if it were sound.
    if (!state.config.cleanupCompact || state.fault || !state.damage.isEmpty) return undefined;
    if (mustRollForCleaning(state)) this.roll();
    return cleanableState(state, cleanRange(state, this.lastStableOffset, checkpoint));
  }

  /** The same log's next cleaning. Throws a StorageError. */
  cleanJob(checkpoint: number | undefined): CleanJob {
    return cleanJob(this.#state, cleanRange(this.#state, this.lastStableOffset, checkpoint));
  }

  /** Puts what a cleaning has made in its place; false when the log has changed too much meanwhile. */
  swapCleaned(group: CleanedGroup): boolean {
    return swapCleaned(this.#state, group);
  }

  /** Closed segments whose records are durable, for a check of their batches. */
  scrubSegments(): ScrubSegment[] {
    const { segments, recoveryPoint } = this.#state;
    return segments.slice(0, -1).flatMap((baseOffset, at) => {
      const nextBaseOffset = segments[at + 1];
      if (nextBaseOffset > recoveryPoint) return [];
      return { baseOffset, nextBaseOffset, sizeBytes: this.#state.segmentSizeBytes(baseOffset) };
    });
  }

  /**
   * What a check of a closed segment has found; nothing when the segment is not what was checked any more. Readers get
   * nothing of it from now on. Returns what was not known before. Throws a StorageError.
   */
  noteDamage({ baseOffset, sizeBytes }: ScrubSegment, ranges: readonly DamagedRange[]): DamagedRange[] {
    const state = this.#state;
    const at = state.segments.indexOf(baseOffset);
    const isClosed = at >= 0 && at < state.segments.length - 1;
    if (!isClosed || state.segmentSizeBytes(baseOffset) !== sizeBytes) return [];
    // What recovery found lies behind the bytes that a check gets to see.
    const beyond = state.damage.ranges.filter(
      (range) => range.segment === baseOffset && range.fromPosition >= sizeBytes,
    );
    return state.damage.set(baseOffset, [...ranges, ...beyond]);
  }

  /** Known damage, ascending. */
  get damage(): readonly DamagedRange[] {
    return this.#state.damage.ranges;
  }

  /** Prepares a move to another log directory. Throws a StorageError. */
  beginMove(target: MoveTarget): void {
    beginMove(this.#state, target);
  }

  /** What a move has to copy; `roll` closes the active segment first. Throws a StorageError. */
  moveState(roll: boolean): MoveState {
    return moveState(this.#state, roll);
  }

  /**
   * Ends a move: returns the log in its new folder, or the bytes that others have to copy first. This one can still be
   * read then, until it is abandoned; it must not be written to. `copiedTo`: base offset of the last segment that others
   * have copied, -1 without any. Throws a StorageError, and nothing has changed.
   */
  finishMove(target: MoveTarget, copiedTo: number): Log | number {
    const leftBytes = finishMove(this.#state, target, copiedTo);
    if (leftBytes > 0) return leftBytes;
    const { files } = this.#state;
    try {
      return new Log(openMoved(this.#state, target.folder));
    } catch (error) {
      files.rename(target.folder, target.future);
      throw error;
    }
  }

  /** See timestamp-lookup.ts. */
  offsetForTimestamp(timestamp: number, readableEnd: number): TimestampedOffset | undefined {
    return offsetForTimestamp(this.#state, timestamp, readableEnd);
  }

  /** See timestamp-lookup.ts. */
  maxTimestampOffset(readableEnd: number): TimestampedOffset | undefined {
    return maxTimestampOffset(this.#state, readableEnd);
  }

  /** See LeaderEpochCache.endOffsetFor. */
  endOffsetForEpoch(epoch: number): { readonly epoch: number; readonly endOffset: number } {
    const { epochs, logEndOffset, leaderEpoch } = this.#state;
    return epochs.endOffsetFor(epoch, logEndOffset, leaderEpoch);
  }

  /** Epoch of the first cached entry when it covers the log start (ListOffsets earliest), else -1. */
  epochFor(offset: number): number {
    return this.#state.epochs.epochFor(offset);
  }

  get latestEpoch(): number {
    return this.#state.epochs.latestEpoch;
  }

  /**
   * Aborted transactions that a read_committed reader of `[fetchOffset, upperBound)` has to know; of many, only those
   * that the served bytes may have to do with.
   */
  abortedTransactions(fetchOffset: number, upperBound: number, served?: ServedBytes): AbortedTransaction[] {
    return findAborted(this.#state, fetchOffset, upperBound, served);
  }

  /** Offset of the newest abort marker, -1 without: reads from above it need no `abortedTransactions`. */
  get lastAbortedOffset(): number {
    return this.#state.transactions.lastAbortedOffset(this.#state.segments);
  }

  activeProducers(): ActiveProducer[] {
    return [...this.#state.producers.entries.values()].map((entry) => ({
      producerId: entry.producerId,
      producerEpoch: entry.epoch,
      lastSequence: entry.lastSequence,
      lastTimestamp: entry.lastTimestamp,
      coordinatorEpoch: entry.coordinatorEpoch,
      currentTxnStartOffset: entry.currentTxnFirstOffset,
    }));
  }

  /** Forgets idle producers; to be called every `producer.id.expiration.check.interval.ms`. */
  removeExpiredProducers(): number {
    return this.#state.producers.removeExpired(this.#state.clock.wallMs());
  }

  /**
   * Makes everything appended so far durable; `done` gets 0 and the new recovery point, or a negative errno, later on
   * this thread. After a failure nothing may be acknowledged any more.
   */
  sync(done: SyncDone): void {
    syncLog(this.#state, done);
  }

  /**
   * Cuts the log at the batch that contains `offset`: the new end is at most `offset`. Returns false when it lies at or
   * above the end already.
   */
  truncateTo(offset: number): boolean {
    const state = this.#state;
    if (offset < 0) throw new RangeError(`cannot truncate to offset ${offset}`);
    if (offset >= state.logEndOffset) {
      // An epoch may have been noted for a first record that was never written.
      state.epochs.truncateFromEnd(state.logEndOffset);
      return false;
    }
    if (offset < state.segments[0]) {
      this.truncateFullyAndStartAt(offset);
      return true;
    }
    const dropped = state.segments.filter((baseOffset) => baseOffset > offset);
    ensureDone(state.store.truncate(state.handle, offset), 'cannot truncate the log in', state.folder);
    for (const baseOffset of dropped) {
      state.transactions.replace(baseOffset, []);
      state.forgetSegment(baseOffset);
      state.snapshots.remove(baseOffset);
    }
    state.refresh();
    state.damage.keepOnly(state.segments.slice(0, -1));
    const endOffset = state.active[SegmentSlot.nextOffset];
    state.transactions.truncate(state.activeBaseOffset, endOffset);
    state.epochs.truncateFromEnd(endOffset);
    state.logEndOffset = endOffset;
    state.logStartOffset = Math.min(state.logStartOffset, endOffset);
    state.recoveryPoint = Math.min(state.recoveryPoint, endOffset);
    state.snapshots.removeOutside(-1, endOffset);
    reloadProducers(state, endOffset, {});
    this.setHighWatermark(state.highWatermark);
    this.#appender.resync();
    return true;
  }

  /** Drops everything; the next record gets `offset`. */
  truncateFullyAndStartAt(offset: number): void {
    const state = this.#state;
    for (const baseOffset of state.segments) {
      state.transactions.replace(baseOffset, []);
      state.forgetSegment(baseOffset);
    }
    ensureDone(state.store.reset(state.handle, offset), 'cannot reset the log in', state.folder);
    noteNewActiveSegment(state);
    state.epochs.clear();
    state.producers.clear();
    for (const snapshot of [...state.snapshots.offsets]) state.snapshots.remove(snapshot);
    state.damage.keepOnly([]);
    state.logStartOffset = offset;
    state.logEndOffset = offset;
    state.highWatermark = offset;
    state.recoveryPoint = Math.min(state.recoveryPoint, offset);
    this.#appender.resync();
  }

  /** Before the last sync, of a stop: whether that has anything to do. */
  finishIndexes(): boolean {
    return finishIndexes(this.#state);
  }

  /**
   * Durable and with a snapshot of the producers, so that the next start finds all in order. Without `durable` nothing is
   * synced: the caller does that for many. Throws a StorageError.
   */
  close(durable = true): void {
    const state = this.#state;
    this.write();
    if (!state.fault) {
      state.epochs.writeIfRoom();
      if (durable) syncLogNow(state);
      else state.recoveryPoint = state.logEndOffset;
      if (state.logEndOffset > state.snapshots.latest && state.logEndOffset > state.logStartOffset)
        state.snapshots.write(state.logEndOffset, state.producers.entries);
    }
    unlinkNow(state);
    state.store.closeLog(state.handle);
  }

  /** Gives everything back without making anything durable, before the folder is deleted with all that is in it. */
  abandon(): void {
    const { pendingUnlinks, store, handle } = this.#state;
    pendingUnlinks.clear();
    store.closeLog(handle);
  }
}

/** The log of `from` in a folder that holds the same segments. Producers and offsets are taken over as they are. */
function openMoved(from: LogState, folder: string): LogState {
  const { store, files, config, logger } = from;
  const handle = ensureDone(store.openLog(folder, engineOptions(config)), 'cannot open the log in', folder);
  try {
    const snapshots = new ProducerSnapshots(files, folder, logger);
    snapshots.scan();
    const epochs = new LeaderEpochCache(files, folder, true);
    const transactions = new TransactionIndex(files, folder);
    const damage = new DamageList(store, handle, folder);
    const state = new LogState({ ...from, store, handle, folder, epochs, snapshots, transactions, damage });
    noteNewActiveSegment(state);
    const isSame = state.segments.join() === from.segments.join();
    if (!isSame || state.active[SegmentSlot.nextOffset] !== from.logEndOffset)
      throw new StorageError('not the log that was to be moved', folder, 0);
    state.leaderEpoch = from.leaderEpoch;
    state.logStartOffset = from.logStartOffset;
    state.logEndOffset = from.logEndOffset;
    state.highWatermark = from.highWatermark;
    state.recoveryPoint = from.logEndOffset;
    return state;
  } catch (error) {
    store.closeLog(handle);
    throw error;
  }
}

function engineOptions(config: LogConfig): OpenLogOptions {
  const preallocateBytes = config.preallocate ? config.segmentBytes : 0;
  return { indexIntervalBytes: config.indexIntervalBytes, indexBytesMax: config.segmentIndexBytes, preallocateBytes };
}

/** Brings a freshly opened log to a state that can be used. */
function load(state: LogState, present: ReadonlyMap<string, OffsetFile>, options: LogOptions): void {
  const { store, handle } = state;
  state.leaderEpoch = options.leaderEpoch;
  state.recoveryPoint = options.recoveryPoint;
  state.segments = store.segments(handle);
  let recoveredFrom: number | undefined;
  if (state.segments.length > 0) {
    state.refreshActive();
    const isClean = options.cleanShutdown && endsWithWholeBatch(state);
    const recoverFrom = state.segments[Math.max(0, state.floorSegment(options.recoveryPoint))];
    rebuildMissingIndexes(state, present, isClean ? Number.POSITIVE_INFINITY : recoverFrom);
    if (!isClean) recoveredFrom = recoverSegments(state, options.cleanedOffset ?? 0);
    state.refresh();
    dropWhenEndIsBelowStart(state, options.logStartOffset);
  }
  if (state.segments.length === 0)
    ensureDone(store.roll(handle, options.logStartOffset), 'cannot make a segment in', state.folder);
  noteNewActiveSegment(state);
  const logEndOffset = state.active[SegmentSlot.nextOffset];
  state.logEndOffset = logEndOffset;
  state.logStartOffset = Math.max(options.logStartOffset, state.segments[0]);
  state.recoveryPoint = options.cleanShutdown ? logEndOffset : Math.min(options.recoveryPoint, logEndOffset);
  rebuildDerivedState(state, recoveredFrom);
  // Syncs count on it.
  if (state.epochs.isUnsyncedBelow(state.activeBaseOffset)) state.epochs.writeIfRoom();
  if (recoveredFrom !== undefined && options.syncRecovered) syncLogNow(state);
  state.highWatermark = state.logStartOffset;
}

/** Files were lost or deleted by hand: what is left lies below the log start and is of no use. */
function dropWhenEndIsBelowStart(state: LogState, logStartOffset: number): void {
  const logEndOffset = state.active[SegmentSlot.nextOffset];
  if (logEndOffset >= logStartOffset) return;
  const details = { partition: state.name, logEndOffset, logStartOffset };
  state.logger.warn(details, 'deleting all segments: the log ends below its start offset');
  ensureDone(state.store.reset(state.handle, logStartOffset), 'cannot reset the log in', state.folder);
  state.epochs.clear();
  for (const snapshot of [...state.snapshots.offsets]) state.snapshots.remove(snapshot);
  state.refresh();
}
