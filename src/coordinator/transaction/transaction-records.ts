/**
 * The records of `__transaction_state`, in Kafka's bytes: key = int16 type (0), transactional id; value = int16 version,
 * fields; a null value is a tombstone. Control thread.
 *
 * Value version 0 until `transaction.version` 1 allows the flexible version 1, which holds the producer ids around a
 * change of producer id and the producer's own version.
 */
import { ProtocolError } from '../../protocol/codec.ts';
import {
  coordinatorRecordType,
  decodeCoordinatorKey,
  decodeCoordinatorValue,
  encodeCoordinatorKey,
  encodeCoordinatorValue,
} from '../../protocol/persisted/record-framing.ts';
import {
  type TransactionLogValue,
  transactionLogKey,
  transactionLogValue,
} from '../../protocol/persisted/transaction/transaction-log.ts';
import type { LogRecord } from '../runtime/coordinator-log.ts';
import type { RecordCodec } from '../runtime/coordinator-shard.ts';
import {
  NO_PARTITIONS,
  NO_PRODUCER_EPOCH,
  type TransactionMetadata,
  TransactionState,
} from './transaction-metadata.ts';

export interface TransactionRecord {
  readonly transactionalId: string;
  /** Null: the id is forgotten. */
  readonly metadata: TransactionMetadata | null;
  /** In which the value is written; of no meaning for a tombstone and for a record that was read. */
  readonly version: number;
}

const FLEXIBLE_VERSION = 1;

/** Version of values under a level of `transaction.version`. */
export function valueVersionOf(transactionVersion: number): number {
  return transactionVersion >= 1 ? FLEXIBLE_VERSION : 0;
}

export const transactionRecordCodec: RecordCodec<TransactionRecord> = {
  encode({ transactionalId, metadata, version }) {
    const key = encodeCoordinatorKey(transactionLogKey, { transactionalId });
    return { key, value: metadata && encodeCoordinatorValue(transactionLogValue, toValue(metadata, version), version) };
  },

  decode({ key, value }: LogRecord) {
    if (key === null || coordinatorRecordType(key) !== transactionLogKey.apiKey) return null;
    const { transactionalId } = decodeCoordinatorKey(transactionLogKey, key);
    if (value === null) return { transactionalId, metadata: null, version: 0 };
    return { transactionalId, metadata: fromValue(decodeCoordinatorValue(transactionLogValue, value)), version: 0 };
  },
};

function toValue(metadata: TransactionMetadata, version: number): TransactionLogValue {
  const isFlexible = version >= FLEXIBLE_VERSION;
  return {
    producerId: metadata.producerId,
    previousProducerId: isFlexible ? metadata.previousProducerId : -1,
    nextProducerId: isFlexible ? metadata.nextProducerId : -1,
    producerEpoch: metadata.producerEpoch,
    nextProducerEpoch: -1,
    transactionTimeoutMs: metadata.timeoutMs,
    transactionStatus: metadata.state,
    transactionPartitions:
      metadata.state === TransactionState.Empty
        ? null
        : [...metadata.partitions].map(([topic, partitions]) => ({ topic, partitionIds: [...partitions] })),
    transactionLastUpdateTimestampMs: metadata.lastUpdateTimestampMs,
    transactionStartTimestampMs: metadata.startTimestampMs,
    clientTransactionVersion: isFlexible ? metadata.clientTransactionVersion : 0,
  };
}

function fromValue(value: TransactionLogValue): TransactionMetadata {
  const state = value.transactionStatus as TransactionState;
  if (state < TransactionState.Empty || state > TransactionState.CompleteAbort) {
    throw new ProtocolError('malformed', `a transaction in state ${state}`);
  }
  const partitions = value.transactionPartitions ?? [];
  return {
    producerId: value.producerId,
    previousProducerId: value.previousProducerId,
    nextProducerId: value.nextProducerId,
    producerEpoch: value.producerEpoch,
    lastProducerEpoch: NO_PRODUCER_EPOCH,
    timeoutMs: value.transactionTimeoutMs,
    state,
    partitions:
      partitions.length === 0
        ? NO_PARTITIONS
        : new Map(partitions.map(({ topic, partitionIds }) => [topic, new Set(partitionIds)])),
    startTimestampMs: value.transactionStartTimestampMs,
    lastUpdateTimestampMs: value.transactionLastUpdateTimestampMs,
    clientTransactionVersion: value.clientTransactionVersion,
  };
}
