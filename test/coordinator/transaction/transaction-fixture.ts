/** A transaction coordinator in simulated time, over a log in memory, with partitions that only count their markers. */
import { silentLogger } from '../../../src/base/logger.ts';
import { ManualClock } from '../../../src/base/manual-clock.ts';
import type { EndTransactionMarker } from '../../../src/coordinator/runtime/coordinator-log.ts';
import type { TransactionConfig } from '../../../src/coordinator/transaction/transaction-config.ts';
import { TransactionCoordinator } from '../../../src/coordinator/transaction/transaction-coordinator.ts';
import type { TransactionMetadata } from '../../../src/coordinator/transaction/transaction-metadata.ts';
import { transactionRecordCodec } from '../../../src/coordinator/transaction/transaction-records.ts';
import { ErrorCode } from '../../../src/protocol/errors.ts';
import type { InitProducerIdRequest } from '../../../src/protocol/messages/22-init-producer-id.ts';
import { MemoryCoordinatorLog } from '../memory-coordinator-log.ts';

/** Kafka's defaults. */
const KAFKA_DEFAULTS: TransactionConfig = {
  stateTopicPartitions: 50,
  maxTimeoutMs: 900_000,
  idExpirationMs: 604_800_000,
  abortTimedOutIntervalMs: 10_000,
  removeExpiredIntervalMs: 3_600_000,
  twoPhaseCommitEnabled: false,
  writeTimeoutMs: 30_000,
  addPartitionsRetryMs: 20,
  addPartitionsRetryMsMax: 100,
  transactionVersion: 2,
};

export interface WrittenMarker extends EndTransactionMarker {
  readonly topic: string;
  readonly partition: number;
}

export interface Producer {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** Lets everything happen that waits for no timer. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export const ID = 'orders-to-payments';

export class TransactionFixture {
  readonly clock = new ManualClock();
  readonly log = new MemoryCoordinatorLog();
  readonly config: TransactionConfig;
  readonly markers: WrittenMarker[] = [];
  /** Partitions that do not exist, as topic-partition. */
  readonly missing = new Set<string>();
  coordinator: TransactionCoordinator;
  /** What a partition says to a marker. */
  takeMarker: (marker: WrittenMarker) => number = () => ErrorCode.NONE;
  nextProducerId = 1000;
  producerIdError: Error | null = null;
  #holdsMarkers = false;
  #heldMarkers: (() => void)[] = [];
  #markerErrors: number[] = [];
  #epoch = 0;

  constructor(config: Partial<TransactionConfig> = {}) {
    this.config = { ...KAFKA_DEFAULTS, stateTopicPartitions: 1, ...config };
    this.coordinator = this.#make();
  }

  static async start(config: Partial<TransactionConfig> = {}): Promise<TransactionFixture> {
    const fixture = new TransactionFixture(config);
    await fixture.elect();
    return fixture;
  }

  #make(): TransactionCoordinator {
    return new TransactionCoordinator({
      log: this.log,
      producerIds: {
        next: async () => {
          if (this.producerIdError) throw this.producerIdError;
          return this.nextProducerId++;
        },
      },
      markers: { write: (topic, partition, marker) => this.#writeMarker({ ...marker, topic, partition }) },
      catalog: { exists: (topic, partition) => !this.missing.has(`${topic}-${partition}`) },
      config: this.config,
      clock: this.clock,
      logger: silentLogger,
    });
  }

  async elect(): Promise<void> {
    this.#epoch++;
    for (let partition = 0; partition < this.config.stateTopicPartitions; partition++) {
      await this.coordinator.elected(partition, this.#epoch);
    }
  }

  /** The broker's end, and a new one that reads the same log. */
  async restart(): Promise<void> {
    this.coordinator.close();
    await settle();
    this.coordinator = this.#make();
    await this.elect();
  }

  async advance(byMs: number): Promise<void> {
    this.clock.advance(byMs);
    await settle();
  }

  /** From now on markers wait for `releaseMarkers`. */
  holdMarkers(): void {
    this.#holdsMarkers = true;
  }

  async releaseMarkers(): Promise<void> {
    this.#holdsMarkers = false;
    for (const finish of this.#heldMarkers.splice(0)) finish();
    await settle();
  }

  /** The next markers are answered with these codes, in order. */
  failMarkers(...errorCodes: number[]): void {
    this.#markerErrors = errorCodes;
  }

  #writeMarker(marker: WrittenMarker): Promise<number> {
    return new Promise((resolve) => {
      const finish = (): void => {
        const errorCode = this.#markerErrors.shift() ?? this.takeMarker(marker);
        if (errorCode === ErrorCode.NONE) this.markers.push(marker);
        resolve(errorCode);
      };
      if (this.#holdsMarkers) this.#heldMarkers.push(finish);
      else finish();
    });
  }

  init(request: Partial<InitProducerIdRequest> = {}, apiVersion = 5) {
    const defaults: InitProducerIdRequest = {
      transactionalId: ID,
      transactionTimeoutMs: 60_000,
      producerId: -1,
      producerEpoch: -1,
      enable2Pc: false,
      keepPreparedTxn: false,
    };
    return this.coordinator.initProducerId({ ...defaults, ...request }, apiVersion);
  }

  /** Adds partitions as a client of transaction.version 2 does (by writing), or as an older one. */
  add(producer: Producer, partitions: readonly number[] = [0], version = 2, topic = 'orders'): Promise<number> {
    const { producerId, producerEpoch } = producer;
    const byTopic = new Map([[topic, new Set(partitions)]]);
    const request = { transactionalId: ID, producerId, producerEpoch, partitions: byTopic };
    return this.coordinator.addPartitions({ ...request, clientTransactionVersion: version });
  }

  verify(producer: Producer, ...partitions: number[]): Promise<number[]> {
    const pairs = partitions.map((partition) => ['orders', partition] as const);
    return this.coordinator.verifyPartitions(ID, producer, pairs);
  }

  /** EndTxn; version 5 bumps the epoch. */
  async end(producer: Producer, committed: boolean, apiVersion = 5) {
    const { producerId, producerEpoch } = producer;
    const ended = await this.coordinator.endTxn(
      { transactionalId: ID, producerId, producerEpoch, committed },
      apiVersion,
    );
    await settle();
    return ended;
  }

  async describe(transactionalId = ID) {
    const { transactionStates } = await this.coordinator.describeTransactions({ transactionalIds: [transactionalId] });
    return transactionStates[0];
  }

  async state(): Promise<string> {
    return (await this.describe()).transactionState;
  }

  list(filters: { states?: string[]; producerIds?: number[]; durationMs?: number; pattern?: string | null } = {}) {
    return this.coordinator.listTransactions({
      stateFilters: filters.states ?? [],
      producerIdFilters: filters.producerIds ?? [],
      durationFilter: filters.durationMs ?? -1,
      transactionalIdPattern: filters.pattern ?? null,
    });
  }

  /** Writes metadata into the log and lets a new coordinator read it. */
  async restartWith(metadata: Partial<TransactionMetadata>): Promise<void> {
    const base: TransactionMetadata = {
      producerId: 7,
      previousProducerId: 7,
      nextProducerId: -1,
      producerEpoch: 0,
      lastProducerEpoch: -1,
      timeoutMs: 60_000,
      state: 0,
      partitions: new Map(),
      startTimestampMs: -1,
      lastUpdateTimestampMs: this.clock.wallMs(),
      clientTransactionVersion: 2,
    };
    const record = { transactionalId: ID, metadata: { ...base, ...metadata }, version: 1 };
    await this.log.append(0, [transactionRecordCodec.encode(record)], null);
    await this.restart();
    await settle();
  }
}
