/**
 * State of a transactional id in __transaction_state (key type 0). Value v1 is flexible and brings the next and
 * previous producer ids as tagged fields (transaction.version 1).
 */
import {
  array,
  coordinatorKey,
  coordinatorValue,
  int8,
  int16,
  int32,
  int64,
  type MessageType,
  string,
} from '../../schema.ts';

export const transactionLogKey = coordinatorKey({
  apiKey: 0,
  name: 'TransactionLogKey',
  versions: '0',
  flexible: 'none',
  fields: {
    transactionalId: string(),
  },
});
export type TransactionLogKey = MessageType<typeof transactionLogKey>;

export const transactionLogValue = coordinatorValue({
  apiKey: 0,
  name: 'TransactionLogValue',
  versions: '0-1',
  flexible: '1+',
  fields: {
    producerId: int64(),
    previousProducerId: int64('1+', { default: -1, tag: 0 }),
    nextProducerId: int64('1+', { default: -1, tag: 1 }),
    producerEpoch: int16(),
    nextProducerEpoch: int16('1+', { default: -1, tag: 3 }),
    transactionTimeoutMs: int32(),
    transactionStatus: int8(),
    transactionPartitions: array(
      {
        topic: string(),
        partitionIds: array(int32()),
      },
      { nullable: true },
    ),
    transactionLastUpdateTimestampMs: int64(),
    transactionStartTimestampMs: int64(),
    clientTransactionVersion: int16('1+', { tag: 2 }),
  },
});
export type TransactionLogValue = MessageType<typeof transactionLogValue>;
