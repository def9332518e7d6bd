/**
 * The port between a coordinator and the partitions of its internal topic. The broker implements it over the storage
 * workers, tests in memory. Control thread.
 */

/** A record's bytes. A null value is a tombstone. */
export interface LogRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
}

/** The transaction that an append belongs to: its batch is transactional and carries the producer, without sequence. */
export interface AppendTransaction {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
}

export interface EndTransactionMarker {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly coordinatorEpoch: number;
  readonly committed: boolean;
  readonly transactionVersion: number;
}

export interface LoadedRecord extends LogRecord {
  readonly offset: number;
}

/** One record batch as loading sees it. */
export interface LogBatch {
  /** -1 without a producer. */
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly isTransactional: boolean;
  /** The marker of a control batch; null for a data batch. A control batch of any other kind is left out or has no records. */
  readonly endTransaction: { readonly committed: boolean } | null;
  /** Of the batch, whether or not compaction left a record there. */
  readonly lastOffset: number;
  readonly records: readonly LoadedRecord[];
}

export interface CoordinatorLog {
  /**
   * Appends the records as one batch. Resolves once they are durable (what acks=all means here), rejects with an error
   * whose `code` is a Kafka error code otherwise. A rejection says that the records are not in the log and never will
   * be, except with REQUEST_TIMED_OUT, NOT_ENOUGH_REPLICAS_AFTER_APPEND or no code at all: then the coordinator reads
   * the partition again. Appends to one partition are made one at a time, in order.
   */
  append(
    partition: number,
    records: readonly LogRecord[],
    transaction: AppendTransaction | null,
  ): Promise<{ readonly baseOffset: number }>;

  /** The largest batch that an append may make: `max.message.bytes` of the topic, as it is now. */
  readonly messageBytesMax: number;

  /** Appends a transaction's marker; otherwise as `append`. */
  appendEndTransaction(partition: number, marker: EndTransactionMarker): Promise<{ readonly baseOffset: number }>;

  /** All batches in `[fromOffset, log end at the time of the call)`, in order. */
  read(partition: number, fromOffset: number): AsyncIterable<LogBatch>;

  /**
   * Makes sure that the partition takes part in the transaction (KIP-890), before the first transactional append.
   * Rejects with the code for the client. Absent: every transaction is believed.
   */
  verifyTransaction?(partition: number, transaction: AppendTransaction, apiVersion: number): Promise<void>;
}
