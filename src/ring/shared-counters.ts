/**
 * Counters that one thread adds to and any thread reads: doubles in shared memory. The owner adds plainly, since nobody
 * else writes; a reader sees each value whole (see `partition-table.ts`), if a moment late.
 */

export function allocateCounters(slots: number): SharedArrayBuffer {
  return new SharedArrayBuffer(slots * Float64Array.BYTES_PER_ELEMENT);
}

/** Pages of it are touched as they are used. */
export function openCounters(memory: SharedArrayBuffer): Float64Array {
  return new Float64Array(memory);
}
