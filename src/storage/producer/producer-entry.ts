import { subtractSequence } from '../../protocol/records/batch-header.ts';

/**
 * What a partition knows of one producer: its epoch, its last batches, its open transaction. Only `producer-state.ts`
 * changes entries.
 */

/** Batches that a retry is recognised among; more are never in flight. */
const BATCHES_RETAINED = 5;

/** A batch takes four doubles in `batches`, the oldest batch first. */
const LAST_SEQUENCE = 0;
const LAST_OFFSET = 1;
const OFFSET_DELTA = 2;
const TIMESTAMP = 3;
const BATCH_FIELDS = 4;

export class ProducerEntry {
  producerId: number;
  /** -1 when nothing was appended yet. */
  epoch = -1;
  coordinatorEpoch = -1;
  /** Greatest timestamp of the last batch, or the timestamp of the last marker: the producer's clock, not ours. */
  lastTimestamp = -1;
  /** -1 when no transaction is open. */
  currentTxnFirstOffset = -1;
  batchCount = 0;
  /** Undo, kept by `ProducerState`: changed since the last commit; as it was then, null when it is new. */
  isChanged = false;
  saved: ProducerEntry | null = null;
  readonly #batches = new Float64Array(BATCHES_RETAINED * BATCH_FIELDS);

  constructor(producerId: number) {
    this.producerId = producerId;
  }

  /** -1 when no batch is known. */
  get lastSequence(): number {
    return this.batchCount === 0 ? -1 : this.#batches[(this.batchCount - 1) * BATCH_FIELDS + LAST_SEQUENCE];
  }

  get lastDataOffset(): number {
    return this.batchCount === 0 ? -1 : this.#batches[(this.batchCount - 1) * BATCH_FIELDS + LAST_OFFSET];
  }

  get lastOffsetDelta(): number {
    return this.batchCount === 0 ? 0 : this.#batches[(this.batchCount - 1) * BATCH_FIELDS + OFFSET_DELTA];
  }

  setEpoch(epoch: number): void {
    if (this.epoch === epoch) return;
    this.batchCount = 0;
    this.epoch = epoch;
  }

  addBatch(lastSequence: number, lastOffset: number, offsetDelta: number, timestamp: number): void {
    if (this.batchCount === BATCHES_RETAINED) {
      for (let at = BATCH_FIELDS; at < BATCHES_RETAINED * BATCH_FIELDS; at++)
        this.#batches[at - BATCH_FIELDS] = this.#batches[at];
      this.batchCount--;
    }
    const at = this.batchCount++ * BATCH_FIELDS;
    this.#batches[at + LAST_SEQUENCE] = lastSequence;
    this.#batches[at + LAST_OFFSET] = lastOffset;
    this.#batches[at + OFFSET_DELTA] = offsetDelta;
    this.#batches[at + TIMESTAMP] = timestamp;
    this.lastTimestamp = timestamp;
  }

  /** Which retained batch has exactly these sequences; -1 when none. */
  findBatch(firstSequence: number, lastSequence: number): number {
    for (let batch = 0; batch < this.batchCount; batch++) {
      const at = batch * BATCH_FIELDS;
      if (
        this.#batches[at + LAST_SEQUENCE] === lastSequence &&
        subtractSequence(lastSequence, this.#batches[at + OFFSET_DELTA]) === firstSequence
      )
        return batch;
    }
    return -1;
  }

  batchLastOffset(batch: number): number {
    return this.#batches[batch * BATCH_FIELDS + LAST_OFFSET];
  }

  batchFirstOffset(batch: number): number {
    return this.#batches[batch * BATCH_FIELDS + LAST_OFFSET] - this.#batches[batch * BATCH_FIELDS + OFFSET_DELTA];
  }

  batchTimestamp(batch: number): number {
    return this.#batches[batch * BATCH_FIELDS + TIMESTAMP];
  }

  /** All but the undo. */
  copyFrom(other: ProducerEntry): void {
    this.producerId = other.producerId;
    this.epoch = other.epoch;
    this.coordinatorEpoch = other.coordinatorEpoch;
    this.lastTimestamp = other.lastTimestamp;
    this.currentTxnFirstOffset = other.currentTxnFirstOffset;
    this.batchCount = other.batchCount;
    for (let at = 0; at < BATCHES_RETAINED * BATCH_FIELDS; at++) this.#batches[at] = other.#batches[at];
  }
}
