/** Answers the control thread's requests on a storage worker: opening and deleting logs, lookups, settings. */
import { readPartitionMetadata } from '../storage/partition-metadata-file.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { LogStore } from '../native/log-store.ts';
import { ErrorCode } from '../protocol/errors.ts';
import { type PartitionTable, RowSlot, RowState } from '../ring/partition-table.ts';
import { Log } from '../storage/log.ts';
import { Partition, type PartitionContext } from './partition.ts';
import type { StorageHostSettings, StoragePort } from './storage-host.ts';
import type {
  OpenedPartition,
  OpenPartition,
  StorageOp,
  StorageReplies,
  StorageRequest,
  TimestampedOffset,
  ToStorage,
} from './storage-messages.ts';

void readPartitionMetadata;

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
}

type Handlers = {
  readonly [Op in StorageOp]: (
    request: Extract<StorageRequest, { op: Op }>,
  ) => StorageReplies[Op] | Promise<StorageReplies[Op]>;
};

const NOT_FOUND: TimestampedOffset = { errorCode: ErrorCode.NONE, timestamp: -1, offset: -1, leaderEpoch: -1 };

export class StorageRequests {
  readonly #context: StorageRequestsContext;
  readonly #handlers: Handlers;

  constructor(context: StorageRequestsContext) {
    this.#context = context;
    this.#handlers = {
      open: ({ partitions }) => partitions.map((partition) => this.#open(partition)),
      configure: ({ row, config }) => this.#with(row, ({ log }) => (log.configure(config), null)),
      setLeaderEpoch: ({ row, leaderEpoch }) => this.#with(row, (partition) => this.#setEpoch(partition, leaderEpoch)),
      delete: ({ rows }) => this.#delete(rows),
      deleteRecords: ({ row, offset }) => this.#with(row, (partition) => this.#deleteRecords(partition, offset)),
      offsetForTimestamp: ({ row, timestamp, upperOffset }) =>
        this.#with(row, ({ log }) => found(log.offsetForTimestamp(timestamp), log, upperOffset)),
      maxTimestamp: ({ row, upperOffset }) => this.#with(row, ({ log }) => found(log.maxTimestampOffset(), log, upperOffset)),
      endOffsetForEpoch: ({ row, leaderEpoch }) => this.#with(row, ({ log }) => log.endOffsetForEpoch(leaderEpoch)),
      epochForOffset: ({ row, offset }) => this.#with(row, ({ log }) => ({ leaderEpoch: log.epochForOffset(offset) })),
      producers: ({ row }) => this.#with(row, ({ log }) => log.describeProducers()),
      aborted: ({ row, fetchOffset, upperOffset }) =>
        this.#with(row, ({ log }) => log.abortedTransactions(fetchOffset, upperOffset)),
      sizes: ({ rows }) => rows.map((row) => ({ row, sizeBytes: this.#with(row, ({ log }) => log.sizeBytes) })),
      stop: () => this.#stop(),
    };
  }

  listen(): void {
    this.#context.port.onMessage((message) => void this.#answer(message));
  }

  async #answer({ id, request }: ToStorage): Promise<void> {
    const { port, logger } = this.#context;
    try {
      const handle = this.#handlers[request.op] as (request: StorageRequest) => unknown;
      port.post({ type: 'reply', id, reply: await handle(request), error: null });
    } catch (error) {
      logger.error({ op: request.op, error: String((error as Error)?.stack ?? error) }, 'a storage request failed');
      port.post({ type: 'reply', id, reply: null, error: (error as Error).message });
    }
  }

  #with<T>(row: number, run: (partition: Partition) => T): T {
    const partition = this.#context.partitions[row];
    if (!partition) throw new Error(`no partition in row ${row}`);
    return run(partition);
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
      return { row, fault };
    }
  }
}
