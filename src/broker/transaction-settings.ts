/** The transaction coordinator's settings, read from the broker's at each use. Control thread. */
import type { BrokerConfig } from '../config/broker-config.ts';
import type { TransactionConfig } from '../coordinator/transaction/transaction-config.ts';

/** `transactionVersion`: the finalized level of the feature. */
export function transactionSettings(
  config: () => BrokerConfig,
  stateTopicPartitions: () => number,
  transactionVersion: () => number,
): TransactionConfig {
  return {
    get stateTopicPartitions() {
      return stateTopicPartitions();
    },
    get transactionVersion() {
      return transactionVersion();
    },
    get maxTimeoutMs() {
      return config().int('transaction.max.timeout.ms');
    },
    get idExpirationMs() {
      return config().int('transactional.id.expiration.ms');
    },
    get abortTimedOutIntervalMs() {
      return config().int('transaction.abort.timed.out.transaction.cleanup.interval.ms');
    },
    get removeExpiredIntervalMs() {
      return config().int('transaction.remove.expired.transaction.cleanup.interval.ms');
    },
    get twoPhaseCommitEnabled() {
      return config().boolean('transaction.two.phase.commit.enable');
    },
    get writeTimeoutMs() {
      return config().int('request.timeout.ms');
    },
    get addPartitionsRetryMs() {
      return config().int('add.partitions.to.txn.retry.backoff.ms');
    },
    get addPartitionsRetryMsMax() {
      return config().int('add.partitions.to.txn.retry.backoff.max.ms');
    },
  };
}
