/** What a thread is given at birth. Structured-cloned; the memory is shared. */

import type { StorageHostSettings } from '../../partition/storage-host.ts';
import type { IoHostSettings } from '../io/io-host.ts';
import type { SharedMemory } from '../shared-memory.ts';

export interface ThreadSeed {
  readonly memory: SharedMemory;
  /** Storage engine's ids of the senders' arenas, in the order of `memory.senders`. */
  readonly arenaIds: readonly number[];
  readonly logLevel: string;
}

export interface IoThreadSeed extends ThreadSeed {
  readonly kind: 'io';
  readonly settings: IoHostSettings;
  readonly ioThreads: number;
  readonly fetchSessionSlots: number;
}

export interface StorageThreadSeed extends ThreadSeed {
  readonly kind: 'storage';
  readonly settings: StorageHostSettings;
}

/** Handshake: each thread first names its doorbell, then gets everybody's, then says that its host runs. */
export interface DoorbellNamed {
  readonly doorbell: number;
}
export const HOST_RUNS = 'host runs';

export interface Doorbells {
  /** I/O threads in order, then the control thread. */
  readonly senders: readonly number[];
  readonly workers: readonly number[];
}
