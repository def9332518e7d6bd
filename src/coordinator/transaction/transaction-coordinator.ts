/**
 * The transaction coordinator's service: what the broker calls. Control thread.
 *
 *   request -> apis/NN -> TransactionCoordinator -> CoordinatorRuntime -> TransactionShard -> records -> response
 *                                                                              `-> MarkerDelivery -> partitions
 *
 * One method for each API takes the decoded request and its version and resolves with the decoded response; none
 * rejects, errors are in the response. `addToTransaction` and `verifyPartitions` are for the paths of Produce and
 * TxnOffsetCommit.
 *
 * Left to the caller: authorization, unknown topics in AddPartitionsToTxn, throttle times.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import type { InitProducerIdRequest, InitProducerIdResponse } from '../../protocol/messages/22-init-producer-id.ts';
import type { AddOffsetsToTxnRequest, AddOffsetsToTxnResponse } from '../../protocol/messages/25-add-offsets-to-txn.ts';
import type { EndTxnRequest, EndTxnResponse } from '../../protocol/messages/26-end-txn.ts';
import type {
  DescribeTransactionsRequest,
  DescribeTransactionsResponse,
} from '../../protocol/messages/65-describe-transactions.ts';
import type {
  ListTransactionsRequest,
  ListTransactionsResponse,
} from '../../protocol/messages/66-list-transactions.ts';
import { errorCodeOf } from '../runtime/append-errors.ts';
import type { CoordinatorLog } from '../runtime/coordinator-log.ts';
import { CoordinatorRuntime } from '../runtime/coordinator-runtime.ts';
import type { CoordinatorResult } from '../runtime/coordinator-shard.ts';
import { partitionForId } from '../runtime/partition-for-id.ts';
import type { TransactionConfig } from './transaction-config.ts';
import {
  EPOCH_BUMP_VERSION,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_TIMEOUT_MS,
  type PartitionsByTopic,
} from './transaction-metadata.ts';
import type { MarkerWriter, PartitionCatalog, ProducerIdSource } from './transaction-ports.ts';
import { noTransaction, TransactionFilter } from './transaction-queries.ts';
import { type TransactionRecord, transactionRecordCodec } from './transaction-records.ts';
import {
  type AddRequest,
  PRODUCER_ID_NEEDED,
  type ProducerAnswer,
  type ProducerIdNeeded,
  TransactionShard,
} from './transaction-shard.ts';
import type { ProducerIdAndEpoch } from './transaction-transitions.ts';

/** InitProducerId from here on, and EndTxn from version 2: clients know PRODUCER_FENCED. */
const INIT_FENCED_VERSION = 4;
const FENCED_VERSION = 2;
/** EndTxn from here on returns the bumped epoch (KIP-890). */
const END_BUMP_VERSION = 5;

export interface TransactionCoordinatorOptions {
  readonly log: CoordinatorLog;
  readonly producerIds: ProducerIdSource;
  readonly markers: MarkerWriter;
  readonly catalog: PartitionCatalog;
  readonly config: TransactionConfig;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class TransactionCoordinator {
  readonly #options: TransactionCoordinatorOptions;
  readonly #runtime: CoordinatorRuntime<TransactionShard, TransactionRecord>;
  readonly #timers: (Timer | null)[] = [null, null];

  constructor(options: TransactionCoordinatorOptions) {
    const { log, config, clock, logger, markers, catalog } = options;
    this.#options = options;
    this.#runtime = new CoordinatorRuntime<TransactionShard, TransactionRecord>({
      name: 'transaction',
      log,
      codec: transactionRecordCodec,
      clock,
      logger,
      createShard: (services) => new TransactionShard(services, { config, clock, logger, markers, catalog }),
      writeTimeoutMs: () => config.writeTimeoutMs,
    });
    this.#every(
      0,
      () => config.abortTimedOutIntervalMs,
      () =>
        this.#runtime.writeEach(
          'abort-timed-out',
          (shard) => shard.timedOut(),
          (shard, id) => shard.abortTimedOut(id),
        ),
    );
    this.#every(
      1,
      () => config.removeExpiredIntervalMs,
      () => this.#runtime.writeAll('remove-expired', (shard) => shard.removeExpired()),
    );
  }

  /** The partition of `__transaction_state` that keeps the transactional id. */
  partitionFor(transactionalId: string): number {
    return partitionForId(transactionalId, this.#options.config.stateTopicPartitions);
  }

  /** Resolves when the partition's first load is over. */
  elected(partition: number, leaderEpoch: number): Promise<void> {
    return this.#runtime.elected(partition, leaderEpoch);
  }

  resigned(partition: number, leaderEpoch: number | null): void {
    this.#runtime.resigned(partition, leaderEpoch);
  }

  close(): void {
    for (const timer of this.#timers) timer?.cancel();
    this.#runtime.close();
  }

  /** All durable state, in a form that can be compared. For tests. */
  durableState(): Promise<unknown[]> {
    return this.#runtime.readAll((shard) => shard.durableState());
  }

  async initProducerId(request: InitProducerIdRequest, apiVersion: number): Promise<InitProducerIdResponse> {
    const { errorCode, producerId, producerEpoch } = await this.#initProducerId(request);
    return {
      throttleTimeMs: 0,
      errorCode: downgradeFenced(errorCode, apiVersion >= INIT_FENCED_VERSION),
      producerId,
      producerEpoch,
      ongoingTxnProducerId: -1,
      ongoingTxnProducerEpoch: -1,
    };
  }

  async #initProducerId(request: InitProducerIdRequest): Promise<ProducerAnswer> {
    const { transactionalId, producerId, producerEpoch, enable2Pc, keepPreparedTxn } = request;
    const { config, producerIds } = this.#options;
    const hasId = producerId !== NO_PRODUCER_ID;
    if (hasId !== (producerEpoch !== NO_PRODUCER_EPOCH)) return failed(ErrorCode.INVALID_REQUEST);
    if (transactionalId === null) {
      try {
        return { errorCode: ErrorCode.NONE, producerId: await producerIds.next(), producerEpoch: 0 };
      } catch (error) {
        return failed(errorCodeOf(error));
      }
    }
    if (transactionalId === '') return failed(ErrorCode.INVALID_REQUEST);
    if (enable2Pc && !config.twoPhaseCommitEnabled) return failed(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    if (keepPreparedTxn) return failed(ErrorCode.UNSUPPORTED_VERSION);
    const timeoutMs = enable2Pc ? NO_TIMEOUT_MS : request.transactionTimeoutMs;
    const isValid = timeoutMs > 0 && (enable2Pc || timeoutMs <= config.maxTimeoutMs);
    if (!isValid) return failed(ErrorCode.INVALID_TRANSACTION_TIMEOUT);
    const expected = hasId ? { producerId, producerEpoch } : null;
    const init = { transactionalId, timeoutMs, expected };
    return this.#writeWithProducerId(transactionalId, (shard, fresh) => shard.initProducerId(init, fresh));
  }

  async addOffsetsToTxn(
    request: AddOffsetsToTxnRequest,
    offsetsTopic: string,
    offsetsPartition: number,
    apiVersion: number,
  ): Promise<AddOffsetsToTxnResponse> {
    const partitions = new Map([[offsetsTopic, new Set([offsetsPartition])]]);
    const errorCode = await this.addPartitions({ ...request, partitions, clientTransactionVersion: 0 });
    return { throttleTimeMs: 0, errorCode: downgradeFenced(errorCode, apiVersion >= FENCED_VERSION) };
  }

  async endTxn(request: EndTxnRequest, apiVersion: number): Promise<EndTxnResponse> {
    const { transactionalId, producerId, producerEpoch, committed: commit } = request;
    const bumpsEpoch = apiVersion >= END_BUMP_VERSION;
    const end = { transactionalId, producerId, producerEpoch, commit, bumpsEpoch };
    const ended =
      transactionalId === ''
        ? failed(ErrorCode.INVALID_REQUEST)
        : await this.#writeWithProducerId(transactionalId, (shard, fresh) => shard.endTransaction(end, fresh));
    return { throttleTimeMs: 0, ...ended, errorCode: downgradeFenced(ended.errorCode, apiVersion >= FENCED_VERSION) };
  }

  /** Partitions join the producer's transaction. Resolves with an error code, in the words of the newest clients. */
  async addPartitions(request: AddRequest): Promise<number> {
    const { transactionalId } = request;
    if (transactionalId === '') return ErrorCode.INVALID_REQUEST;
    try {
      return await this.#runtime.write(this.partitionFor(transactionalId), (shard) => shard.addPartitions(request));
    } catch (error) {
      return errorCodeOf(error);
    }
  }

  /**
   * As `addPartitions`, for a producer that leaves that to the partitions' brokers (KIP-890): waits a little for the
   * end of the last transaction.
   */
  async addToTransaction(
    transactionalId: string,
    producer: ProducerIdAndEpoch,
    partitions: PartitionsByTopic,
  ): Promise<number> {
    const { clock, config } = this.#options;
    const { producerId, producerEpoch } = producer;
    const request = {
      transactionalId,
      producerId,
      producerEpoch,
      partitions,
      clientTransactionVersion: EPOCH_BUMP_VERSION,
    };
    const untilMs = clock.monotonicMs() + config.addPartitionsRetryMsMax;
    for (;;) {
      const errorCode = await this.addPartitions(request);
      const mayRetry = clock.monotonicMs() + config.addPartitionsRetryMs <= untilMs;
      if (errorCode !== ErrorCode.CONCURRENT_TRANSACTIONS || !mayRetry) return errorCode;
      await new Promise<void>((resolve) => void clock.schedule(config.addPartitionsRetryMs, resolve));
    }
  }

  /** Whether the partitions have joined the producer's transaction: error codes, in order. */
  async verifyPartitions(
    transactionalId: string,
    producer: ProducerIdAndEpoch,
    partitions: readonly (readonly [topic: string, partition: number])[],
  ): Promise<number[]> {
    let errorCode: number = ErrorCode.INVALID_REQUEST;
    try {
      if (transactionalId !== '') {
        return await this.#runtime.read(this.partitionFor(transactionalId), (shard) =>
          shard.verifyPartitions(transactionalId, producer, partitions),
        );
      }
    } catch (error) {
      errorCode = errorCodeOf(error);
    }
    return partitions.map(() => errorCode);
  }

  async describeTransactions(request: DescribeTransactionsRequest): Promise<DescribeTransactionsResponse> {
    const describe = async (transactionalId: string) => {
      if (transactionalId === '') return noTransaction(transactionalId, ErrorCode.INVALID_REQUEST);
      try {
        const partition = this.partitionFor(transactionalId);
        return await this.#runtime.read(partition, (shard) => shard.describe(transactionalId));
      } catch (error) {
        return noTransaction(transactionalId, errorCodeOf(error));
      }
    };
    return { throttleTimeMs: 0, transactionStates: await Promise.all(request.transactionalIds.map(describe)) };
  }

  /** The transactional ids of all partitions that are led here; an error while one of them loads. */
  async listTransactions(request: ListTransactionsRequest): Promise<ListTransactionsResponse> {
    try {
      const filter = new TransactionFilter(request);
      const listed = await this.#runtime.readAll((shard) => shard.list(filter));
      return {
        throttleTimeMs: 0,
        errorCode: ErrorCode.NONE,
        unknownStateFilters: filter.unknownStates,
        transactionStates: listed.flat(),
      };
    } catch (error) {
      return { throttleTimeMs: 0, errorCode: errorCodeOf(error), unknownStateFilters: [], transactionStates: [] };
    }
  }

  /** Runs an operation that may turn out to need a producer id; ids are fetched only then. */
  async #writeWithProducerId(
    transactionalId: string,
    operation: (
      shard: TransactionShard,
      fresh: number | null,
    ) => CoordinatorResult<TransactionRecord, ProducerAnswer | ProducerIdNeeded>,
  ): Promise<ProducerAnswer> {
    const partition = this.partitionFor(transactionalId);
    try {
      let answer = await this.#runtime.write(partition, (shard) => operation(shard, null));
      if (answer === PRODUCER_ID_NEEDED) {
        const fresh = await this.#options.producerIds.next();
        answer = await this.#runtime.write(partition, (shard) => operation(shard, fresh));
      }
      return answer === PRODUCER_ID_NEEDED ? failed(ErrorCode.UNKNOWN_SERVER_ERROR) : answer;
    } catch (error) {
      return failed(errorCodeOf(error));
    }
  }

  /** Runs again and again; the interval is read anew each time. */
  #every(slot: number, intervalMs: () => number, run: () => Promise<void>): void {
    this.#timers[slot] = this.#options.clock.schedule(intervalMs(), () => {
      this.#every(slot, intervalMs, run);
      void run();
    });
  }
}

function failed(errorCode: number): ProducerAnswer {
  return { errorCode, producerId: NO_PRODUCER_ID, producerEpoch: NO_PRODUCER_EPOCH };
}

/** Clients that do not know PRODUCER_FENCED get what they do know. */
export function downgradeFenced(errorCode: number, knowsFenced: boolean): number {
  return errorCode === ErrorCode.PRODUCER_FENCED && !knowsFenced ? ErrorCode.INVALID_PRODUCER_EPOCH : errorCode;
}
