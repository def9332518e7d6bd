import { ErrorCode } from '../protocol/errors.ts';
import { BATCH_HEADER_BYTES, BATCH_MAGIC, RecordBatchView } from '../protocol/records/batch-header.ts';
import { AppendList } from './append-list.ts';
import type { BatchMemory } from './batch-memory.ts';
import type { LogState } from './log-state.ts';
import { indexAborted, takeBackAborted } from './producer/index-aborted.ts';
import { replayBatch } from './producer/producer-replay.ts';
import type { CompletedTransaction } from './producer/producer-state.ts';
import { rollSegment, shouldRoll } from './segment-roll.ts';
import { StorageError } from './storage-error.ts';

/**
 * The append path of a follower: batches come from a leader with their offsets and epochs, and only damage is looked
 * for. Batches that are written together share one leader epoch, since the storage engine stamps one. Nothing calls it
 * while brokers run alone; it stands here because it shares the log's state with the appends of a leader.
 *
 * Thread: the log's owner.
 */

/** Batches written with one call. */
const BATCHES_MAX = 1024;

/** Why a fetched batch is not taken. */
type Refusal = ErrorCode | 'later epoch' | undefined;

export class FollowerAppender {
  readonly #state: LogState;
  readonly #list = new AppendList();
  readonly #aborted: CompletedTransaction[] = [];
  #listEpoch = -1;
  #endOffset = 0;

  constructor(state: LogState) {
    this.#state = state;
  }

  /**
   * Appends the batches in `[offset, offset + sizeBytes)`; a torn last one is left out, and so is everything from the
   * first batch on that a leader of a later epoch than `leaderEpochMax` wrote. Returns NONE, CORRUPT_MESSAGE,
   * OFFSET_OUT_OF_RANGE (the batch does not continue the log) or KAFKA_STORAGE_ERROR; good batches before a bad one
   * are kept.
   */
  append(memory: BatchMemory, offset: number, sizeBytes: number, leaderEpochMax: number): ErrorCode {
    const state = this.#state;
    if (state.fault) return ErrorCode.KAFKA_STORAGE_ERROR;
    this.#endOffset = state.logEndOffset;
    const end = offset + sizeBytes;
    let refusal: Refusal;
    try {
      for (let at = offset; end - at >= BATCH_HEADER_BYTES && refusal === undefined; ) {
        const batch = new RecordBatchView(memory.bytes, at);
        const batchBytes = batch.sizeBytes;
        if (batchBytes > end - at) break;
        refusal = this.#refusal(batch, leaderEpochMax);
        if (refusal === undefined) this.#place(memory, batch);
        at += batchBytes;
      }
      this.#write();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      state.producers.rollback();
      this.#clear();
      state.logger.error({ partition: state.name, err: error }, 'cannot append what a leader sent');
      return ErrorCode.KAFKA_STORAGE_ERROR;
    }
    return typeof refusal === 'number' ? refusal : ErrorCode.NONE;
  }

  #refusal(batch: RecordBatchView, leaderEpochMax: number): Refusal {
    const { store } = this.#state;
    if (batch.sizeBytes < BATCH_HEADER_BYTES || batch.magic !== BATCH_MAGIC) return ErrorCode.CORRUPT_MESSAGE;
    if (!batch.hasValidCrc((bytes, start, end) => store.crc32c(bytes, start, end))) return ErrorCode.CORRUPT_MESSAGE;
    if (leaderEpochMax >= 0 && batch.partitionLeaderEpoch > leaderEpochMax) return 'later epoch';
    const isNext = batch.baseOffset >= this.#endOffset && batch.lastOffsetDelta >= 0;
    return isNext ? undefined : ErrorCode.OFFSET_OUT_OF_RANGE;
  }

  #place(memory: BatchMemory, batch: RecordBatchView): void {
    const state = this.#state;
    const list = this.#list;
    const { sizeBytes, baseOffset, lastOffset, partitionLeaderEpoch, maxTimestamp } = batch;
    if (list.count === BATCHES_MAX || (list.count > 0 && partitionLeaderEpoch !== this.#listEpoch)) this.#write();
    if (partitionLeaderEpoch >= 0 && partitionLeaderEpoch !== state.epochs.latestEpoch)
      state.epochs.assign(partitionLeaderEpoch, baseOffset);
    if (shouldRoll(state, list.sizeBytes + sizeBytes, maxTimestamp, lastOffset)) {
      this.#write();
      // The base is the offset of the first batch, which may lie behind a gap that compaction left.
      if (shouldRoll(state, sizeBytes, maxTimestamp, lastOffset) && rollSegment(state, baseOffset) !== ErrorCode.NONE)
        throw new StorageError('cannot begin a segment in', state.folder, 0);
    }
    const completed = replayBatch(state.producers, batch);
    if (completed?.aborted) this.#aborted.push(completed);
    this.#listEpoch = partitionLeaderEpoch;
    list.add(memory.id, batch.offset, sizeBytes, baseOffset, -1, -1);
    this.#endOffset = lastOffset + 1;
  }

  #write(): void {
    const state = this.#state;
    const { slots, count } = this.#list;
    if (count === 0) return;
    const segment = state.activeBaseOffset;
    indexAborted(state, segment, this.#aborted);
    const result = state.store.append(state.handle, this.#listEpoch, slots, count, state.active);
    if (result < 0) {
      takeBackAborted(state, segment, this.#aborted.length);
      throw new StorageError('cannot append to', state.folder, result);
    }
    state.logEndOffset = this.#endOffset;
    state.producers.commit();
    this.#clear();
  }

  #clear(): void {
    this.#list.clear();
    this.#aborted.length = 0;
  }
}
