/**
 * Service -> runtime -> shard: the runtime knows which partitions of a coordinator's internal topic are led here, loads
 * each by replaying its log, and passes operations to the shard (`ShardWriter`). Control thread.
 *
 * A partition is absent (NOT_COORDINATOR), loading (COORDINATOR_LOAD_IN_PROGRESS) or active. A load that fails, or an
 * append whose outcome nobody knows, makes it load again after a while.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { ErrorCode, KafkaError } from '../../protocol/errors.ts';
import { coordinatorErrorCode, errorCodeOf } from './append-errors.ts';
import type { AppendTransaction, CoordinatorLog, EndTransactionMarker, LogBatch } from './coordinator-log.ts';
import type { CoordinatorResult, CoordinatorShard, RecordCodec, ShardServices } from './coordinator-shard.ts';
import { CoordinatorTimers } from './coordinator-timers.ts';
import { LoadReport } from './load-report.ts';
import { ShardWriter } from './shard-writer.ts';
import { UndoLog } from './undo-log.ts';

const RELOAD_DELAY_MS = 1_000;

export interface CoordinatorRuntimeOptions<S, R> {
  /** For log lines: 'group', 'transaction'. */
  readonly name: string;
  readonly log: CoordinatorLog;
  readonly codec: RecordCodec<R>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly createShard: (services: ShardServices<S, R>) => S;
  /** How long an operation waits for its append; read at each one. */
  readonly writeTimeoutMs: () => number;
}

interface Active<S extends CoordinatorShard<R>, R> {
  readonly shard: S;
  readonly writer: ShardWriter<S, R>;
  readonly timers: CoordinatorTimers;
}

interface LedPartition<S extends CoordinatorShard<R>, R> {
  readonly partition: number;
  readonly leaderEpoch: number;
  /** Null while loading. */
  active: Active<S, R> | null;
  reloadTimer: Timer | null;
  /** Counts loads: what an older one still does is ignored. */
  loadNumber: number;
}

export class CoordinatorRuntime<S extends CoordinatorShard<R>, R> {
  readonly #options: CoordinatorRuntimeOptions<S, R>;
  readonly #led = new Map<number, LedPartition<S, R>>();
  readonly #report: LoadReport;
  #closed = false;

  constructor(options: CoordinatorRuntimeOptions<S, R>) {
    this.#options = options;
    this.#report = new LoadReport(options);
  }

  /** Partitions led here, loaded or not. */
  partitions(): number[] {
    return [...this.#led.keys()];
  }

  isActive(partition: number): boolean {
    return this.#led.get(partition)?.active != null;
  }

  /** The partition is led here from now on. Resolves when the first load is over, whether it went well or not. */
  elected(partition: number, leaderEpoch: number): Promise<void> {
    const known = this.#led.get(partition);
    if (this.#closed || (known && known.leaderEpoch >= leaderEpoch)) return Promise.resolve();
    if (known) this.#unload(known, notCoordinator());
    const led = { partition, leaderEpoch, active: null, reloadTimer: null, loadNumber: 0 };
    this.#led.set(partition, led);
    return this.#load(led);
  }

  /** The partition is led elsewhere. An epoch older than the election's says nothing new; null always holds. */
  resigned(partition: number, leaderEpoch: number | null): void {
    const led = this.#led.get(partition);
    if (!led || (leaderEpoch !== null && leaderEpoch < led.leaderEpoch)) return;
    this.#led.delete(partition);
    this.#unload(led, notCoordinator());
  }

  close(): void {
    this.#closed = true;
    for (const led of this.#led.values()) this.#unload(led, unavailable());
    this.#led.clear();
  }

  /** Runs an operation that may write; resolves with its response, rejects with a KafkaError. */
  write<T>(partition: number, operation: (shard: S) => CoordinatorResult<R, T>): Promise<T> {
    return this.#onWriter(partition, (writer) => writer.write(operation));
  }

  /** As `write`, after the log agreed that the partition takes part in the transaction. */
  async writeTransactional<T>(
    partition: number,
    transaction: AppendTransaction,
    apiVersion: number,
    operation: (shard: S) => CoordinatorResult<R, T>,
  ): Promise<T> {
    const { log } = this.#options;
    if (log.verifyTransaction) {
      await this.#onWriter(partition, async () => {
        try {
          await log.verifyTransaction?.(partition, transaction, apiVersion);
        } catch (error) {
          throw new KafkaError(verificationErrorCode(errorCodeOf(error)), (error as Error).message);
        }
      });
    }
    return this.#onWriter(partition, (writer) => writer.write(operation, transaction));
  }

  endTransaction(partition: number, marker: EndTransactionMarker): Promise<void> {
    return this.#onWriter(partition, (writer) => writer.endTransaction(marker));
  }

  /** The query's answer once everything it saw is durable. */
  read<T>(partition: number, query: (shard: S) => T): Promise<T> {
    return this.#onWriter(partition, (writer) => writer.read(query));
  }

  /** Asks each partition that is led here; rejects when one of them is loading. */
  readAll<T>(query: (shard: S) => T): Promise<T[]> {
    return Promise.all(this.partitions().map((partition) => this.read(partition, query)));
  }

  /** Runs an operation on every active partition; failures are logged. */
  async writeAll(name: string, operation: (shard: S) => CoordinatorResult<R, void>): Promise<void> {
    const active = this.partitions().filter((partition) => this.isActive(partition));
    await Promise.all(active.map((partition) => this.#runInBackground(partition, name, operation)));
  }

  /** Runs an operation of its own for each thing that the query finds on an active partition; failures are logged. */
  async writeEach<T>(
    name: string,
    find: (shard: S) => readonly T[],
    operation: (shard: S, found: T) => CoordinatorResult<R, void>,
  ): Promise<void> {
    const onPartition = async (partition: number): Promise<void> => {
      const found = await this.read(partition, find).catch(() => []); // it is led elsewhere, or loads again
      await Promise.all(found.map((each) => this.#runInBackground(partition, name, (shard) => operation(shard, each))));
    };
    await Promise.all(
      this.partitions()
        .filter((partition) => this.isActive(partition))
        .map(onPartition),
    );
  }

  #onWriter<T>(partition: number, run: (writer: ShardWriter<S, R>) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(unavailable());
    const led = this.#led.get(partition);
    if (!led) return Promise.reject(notCoordinator());
    if (!led.active) return Promise.reject(loading());
    return run(led.active.writer);
  }

  async #runInBackground(
    partition: number,
    name: string,
    operation: (shard: S) => CoordinatorResult<R, void>,
  ): Promise<void> {
    try {
      await this.#onWriter(partition, (writer) => writer.run(operation));
    } catch (error) {
      if (this.#closed) return; // the broker stops: there is nothing that anybody could do
      const { code, message } = error as KafkaError;
      this.#options.logger.warn({ partition, name, code, message }, `${this.#options.name} coordinator: not done`);
    }
  }

  #unload(led: LedPartition<S, R>, error: KafkaError): void {
    led.loadNumber++;
    led.reloadTimer?.cancel();
    led.reloadTimer = null;
    const active = led.active;
    led.active = null;
    if (!active) return;
    active.timers.cancelAll();
    active.writer.close(error);
    active.shard.onUnloaded(error);
  }

  async #load(led: LedPartition<S, R>): Promise<void> {
    const loadNumber = ++led.loadNumber;
    const isCurrent = (): boolean => led.loadNumber === loadNumber && this.#led.get(led.partition) === led;
    const startedMs = this.#report.begun();
    try {
      const loaded = await this.#replayLog(led, isCurrent);
      if (!loaded) return;
      led.active = loaded.active;
      loaded.active.shard.onLoaded();
      this.#report.loaded(led.partition, loaded.records, startedMs);
    } catch (error) {
      if (!isCurrent()) return;
      this.#report.failed(led.partition, error);
      this.#reloadLater(led);
    } finally {
      this.#report.ended();
    }
  }

  /** Null when the partition was unloaded meanwhile. */
  async #replayLog(
    led: LedPartition<S, R>,
    isCurrent: () => boolean,
  ): Promise<{ active: Active<S, R>; records: number } | null> {
    const { partition } = led;
    const undo = new UndoLog();
    undo.paused = true;
    const timers = new CoordinatorTimers(this.#options.clock);
    const shard = this.#options.createShard({
      partition,
      leaderEpoch: led.leaderEpoch,
      undo,
      timers,
      submit: (name, operation) => {
        if (led.active?.shard === shard) void this.#runInBackground(partition, name, operation);
      },
    });
    let records = 0;
    let nextOrder = 0;
    for await (const batch of this.#options.log.read(partition, 0)) {
      if (!isCurrent()) return null;
      records += this.#replayBatch(shard, batch);
      nextOrder = batch.lastOffset + 1;
    }
    if (!isCurrent()) return null;
    undo.paused = false;
    const writer = new ShardWriter<S, R>({
      ...this.#options,
      partition,
      shard,
      undo,
      nextOrder,
      onOutcomeUnknown: () => {
        if (led.active?.writer === writer) this.#reloadLater(led);
      },
    });
    return { active: { shard, writer, timers }, records };
  }

  #replayBatch(shard: S, batch: LogBatch): number {
    if (batch.endTransaction) {
      shard.replayEndTransaction(batch.producerId, batch.endTransaction.committed);
      return 1;
    }
    const producerId = batch.isTransactional ? batch.producerId : -1;
    for (const logRecord of batch.records) {
      const record = this.#options.codec.decode(logRecord);
      if (record !== null) shard.replay(record, { order: logRecord.offset, producerId });
    }
    return batch.records.length;
  }

  #reloadLater(led: LedPartition<S, R>): void {
    this.#unload(led, loading());
    led.reloadTimer = this.#options.clock.schedule(RELOAD_DELAY_MS, () => {
      led.reloadTimer = null;
      void this.#load(led);
    });
  }
}

const notCoordinator = (): KafkaError =>
  new KafkaError(ErrorCode.NOT_COORDINATOR, 'the group or transaction is coordinated elsewhere');
const loading = (): KafkaError =>
  new KafkaError(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, 'the coordinator reads its log');
const unavailable = (): KafkaError => new KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE, 'the coordinator shuts down');

/** A transaction coordinator that cannot be reached now is no reason to look for another group coordinator. */
function verificationErrorCode(errorCode: number): number {
  return errorCode === ErrorCode.NETWORK_EXCEPTION
    ? ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
    : coordinatorErrorCode(errorCode);
}
