/**
 * One partition on its storage worker: stages batches in its log, writes them once a turn, publishes the new offsets, and
 * answers each batch when its `acks` allows. Durability is grouped: while one sync runs, everything that is written
 * meanwhile waits for the next one.
 */
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Uuid } from '../base/uuid.ts';
import { errnoName } from '../native/file-space.ts';
import type { LogStore } from '../native/log-store.ts';
import { ErrorCode } from '../protocol/errors.ts';
import { type PartitionTable, RowSlot, RowState } from '../ring/partition-table.ts';
import { AppendOrigin } from '../storage/append-origin.ts';
import { AppendOutcome } from '../storage/append-outcome.ts';
import type { BatchMemory } from '../storage/batch-memory.ts';
import type { CleanedGroup } from '../storage/cleaner/clean-job.ts';
import type { CleanableState } from '../storage/cleaner/cleanable.ts';
import { isDirectoryFault } from '../storage/directory-fault.ts';
import type { Log, ScrubSegment } from '../storage/log.ts';
import type { MoveState, MoveTarget } from '../storage/move/finish-move.ts';
import { NO_GUARD } from '../storage/producer/verification-states.ts';
import type { DamagedRange } from '../storage/scrub/damage-list.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { StorageCounters } from '../telemetry/thread-counters.ts';
import { writeAppendDetail } from './append-detail.ts';
import type { DynamicStorageSettings } from './storage-host-settings.ts';
import { CompletionOp, Work, WorkOp } from './work-descriptors.ts';

export interface PartitionContext {
  readonly settings: DynamicStorageSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly store: LogStore;
  readonly table: PartitionTable;
  /** Null unless metrics are exposed. */
  readonly counters: StorageCounters | null;
  complete(
    sender: number,
    op: number,
    token: number,
    errorCode: number,
    baseOffset: number,
    logAppendTimeMs: number,
    logStartOffset: number,
    detailBytes: number,
  ): void;
  /** Tells the I/O threads whose fetches wait for the row. */
  rowChanged(row: number): void;
  /** Shows senders what was completed outside of a turn. */
  publish(): void;
  /** `ofDirectory`: the fault is one of the whole log directory. */
  onOffline(row: number, fault: string, ofDirectory: boolean): void;
}

/** A batch that waits for its write, and then maybe for its sync. */
class StagedBatch {
  readonly outcome = new AppendOutcome();
  sender = 0;
  token = 0;
  acks = 0;
  /** Where the batch lies, for the details of an error. */
  memory!: BatchMemory;
  offset = 0;
  sizeBytes = 0;
}

const DURABLE = -1;
/** Produce from here on begins transactions by writing (KIP-890). */
const IMPLICIT_TRANSACTION_VERSION = 12;
/** What is said to the log of the batch being staged. Per thread. */
const appendContext = { verificationGuard: NO_GUARD, transactionVersion: 0, supportsEpochBump: false };
/** A topic with `flush.messages` of 1 answers nothing before it is synced. */
const SYNC_EVERY_MESSAGE = 1;

export class Partition {
  readonly row: number;
  #log: Log;
  readonly #context: PartitionContext;
  #staged: StagedBatch[] = [];
  /** Written, answered when the log is synced up to them; in the order of their offsets. */
  #unsynced: StagedBatch[] = [];
  #syncing = false;
  #flushTimerSet = false;
  #touched = false;
  #closed = false;
  #deleted = false;
  /** Why nothing is written or acknowledged any more. */
  #fault: string | null = null;
  /** The log's old place, until nobody reads there any more. */
  #movedFrom: Log | undefined;
  #moving = false;
  #onSyncEnded: () => void = () => {};

  constructor(row: number, log: Log, context: PartitionContext) {
    this.row = row;
    this.#log = log;
    this.#context = context;
    context.counters?.rowTaken(row);
    this.publishOffsets();
  }

  get log(): Log {
    return this.#log;
  }

  /** Takes one descriptor; true when the partition has work to write that it had not before. */
  stage(sender: number, memory: BatchMemory, slots: Float64Array, at: number): boolean {
    const batch = free.pop() ?? new StagedBatch();
    batch.sender = sender;
    batch.memory = memory;
    batch.token = slots[at + Work.token];
    batch.acks = slots[at + Work.acks];
    batch.offset = slots[at + Work.offset];
    batch.sizeBytes = slots[at + Work.sizeBytes];
    if (this.#fault !== null) {
      // It may have served another batch.
      batch.outcome.reset(-1);
      batch.outcome.fail(ErrorCode.KAFKA_STORAGE_ERROR, this.#fault);
      this.#answer(batch);
      return false;
    }
    const origin = slots[at + Work.op] === WorkOp.append ? AppendOrigin.client : AppendOrigin.coordinator;
    const transaction = slots[at + Work.transaction];
    appendContext.verificationGuard = transaction;
    appendContext.transactionVersion = transaction;
    appendContext.supportsEpochBump = slots[at + Work.apiVersion] >= IMPLICIT_TRANSACTION_VERSION;
    this.log.stage(memory, batch.offset, batch.sizeBytes, origin, batch.outcome, appendContext);
    if (!batch.outcome.isPending) {
      this.#noteFault();
      // A duplicate is answered like its original: with acks=all once it is durable.
      if (batch.outcome.errorCode === ErrorCode.NONE) this.#settle(batch);
      else this.#answer(batch);
      return false;
    }
    this.#staged.push(batch);
    const first = !this.#touched;
    this.#touched = true;
    return first;
  }

  /** Writes everything staged. */
  write(): void {
    this.#touched = false;
    const staged = this.#staged;
    this.#staged = [];
    this.log.write();
    this.#noteFault();
    this.log.setHighWatermark(this.log.logEndOffset);
    this.publishOffsets();
    if (this.#context.counters) countAppends(this.#context.counters, this.row, staged);
    for (const batch of staged) this.#settle(batch);
    this.#syncIfDue();
    this.#context.rowChanged(this.row);
  }

  /** Copies the log's offsets into the table that all threads read. */
  publishOffsets(): void {
    const { table } = this.#context;
    const { log, row } = this;
    // Before the offset that lets readers see what was aborted.
    table.set(row, RowSlot.lastAbortedOffset, log.lastAbortedOffset);
    table.set(row, RowSlot.logEndOffset, log.logEndOffset);
    table.set(row, RowSlot.highWatermark, log.highWatermark);
    table.set(row, RowSlot.lastStableOffset, log.lastStableOffset);
    table.set(row, RowSlot.logStartOffset, log.logStartOffset);
    table.set(row, RowSlot.leaderEpoch, log.leaderEpoch);
    table.set(row, RowSlot.recoveryPoint, log.recoveryPoint);
    table.set(row, RowSlot.damagedRanges, log.damage.length);
  }

  checkRetention(): void {
    if (this.#fault !== null) return;
    const startBefore = this.log.logStartOffset;
    const removed = this.#deleteOldSegments();
    if (removed === 0 && this.log.logStartOffset === startBefore) return;
    this.publishOffsets();
    this.#context.rowChanged(this.row);
  }

  /** See Log.cleanable. Closed segments that are not synced yet are synced for the next time. */
  cleanable(checkpoint: number | undefined): CleanableState | undefined {
    const { log } = this;
    const state = log.cleanable(checkpoint);
    this.#noteFault();
    if (state && log.recoveryPoint < log.segments[log.segments.length - 1]) this.#sync();
    return state;
  }

  /** Puts a cleaned segment in its place, unless the log is another one by now or has changed. */
  swapCleaned(topicId: Uuid, group: CleanedGroup): boolean {
    if (this.log.topicId !== topicId || this.log.fault || this.#fault !== null || this.#moving) return false;
    const swapped = this.log.swapCleaned(group);
    this.#noteFault();
    if (swapped) this.publishOffsets();
    return swapped;
  }

  expireProducers(): void {
    this.log.removeExpiredProducers();
  }

  /** Prepares a move to another log directory: until it ends or is given up, the log is not cleaned. */
  beginMove(target: MoveTarget): void {
    this.#ensureMovable();
    this.log.beginMove(target);
    this.#moving = true;
  }

  moveState(roll: boolean): MoveState {
    this.#ensureMovable();
    const state = this.log.moveState(roll);
    this.#noteFault();
    return state;
  }

  /**
   * Ends a move between two appends; returns the bytes that must be copied first, 0 when the log lies in its new place.
   * The old one can still be read, until `closeMoved`.
   */
  finishMove(target: MoveTarget, copiedTo: number): number {
    this.#ensureMovable();
    const moved = this.log.finishMove(target, copiedTo);
    if (typeof moved === 'number') return moved;
    this.#movedFrom = this.#log;
    this.#log = moved;
    this.#moving = false;
    this.#context.table.set(this.row, RowSlot.log, moved.handle);
    this.publishOffsets();
    // The copy is durable, so everything that waited for a sync of the old log is.
    this.#answerSynced();
    this.#context.publish();
    return 0;
  }

  /** See Log.noteDamage. */
  noteDamage(segment: ScrubSegment, ranges: readonly DamagedRange[]): DamagedRange[] {
    const added = this.log.noteDamage(segment, ranges);
    this.#context.table.set(this.row, RowSlot.damagedRanges, this.log.damage.length);
    return added;
  }

  /** The move is given up. */
  cancelMove(): void {
    this.#moving = false;
  }

  /** Nobody reads in the log's old place any more; returns its folder, to be removed. */
  closeMoved(): string | undefined {
    const old = this.#movedFrom;
    this.#movedFrom = undefined;
    old?.abandon();
    return old?.folder;
  }

  #ensureMovable(): void {
    if (this.#fault !== null) throw new Error(this.#fault);
    if (this.#movedFrom) throw new Error(`${this.log.folder}: the last move has not ended yet`);
  }

  /**
   * The log cannot be trusted any more: it is not written or read from now on. Who waits for a sync is told that it
   * failed; whether the records are there will show when the log is next opened.
   */
  goOffline(fault: string): void {
    if (this.#fault !== null) return;
    this.#fault = fault;
    this.#context.table.set(this.row, RowSlot.state, RowState.offline);
    this.#refuseUnsynced(ErrorCode.KAFKA_STORAGE_ERROR, fault);
    this.#context.rowChanged(this.row);
  }

  /** Ends everything but a sync under way. */
  close(): void {
    this.#closed = true;
    this.#refuseUnsynced(ErrorCode.NOT_LEADER_OR_FOLLOWER, null);
  }

  /** The same before a deletion: whether a sync under way succeeds is of no interest any more. */
  closeForDeletion(): void {
    this.#deleted = true;
    this.close();
  }

  /** Resolves when no sync is under way; call it after `close`. */
  syncEnded(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#syncing) this.#onSyncEnded = resolve;
      else resolve();
    });
  }

  /** After `close` and `syncEnded`: makes the log durable, beside those of others. Whether it worked, `closeLog` tells. */
  syncToClose(): Promise<void> {
    if (this.#fault !== null || this.log.fault) return Promise.resolve();
    return new Promise((resolve) => {
      this.log.sync((result) => {
        if (result < 0) this.#fault = `cannot sync the log in ${this.log.folder}: ${errnoName(result)}`;
        resolve();
      });
    });
  }

  /**
   * After `close` and `syncEnded`: makes the log durable and closes it. Throws when it cannot be trusted to be. Without
   * `durable` the caller syncs it, and publishes its offsets then.
   */
  closeLog(durable: boolean): void {
    this.#movedFrom?.abandon();
    if (this.#fault !== null) {
      this.log.abandon();
      throw new Error(this.#fault);
    }
    this.log.close(durable);
    if (durable) this.publishOffsets();
  }

  #settle(batch: StagedBatch): void {
    // The log failed in the same turn, behind this batch.
    if (this.#fault !== null && batch.outcome.errorCode === ErrorCode.NONE)
      batch.outcome.fail(ErrorCode.KAFKA_STORAGE_ERROR, this.#fault);
    const { syncAcksAll } = this.#context.settings;
    const everyMessage = this.log.config.flushMessages === SYNC_EVERY_MESSAGE;
    const mustSync = everyMessage || (batch.acks === DURABLE && syncAcksAll);
    if (mustSync && batch.outcome.errorCode === ErrorCode.NONE && batch.outcome.lastOffset >= this.log.recoveryPoint) {
      this.#unsynced.push(batch);
      this.#sync();
    } else {
      this.#answer(batch);
    }
  }

  #answer(batch: StagedBatch): void {
    const { errorCode, baseOffset, logAppendTimeMs, logStartOffset } = batch.outcome;
    const detailBytes = errorCode === ErrorCode.NONE ? 0 : writeDetail(batch);
    const { verificationGuard } = batch.outcome;
    this.#context.complete(
      batch.sender,
      verificationGuard > NO_GUARD ? CompletionOp.needsVerification : CompletionOp.done,
      batch.token,
      errorCode,
      verificationGuard > NO_GUARD ? verificationGuard : baseOffset,
      logAppendTimeMs,
      logStartOffset,
      detailBytes,
    );
    free.push(batch);
  }

  /** `flush.messages` and `flush.ms`. */
  #syncIfDue(): void {
    const { flushMessages, flushMs } = this.log.config;
    const unsyncedMessages = this.log.logEndOffset - this.log.recoveryPoint;
    // A finished segment is synced soon, whatever `acks` were: else the recovery point would never move.
    if (unsyncedMessages >= flushMessages || this.log.rolledSinceSync) this.#sync();
    if (flushMs < Number.MAX_SAFE_INTEGER && !this.#flushTimerSet && unsyncedMessages > 0) {
      this.#flushTimerSet = true;
      this.#context.clock.schedule(flushMs, () => {
        this.#flushTimerSet = false;
        if (this.log.logEndOffset > this.log.recoveryPoint) this.#sync();
      });
    }
  }

  #sync(): void {
    if (this.#syncing || this.#closed || this.#fault !== null) return;
    this.#syncing = true;
    const { counters, clock } = this.#context;
    const startedMs = counters ? clock.monotonicMs() : 0;
    const { log } = this;
    log.sync((result) => {
      this.#syncing = false;
      counters?.synced(clock.monotonicMs() - startedMs);
      // What a move has left behind is durable elsewhere.
      if (result < 0 && !this.#deleted && log === this.log) this.#failSync(result);
      else if (!this.#closed) {
        this.#answerSynced();
        this.#context.publish();
      }
      this.#onSyncEnded();
    });
  }

  /** What the kernel could not write it may have dropped: a second sync would succeed and lie. */
  #failSync(result: number): void {
    this.#fail(`${this.log.folder}: fdatasync failed with ${errnoName(result)}`, true);
    this.#context.publish();
  }

  #fail(fault: string, ofDirectory: boolean): void {
    if (this.#fault !== null) return;
    this.goOffline(fault);
    this.#context.onOffline(this.row, fault, ofDirectory);
  }

  /** Goes offline when the log has found itself to be unusable. */
  #noteFault(): void {
    const { fault } = this.log;
    if (fault) this.#fail(fault.message, isDirectoryFault(fault.errno));
  }

  #deleteOldSegments(): number {
    try {
      return this.log.deleteOldSegments();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      const { folder } = this.log;
      if (isDirectoryFault(error.errno)) this.#fail(error.message, true);
      else this.#context.logger.warn({ folder, error: error.message }, 'retention could not do its work');
      // It begins a segment where all others have to go.
      this.#noteFault();
      return 0;
    }
  }

  #refuseUnsynced(errorCode: ErrorCode, message: string | null): void {
    const waiting = this.#unsynced;
    this.#unsynced = [];
    for (const batch of waiting) {
      batch.outcome.fail(errorCode, message);
      this.#answer(batch);
    }
  }

  #answerSynced(): void {
    const { recoveryPoint } = this.log;
    this.#context.table.set(this.row, RowSlot.recoveryPoint, recoveryPoint);
    const waiting = this.#unsynced;
    let done = 0;
    while (done < waiting.length && waiting[done].outcome.lastOffset < recoveryPoint) this.#answer(waiting[done++]);
    if (done === waiting.length) this.#unsynced = [];
    else if (done > 0) waiting.splice(0, done);
    if (this.#unsynced.length > 0) this.#sync();
  }
}

function countAppends(counters: StorageCounters, row: number, staged: readonly StagedBatch[]): void {
  let messages = 0;
  let bytes = 0;
  for (const { outcome, sizeBytes } of staged) {
    if (outcome.errorCode !== ErrorCode.NONE) continue;
    messages += outcome.lastOffset - outcome.baseOffset + 1;
    bytes += sizeBytes;
  }
  counters.appended(row, messages, bytes);
}

/** Batches that were answered, to be used again. Per thread. */
const free: StagedBatch[] = [];

function writeDetail({ outcome, memory, offset, sizeBytes }: StagedBatch): number {
  const { message, recordErrors: records } = outcome;
  return writeAppendDetail({ message, records }, memory.bytes, offset, sizeBytes);
}
