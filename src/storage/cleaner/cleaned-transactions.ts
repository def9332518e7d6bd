import type { RecordBatchView } from '../../protocol/records/batch-header.ts';
import { ControlRecordType, controlRecordType } from '../../protocol/records/control-records.ts';
import { RecordReader } from '../../protocol/records/record-reader.ts';
import type { AbortedTransaction } from '../producer/transaction-index.ts';

/**
 * Follows transactions through a log from its start: which batches belong to aborted ones, which markers have nothing
 * left to end. Pure; the batches come in the order of their offsets. Follows Kafka's CleanedTransactionMetadata.
 *
 * Thread: the cleaner's.
 */

interface OngoingAbort {
  readonly transaction: AbortedTransaction;
  /** A batch of its data is still in the log. */
  hasData: boolean;
}

export class CleanedTransactions {
  /** By first offset; those before `#next` have begun. */
  readonly #aborted: readonly AbortedTransaction[];
  #next = 0;
  readonly #ongoingAborts = new Map<number, OngoingAbort>();
  /** Producers with data of a transaction that is not aborted, or not ended. */
  readonly #ongoingCommits = new Set<number>();
  readonly #onKept: (transaction: AbortedTransaction) => void;

  /** `onKept` is told of aborted transactions whose marker is passed and whose data was met: the index needs them. */
  constructor(aborted: readonly AbortedTransaction[], onKept: (transaction: AbortedTransaction) => void = () => {}) {
    this.#aborted = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
    this.#onKept = onKept;
  }

  /** Takes a data batch in. True when it belongs to an aborted transaction. */
  onData(batch: RecordBatchView): boolean {
    this.#beginUpTo(batch.lastOffset);
    if (!batch.isTransactional) return false;
    const aborted = this.#ongoingAborts.get(batch.producerId);
    if (!aborted) {
      this.#ongoingCommits.add(batch.producerId);
      return false;
    }
    aborted.hasData = true;
    return true;
  }

  /** Takes a control batch in. True when nothing of what it ends is left. */
  onControl(batch: RecordBatchView): boolean {
    this.#beginUpTo(batch.lastOffset);
    // Emptied by an earlier cleaning.
    if (batch.recordsCount === 0) return true;
    const { producerId } = batch;
    switch (controlRecordType(new RecordReader(batch).next()?.key ?? null)) {
      case ControlRecordType.abort: {
        const aborted = this.#ongoingAborts.get(producerId);
        this.#ongoingAborts.delete(producerId);
        if (!aborted?.hasData) return true;
        this.#onKept(aborted.transaction);
        return false;
      }
      case ControlRecordType.commit:
        return !this.#ongoingCommits.delete(producerId);
      default:
        return false;
    }
  }

  #beginUpTo(offset: number): void {
    for (; this.#next < this.#aborted.length; this.#next++) {
      const transaction = this.#aborted[this.#next];
      if (transaction.firstOffset > offset) return;
      if (!this.#ongoingAborts.has(transaction.producerId))
        this.#ongoingAborts.set(transaction.producerId, { transaction, hasData: false });
    }
  }
}
