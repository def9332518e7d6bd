import { BATCH_STRIDE, BatchSlot } from '../native/log-store.ts';
import { ErrorCode } from '../protocol/errors.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { BatchAttribute, NO_TIMESTAMP, RecordBatchView } from '../protocol/records/batch-header.ts';
import type { CompressionType } from '../protocol/records/compression.ts';
import { AppendList } from './append-list.ts';
import { AppendOrigin } from './append-origin.ts';
import type { AppendOutcome } from './append-outcome.ts';
import { tooLargeText, validateBatch } from './append-validation.ts';
import { type BatchMemory, registerBatchMemory } from './batch-memory.ts';
import { rebuildBatch, targetCodec } from './batch-rebuild.ts';
import { isDirectoryFault } from './directory-fault.ts';
import type { LogState } from './log-state.ts';
import { readTransactionMarker } from './producer/control-marker.ts';
import { indexAborted, takeBackAborted } from './producer/index-aborted.ts';
import type { CompletedTransaction, ProducerBatch } from './producer/producer-state.ts';
import { NO_GUARD } from './producer/verification-states.ts';
import { rollSegment, shouldRoll } from './segment-roll.ts';
import { StorageError } from './storage-error.ts';

/**
 * The append path of a leader, made for batching over requests: `stage` checks a batch, gives it its offsets and queues
 * it; `write` puts all queued batches behind the active segment with one call of the storage engine. The producers'
 * state follows each staged batch at once, so that the next one is checked against it, and is undone when the write
 * fails. A batch that needs a new segment first writes what is queued.
 *
 * On the plain path (no producer id, codec and timestamps as they should be) nothing is allocated per batch.
 *
 * Thread: the log's owner.
 */

/** Batches queued before they are written on their own account. */
const STAGED_BATCHES_MAX = 1024;

/** What a request knows beyond the batch itself. */
export interface AppendContext {
  /** From `AppendOutcome.verificationGuard`, or VOUCHED: the coordinator has confirmed the transaction. */
  readonly verificationGuard: number;
  /** `transaction.version` under which a marker was written. */
  readonly transactionVersion: number;
  /** The producer's transactions have epochs of their own, and are begun by what it writes (KIP-890). */
  readonly supportsEpochBump?: boolean;
}

/** Guard of a coordinator of this broker, which orders its appends and markers itself. */
export const VOUCHED = -1;

const NO_CONTEXT: AppendContext = { verificationGuard: NO_GUARD, transactionVersion: 0 };

interface Incoming {
  memory: BatchMemory | undefined;
  offset: number;
  sizeBytes: number;
  /** The memory holds what was made anew for the topic's codec; timestamps are right already. */
  isRebuilt: boolean;
  origin: AppendOrigin;
  context: AppendContext;
  guard: number;
  nowMs: number;
}

export class LogAppender {
  readonly #state: LogState;
  readonly #facts = new Float64Array(BATCH_STRIDE);
  readonly #list = new AppendList();
  /** The batch being staged. */
  readonly #incoming: Incoming = {
    memory: undefined,
    offset: 0,
    sizeBytes: 0,
    isRebuilt: false,
    origin: AppendOrigin.client,
    context: NO_CONTEXT,
    guard: NO_GUARD,
    nowMs: 0,
  };
  /** Log end offset when all staged batches are written. */
  #stagedEndOffset = 0;
  /** Of staged batches, and of repetitions of staged batches. */
  #outcomes: AppendOutcome[] = [];
  /** Memories with rebuilt batches, to be given back after the write. */
  #scratch: BatchMemory[] = [];
  #completed: CompletedTransaction[] = [];
  readonly #producerBatch: ProducerBatch = {
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    baseOffset: -1,
    lastOffset: -1,
    maxTimestamp: -1,
    isTransactional: false,
  };

  constructor(state: LogState) {
    this.#state = state;
    this.#stagedEndOffset = state.logEndOffset;
  }

  get stagedCount(): number {
    return this.#list.count;
  }

  /** See Log.stage. */
  stage(
    memory: BatchMemory,
    offset: number,
    sizeBytes: number,
    origin: AppendOrigin,
    outcome: AppendOutcome,
    context: AppendContext = NO_CONTEXT,
  ): void {
    const state = this.#state;
    outcome.reset(state.logStartOffset);
    if (state.fault) {
      outcome.fail(ErrorCode.KAFKA_STORAGE_ERROR, state.fault.message);
      return;
    }
    const facts = this.#facts;
    const nowMs = state.clock.wallMs();
    const batchBytes = validateBatch(state, memory, offset, sizeBytes, origin, nowMs, facts, outcome);
    if (batchBytes < 0) return;
    if (origin === AppendOrigin.client && facts[BatchSlot.producerId] >= 0 && this.#answerDuplicate(outcome)) return;
    const incoming = this.#incoming;
    incoming.memory = memory;
    incoming.offset = offset;
    incoming.sizeBytes = batchBytes;
    incoming.isRebuilt = false;
    incoming.origin = origin;
    incoming.context = context;
    incoming.guard = context.verificationGuard;
    incoming.nowMs = nowMs;
    const attributes = facts[BatchSlot.attributes];
    if (attributes & BatchAttribute.transactional && !this.#isVerified(outcome)) return;
    const codec = targetCodec(state.config, attributes);
    if (codec === (attributes & BatchAttribute.compressionMask) && facts[BatchSlot.deltasInOrder] === 1)
      this.#place(outcome);
    else this.#stageRebuilt(codec, outcome);
  }

  /** Answers a batch that the log has already as if it had been appended now. */
  #answerDuplicate(outcome: AppendOutcome): boolean {
    const facts = this.#facts;
    const { producers } = this.#state;
    const producerId = facts[BatchSlot.producerId];
    const { producerEpoch, baseSequence, lastOffsetDelta } = BatchSlot;
    const found = producers.findDuplicate(
      producerId,
      facts[producerEpoch],
      facts[baseSequence],
      facts[lastOffsetDelta],
    );
    if (found < 0) return false;
    const entry = producers.entries.get(producerId)!;
    outcome.isDuplicate = true;
    outcome.baseOffset = entry.batchFirstOffset(found);
    outcome.lastOffset = entry.batchLastOffset(found);
    // Also where the topic's type is CreateTime, as in Kafka.
    outcome.logAppendTimeMs = entry.batchTimestamp(found);
    if (outcome.lastOffset >= this.#state.logEndOffset) {
      // It repeats a batch that is staged itself and shares its fate.
      outcome.isPending = true;
      this.#outcomes.push(outcome);
    }
    return true;
  }

  /**
   * Whether a transactional batch needs no (further) word of its producer's coordinator. If it does, nothing is
   * appended: the outcome says so, and holds the guard to come back with.
   */
  #isVerified(outcome: AppendOutcome): boolean {
    const facts = this.#facts;
    const { origin, context } = this.#incoming;
    const { verificationGuard, supportsEpochBump = false } = context;
    if (facts[BatchSlot.attributes] & BatchAttribute.control) return true;
    // Refused by the producer's state.
    if (origin !== AppendOrigin.client && verificationGuard !== VOUCHED) return true;
    const { producers, clock } = this.#state;
    const producerId = facts[BatchSlot.producerId];
    // A marker may have come meanwhile, of the transaction before this batch's: then the coordinator is asked again.
    if (verificationGuard > NO_GUARD && producers.verifications.isVerified(producerId, verificationGuard)) return true;
    const producerEpoch = facts[BatchSlot.producerEpoch];
    if (producerId < 0 || !producers.mustVerify(producerId, producerEpoch, supportsEpochBump)) return true;
    const sequence = facts[BatchSlot.baseSequence];
    const { verifications } = producers;
    const guard = verifications.start(producerId, sequence, producerEpoch, supportsEpochBump, clock.wallMs());
    if (verificationGuard === VOUCHED) {
      this.#incoming.guard = guard;
      return true;
    }
    outcome.fail(ErrorCode.INVALID_TXN_STATE, null);
    outcome.verificationGuard = guard;
    return false;
  }

  #stageRebuilt(codec: CompressionType, outcome: AppendOutcome): void {
    const { store, config, validation } = this.#state;
    const incoming = this.#incoming;
    const appendTimeMs = config.messageTimestampType === 'LogAppendTime' ? incoming.nowMs : -1;
    const bytes = rebuildBatch(store, config, validation, incoming.memory!, incoming.offset, codec, appendTimeMs);
    if (bytes.length > config.maxMessageBytes) {
      outcome.fail(ErrorCode.MESSAGE_TOO_LARGE, tooLargeText(bytes.length, config));
      return;
    }
    const rebuilt = registerBatchMemory(store, bytes);
    incoming.memory = rebuilt;
    incoming.offset = 0;
    incoming.sizeBytes = bytes.length;
    incoming.isRebuilt = true;
    this.#place(outcome);
    if (outcome.isPending) this.#scratch.push(rebuilt);
    else store.releaseMemory(rebuilt.id);
  }

  /** Rolls when needed, takes the producer's state forward, and queues the batch. */
  #place(outcome: AppendOutcome): void {
    const state = this.#state;
    const facts = this.#facts;
    const { memory, offset, sizeBytes, isRebuilt, nowMs } = this.#incoming;
    if (sizeBytes > state.config.segmentBytes) {
      outcome.fail(ErrorCode.RECORD_LIST_TOO_LARGE, `a batch of ${sizeBytes} bytes is larger than a segment`);
      return;
    }
    const isAppendTime = state.config.messageTimestampType === 'LogAppendTime';
    const maxTimestamp = isAppendTime ? nowMs : facts[BatchSlot.recordsMaxTimestamp];
    const lastOffsetDelta = facts[BatchSlot.lastOffsetDelta];
    if (!this.#makeRoom(sizeBytes, maxTimestamp, lastOffsetDelta)) {
      outcome.fail(ErrorCode.KAFKA_STORAGE_ERROR, 'cannot begin a new segment');
      return;
    }
    const baseOffset = this.#stagedEndOffset;
    if (facts[BatchSlot.producerId] >= 0) {
      const fault = this.#followProducer(baseOffset, maxTimestamp);
      if (fault !== ErrorCode.NONE) {
        outcome.fail(fault, null);
        return;
      }
    }
    const isCreateTime = (facts[BatchSlot.attributes] & BatchAttribute.logAppendTime) === 0;
    const isCorrect = isRebuilt || isAppendTime || (isCreateTime && facts[BatchSlot.maxTimestamp] === maxTimestamp);
    if (!isCorrect && (!isCreateTime || maxTimestamp === NO_TIMESTAMP))
      setCreateTime(state, memory!, offset, maxTimestamp);
    const appendTimeMs = isAppendTime && !isRebuilt ? nowMs : -1;
    this.#list.add(memory!.id, offset, sizeBytes, baseOffset, appendTimeMs, isCorrect ? -1 : maxTimestamp);
    this.#stagedEndOffset = baseOffset + lastOffsetDelta + 1;
    outcome.baseOffset = baseOffset;
    outcome.lastOffset = baseOffset + lastOffsetDelta;
    if (isAppendTime) outcome.logAppendTimeMs = nowMs;
    outcome.isPending = true;
    this.#outcomes.push(outcome);
  }

  /** False when a needed roll fails. What is staged goes into the old segment first. */
  #makeRoom(batchBytes: number, maxTimestamp: number, lastOffsetDelta: number): boolean {
    const state = this.#state;
    const list = this.#list;
    if (list.count === STAGED_BATCHES_MAX) this.write();
    const lastOffset = this.#stagedEndOffset + lastOffsetDelta;
    if (!shouldRoll(state, list.sizeBytes + batchBytes, maxTimestamp, lastOffset)) return true;
    if (list.count > 0) {
      this.write();
      if (!shouldRoll(state, batchBytes, maxTimestamp, state.logEndOffset + lastOffsetDelta)) return true;
    }
    return rollSegment(state, this.#stagedEndOffset) === ErrorCode.NONE;
  }

  #followProducer(baseOffset: number, maxTimestamp: number): ErrorCode {
    const facts = this.#facts;
    const { origin, guard } = this.#incoming;
    const attributes = facts[BatchSlot.attributes];
    if (attributes & BatchAttribute.control) return this.#followMarker(baseOffset);
    const batch = this.#producerBatch;
    batch.producerId = facts[BatchSlot.producerId];
    batch.producerEpoch = facts[BatchSlot.producerEpoch];
    batch.baseSequence = facts[BatchSlot.baseSequence];
    batch.baseOffset = baseOffset;
    batch.lastOffset = baseOffset + facts[BatchSlot.lastOffsetDelta];
    batch.maxTimestamp = maxTimestamp;
    batch.isTransactional = (attributes & BatchAttribute.transactional) !== 0;
    return this.#state.producers.appendBatch(batch, origin, guard);
  }

  #followMarker(baseOffset: number): ErrorCode {
    const { producers } = this.#state;
    const { memory, offset, context } = this.#incoming;
    try {
      const marker = readTransactionMarker(memory!.bytes, offset, baseOffset, context.transactionVersion);
      if (!marker) return ErrorCode.NONE;
      const fault = producers.checkMarker(marker);
      if (fault !== ErrorCode.NONE) return fault;
      const completed = producers.appendMarker(marker);
      if (completed?.aborted) this.#completed.push(completed);
      return ErrorCode.NONE;
    } catch (error) {
      if (error instanceof ProtocolError) return ErrorCode.INVALID_RECORD;
      throw error;
    }
  }

  /** See Log.write. */
  write(): void {
    if (this.#list.count > 0) this.#writeStaged();
    // Setting a length is slow, even to what it is.
    if (this.#outcomes.length > 0) this.#outcomes = [];
    if (this.#completed.length > 0) this.#completed = [];
    if (this.#scratch.length === 0) return;
    for (const { id } of this.#scratch) this.#state.store.releaseMemory(id);
    this.#scratch = [];
  }

  #writeStaged(): void {
    const state = this.#state;
    const errorText = this.#storeBatches(state.leaderEpoch);
    this.#list.clear();
    if (errorText !== undefined) {
      state.producers.rollback();
      this.#stagedEndOffset = state.logEndOffset;
      for (const outcome of this.#outcomes) outcome.fail(ErrorCode.KAFKA_STORAGE_ERROR, errorText);
      return;
    }
    state.logEndOffset = this.#stagedEndOffset;
    state.producers.commit();
    for (const outcome of this.#outcomes) outcome.isPending = false;
  }

  /** Undefined on success, else what went wrong. */
  #storeBatches(leaderEpoch: number): string | undefined {
    const state = this.#state;
    const list = this.#list;
    const segment = state.activeBaseOffset;
    try {
      if (leaderEpoch >= 0 && leaderEpoch !== state.epochs.latestEpoch)
        state.epochs.assign(leaderEpoch, state.logEndOffset);
      indexAborted(state, segment, this.#completed);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      state.logger.error({ partition: state.name, err: error }, 'cannot note an aborted transaction');
      if (isDirectoryFault(error.errno)) state.fault = error;
      return error.message;
    }
    const result = state.store.append(state.handle, leaderEpoch, list.slots, list.count, state.active);
    if (result >= 0) return undefined;
    takeBackAborted(state, segment, this.#completed.length);
    state.logger.error({ partition: state.name, errno: result }, 'cannot append to the log');
    const failure = new StorageError('cannot append to', state.folder, result);
    if (isDirectoryFault(result)) state.fault = failure;
    return failure.message;
  }

  /** The log end moved by other means than an append. */
  resync(): void {
    if (this.#list.count > 0) throw new Error('the log was changed while batches were staged');
    this.#stagedEndOffset = this.#state.logEndOffset;
  }
}

/**
 * Corrects what the store does not correct itself: the greatest timestamp of a batch whose records have none, and the
 * timestamp type LogAppendTime set by a client.
 */
function setCreateTime(state: LogState, memory: BatchMemory, offset: number, maxTimestamp: number): void {
  const batch = new RecordBatchView(memory.bytes, offset);
  batch.setMaxTimestamp(false, maxTimestamp, (bytes, start, end) => state.store.crc32c(bytes, start, end));
}
