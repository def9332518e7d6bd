import { ErrorCode } from '../../protocol/errors.ts';
import { addSequence } from '../../protocol/records/batch-header.ts';
import { AppendOrigin } from '../append-origin.ts';
import { ProducerEntry } from './producer-entry.ts';
import { VerificationStates } from './verification-states.ts';

/**
 * The producers of one partition: sequences and epochs of idempotent producers, open and finished transactions. Pure
 * state: no files, no clock. Follows Kafka's ProducerStateManager.
 *
 * Changes between two calls of `commit` can be undone with `rollback`, so that batches can be checked one after the
 * other before any of them is written.
 *
 * Thread: the log's owner.
 */

export interface Transaction {
  readonly producerId: number;
  readonly firstOffset: number;
  /** Offset of the marker, -1 while the transaction is open. */
  readonly lastOffset: number;
}

export interface CompletedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly aborted: boolean;
  /** What `.txnindex` keeps with an aborted transaction: the last stable offset that its end made possible. */
  readonly lastStableOffset: number;
}

export interface ProducerStateOptions {
  /** `producer.id.expiration.ms` */
  readonly producerIdExpirationMs: number;
  /** `transaction.partition.verification.enable` */
  readonly verificationEnabled: boolean;
}

/** A data batch of a producer, as ProducerState wants it. The caller reuses one. */
export interface ProducerBatch {
  producerId: number;
  producerEpoch: number;
  baseSequence: number;
  baseOffset: number;
  lastOffset: number;
  maxTimestamp: number;
  isTransactional: boolean;
}

export interface TransactionMarker {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly coordinatorEpoch: number;
  readonly aborted: boolean;
  readonly offset: number;
  readonly timestamp: number;
  /** `transaction.version`: from 2 on each transaction has an epoch of its own, so a marker's must be a new one. */
  readonly transactionVersion: number;
}

/** Entries kept for undoing. */
const SPARES_MAX = 16;

export class ProducerState {
  #options: ProducerStateOptions;
  readonly #entries = new Map<number, ProducerEntry>();
  readonly verifications = new VerificationStates();
  /** By first offset, ascending. */
  #ongoing = new Map<number, Transaction>();
  /** Finished, but their markers lie at or above the high watermark. Ascending by first offset. */
  #unreplicated: Transaction[] = [];
  /** Undo: entries that were changed since the last commit. */
  readonly #changed: ProducerEntry[] = [];
  #changedCount = 0;
  /** Entries that served an undo, to serve again. */
  readonly #spares: ProducerEntry[] = [];
  #savedTransactions: { ongoing: Map<number, Transaction>; unreplicated: Transaction[] } | undefined;

  constructor(options: ProducerStateOptions) {
    this.#options = options;
  }

  setOptions(options: ProducerStateOptions): void {
    this.#options = options;
  }

  get entries(): ReadonlyMap<number, ProducerEntry> {
    return this.#entries;
  }

  /**
   * Whether a transactional batch of the producer begins a transaction here, so that its coordinator has to be asked
   * first. Producers that leave the beginning of their transactions to us are asked for even where nobody checks.
   */
  mustVerify(producerId: number, producerEpoch: number, supportsEpochBump: boolean): boolean {
    if (!this.#options.verificationEnabled && !supportsEpochBump) return false;
    const entry = this.#entries.get(producerId);
    if (!entry || producerEpoch > entry.epoch) return true;
    return producerEpoch === entry.epoch && entry.currentTxnFirstOffset < 0;
  }

  /** First offset whose fate is open, or whose marker is not replicated yet; -1 when there is none. */
  get firstUnstableOffset(): number {
    const undecided = this.firstUndecidedOffset;
    const unreplicated = this.#unreplicated.length === 0 ? -1 : this.#unreplicated[0].firstOffset;
    if (undecided < 0) return unreplicated;
    return unreplicated < 0 ? undecided : Math.min(undecided, unreplicated);
  }

  /** First offset of the oldest open transaction, -1 when there is none. */
  get firstUndecidedOffset(): number {
    for (const firstOffset of this.#ongoing.keys()) return firstOffset;
    return -1;
  }

  /**
   * Which of the producer's retained batches this one repeats: its place in the entry, -1 when none. A repeated batch is
   * answered as if it had been appended now.
   */
  findDuplicate(producerId: number, producerEpoch: number, baseSequence: number, lastOffsetDelta: number): number {
    const entry = this.#entries.get(producerId);
    if (!entry || entry.epoch !== producerEpoch) return -1;
    return entry.findBatch(baseSequence, addSequence(baseSequence, lastOffsetDelta));
  }

  /**
   * Checks a data batch and takes it in. Returns an ErrorCode; nothing has changed unless it is NONE.
   * `verificationGuard` is what `verifications.start` gave for this request, 0 without.
   */
  appendBatch(batch: ProducerBatch, origin: AppendOrigin, verificationGuard: number): ErrorCode {
    const { producerId, producerEpoch } = batch;
    const entry = this.#entries.get(producerId);
    const hasTransaction = entry !== undefined && entry.currentTxnFirstOffset >= 0;
    if (origin !== AppendOrigin.replication) {
      if (entry && producerEpoch < entry.epoch) return ErrorCode.INVALID_PRODUCER_EPOCH;
      if (batch.isTransactional && !hasTransaction && this.#options.verificationEnabled)
        if (!this.verifications.isVerified(producerId, verificationGuard)) return ErrorCode.INVALID_TXN_STATE;
    }
    if (origin === AppendOrigin.client) {
      const fault = this.#checkSequence(entry, batch);
      if (fault !== ErrorCode.NONE) return fault;
    }
    if (hasTransaction && !batch.isTransactional) return ErrorCode.INVALID_TXN_STATE;
    const updated = this.#change(producerId);
    const offsetDelta = batch.lastOffset - batch.baseOffset;
    updated.setEpoch(producerEpoch);
    // A coordinator's batches have no sequences.
    const lastSequence = batch.baseSequence < 0 ? -1 : addSequence(batch.baseSequence, offsetDelta);
    updated.addBatch(lastSequence, batch.lastOffset, offsetDelta, batch.maxTimestamp);
    if (batch.isTransactional) {
      if (!hasTransaction) this.#startTransaction(updated, batch.baseOffset);
      this.verifications.clear(producerId);
    }
    return ErrorCode.NONE;
  }

  #checkSequence(entry: ProducerEntry | undefined, batch: ProducerBatch): ErrorCode {
    const { baseSequence } = batch;
    const outOfOrder = ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER;
    const verification = this.verifications.get(batch.producerId);
    if (verification) {
      // KIP-890: such producers always begin an epoch at 0, so other sequences mean that batches were lost.
      if (verification.supportsEpochBump && baseSequence !== 0 && (!entry || entry.batchCount === 0)) return outOfOrder;
      if (baseSequence > verification.lowestSequence) return outOfOrder;
    }
    // Nothing is known of the producer (any more): its state may have expired or been deleted with the records.
    if (!entry || entry.epoch === -1) return ErrorCode.NONE;
    if (batch.producerEpoch !== entry.epoch) return baseSequence === 0 ? ErrorCode.NONE : outOfOrder;
    return baseSequence === addSequence(entry.lastSequence, 1) ? ErrorCode.NONE : outOfOrder;
  }

  #startTransaction(entry: ProducerEntry, firstOffset: number): void {
    this.#saveTransactions();
    entry.currentTxnFirstOffset = firstOffset;
    this.#ongoing.set(firstOffset, { producerId: entry.producerId, firstOffset, lastOffset: -1 });
  }

  /**
   * Checks a marker without taking it in: INVALID_PRODUCER_EPOCH, TRANSACTION_COORDINATOR_FENCED or NONE. Markers that
   * were checked by a leader are not checked again.
   */
  checkMarker(marker: TransactionMarker): ErrorCode {
    const entry = this.#entries.get(marker.producerId);
    if (!entry) return ErrorCode.NONE;
    const { producerEpoch } = marker;
    const isRepeated = producerEpoch === entry.epoch && entry.currentTxnFirstOffset < 0;
    const isNewEnough =
      marker.transactionVersion >= 2 ? producerEpoch > entry.epoch || isRepeated : producerEpoch >= entry.epoch;
    if (!isNewEnough) return ErrorCode.INVALID_PRODUCER_EPOCH;
    if (marker.coordinatorEpoch < entry.coordinatorEpoch) return ErrorCode.TRANSACTION_COORDINATOR_FENCED;
    return ErrorCode.NONE;
  }

  /** Takes a marker in. Returns the transaction that it ends; undefined when the producer had none here. */
  appendMarker(marker: TransactionMarker): CompletedTransaction | undefined {
    const entry = this.#change(marker.producerId);
    const firstOffset = entry.currentTxnFirstOffset;
    entry.setEpoch(marker.producerEpoch);
    entry.coordinatorEpoch = marker.coordinatorEpoch;
    entry.lastTimestamp = marker.timestamp;
    entry.currentTxnFirstOffset = -1;
    this.verifications.clear(marker.producerId);
    if (firstOffset < 0) return undefined;
    this.#saveTransactions();
    const { producerId, offset: lastOffset, aborted } = marker;
    const lastStableOffset = this.#firstOngoingOfOthers(producerId) ?? lastOffset + 1;
    this.#ongoing.delete(firstOffset);
    const place = this.#unreplicated.findIndex((other) => other.firstOffset > firstOffset);
    this.#unreplicated.splice(place < 0 ? this.#unreplicated.length : place, 0, {
      producerId,
      firstOffset,
      lastOffset,
    });
    return { producerId, firstOffset, lastOffset, aborted, lastStableOffset };
  }

  #firstOngoingOfOthers(producerId: number): number | undefined {
    for (const transaction of this.#ongoing.values())
      if (transaction.producerId !== producerId) return transaction.firstOffset;
    return undefined;
  }

  /** Finished transactions whose markers lie below the offset are no longer unstable. */
  onHighWatermark(offset: number): void {
    if (this.#unreplicated.length > 0)
      this.#unreplicated = this.#unreplicated.filter(({ lastOffset }) => lastOffset >= offset);
  }

  /** Forgets producers that have been idle too long and have no open transaction. Returns how many. */
  removeExpired(nowMs: number): number {
    const before = this.#entries.size;
    for (const entry of this.#entries.values())
      if (this.#isExpired(entry, nowMs)) this.#entries.delete(entry.producerId);
    this.verifications.removeExpired(nowMs, this.#options.producerIdExpirationMs);
    return before - this.#entries.size;
  }

  #isExpired(entry: ProducerEntry, nowMs: number): boolean {
    return entry.currentTxnFirstOffset < 0 && nowMs - entry.lastTimestamp >= this.#options.producerIdExpirationMs;
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.clear();
    this.#ongoing.clear();
    this.#unreplicated = [];
    this.commit();
  }

  /** Starts from the content of a snapshot. */
  load(entries: readonly ProducerEntry[], nowMs: number): void {
    this.clear();
    for (const entry of entries) if (!this.#isExpired(entry, nowMs)) this.#entries.set(entry.producerId, entry);
    const open = [...this.#entries.values()].filter((entry) => entry.currentTxnFirstOffset >= 0);
    open.sort((a, b) => a.currentTxnFirstOffset - b.currentTxnFirstOffset);
    for (const { producerId, currentTxnFirstOffset: firstOffset } of open)
      this.#ongoing.set(firstOffset, { producerId, firstOffset, lastOffset: -1 });
  }

  /** Keeps all changes. */
  commit(): void {
    for (let at = 0; at < this.#changedCount; at++) {
      const entry = this.#changed[at];
      if (entry.saved && this.#spares.length < SPARES_MAX) this.#spares.push(entry.saved);
      entry.saved = null;
      entry.isChanged = false;
    }
    this.#changedCount = 0;
    this.#savedTransactions = undefined;
  }

  /** Undoes all changes since the last commit. */
  rollback(): void {
    for (let at = 0; at < this.#changedCount; at++) {
      const entry = this.#changed[at];
      if (entry.saved) entry.copyFrom(entry.saved);
      else this.#entries.delete(entry.producerId);
    }
    if (this.#savedTransactions) {
      this.#ongoing = this.#savedTransactions.ongoing;
      this.#unreplicated = this.#savedTransactions.unreplicated;
    }
    this.commit();
  }

  /** The producer's entry, for changing; made when missing, and saved as it was. */
  #change(producerId: number): ProducerEntry {
    let entry = this.#entries.get(producerId);
    if (entry?.isChanged) return entry;
    if (entry) {
      entry.saved = this.#spares.pop() ?? new ProducerEntry(producerId);
      entry.saved.copyFrom(entry);
    } else {
      entry = new ProducerEntry(producerId);
      this.#entries.set(producerId, entry);
    }
    entry.isChanged = true;
    this.#changed[this.#changedCount++] = entry;
    return entry;
  }

  #saveTransactions(): void {
    this.#savedTransactions ??= { ongoing: new Map(this.#ongoing), unreplicated: [...this.#unreplicated] };
  }
}
