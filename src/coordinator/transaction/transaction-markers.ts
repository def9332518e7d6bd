/**
 * Brings the markers of a transaction that is to end to all its partitions: again and again, until each partition has
 * its marker, or is gone, or belongs to somebody newer. Soft state; a coordinator that takes over begins anew, which
 * does no harm, since a marker may be written twice. Control thread.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import type { EndTransactionMarker } from '../runtime/coordinator-log.ts';
import type { PartitionsByTopic } from './transaction-metadata.ts';
import type { MarkerWriter, PartitionCatalog } from './transaction-ports.ts';

/** Pause before a partition that could not take its marker is tried again. */
const RETRY_MS = 100;

export interface MarkerDeliveryContext {
  readonly writer: MarkerWriter;
  readonly catalog: PartitionCatalog;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Place {
  readonly topic: string;
  readonly partition: number;
}

/** The markers of one transaction. */
export class MarkerDelivery {
  readonly #context: MarkerDeliveryContext;
  readonly #marker: EndTransactionMarker;
  readonly #onDone: () => void;
  #left = 0;
  #retries: Place[] = [];
  #timer: Timer | null = null;
  #cancelled = false;

  /** `onDone` runs once, later, when no partition waits for its marker any more. */
  constructor(
    context: MarkerDeliveryContext,
    marker: EndTransactionMarker,
    partitions: PartitionsByTopic,
    onDone: () => void,
  ) {
    this.#context = context;
    this.#marker = marker;
    this.#onDone = onDone;
    const places: Place[] = [];
    for (const [topic, indexes] of partitions) for (const partition of indexes) places.push({ topic, partition });
    this.#left = places.length;
    if (places.length === 0) queueMicrotask(() => this.#end());
    for (const place of places) this.#write(place);
  }

  /** Markers on their way still arrive; nobody is told. */
  cancel(): void {
    this.#cancelled = true;
    this.#timer?.cancel();
  }

  #write(place: Place): void {
    const { writer, catalog } = this.#context;
    if (!catalog.exists(place.topic, place.partition)) {
      queueMicrotask(() => this.#partitionDone());
      return;
    }
    void writer.write(place.topic, place.partition, this.#marker).then((errorCode) => this.#handle(place, errorCode));
  }

  #handle(place: Place, errorCode: number): void {
    if (this.#cancelled) return;
    const details = { ...place, ...this.#marker, errorCode };
    if (errorCode === ErrorCode.NONE) {
      this.#partitionDone();
    } else if (errorCode === ErrorCode.INVALID_PRODUCER_EPOCH) {
      // Somebody ended the transaction there with a newer epoch.
      this.#context.logger.warn(details, 'a transaction marker is older than what the partition knows');
      this.#partitionDone();
    } else if (errorCode === ErrorCode.TRANSACTION_COORDINATOR_FENCED) {
      // Another broker coordinates the transaction now, and will end it.
      this.#context.logger.warn(details, 'a transaction marker was refused: a newer coordinator has been there');
      this.cancel();
    } else {
      this.#retryLater(place);
    }
  }

  #retryLater(place: Place): void {
    this.#retries.push(place);
    this.#timer ??= this.#context.clock.schedule(RETRY_MS, () => {
      this.#timer = null;
      const places = this.#retries;
      this.#retries = [];
      for (const again of places) this.#write(again);
    });
  }

  #partitionDone(): void {
    if (--this.#left === 0) this.#end();
  }

  #end(): void {
    if (!this.#cancelled) this.#onDone();
  }
}
