/**
 * What the threads count, and where it stands in their counter arrays (`ring/shared-counters.ts`). A thread has an array
 * only when metrics are exposed; it is the only one that writes to it, with plain adds.
 */
import { LATENCY_SLOTS, recordLatency } from './latency-buckets.ts';

/** API keys and versions that are told apart; beyond, the last one counts. */
export const API_KEYS_MAX = 128;
export const API_VERSIONS_MAX = 32;

/** Of an I/O thread. */
export const IoCounter = {
  failedProduce: 0,
  failedFetch: 1,
  connectionsOpened: 2,
  connectionsClosed: 3,
  connectionsRefused: 4,
} as const;

const IO_REQUESTS_AT = 16;
const IO_LATENCIES_AT = IO_REQUESTS_AT + API_KEYS_MAX * API_VERSIONS_MAX;
const IO_BYTES_OUT_AT = IO_LATENCIES_AT + API_KEYS_MAX * LATENCY_SLOTS;
const IO_ROWS_AT = IO_BYTES_OUT_AT + 1;

/** Slots of an I/O thread's array: its counters, then a slot for each row of the partition table. */
export const ioCounterSlots = (rowsMax: number): number => IO_ROWS_AT + rowsMax;

/** Requests of that API and version. */
export const requestsSlot = (apiKey: number, apiVersion: number): number =>
  IO_REQUESTS_AT + Math.min(apiKey, API_KEYS_MAX - 1) * API_VERSIONS_MAX + Math.min(apiVersion, API_VERSIONS_MAX - 1);

/** Begin of the latencies of that API. */
export const latenciesSlot = (apiKey: number): number =>
  IO_LATENCIES_AT + Math.min(apiKey, API_KEYS_MAX - 1) * LATENCY_SLOTS;

/** Bytes of records that the thread has sent. */
export const BYTES_OUT_SLOT = IO_BYTES_OUT_AT;
/** The same of one row's partition. */
export const bytesOutSlot = (row: number): number => IO_ROWS_AT + row;

/** Of a storage worker. */
export const StorageCounter = {
  messagesIn: 0,
  bytesIn: 1,
  syncLatencies: 16,
} as const;

const STORAGE_ROWS_AT = StorageCounter.syncLatencies + LATENCY_SLOTS;

/** Slots of a worker's array: its counters, then two slots for each row. */
export const storageCounterSlots = (rowsMax: number): number => STORAGE_ROWS_AT + 2 * rowsMax;

/** Messages and, in the slot behind, bytes appended to the row's partition. */
export const messagesInSlot = (row: number): number => STORAGE_ROWS_AT + 2 * row;

const PRODUCE = 0;
const FETCH = 1;

/** What an I/O thread counts of its connections and requests. */
export class IoCounters {
  readonly slots: Float64Array;

  constructor(slots: Float64Array) {
    this.slots = slots;
  }

  add(slot: number): void {
    this.slots[slot]++;
  }

  requestStarted(apiKey: number, apiVersion: number): void {
    this.slots[requestsSlot(apiKey, apiVersion)]++;
  }

  requestFinished(apiKey: number, durationMs: number, failed: boolean): void {
    recordLatency(this.slots, latenciesSlot(apiKey), durationMs);
    if (!failed) return;
    if (apiKey === PRODUCE) this.slots[IoCounter.failedProduce]++;
    else if (apiKey === FETCH) this.slots[IoCounter.failedFetch]++;
  }

  recordsSent(row: number, sizeBytes: number): void {
    this.slots[BYTES_OUT_SLOT] += sizeBytes;
    this.slots[bytesOutSlot(row)] += sizeBytes;
  }

  /** The row will be another partition's. */
  rowFreed(row: number): void {
    this.slots[bytesOutSlot(row)] = 0;
  }
}

/** What a storage worker counts of its partitions. */
export class StorageCounters {
  readonly slots: Float64Array;

  constructor(slots: Float64Array) {
    this.slots = slots;
  }

  appended(row: number, messages: number, sizeBytes: number): void {
    const { slots } = this;
    slots[StorageCounter.messagesIn] += messages;
    slots[StorageCounter.bytesIn] += sizeBytes;
    const at = messagesInSlot(row);
    slots[at] += messages;
    slots[at + 1] += sizeBytes;
  }

  synced(durationMs: number): void {
    recordLatency(this.slots, StorageCounter.syncLatencies, durationMs);
  }

  /** The row is a new partition's from now on. */
  rowTaken(row: number): void {
    const at = messagesInSlot(row);
    this.slots[at] = this.slots[at + 1] = 0;
  }
}
