/**
 * Feeds the records of the metadata log to an image and makes the deltas. Control thread. Records between
 * BeginTransaction and EndTransaction (KIP-868) are held back until the end and dropped on AbortTransaction, so nobody
 * sees half a transaction.
 */
import { MetadataDelta } from './metadata-delta.ts';
import type { MetadataImage } from './metadata-image.ts';
import type { MetadataRecord } from './metadata-records.ts';

/** Records that one transaction of the log may hold back. */
export const TRANSACTION_RECORDS_MAX = 1_000_000;

export class MetadataReplayer {
  readonly image: MetadataImage;
  #delta = new MetadataDelta();
  #transaction: MetadataRecord[] | null = null;

  constructor(image: MetadataImage) {
    this.image = image;
  }

  /** True between BeginTransaction and its end. A new leader aborts such a transaction. */
  get inTransaction(): boolean {
    return this.#transaction !== null;
  }

  /** Replays the records of one batch, whose last offset and leader epoch these are. */
  replay(records: Iterable<MetadataRecord>, lastOffset: number, epoch: number): void {
    for (const record of records) this.#replayOne(record);
    this.image.advance(lastOffset, epoch);
    this.#delta.lastOffset = lastOffset;
    this.#delta.lastEpoch = epoch;
  }

  /** What changed since the last call. */
  takeDelta(): MetadataDelta {
    const delta = this.#delta;
    this.#delta = new MetadataDelta();
    this.#delta.lastOffset = delta.lastOffset;
    this.#delta.lastEpoch = delta.lastEpoch;
    return delta;
  }

  #replayOne(record: MetadataRecord): void {
    switch (record.kind) {
      case 'BeginTransactionRecord':
        if (this.#transaction) throw new RangeError('metadata log: a transaction begins inside another one');
        this.#transaction = [];
        return;
      case 'EndTransactionRecord': {
        const records = this.#expectTransaction('ends');
        this.#transaction = null;
        for (const held of records) this.image.replay(held, this.#delta);
        return;
      }
      case 'AbortTransactionRecord':
        this.#expectTransaction('is aborted');
        this.#transaction = null;
        return;
    }
    if (!this.#transaction) {
      this.image.replay(record, this.#delta);
      return;
    }
    if (this.#transaction.length >= TRANSACTION_RECORDS_MAX) {
      throw new RangeError(`metadata log: a transaction of more than ${TRANSACTION_RECORDS_MAX} records`);
    }
    this.#transaction.push(record);
  }

  #expectTransaction(what: string): MetadataRecord[] {
    if (!this.#transaction) throw new RangeError(`metadata log: a transaction ${what} that never began`);
    return this.#transaction;
  }
}
