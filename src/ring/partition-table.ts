/**
 * What every thread may know of a partition without asking its storage worker: one row of doubles, written by the
 * worker that owns the partition, read by I/O threads for tail reads. Offsets are exact to 2^53, and one aligned
 * double is loaded and stored whole on the 64-bit machines that Node runs on.
 *
 *     Float64 row * 16 + slot     the slots below
 *     Int32   row (second part)   bit i: I/O thread i has a fetch that waits for this partition
 */

export const RowSlot = {
  logStartOffset: 0,
  highWatermark: 1,
  lastStableOffset: 2,
  logEndOffset: 3,
  leaderEpoch: 4,
  /** Handle of the log in the storage engine, for reads from any thread. */
  log: 5,
  /** See RowState. */
  state: 6,
  /** Last offset of the newest aborted transaction, -1 without: fetches above it need no transaction index. */
  lastAbortedOffset: 7,
  /** Everything below is synced; written to recovery-point-offset-checkpoint. */
  recoveryPoint: 8,
  /** Ranges of the log that are known to be damaged. */
  damagedRanges: 9,
} as const;
/** Two cache lines; the rest is room for what replication needs. */
const ROW_SLOTS = 16;

export const RowState = { closed: 0, online: 1, offline: 2 } as const;

/** I/O threads that can wait for a partition, and so all that there may be: the bits of an Int32 that stay positive. */
export const WAITERS_MAX = 31;

export function allocatePartitionTable(rowsMax: number): SharedArrayBuffer {
  return new SharedArrayBuffer(rowsMax * (ROW_SLOTS * 8 + 4));
}

export class PartitionTable {
  readonly slots: Float64Array;
  readonly rowsMax: number;
  readonly #waiters: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.rowsMax = memory.byteLength / (ROW_SLOTS * 8 + 4);
    this.slots = new Float64Array(memory, 0, this.rowsMax * ROW_SLOTS);
    this.#waiters = new Int32Array(memory, this.rowsMax * ROW_SLOTS * 8, this.rowsMax);
  }

  get(row: number, slot: number): number {
    return this.slots[row * ROW_SLOTS + slot];
  }

  set(row: number, slot: number, value: number): void {
    this.slots[row * ROW_SLOTS + slot] = value;
  }

  /** (I/O thread) Asks to be told of the next change; look at the row once more afterwards. */
  wait(row: number, ioThread: number): void {
    Atomics.or(this.#waiters, row, 1 << ioThread);
  }

  /** (owner) After changing a row: the bits of the threads to tell. A full fence, so no waiter is missed. */
  takeWaiters(row: number): number {
    return Atomics.exchange(this.#waiters, row, 0);
  }
}
