/**
 * What the coordinator knows of a transactional id. Never changed in place: each step makes a new one, which is what a
 * record holds. Pure. Follows Kafka's TransactionMetadata.
 *
 *          InitProducerId                    add partitions            end
 *     Empty <-------------- CompleteCommit <---.   .---> Ongoing ---> PrepareCommit --(markers)--> CompleteCommit
 *       |  `--------------- CompleteAbort  <---+---'        `-------> PrepareAbort  --(markers)--> CompleteAbort
 *       `---- expired: tombstone               (an id that is idle)
 */

/** The byte that a record holds. Dead and PrepareEpochFence are states of Kafka's memory and never written. */
export const TransactionState = {
  Empty: 0,
  Ongoing: 1,
  PrepareCommit: 2,
  PrepareAbort: 3,
  CompleteCommit: 4,
  CompleteAbort: 5,
  Dead: 6,
  PrepareEpochFence: 7,
} as const;
export type TransactionState = (typeof TransactionState)[keyof typeof TransactionState];

const NAMES = new Map<number, string>(Object.entries(TransactionState).map(([name, state]) => [state, name]));

/** As Kafka spells it. */
export function stateName(state: TransactionState): string {
  return NAMES.get(state) ?? 'Unknown';
}

/** Undefined for a name that is no state's. */
export function stateOfName(name: string): TransactionState | undefined {
  return (TransactionState as Readonly<Record<string, TransactionState>>)[name];
}

/** topic -> partitions */
export type PartitionsByTopic = ReadonlyMap<string, ReadonlySet<number>>;

export interface TransactionMetadata {
  readonly producerId: number;
  /** The producer id before the last step; tells a retry whose epochs ran out. -1 without. */
  readonly previousProducerId: number;
  /** The producer id that takes over when the transaction is complete, because the epochs ran out; -1 without. */
  readonly nextProducerId: number;
  readonly producerEpoch: number;
  /** The epoch before the last bump that the producer itself asked for; -1 without. Kafka's records do not hold it. */
  readonly lastProducerEpoch: number;
  readonly timeoutMs: number;
  readonly state: TransactionState;
  readonly partitions: PartitionsByTopic;
  /** -1 when no transaction was begun. */
  readonly startTimestampMs: number;
  readonly lastUpdateTimestampMs: number;
  /** `transaction.version` that the producer worked with: from 2 on each transaction has an epoch of its own. */
  readonly clientTransactionVersion: number;
}

export const NO_PRODUCER_ID = -1;
export const NO_PRODUCER_EPOCH = -1;
export const NO_PARTITIONS: PartitionsByTopic = new Map();
/** Epochs end at Java's greatest short. */
export const PRODUCER_EPOCH_MAX = 32_767;
/** `transaction.version` from which each transaction has an epoch of its own (KIP-890). */
export const EPOCH_BUMP_VERSION = 2;
/** The time-out of a transaction that an outside coordinator decides: none. */
export const NO_TIMEOUT_MS = 2 ** 31 - 1;

/** The greatest epoch is kept back, so that a producer can always be fenced. */
export function isEpochExhausted(producerEpoch: number): boolean {
  return producerEpoch >= PRODUCER_EPOCH_MAX - 1;
}

export function isPrepared(state: TransactionState): boolean {
  return state === TransactionState.PrepareCommit || state === TransactionState.PrepareAbort;
}

/** No transaction is under way. */
export function isIdle(state: TransactionState): boolean {
  return (
    state === TransactionState.Empty ||
    state === TransactionState.CompleteCommit ||
    state === TransactionState.CompleteAbort
  );
}

export function hasPartition(partitions: PartitionsByTopic, topic: string, partition: number): boolean {
  return partitions.get(topic)?.has(partition) ?? false;
}

/** The union; the first one itself when it has all of them. */
export function withPartitions(partitions: PartitionsByTopic, added: PartitionsByTopic): PartitionsByTopic {
  let union: Map<string, ReadonlySet<number>> | undefined;
  for (const [topic, indexes] of added) {
    const known = partitions.get(topic);
    if (known && indexes.isSubsetOf(known)) continue;
    union ??= new Map(partitions);
    union.set(topic, known ? known.union(indexes) : new Set(indexes));
  }
  return union ?? partitions;
}
