/**
 * The values of `transaction.*` that the coordinator uses, read at each use, so that the object may change under it.
 * Control thread.
 */
export interface TransactionConfig {
  /** Partitions of `__transaction_state`. Fixed while the coordinator lives. */
  readonly stateTopicPartitions: number;
  /** transaction.max.timeout.ms */
  readonly maxTimeoutMs: number;
  /** transactional.id.expiration.ms */
  readonly idExpirationMs: number;
  /** transaction.abort.timed.out.transaction.cleanup.interval.ms */
  readonly abortTimedOutIntervalMs: number;
  /** transaction.remove.expired.transaction.cleanup.interval.ms */
  readonly removeExpiredIntervalMs: number;
  /** transaction.two.phase.commit.enable */
  readonly twoPhaseCommitEnabled: boolean;
  /** request.timeout.ms: how long any write waits for its append. */
  readonly writeTimeoutMs: number;
  /** add.partitions.to.txn.retry.backoff.ms */
  readonly addPartitionsRetryMs: number;
  /** add.partitions.to.txn.retry.backoff.max.ms: how long adding a partition waits for the last transaction's end. */
  readonly addPartitionsRetryMsMax: number;
  /** The finalized level of the feature `transaction.version`. */
  readonly transactionVersion: number;
}
