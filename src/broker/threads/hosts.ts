/**
 * Starts the broker's I/O and storage hosts, as threads of their own or on the calling thread, and gives the control
 * thread its ends: ports to talk to them and the appender for its own batches.
 */
import type { Clock } from '../../base/clock.ts';
import type { LogStore } from '../../native/log-store.ts';
import type { StorageHostSettings } from '../../partition/storage-host.ts';
import type { FromStorage, ToStorage } from '../../partition/storage-messages.ts';
import type { PartitionTable } from '../../ring/partition-table.ts';
import { SharedArena } from '../../ring/shared-arena.ts';
import { type Doorbell, WakeCaller, WakeSleeper } from '../../ring/wake-signal.ts';
import type { AssignedLevels, ComponentLoggers } from '../../telemetry/component-loggers.ts';
import type { IoHostSettings } from '../io/io-host.ts';
import type { FromIo, Port, ToIo } from '../io/io-messages.ts';
import { WorkerLink } from '../io/worker-links.ts';
import { allocateSharedMemory, type CounterMemory, SCRATCH_BYTES, type SharedMemory } from '../shared-memory.ts';
import { WorkAppender } from '../work-appender.ts';

export interface HostsOptions {
  readonly store: LogStore;
  readonly clock: Clock;
  readonly loggers: ComponentLoggers;
  readonly logFormat: string;
  readonly ioThreads: number;
  readonly storageWorkers: number;
  /** Storage worker w lives on I/O thread w. */
  readonly colocated: boolean;
  readonly arenaBytes: number;
  /** `socket.request.max.bytes` */
  readonly frameBytesMax: number;
  readonly fetchSessionSlots: number;
  /** Threads count what they do, for metrics. */
  readonly counters: boolean;
  readonly io: Omit<IoHostSettings, 'ioThread'>;
  readonly storage: Omit<StorageHostSettings, 'worker'>;
}

export interface Hosts {
  readonly table: PartitionTable;
  readonly counters: CounterMemory | null;
  readonly appender: WorkAppender;
  readonly ioPorts: readonly Port<ToIo, FromIo>[];
  readonly storagePorts: readonly Port<ToStorage, FromStorage>[];
  /** Levels of loggers have changed. */
  setLogLevels(levels: AssignedLevels): void;
  /** Ends the threads; everything in them was stopped before. */
  close(): Promise<void>;
}

/** Memory, the control thread's arena and the ids under which storage workers know all arenas. */
export interface HostMemory {
  readonly memory: SharedMemory;
  readonly arenaIds: readonly number[];
  readonly controlArena: SharedArena;
}

export function prepareMemory(options: HostsOptions): HostMemory {
  const { store, ioThreads, storageWorkers, arenaBytes, frameBytesMax, counters } = options;
  const memory = allocateSharedMemory(ioThreads, storageWorkers, arenaBytes, frameBytesMax, counters);
  const arenaIds = memory.senders.map(({ arena }) => store.registerMemory(Buffer.from(arena)));
  const controlArena = new SharedArena(memory.senders[ioThreads].arena, SCRATCH_BYTES);
  return { memory, arenaIds, controlArena };
}

/** The control thread's own link to the storage workers. */
export function createAppender(
  { memory, controlArena }: HostMemory,
  workerDoorbells: readonly Doorbell[],
): WorkAppender {
  const sender = memory.senders[memory.senders.length - 1];
  const links = sender.links.map(
    (link, worker) => new WorkerLink(link, new WakeCaller(memory.workerSignals[worker], workerDoorbells[worker])),
  );
  return new WorkAppender(links, controlArena, new WakeSleeper(sender.signal));
}
