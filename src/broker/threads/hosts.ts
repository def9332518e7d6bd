/**
 * Starts the broker's I/O and storage hosts, as threads of their own or on the calling thread, and gives the control
 * thread its ends: ports to talk to them and the appender for its own batches.
 */
import type { Clock } from '../../base/clock.ts';
import type { LogStore } from '../../native/log-store.ts';
import type { StorageHostSettings } from '../../partition/storage-host-settings.ts';
import type { FromStorage, ToStorage } from '../../partition/storage-messages.ts';
import type { PartitionTable } from '../../ring/partition-table.ts';
import { SharedArena } from '../../ring/shared-arena.ts';
import { type Doorbell, WakeCaller, WakeSleeper } from '../../ring/wake-signal.ts';
import type { AssignedLevels, ComponentLoggers } from '../../telemetry/component-loggers.ts';
import { ControlInbox } from '../control-inbox.ts';
import { ControlLink, IoLink } from '../io/control-frames.ts';
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
  readonly ioLinks: readonly IoLink[];
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

/** The control thread's ends of everything that comes and goes by rings. */
export interface ControlEnds {
  readonly appender: WorkAppender;
  readonly ioLinks: readonly IoLink[];
  readonly inbox: ControlInbox;
}

export interface ControlBells {
  readonly own: Doorbell;
  readonly ios: readonly Doorbell[];
  readonly workers: readonly Doorbell[];
}

export function createControlEnds(
  { memory, controlArena }: HostMemory,
  bells: ControlBells,
  ioPorts: readonly Port<ToIo, FromIo>[],
): ControlEnds {
  const own = memory.senders[ioPorts.length];
  const links = own.links.map(
    (link, worker) => new WorkerLink(link, new WakeCaller(memory.workerSignals[worker], bells.workers[worker])),
  );
  const appender = new WorkAppender(links, controlArena);
  const ioLinks = ioPorts.map((port, io) => {
    return new IoLink(memory.controlFrames[io], new WakeCaller(memory.senders[io].signal, bells.ios[io]), port);
  });
  return { appender, ioLinks, inbox: new ControlInbox([appender, ...ioLinks], new WakeSleeper(own.signal), bells.own) };
}

/** The other end of an `IoLink`. */
export function createControlLink(
  memory: SharedMemory,
  ioThread: number,
  controlBell: Doorbell,
  port: Port<FromIo, ToIo>,
): ControlLink {
  const { signal } = memory.senders[memory.controlFrames.length];
  return new ControlLink(memory.controlFrames[ioThread], new WakeCaller(signal, controlBell), port);
}
