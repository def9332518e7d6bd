/** What a thread is given first, in a message. Structured-cloned; the memory is shared. */
import type { MessagePort } from 'node:worker_threads';
import type { StorageHostSettings } from '../../partition/storage-host-settings.ts';
import type { AssignedLevels } from '../../telemetry/component-loggers.ts';
import type { IoHostSettings } from '../io/io-host.ts';
import type { SharedMemory } from '../shared-memory.ts';

export interface IoSeed {
  readonly port: MessagePort;
  readonly settings: IoHostSettings;
  readonly ioThreads: number;
  readonly fetchSessionSlots: number;
}

export interface StorageSeed {
  readonly port: MessagePort;
  readonly settings: StorageHostSettings;
}

/** A thread runs an I/O host, a storage host, or one of each. */
export interface ThreadSeed {
  readonly memory: SharedMemory;
  /** Storage engine's ids of the senders' arenas, in the order of `memory.senders`. */
  readonly arenaIds: readonly number[];
  readonly logLevels: AssignedLevels;
  readonly logFormat: string;
  readonly io: IoSeed | null;
  readonly storage: StorageSeed | null;
}

/** Handshake: with its seed each thread names its doorbell, then gets everybody's, then says that its hosts run. */
export interface DoorbellNamed {
  readonly doorbell: number;
}
export const HOSTS_RUN = 'hosts run';

/** To a running thread: levels of loggers have changed. */
export interface LevelsChanged {
  readonly logLevels: AssignedLevels;
}

export interface DoorbellIds {
  /** I/O threads in order, then the control thread. */
  readonly senders: readonly number[];
  /** By storage worker; the same as an I/O thread's where both live on one thread. */
  readonly workers: readonly number[];
}
