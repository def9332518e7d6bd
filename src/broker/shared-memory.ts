/**
 * All memory that the broker's threads share, allocated once at start. Senders of work are the I/O threads and, last, the
 * control thread (for its coordinators); each has an arena, and a pair of rings to every storage worker.
 *
 *     sender s --work ring--> worker w --completion ring--> sender s      one SPSC ring each way for each pair
 *     I/O thread --request frames--> control thread --response frames--> I/O thread      likewise
 */

import { allocateRing } from '../ring/descriptor-ring.ts';
import { allocateFrameRing } from '../ring/frame-ring.ts';
import { allocatePartitionTable } from '../ring/partition-table.ts';
import { SharedArena } from '../ring/shared-arena.ts';
import { allocateCounters } from '../ring/shared-counters.ts';
import { allocateTally } from '../ring/shared-tally.ts';
import { allocateSignal } from '../ring/wake-signal.ts';
import { ioCounterSlots, storageCounterSlots } from '../telemetry/thread-counters.ts';
import type { ControlFrameMemory } from './io/control-frames.ts';
import type { WorkerLinkMemory } from './io/worker-links.ts';

/** Partitions that one broker can host. Memory for a row is touched only when it is used. */
export const PARTITIONS_MAX = 131_072;
/** Descriptors per ring: twice what may be under way between two threads. */
const RING_CAPACITY = 8_192;
/** Read buffer that the idle connections of one I/O thread share. */
export const SCRATCH_BYTES = 64 * 1024;
/** Each of the two rings between an I/O thread and the control thread. */
const CONTROL_FRAMES_BYTES = 128 * 1024;
/** The control thread's arena: the records of coordinators. */
const CONTROL_ARENA_ORDER = 24;

export interface SenderMemory {
  readonly arena: SharedArrayBuffer;
  /** By worker. */
  readonly links: readonly WorkerLinkMemory[];
  readonly signal: SharedArrayBuffer;
}

/** Counter arrays (`telemetry/thread-counters.ts`) by I/O thread and by worker. */
export interface CounterMemory {
  readonly io: readonly SharedArrayBuffer[];
  readonly storage: readonly SharedArrayBuffer[];
}

export interface SharedMemory {
  readonly table: SharedArrayBuffer;
  /** I/O threads in order, then the control thread. */
  readonly senders: readonly SenderMemory[];
  /** By I/O thread. */
  readonly controlFrames: readonly ControlFrameMemory[];
  /** By worker. */
  readonly workerSignals: readonly SharedArrayBuffer[];
  /** Open connections of all I/O threads. */
  readonly connections: SharedArrayBuffer;
  /** Null unless metrics are exposed. */
  readonly counters: CounterMemory | null;
}

/** Arenas hold `arenaBytes` or the largest frame, whichever is more, rounded up to a power of two. */
export function allocateSharedMemory(
  ioThreads: number,
  workers: number,
  arenaBytes: number,
  frameBytesMax: number,
  withCounters: boolean,
): SharedMemory {
  const order = Math.ceil(Math.log2(Math.max(arenaBytes, frameBytesMax)));
  const sender = (arenaOrder: number): SenderMemory => ({
    arena: SharedArena.allocateMemory(arenaOrder, SCRATCH_BYTES),
    links: Array.from({ length: workers }, () => ({
      work: allocateRing(RING_CAPACITY),
      completions: allocateRing(RING_CAPACITY),
    })),
    signal: allocateSignal(),
  });
  return {
    table: allocatePartitionTable(PARTITIONS_MAX),
    senders: [...Array.from({ length: ioThreads }, () => sender(order)), sender(CONTROL_ARENA_ORDER)],
    controlFrames: Array.from({ length: ioThreads }, () => ({
      requests: allocateFrameRing(CONTROL_FRAMES_BYTES),
      responses: allocateFrameRing(CONTROL_FRAMES_BYTES),
    })),
    workerSignals: Array.from({ length: workers }, () => allocateSignal()),
    connections: allocateTally(),
    counters: withCounters ? allocateThreadCounters(ioThreads, workers) : null,
  };
}

function allocateThreadCounters(ioThreads: number, workers: number): CounterMemory {
  return {
    io: Array.from({ length: ioThreads }, () => allocateCounters(ioCounterSlots(PARTITIONS_MAX))),
    storage: Array.from({ length: workers }, () => allocateCounters(storageCounterSlots(PARTITIONS_MAX))),
  };
}
