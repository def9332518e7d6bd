/** Answers the control thread's requests on a storage worker: opening and deleting logs, lookups, settings. */
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { systemRandom } from '../base/random.ts';
import { errnoName } from '../native/file-space.ts';
import type { LogStore } from '../native/log-store.ts';
import { ErrorCode } from '../protocol/errors.ts';
import { type PartitionTable, RowSlot, RowState } from '../ring/partition-table.ts';
import { isDirectoryFault } from '../storage/directory-fault.ts';
import { Log } from '../storage/log.ts';
import { deletedFolderName } from '../storage/log-files.ts';
import { removeMoveMark } from '../storage/move/move-files.ts';
import type { ProducerStateOptions } from '../storage/producer/producer-state.ts';
import { StorageError } from '../storage/storage-error.ts';
import { FileSystemSyncs } from './file-system-syncs.ts';
import { Partition, type PartitionContext } from './partition.ts';
import type { DynamicStorageSettings, StorageHostSettings } from './storage-host-settings.ts';
import type {
  NamedRow,
  OpenedPartition,
  OpenPartition,
  StorageOp,
  StoragePort,
  StorageReplies,
  StorageRequest,
  TimestampedOffset,
  ToStorage,
} from './storage-messages.ts';

export interface StorageRequestsContext {
  readonly settings: StorageHostSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly store: LogStore;
  readonly table: PartitionTable;
  readonly port: StoragePort;
  /** By row; shared with the host. */
  readonly partitions: (Partition | undefined)[];
  readonly partitionContext: PartitionContext;
  /** Takes in all work that was sent before. */
  drain(): void;
}

type Handlers = {
  readonly [Op in StorageOp]: (
    request: Extract<StorageRequest, { op: Op }>,
  ) => StorageReplies[Op] | Promise<StorageReplies[Op]>;
};

/**
 * Opening or deleting thousands of logs takes seconds; after this time the thread's other work, which may be everybody's
 * requests, has its turn.
 */
const STRETCH_MS = 5;
/** At a start nobody is served yet, and each turn of the thread takes a millisecond. */
const START_STRETCH_MS = 50;

/** Logs that are synced beside each other when the broker stops. */
const STOP_SYNCS_MAX = 32;

/** They take turns with each other; whoever asks has had the answer to one before it asks for another of the same rows. */
const LONG_OPS: readonly StorageOp[] = ['open', 'delete'];
/** Each waits for all before it, and all behind it wait: else it would find some half done. */
const LONE_OPS: readonly StorageOp[] = ['offline', 'stop'];
/** Steps of a move. Their failure is told by who asked, if the move is still wanted; one that took its place may be the cause. */
const MOVE_OPS: readonly StorageOp[] = ['beginMove', 'moveState', 'finishMove'];

export class StorageRequests {
  readonly #context: StorageRequestsContext;
  readonly #handlers: Handlers;
  readonly #fileSystems: FileSystemSyncs;
  /** Ends with the last one of `LONE_OPS`. */
  #lone: Promise<unknown> = Promise.resolve();
  /** Ends with all of `LONG_OPS` and `LONE_OPS`. */
  #all: Promise<unknown> = Promise.resolve();

  constructor(context: StorageRequestsContext) {
    this.#context = context;
    this.#fileSystems = new FileSystemSyncs(context.store.files);
    this.#handlers = {
      open: ({ partitions, isStart }) => this.#openAll(partitions, isStart ? START_STRETCH_MS : STRETCH_MS),
      settings: ({ settings }) => this.#setSettings(settings),
      configure: ({ rows, config }) => {
        for (const row of rows) this.#with(row, ({ log }) => log.setConfig(config));
        return null;
      },
      setLeaderEpoch: ({ row, leaderEpoch }) => this.#with(row, (partition) => this.#setEpoch(partition, leaderEpoch)),
      delete: ({ rows }) => this.#delete(rows),
      deleteRecords: ({ row, offset }) => this.#with(row, (partition) => this.#deleteRecords(partition, offset)),
      offsetForTimestamp: ({ row, timestamp, upperOffset }) =>
        this.#with(row, ({ log }) => found(log.offsetForTimestamp(timestamp, upperOffset))),
      maxTimestamp: ({ row, upperOffset }) => this.#with(row, ({ log }) => found(log.maxTimestampOffset(upperOffset))),
      endOffsetForEpoch: ({ row, leaderEpoch }) =>
        this.#with(row, ({ log }) => {
          const { epoch, endOffset } = log.endOffsetForEpoch(leaderEpoch);
          return { leaderEpoch: epoch, endOffset };
        }),
      epochsForOffsets: ({ rows, offsets }) => ({
        rows,
        leaderEpochs: rows.map((row, at) => this.#context.partitions[row]?.log.epochFor(offsets[at]) ?? -1),
      }),
      producers: ({ row }) => this.#with(row, ({ log }) => log.activeProducers()),
      aborted: ({ row, fetchOffset, upperOffset, ...served }) =>
        this.#with(row, ({ log }) => log.abortedTransactions(fetchOffset, upperOffset, served)),
      sizes: ({ rows }) => rows.map((row) => ({ row, sizeBytes: this.#context.partitions[row]?.log.sizeBytes ?? 0 })),
      cleanable: ({ rows }) => rows.flatMap(({ row, checkpoint }) => this.#cleanable(row, checkpoint)),
      cleanJob: ({ row, checkpoint }) =>
        this.#with(row, ({ log }) => ({ topicId: log.topicId, job: log.cleanJob(checkpoint ?? undefined) })),
      swapCleaned: ({ row, topicId, group }) => this.#context.partitions[row]?.swapCleaned(topicId, group) ?? false,
      offline: ({ rows, fault }) => this.#offline(rows, fault),
      beginMove: (request) =>
        this.#withNamed(request, (partition) => {
          this.#fileSystems.hold(parentOf(request.target.folder));
          partition.beginMove(request.target);
          return null;
        }),
      moveState: (request) => this.#withNamed(request, (partition) => partition.moveState(request.roll)),
      finishMove: (request) =>
        this.#withNamed(request, (partition) => partition.finishMove(request.target, request.copiedTo)),
      cancelMove: ({ row, topicId }) => this.#cancelMove(row, topicId),
      closeMoved: (request) => this.#withNamed(request, (partition) => this.#closeMoved(partition)),
      scrubSegments: (request) => this.#withNamed(request, ({ log }) => log.scrubSegments()),
      noteDamage: (request) =>
        this.#withNamed(request, (partition) => partition.noteDamage(request.segment, request.damage)),
      stop: () => this.#stop(),
    };
  }

  listen(): void {
    this.#context.port.onMessage((message) => void this.#answer(message));
  }

  async #answer({ id, request }: ToStorage): Promise<void> {
    const { port, logger } = this.#context;
    try {
      port.post({ type: 'reply', id, reply: await this.#handle(request), error: null });
    } catch (error) {
      const level = MOVE_OPS.includes(request.op) ? 'debug' : 'error';
      logger[level]({ op: request.op, error: String((error as Error)?.stack ?? error) }, 'a storage request failed');
      const fault = error instanceof StorageError ? { path: error.path, errno: error.errno } : undefined;
      port.post({ type: 'reply', id, reply: null, error: (error as Error).message, fault });
    }
  }

  #handle(request: StorageRequest): unknown {
    const handle = this.#handlers[request.op] as (request: StorageRequest) => unknown;
    const isLone = LONE_OPS.includes(request.op);
    if (!isLone && !LONG_OPS.includes(request.op)) return handle(request);
    const result = (isLone ? this.#all : this.#lone).then(() => handle(request));
    const ended = result.catch(() => {});
    if (isLone) this.#lone = this.#all = ended;
    else this.#all = Promise.all([this.#all, ended]).then(() => {});
    return result;
  }

  /** Runs `run` for each, with room for the thread's other work in between. */
  async #inStretches<T>(items: readonly T[], stretchMs: number, run: (item: T) => void): Promise<void> {
    const { clock } = this.#context;
    let begunMs = clock.monotonicMs();
    for (const item of items) {
      if (clock.monotonicMs() - begunMs >= stretchMs) {
        await new Promise<void>((resolve) => clock.schedule(0, resolve));
        begunMs = clock.monotonicMs();
      }
      run(item);
    }
  }

  #with<T>(row: number, run: (partition: Partition) => T): T {
    const partition = this.#context.partitions[row];
    if (!partition) throw new Error(`no partition in row ${row}`);
    return run(partition);
  }

  #withNamed<T>({ row, topicId, partition: index }: NamedRow, run: (partition: Partition) => T): T {
    return this.#with(row, (partition) => {
      const { log } = partition;
      if (log.topicId !== topicId || log.partition !== index) throw new Error(`row ${row} is another partition's now`);
      return run(partition);
    });
  }

  /** The partition may be gone by now. */
  #cancelMove(row: number, topicId: string): null {
    const partition = this.#context.partitions[row];
    if (partition?.log.topicId === topicId) partition.cancelMove();
    return null;
  }

  #offline(rows: readonly number[], fault: string): null {
    const { partitions, table, partitionContext } = this.#context;
    for (const row of rows) {
      table.set(row, RowSlot.state, RowState.offline);
      partitions[row]?.goOffline(fault);
    }
    partitionContext.publish();
    return null;
  }

  /** The folder that a move has left behind goes, then the mark that tells which of the two is the newer one. */
  #closeMoved(partition: Partition): null {
    const { files } = this.#context.store;
    const { log } = partition;
    const folder = partition.closeMoved();
    if (folder !== undefined && this.#removeMovedFolder(log, folder)) removeMoveMark(files, log.folder);
    return null;
  }

  /** Renames a log's folder away; returns its new path, undefined when it is still there. */
  #setAside({ topic, partition }: Log, folder: string): string | undefined {
    const { store, logger } = this.#context;
    const aside = `${parentOf(folder)}/${deletedFolderName(topic, partition, systemRandom)}`;
    const result = store.files.rename(folder, aside);
    if (result === 0) return aside;
    logger.warn({ folder, error: errnoName(result) }, 'a folder that is to be deleted stays where it is');
    return undefined;
  }

  /** Of a move: durable when it returns true. The files go after `file.delete.delay.ms`. */
  #removeMovedFolder(log: Log, folder: string): boolean {
    const { store, clock } = this.#context;
    const aside = this.#setAside(log, folder);
    if (aside === undefined) return false;
    clock.schedule(log.config.fileDeleteDelayMs, () => store.files.removeFolderAside(aside));
    return store.files.syncFolderNow(parentOf(folder)) === 0;
  }

  async #openAll(partitions: readonly OpenPartition[], stretchMs: number): Promise<OpenedPartition[]> {
    const opened: OpenedPartition[] = [];
    await this.#inStretches(partitions, stretchMs, (opening) => opened.push(this.#open(opening)));
    return opened;
  }

  #open(opening: OpenPartition): OpenedPartition {
    const { row } = opening;
    const { table, partitions, partitionContext, logger } = this.#context;
    try {
      const log = this.#openLog(opening);
      partitions[row] = new Partition(row, log, partitionContext);
      table.set(row, RowSlot.log, log.handle);
      table.set(row, RowSlot.state, RowState.online);
      return { row, fault: null };
    } catch (error) {
      const fault = (error as Error).message;
      logger.error({ folder: opening.folder, fault }, 'a partition is offline');
      table.set(row, RowSlot.state, RowState.offline);
      const ofDirectory = error instanceof StorageError && isDirectoryFault(error.errno);
      if (ofDirectory) partitionContext.onOffline(row, fault, true);
      return { row, fault };
    }
  }

  #openLog(opening: OpenPartition): Log {
    const { topic, partition, topicId, config, leaderEpoch } = opening;
    const { recoveryPoint, logStartOffset, cleanedOffset, cleanShutdown } = opening;
    const { settings, store, clock, logger } = this.#context;
    this.#fileSystems.hold(parentOf(opening.folder));
    const log = Log.open(store, opening.folder, {
      topic,
      partition,
      topicId,
      config,
      validation: settings,
      producerStateOptions: producerStateOptions(settings),
      clock,
      random: systemRandom,
      logger,
      recoveryPoint,
      logStartOffset,
      cleanedOffset,
      cleanShutdown,
      syncRecovered: opening.internal,
      leaderEpoch,
    });
    // The only replica: what is in the log is committed.
    log.setHighWatermark(log.logEndOffset);
    return log;
  }

  #setSettings(settings: DynamicStorageSettings): null {
    // The host and its partitions read the same object.
    Object.assign(this.#context.settings, settings);
    for (const partition of this.#context.partitions)
      partition?.log.producers.setOptions(producerStateOptions(settings));
    return null;
  }

  #setEpoch(partition: Partition, leaderEpoch: number): null {
    partition.log.setLeaderEpoch(leaderEpoch);
    partition.publishOffsets();
    return null;
  }

  #deleteRecords(partition: Partition, offset: number): StorageReplies['deleteRecords'] {
    const errorCode = partition.log.deleteRecords(offset);
    if (errorCode !== ErrorCode.NONE) return { errorCode, lowWatermark: -1 };
    partition.publishOffsets();
    this.#context.partitionContext.rowChanged(partition.row);
    this.#context.partitionContext.publish();
    return { errorCode, lowWatermark: partition.log.logStartOffset };
  }

  #cleanable(row: number, checkpoint: number | null): StorageReplies['cleanable'] {
    const { partitions, logger } = this.#context;
    try {
      const state = partitions[row]?.cleanable(checkpoint ?? undefined);
      return state ? [{ row, ...state }] : [];
    } catch (error) {
      logger.warn({ row, error: (error as Error).message }, 'cannot tell what of a log may be cleaned');
      return [];
    }
  }

  async #delete(rows: readonly number[]): Promise<null> {
    const { partitionContext, drain } = this.#context;
    // Nobody sends to these rows any more; what is still on its way must not meet the rows' next partitions.
    drain();
    /** Folders by the time that they stay. */
    const aside = new Map<number, string[]>();
    await this.#inStretches(rows, STRETCH_MS, (row) => this.#deleteRow(row, aside));
    this.#removeLater(aside);
    partitionContext.publish();
    return null;
  }

  #deleteRow(row: number, aside: Map<number, string[]>): void {
    const { partitions, table } = this.#context;
    const partition = partitions[row];
    partitions[row] = undefined;
    table.set(row, RowSlot.state, RowState.closed);
    if (!partition) return;
    partition.closeForDeletion();
    const { log } = partition;
    const movedFrom = partition.closeMoved();
    if (movedFrom !== undefined) this.#removeMovedFolder(log, movedFrom);
    log.abandon();
    const folder = this.#setAside(log, log.folder);
    if (folder === undefined) return;
    const { fileDeleteDelayMs } = log.config;
    const known = aside.get(fileDeleteDelayMs);
    if (known) known.push(folder);
    else aside.set(fileDeleteDelayMs, [folder]);
  }

  /** Makes the folders' new names durable, and has the folders removed when their time has come. */
  #removeLater(aside: ReadonlyMap<number, readonly string[]>): void {
    const { store, clock } = this.#context;
    for (const parent of new Set([...aside.values()].flat().map(parentOf))) store.files.syncFolder(parent, () => {});
    for (const [delayMs, folders] of aside)
      clock.schedule(delayMs, () => {
        for (const folder of folders) store.files.removeFolderAside(folder);
      });
  }

  async #stop(): Promise<StorageReplies['stop']> {
    const { partitions, logger, partitionContext } = this.#context;
    const open = partitions.filter((partition) => partition !== undefined);
    for (const partition of open) partition.close();
    partitionContext.publish();
    await Promise.all(open.map((partition) => partition.syncEnded()));
    const atOnce = this.#fileSystems.payFor(open.filter(({ log }) => log.finishIndexes()).length);
    if (!atOnce) await syncBesideEachOther(open);
    const failures: { row: number; fault: string }[] = [];
    const fail = ({ row, log }: Partition, fault: string): void => {
      logger.error({ folder: log.folder, error: fault }, 'a log was not closed in order');
      failures.push({ row, fault });
    };
    const closed = open.filter((partition) => {
      partitions[partition.row] = undefined;
      try {
        partition.closeLog(!atOnce);
        return true;
      } catch (error) {
        fail(partition, (error as Error).message);
        return false;
      }
    });
    if (atOnce) this.#syncClosed(closed, fail);
    this.#fileSystems.close();
    return failures;
  }

  /** Makes closed logs durable. */
  #syncClosed(closed: readonly Partition[], fail: (partition: Partition, fault: string) => void): void {
    const results = new Map<string, number>();
    for (const partition of closed) {
      const directory = parentOf(partition.log.folder);
      const result = results.get(directory) ?? this.#fileSystems.syncNow(directory);
      results.set(directory, result);
      if (result === 0) partition.publishOffsets();
      else fail(partition, `cannot sync the logs in ${directory}: ${errnoName(result)}`);
    }
  }
}

/** One after the other, ten thousand logs take longer to stop than a supervisor waits. */
async function syncBesideEachOther(partitions: readonly Partition[]): Promise<void> {
  const rest = partitions.values();
  const syncNext = async (): Promise<void> => {
    for (const partition of rest) await partition.syncToClose();
  };
  await Promise.all(Array.from({ length: STOP_SYNCS_MAX }, syncNext));
}

function parentOf(folder: string): string {
  return folder.slice(0, folder.lastIndexOf('/'));
}

function producerStateOptions(settings: DynamicStorageSettings): ProducerStateOptions {
  return {
    producerIdExpirationMs: settings.producerIdExpirationMs,
    verificationEnabled: settings.transactionVerificationEnabled,
  };
}

function found(offset: Omit<TimestampedOffset, 'errorCode'> | undefined): TimestampedOffset {
  return { errorCode: ErrorCode.NONE, ...(offset ?? { timestamp: -1, offset: -1, leaderEpoch: -1 }) };
}
