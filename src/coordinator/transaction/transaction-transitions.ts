/**
 * The steps of a transactional id: what a request makes of its metadata, or why it is refused. Pure. Follows Kafka's
 * TransactionCoordinator and TransactionMetadata.
 */
import { ErrorCode } from '../../protocol/errors.ts';
import {
  EPOCH_BUMP_VERSION,
  isEpochExhausted,
  isPrepared,
  NO_PARTITIONS,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  type PartitionsByTopic,
  PRODUCER_EPOCH_MAX,
  type TransactionMetadata,
  TransactionState,
  withPartitions,
} from './transaction-metadata.ts';

export interface ProducerIdAndEpoch {
  readonly producerId: number;
  readonly producerEpoch: number;
}

export type Decision =
  | { readonly kind: 'refuse'; readonly errorCode: number }
  /** Nothing is left to do: the request was done before. */
  | { readonly kind: 'done' }
  | { readonly kind: 'step'; readonly metadata: TransactionMetadata }
  /** Ask again with a producer id. */
  | { readonly kind: 'needsProducerId' };

const refuse = (errorCode: number): Decision => ({ kind: 'refuse', errorCode });
const step = (metadata: TransactionMetadata): Decision => ({ kind: 'step', metadata });
const DONE: Decision = { kind: 'done' };
const NEEDS_PRODUCER_ID: Decision = { kind: 'needsProducerId' };

/** A transactional id that was never seen. */
export function newTransaction(producerId: number, timeoutMs: number, nowMs: number): TransactionMetadata {
  return {
    producerId,
    previousProducerId: NO_PRODUCER_ID,
    nextProducerId: NO_PRODUCER_ID,
    producerEpoch: NO_PRODUCER_EPOCH,
    lastProducerEpoch: NO_PRODUCER_EPOCH,
    timeoutMs,
    state: TransactionState.Empty,
    partitions: NO_PARTITIONS,
    startTimestampMs: -1,
    lastUpdateTimestampMs: nowMs,
    clientTransactionVersion: 0,
  };
}

/**
 * InitProducerId: a new epoch for the id's producer, or a new producer id when the epochs ran out. `expected` is what
 * the producer believes to be (KIP-360). The step of an id with an open transaction is that transaction's abort, fenced.
 */
export function initProducerId(
  current: TransactionMetadata,
  timeoutMs: number,
  expected: ProducerIdAndEpoch | null,
  freshProducerId: number | null,
  serverVersion: number,
  nowMs: number,
): Decision {
  if (isPrepared(current.state)) return refuse(ErrorCode.CONCURRENT_TRANSACTIONS);
  if (expected && !mayBe(current, expected)) return refuse(ErrorCode.PRODUCER_FENCED);
  if (current.state === TransactionState.Ongoing) {
    const rotates = serverVersion >= EPOCH_BUMP_VERSION && isEpochExhausted(current.producerEpoch);
    if (rotates && freshProducerId === null) return NEEDS_PRODUCER_ID;
    const aborted = fencedAbort(current, serverVersion, nowMs);
    return step(rotates ? { ...aborted, nextProducerId: freshProducerId as number } : aborted);
  }
  const empty: TransactionMetadata = {
    ...current,
    previousProducerId: current.producerId,
    nextProducerId: NO_PRODUCER_ID,
    timeoutMs,
    state: TransactionState.Empty,
    partitions: NO_PARTITIONS,
    startTimestampMs: -1,
    lastUpdateTimestampMs: nowMs,
  };
  const { producerEpoch, lastProducerEpoch } = current;
  const isNew = producerEpoch === NO_PRODUCER_EPOCH;
  if (expected && !isNew && expected.producerEpoch !== producerEpoch) {
    // The answer to a bump that went well was lost. Nobody else has been here since, or the last epoch would be gone.
    const isRetry = lastProducerEpoch !== NO_PRODUCER_EPOCH && expected.producerEpoch === lastProducerEpoch;
    return isRetry ? step(empty) : refuse(ErrorCode.PRODUCER_FENCED);
  }
  const noted = expected ? producerEpoch : NO_PRODUCER_EPOCH;
  if (!isEpochExhausted(producerEpoch)) {
    return step({ ...empty, producerEpoch: producerEpoch + 1, lastProducerEpoch: noted });
  }
  if (freshProducerId === null) return NEEDS_PRODUCER_ID;
  return step({ ...empty, producerId: freshProducerId, producerEpoch: 0, lastProducerEpoch: noted });
}

/** Whether who says to be that producer can be the id's, its epoch aside. */
function mayBe(current: TransactionMetadata, { producerId, producerEpoch }: ProducerIdAndEpoch): boolean {
  return (
    current.producerEpoch === NO_PRODUCER_EPOCH ||
    producerId === current.producerId ||
    // A retry whose first try brought a new producer id.
    (producerId === current.previousProducerId && isEpochExhausted(producerEpoch))
  );
}

/**
 * The abort of an open transaction whose producer is shut out by a newer epoch. Under transaction.version 2 that is an
 * end like others: a producer that aborts the transaction itself afterwards gets the epoch, and may go on.
 */
export function fencedAbort(current: TransactionMetadata, serverVersion: number, nowMs: number): TransactionMetadata {
  const bumps = serverVersion >= EPOCH_BUMP_VERSION;
  return {
    ...current,
    previousProducerId: current.producerId,
    nextProducerId: NO_PRODUCER_ID,
    producerEpoch: Math.min(current.producerEpoch + 1, PRODUCER_EPOCH_MAX),
    lastProducerEpoch: bumps ? current.producerEpoch : NO_PRODUCER_EPOCH,
    state: TransactionState.PrepareAbort,
    lastUpdateTimestampMs: nowMs,
    clientTransactionVersion: bumps ? EPOCH_BUMP_VERSION : 0,
  };
}

/** Whether the producer is the current one of the id and no end of a transaction is under way: the code, or NONE. */
export function checkProducer(current: TransactionMetadata | undefined, producer: ProducerIdAndEpoch): ErrorCode {
  if (!current) return ErrorCode.INVALID_PRODUCER_ID_MAPPING;
  if (isAhead(current, producer)) return ErrorCode.CONCURRENT_TRANSACTIONS;
  if (current.producerId !== producer.producerId) return ErrorCode.INVALID_PRODUCER_ID_MAPPING;
  if (current.producerEpoch !== producer.producerEpoch) return ErrorCode.PRODUCER_FENCED;
  return isPrepared(current.state) ? ErrorCode.CONCURRENT_TRANSACTIONS : ErrorCode.NONE;
}

/**
 * Whether the producer goes on already with what the end of its transaction gave it, while markers are still on their
 * way. Kafka fences it in some of these cases; it does no wrong, and only has to come again.
 */
function isAhead(current: TransactionMetadata, { producerId, producerEpoch }: ProducerIdAndEpoch): boolean {
  if (!isPrepared(current.state) || current.clientTransactionVersion < EPOCH_BUMP_VERSION) return false;
  return current.nextProducerId === NO_PRODUCER_ID
    ? producerId === current.producerId && producerEpoch === current.producerEpoch
    : producerId === current.nextProducerId && producerEpoch === 0;
}

/** Partitions join the transaction; the first ones begin it. */
export function addPartitions(
  current: TransactionMetadata | undefined,
  producer: ProducerIdAndEpoch,
  added: PartitionsByTopic,
  clientVersion: number,
  nowMs: number,
): Decision {
  const errorCode = checkProducer(current, producer);
  if (errorCode !== ErrorCode.NONE || !current) return refuse(errorCode);
  const isOngoing = current.state === TransactionState.Ongoing;
  const partitions = withPartitions(current.partitions, added);
  if (isOngoing && partitions === current.partitions) return DONE;
  return step({
    ...current,
    previousProducerId: current.producerId,
    nextProducerId: NO_PRODUCER_ID,
    state: TransactionState.Ongoing,
    partitions,
    startTimestampMs: isOngoing ? current.startTimestampMs : nowMs,
    lastUpdateTimestampMs: nowMs,
    clientTransactionVersion: clientVersion,
  });
}

/** EndTxn before version 5: the epoch stays, so that only the state tells a retry. */
export function endTransactionV1(
  current: TransactionMetadata | undefined,
  producer: ProducerIdAndEpoch,
  commit: boolean,
  nowMs: number,
): Decision {
  if (!current || current.producerId !== producer.producerId) return refuse(ErrorCode.INVALID_PRODUCER_ID_MAPPING);
  if (current.producerEpoch !== producer.producerEpoch) return refuse(ErrorCode.PRODUCER_FENCED);
  if (isPrepared(current.state)) return refuse(ErrorCode.CONCURRENT_TRANSACTIONS);
  if (current.state === TransactionState.Ongoing) {
    return step({ ...prepared(current, commit, nowMs), clientTransactionVersion: 0 });
  }
  const isDone = current.state === (commit ? TransactionState.CompleteCommit : TransactionState.CompleteAbort);
  return isDone ? DONE : refuse(ErrorCode.INVALID_TXN_STATE);
}

/**
 * EndTxn from version 5 (KIP-890): each end bumps the epoch, so the epoch tells a retry from the next transaction. A
 * producer may abort a transaction that no partition has joined. While markers are on their way it has to come again.
 *
 *                       abort, retry   abort, current   commit, retry   commit, current
 *     Empty             FENCED         bump             FENCED          INVALID_TXN_STATE
 *     CompleteAbort     done           bump             INVALID...      INVALID_TXN_STATE
 *     CompleteCommit    INVALID...     bump             done            INVALID_TXN_STATE
 */
export function endTransactionV2(
  current: TransactionMetadata | undefined,
  producer: ProducerIdAndEpoch,
  commit: boolean,
  freshProducerId: number | null,
  nowMs: number,
): Decision {
  if (!current) return refuse(ErrorCode.INVALID_PRODUCER_ID_MAPPING);
  const { state } = current;
  if (isPrepared(state)) return refuse(ErrorCode.CONCURRENT_TRANSACTIONS);
  const { producerId, producerEpoch } = producer;
  const isOverflowRetry =
    current.previousProducerId === producerId &&
    producerEpoch === PRODUCER_EPOCH_MAX - 1 &&
    current.producerEpoch === 0 &&
    current.producerId !== producerId;
  // An end before version 5 bumps nothing: whoever is one epoch behind then was fenced, and may not take over its
  // successor's epoch. Kafka takes it for a retry.
  const lastEndBumped = current.clientTransactionVersion >= EPOCH_BUMP_VERSION;
  const isRetry = isOverflowRetry || (lastEndBumped && current.producerEpoch === producerEpoch + 1);
  if (current.producerId !== producerId && !isOverflowRetry) return refuse(ErrorCode.INVALID_PRODUCER_ID_MAPPING);
  const isComplete = state === TransactionState.CompleteCommit || state === TransactionState.CompleteAbort;
  const isCurrent = producerEpoch === current.producerEpoch;
  // The last epoch is nobody's to go on with: the producer begins anew.
  const hasEpochsLeft = current.producerEpoch < PRODUCER_EPOCH_MAX;
  if (!isCurrent && !(isRetry && isComplete && hasEpochsLeft)) return refuse(ErrorCode.PRODUCER_FENCED);
  if (state === TransactionState.Ongoing) return bumped(current, commit, freshProducerId, nowMs);
  if (!isCurrent) {
    return commit === (state === TransactionState.CompleteCommit) ? DONE : refuse(ErrorCode.INVALID_TXN_STATE);
  }
  if (commit) return refuse(ErrorCode.INVALID_TXN_STATE);
  const begun = { ...current, partitions: NO_PARTITIONS, startTimestampMs: nowMs };
  return bumped(begun, commit, freshProducerId, nowMs);
}

function bumped(
  current: TransactionMetadata,
  commit: boolean,
  freshProducerId: number | null,
  nowMs: number,
): Decision {
  const isExhausted = isEpochExhausted(current.producerEpoch);
  if (isExhausted && freshProducerId === null) return NEEDS_PRODUCER_ID;
  return step({
    ...prepared(current, commit, nowMs),
    nextProducerId: isExhausted ? (freshProducerId as number) : NO_PRODUCER_ID,
    producerEpoch: Math.min(current.producerEpoch + 1, PRODUCER_EPOCH_MAX),
    lastProducerEpoch: current.producerEpoch,
    clientTransactionVersion: EPOCH_BUMP_VERSION,
  });
}

function prepared(current: TransactionMetadata, commit: boolean, nowMs: number): TransactionMetadata {
  return {
    ...current,
    previousProducerId: current.producerId,
    nextProducerId: NO_PRODUCER_ID,
    state: commit ? TransactionState.PrepareCommit : TransactionState.PrepareAbort,
    lastUpdateTimestampMs: nowMs,
  };
}

/** All markers are written. A new producer id takes over when the epochs ran out. */
export function completed(current: TransactionMetadata, nowMs: number): TransactionMetadata {
  const rotates = current.nextProducerId !== NO_PRODUCER_ID;
  return {
    ...current,
    previousProducerId: current.producerId,
    producerId: rotates ? current.nextProducerId : current.producerId,
    nextProducerId: NO_PRODUCER_ID,
    producerEpoch: rotates ? 0 : current.producerEpoch,
    state:
      current.state === TransactionState.PrepareCommit
        ? TransactionState.CompleteCommit
        : TransactionState.CompleteAbort,
    partitions: NO_PARTITIONS,
    lastUpdateTimestampMs: nowMs,
  };
}
