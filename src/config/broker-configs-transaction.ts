/** Broker settings of transactions and producer ids. Data only; any thread. */
import { LOAD_BUFFER } from './accepted-reasons.ts';
import { bool, int, short } from './config-definition.ts';

export const TRANSACTION_CONFIGS = [
  int('transaction.state.log.min.isr', 1, 'min.insync.replicas of __transaction_state.', {
    min: 1,
    kafkaDefault: '2',
    why: 'A broker alone could not write to the topic otherwise.',
  }),
  int('transaction.state.log.load.buffer.size', 5_242_880, 'Bytes read at a time while transaction state is loaded.', {
    min: 1,
    accepted: LOAD_BUFFER,
  }),
  short(
    'transaction.state.log.replication.factor',
    1,
    'Replication factor of __transaction_state when it is created.',
    { min: 1, kafkaDefault: '3', why: 'A broker alone could not create the topic otherwise.' },
  ),
  int(
    'transaction.state.log.num.partitions',
    50,
    'Partitions of __transaction_state when it is created; not to be changed later.',
    { min: 1 },
  ),
  int('transaction.state.log.segment.bytes', 104_857_600, 'segment.bytes of __transaction_state.', { min: 1 }),
  bool(
    'transaction.partition.verification.enable',
    true,
    'Checks with the coordinator that a partition belongs to the transaction before its records are stored.',
    { dynamic: 'cluster' },
  ),
  int('producer.id.expiration.ms', 86_400_000, 'Time without writes after which a partition forgets a producer.', {
    min: 1,
    dynamic: 'cluster',
  }),
  int('producer.id.expiration.check.interval.ms', 600_000, 'Time between two looks for such producers.', {
    min: 1,
    internal: true,
  }),
  int(
    'transactional.id.expiration.ms',
    604_800_000,
    'Time without transactions after which the coordinator forgets a transactional id.',
    { min: 1 },
  ),
  int('transaction.max.timeout.ms', 900_000, 'Greatest transaction.timeout.ms that a producer may ask for.', {
    min: 1,
  }),
  int(
    'transaction.abort.timed.out.transaction.cleanup.interval.ms',
    10_000,
    'Time between two looks for transactions that ran out of time.',
    { min: 1 },
  ),
  int(
    'transaction.remove.expired.transaction.cleanup.interval.ms',
    3_600_000,
    'Time between two looks for transactional ids to forget.',
    { min: 1 },
  ),
  bool(
    'transaction.two.phase.commit.enable',
    false,
    'Allows transactions that an outside coordinator prepares and decides.',
  ),
  int(
    'add.partitions.to.txn.retry.backoff.max.ms',
    100,
    'Longest time for which adding partitions waits inside the broker for the last transaction to finish.',
    { min: 0 },
  ),
  int('add.partitions.to.txn.retry.backoff.ms', 20, 'Pause between two tries of that.', { min: 1 }),
] as const;
