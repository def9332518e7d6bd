/**
 * What travels in the rings between I/O threads (or the control thread) and storage workers: DESCRIPTOR_SLOTS doubles.
 * The bytes of a batch stay in the sender's registered memory until its completion has come back.
 */

/** To a storage worker. */
export const Work = {
  op: 0,
  /** Chosen by the sender; comes back in the completion. */
  token: 1,
  /** Row of the partition table. */
  row: 2,
  /** Place of one record batch in the sender's registered memory. */
  offset: 3,
  sizeBytes: 4,
  /** -1: answer when durable, 1: answer when written, 0: no answer is sent, but a completion all the same. */
  acks: 5,
  /** Produce version of a client's request; what it may be told depends on it. */
  apiVersion: 6,
  /**
   * `append`: guard of a transactional batch that was verified, 0 without. `appendInternal`: `transaction.version` of a
   * marker; VOUCHED for a transactional batch that the coordinator has verified itself.
   */
  transaction: 7,
} as const;

export const WorkOp = {
  /** A client's batch. */
  append: 1,
  /** A batch of a coordinator: sequences are not checked, control batches and internal topics are allowed. */
  appendInternal: 2,
} as const;

/** From a storage worker. */
export const Completion = {
  op: 0,
  token: 1,
  errorCode: 2,
  baseOffset: 3,
  logAppendTimeMs: 4,
  logStartOffset: 5,
  /** Bytes of an `AppendDetail` that stand where the batch stood, 0 without. */
  detailBytes: 6,
} as const;

export const CompletionOp = {
  /** A work item is done. */
  done: 1,
  /** The row in slot `token` changed: fetches that wait for it may go on. */
  rowChanged: 2,
  /**
   * A work item was not done: the producer's coordinator must first confirm the transaction (KIP-890). It may be sent
   * again with the guard that stands in slot `baseOffset`.
   */
  needsVerification: 3,
} as const;
