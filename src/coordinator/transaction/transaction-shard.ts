/**
 * The transactional ids of one partition of `__transaction_state`. Control thread; run by the runtime, one operation at
 * a time.
 *
 * A step is applied when its record is on its way, and answered when the record is durable; whatever comes meanwhile
 * already sees the new state, and its record stands behind the other one in the log. Where Kafka answers
 * CONCURRENT_TRANSACTIONS for a step that is being written, this coordinator therefore just goes on. Markers leave when
 * the Prepare record is durable.
 */
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { ErrorCode, type KafkaError } from '../../protocol/errors.ts';
import type { CoordinatorResult, CoordinatorShard, ShardServices } from '../runtime/coordinator-shard.ts';
import { JournaledMap } from '../runtime/undo-log.ts';
import type { TransactionConfig } from './transaction-config.ts';
import { MarkerDelivery } from './transaction-markers.ts';
import {
  hasPartition,
  isIdle,
  isPrepared,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_TIMEOUT_MS,
  type PartitionsByTopic,
  stateName,
  type TransactionMetadata,
  TransactionState,
} from './transaction-metadata.ts';
import type { MarkerWriter, PartitionCatalog } from './transaction-ports.ts';
import {
  type DescribedTransaction,
  describeTransaction,
  type ListedTransaction,
  type TransactionFilter,
} from './transaction-queries.ts';
import { type TransactionRecord, valueVersionOf } from './transaction-records.ts';
import {
  addPartitions,
  checkProducer,
  completed,
  type Decision,
  endTransactionV1,
  endTransactionV2,
  fencedAbort,
  initProducerId,
  newTransaction,
  type ProducerIdAndEpoch,
} from './transaction-transitions.ts';

export interface ShardPorts {
  readonly config: TransactionConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly markers: MarkerWriter;
  readonly catalog: PartitionCatalog;
}

/** `producerId` and `producerEpoch` are -1 with an error. */
export interface ProducerAnswer extends ProducerIdAndEpoch {
  readonly errorCode: number;
}

/** The operation has to be run again with a fresh producer id. */
export const PRODUCER_ID_NEEDED = 'producer id needed';
export type ProducerIdNeeded = typeof PRODUCER_ID_NEEDED;

export interface InitRequest {
  readonly transactionalId: string;
  readonly timeoutMs: number;
  readonly expected: ProducerIdAndEpoch | null;
}

export interface EndRequest extends ProducerIdAndEpoch {
  readonly transactionalId: string;
  readonly commit: boolean;
  /** The client understands that the end of a transaction changes its epoch. */
  readonly bumpsEpoch: boolean;
}

export interface AddRequest extends ProducerIdAndEpoch {
  readonly transactionalId: string;
  readonly partitions: PartitionsByTopic;
  readonly clientTransactionVersion: number;
}

type Result<T> = CoordinatorResult<TransactionRecord, T>;

/** Pause before the end of a transaction is written again, when it could not be written. */
const COMPLETE_RETRY_MS = 100;

export class TransactionShard implements CoordinatorShard<TransactionRecord> {
  readonly #services: ShardServices<TransactionShard, TransactionRecord>;
  readonly #ports: ShardPorts;
  readonly #transactions: JournaledMap<string, TransactionMetadata>;
  /** Markers on their way, by transactional id. */
  readonly #deliveries = new Map<string, MarkerDelivery>();

  constructor(services: ShardServices<TransactionShard, TransactionRecord>, ports: ShardPorts) {
    this.#services = services;
    this.#ports = ports;
    this.#transactions = new JournaledMap(services.undo);
  }

  // Requests of producers.

  initProducerId(request: InitRequest, freshProducerId: number | null): Result<ProducerAnswer | ProducerIdNeeded> {
    const { transactionalId, timeoutMs, expected } = request;
    const nowMs = this.#nowMs;
    let current = this.#transactions.get(transactionalId);
    if (!current) {
      if (freshProducerId === null) return answer(PRODUCER_ID_NEEDED);
      current = newTransaction(freshProducerId, timeoutMs, nowMs);
    }
    const { transactionVersion } = this.#ports.config;
    const decision = initProducerId(current, timeoutMs, expected, freshProducerId, transactionVersion, nowMs);
    if (decision.kind === 'needsProducerId') return answer(PRODUCER_ID_NEEDED);
    if (decision.kind !== 'step') return answer(refused(codeOf(decision)));
    const { metadata } = decision;
    if (metadata.state === TransactionState.Empty) {
      return { records: [this.#record(transactionalId, metadata)], response: producerOf(metadata) };
    }
    // The open transaction goes first. The client comes again, and gets an epoch that nobody else has.
    return this.#prepare(transactionalId, metadata, refused(ErrorCode.CONCURRENT_TRANSACTIONS));
  }

  /** The error code. */
  addPartitions(request: AddRequest): Result<number> {
    const { transactionalId, partitions, clientTransactionVersion } = request;
    const current = this.#transactions.get(transactionalId);
    const decision = addPartitions(current, request, partitions, clientTransactionVersion, this.#nowMs);
    if (decision.kind !== 'step') return { records: [], response: codeOf(decision) };
    return { records: [this.#record(transactionalId, decision.metadata)], response: ErrorCode.NONE };
  }

  /** Whether the partitions have joined the producer's transaction: error codes, in order. */
  verifyPartitions(
    transactionalId: string,
    producer: ProducerIdAndEpoch,
    partitions: readonly (readonly [topic: string, partition: number])[],
  ): number[] {
    const current = this.#transactions.get(transactionalId);
    const errorCode = checkProducer(current, producer);
    return partitions.map(([topic, partition]) => {
      if (errorCode !== ErrorCode.NONE || !current) return errorCode;
      const joined = hasPartition(current.partitions, topic, partition);
      return joined ? ErrorCode.NONE : ErrorCode.TRANSACTION_ABORTABLE;
    });
  }

  endTransaction(request: EndRequest, freshProducerId: number | null): Result<ProducerAnswer | ProducerIdNeeded> {
    const { transactionalId, commit, bumpsEpoch } = request;
    const current = this.#transactions.get(transactionalId);
    const decision = bumpsEpoch
      ? endTransactionV2(current, request, commit, freshProducerId, this.#nowMs)
      : endTransactionV1(current, request, commit, this.#nowMs);
    switch (decision.kind) {
      case 'needsProducerId':
        return answer(PRODUCER_ID_NEEDED);
      case 'step':
        return this.#prepare(transactionalId, decision.metadata, producerOf(completed(decision.metadata, 0)));
      case 'done':
        return { records: [], response: producerOf(current as TransactionMetadata) };
      default:
        return { records: [], response: refused(decision.errorCode) };
    }
  }

  // What the coordinator does by itself.

  /** All markers of the transaction that was prepared so are written. */
  complete(transactionalId: string, prepared: TransactionMetadata): Result<void> {
    const current = this.#transactions.get(transactionalId);
    const isSame =
      current?.state === prepared.state &&
      current.producerId === prepared.producerId &&
      current.producerEpoch === prepared.producerEpoch;
    if (!isSame) return { records: [], response: undefined };
    const onFailed = (): void =>
      this.#services.timers.schedule(`complete ${transactionalId}`, COMPLETE_RETRY_MS, () =>
        this.#submitComplete(transactionalId, prepared),
      );
    return { records: [this.#record(transactionalId, completed(current, this.#nowMs))], response: undefined, onFailed };
  }

  /** Ids of transactions that have been open for longer than they may. */
  timedOut(): string[] {
    return [...this.#transactions].flatMap(([transactionalId, metadata]) =>
      this.#isTimedOut(metadata) ? transactionalId : [],
    );
  }

  /** Aborts a transaction that has been open for longer than it may, and shuts out its producer. */
  abortTimedOut(transactionalId: string): Result<void> {
    const current = this.#transactions.get(transactionalId);
    if (!current || !this.#isTimedOut(current)) return { records: [], response: undefined };
    const aborted = fencedAbort(current, this.#ports.config.transactionVersion, this.#nowMs);
    return {
      records: [this.#record(transactionalId, aborted)],
      response: undefined,
      onDurable: () => {
        const { producerId, producerEpoch } = aborted;
        this.#ports.logger.info({ transactionalId, producerId, producerEpoch }, 'a transaction timed out');
        this.#deliver(transactionalId, aborted);
      },
    };
  }

  #isTimedOut({ state, timeoutMs, startTimestampMs }: TransactionMetadata): boolean {
    if (state !== TransactionState.Ongoing || timeoutMs === NO_TIMEOUT_MS) return false;
    return startTimestampMs + timeoutMs < this.#nowMs;
  }

  /** Forgets ids that have been idle for too long. */
  removeExpired(): Result<void> {
    const latestMs = this.#nowMs - this.#ports.config.idExpirationMs;
    const records: TransactionRecord[] = [];
    for (const [transactionalId, { state, lastUpdateTimestampMs }] of this.#transactions) {
      if (!isIdle(state) || lastUpdateTimestampMs > latestMs) continue;
      records.push({ transactionalId, metadata: null, version: 0 });
    }
    return { records, response: undefined, splittable: true };
  }

  // Administration.

  describe(transactionalId: string): DescribedTransaction {
    return describeTransaction(transactionalId, this.#transactions.get(transactionalId));
  }

  list(filter: TransactionFilter): ListedTransaction[] {
    const nowMs = this.#nowMs;
    const found: ListedTransaction[] = [];
    for (const [transactionalId, metadata] of this.#transactions) {
      if (!filter.matches(transactionalId, metadata, nowMs)) continue;
      const { producerId, state } = metadata;
      found.push({ transactionalId, producerId, transactionState: stateName(state) });
    }
    return found;
  }

  // The log.

  replay({ transactionalId, metadata }: TransactionRecord): void {
    if (metadata) this.#transactions.set(transactionalId, metadata);
    else this.#transactions.delete(transactionalId);
  }

  replayEndTransaction(): void {}

  onLoaded(): void {
    for (const [transactionalId, metadata] of this.#transactions) {
      if (isPrepared(metadata.state)) this.#deliver(transactionalId, metadata);
    }
  }

  onUnloaded(_error: KafkaError): void {
    for (const delivery of this.#deliveries.values()) delivery.cancel();
    this.#deliveries.clear();
  }

  /** What must be the same after a restart, in a form that can be compared. For tests. */
  durableState(): unknown {
    const states = [...this.#transactions].map(
      ([transactionalId, { lastProducerEpoch: _, partitions, ...metadata }]) => [
        transactionalId,
        { ...metadata, partitions: [...partitions].map(([topic, indexes]) => [topic, [...indexes]]) },
      ],
    );
    return states.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  }

  get #nowMs(): number {
    return this.#ports.clock.wallMs();
  }

  #record(transactionalId: string, metadata: TransactionMetadata): TransactionRecord {
    return { transactionalId, metadata, version: valueVersionOf(this.#ports.config.transactionVersion) };
  }

  /** The answer leaves when the decision is durable; a transaction without partitions is complete with it. */
  #prepare<T>(transactionalId: string, metadata: TransactionMetadata, response: T): Result<T> {
    const record = this.#record(transactionalId, metadata);
    if (metadata.partitions.size === 0) {
      return { records: [record, this.#record(transactionalId, completed(metadata, this.#nowMs))], response };
    }
    return { records: [record], response, onDurable: () => this.#deliver(transactionalId, metadata) };
  }

  #deliver(transactionalId: string, prepared: TransactionMetadata): void {
    const { producerId, producerEpoch, state, clientTransactionVersion: transactionVersion, partitions } = prepared;
    const { markers: writer, catalog, clock, logger } = this.#ports;
    const committed = state === TransactionState.PrepareCommit;
    const coordinatorEpoch = this.#services.leaderEpoch;
    const marker = { producerId, producerEpoch, coordinatorEpoch, committed, transactionVersion };
    this.#deliveries.get(transactionalId)?.cancel();
    const delivery = new MarkerDelivery({ writer, catalog, clock, logger }, marker, partitions, () => {
      if (this.#deliveries.get(transactionalId) === delivery) this.#deliveries.delete(transactionalId);
      this.#submitComplete(transactionalId, prepared);
    });
    this.#deliveries.set(transactionalId, delivery);
  }

  #submitComplete(transactionalId: string, prepared: TransactionMetadata): void {
    this.#services.submit('complete', (shard) => shard.complete(transactionalId, prepared));
  }
}

function answer<T>(response: T): Result<T> {
  return { records: [], response, immediate: true };
}

function refused(errorCode: number): ProducerAnswer {
  return { errorCode, producerId: NO_PRODUCER_ID, producerEpoch: NO_PRODUCER_EPOCH };
}

function producerOf({ producerId, producerEpoch }: TransactionMetadata): ProducerAnswer {
  return { errorCode: ErrorCode.NONE, producerId, producerEpoch };
}

function codeOf(decision: Decision): number {
  return decision.kind === 'refuse' ? decision.errorCode : ErrorCode.NONE;
}
