/** A CoordinatorLog in memory: its appends can be held back or made to fail. */
import type {
  AppendTransaction,
  CoordinatorLog,
  EndTransactionMarker,
  LogBatch,
  LogRecord,
} from '../../src/coordinator/runtime/coordinator-log.ts';
import { KafkaError } from '../../src/protocol/errors.ts';

export class MemoryCoordinatorLog implements CoordinatorLog {
  readonly #batches = new Map<number, LogBatch[]>();
  readonly #held: (() => void)[] = [];
  #holding = false;
  #failCode: number | null = null;
  messageBytesMax = 1_048_588;
  /** Appends that were asked for, failed ones too. */
  appends = 0;

  /** From now on appends wait for `release`. */
  hold(): void {
    this.#holding = true;
  }

  /** Lets the appends that wait finish, and later ones pass. */
  release(): void {
    this.#holding = false;
    for (const finish of this.#held.splice(0)) finish();
  }

  /** Appends that finish from now on fail with this code; null ends that. */
  failWith(code: number | null): void {
    this.#failCode = code;
  }

  batches(partition: number): readonly LogBatch[] {
    return this.#batches.get(partition) ?? [];
  }

  logEndOffset(partition: number): number {
    const last = this.batches(partition).at(-1);
    return last ? last.lastOffset + 1 : 0;
  }

  append(
    partition: number,
    records: readonly LogRecord[],
    transaction: AppendTransaction | null,
  ): Promise<{ baseOffset: number }> {
    return this.#finish(partition, (baseOffset) => ({
      producerId: transaction?.producerId ?? -1,
      producerEpoch: transaction?.producerEpoch ?? -1,
      isTransactional: transaction !== null,
      endTransaction: null,
      lastOffset: baseOffset + records.length - 1,
      records: records.map((record, index) => ({ ...record, offset: baseOffset + index })),
    }));
  }

  appendEndTransaction(partition: number, marker: EndTransactionMarker): Promise<{ baseOffset: number }> {
    return this.#finish(partition, (baseOffset) => ({
      producerId: marker.producerId,
      producerEpoch: marker.producerEpoch,
      isTransactional: true,
      endTransaction: { committed: marker.committed },
      lastOffset: baseOffset,
      records: [],
    }));
  }

  async *read(partition: number, fromOffset: number): AsyncIterable<LogBatch> {
    for (const batch of [...this.batches(partition)]) {
      if (batch.lastOffset >= fromOffset) yield batch;
    }
  }

  #finish(partition: number, build: (baseOffset: number) => LogBatch): Promise<{ baseOffset: number }> {
    this.appends++;
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        if (this.#failCode !== null) {
          reject(new KafkaError(this.#failCode, 'made to fail'));
          return;
        }
        const baseOffset = this.logEndOffset(partition);
        const batches = this.#batches.get(partition) ?? [];
        batches.push(build(baseOffset));
        this.#batches.set(partition, batches);
        resolve({ baseOffset });
      };
      if (this.#holding) this.#held.push(finish);
      else finish();
    });
  }
}
