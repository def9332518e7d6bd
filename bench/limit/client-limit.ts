/**
 * The least that a broker has to do for the work of a real client, and what that takes one C thread on this machine: a bound
 * from below, to tell a goal that was missed from one that cannot be reached here.
 */
import type { MachineLimits } from './limit.ts';

export type LeastWork =
  /** Bytes that are received, summed and written. What their sync costs is left out. */
  | { kind: 'ingest'; bytes: number }
  /** Bytes that are sent from the page cache. */
  | { kind: 'send'; bytes: number }
  /** As many requests of 16 KiB as the client said it sent, each of which wakes the broker. */
  | { kind: 'paced'; synced: boolean }
  /** Trips that wake the broker twice: for a record, which is synced or not, and for the fetch that waits for it. */
  | { kind: 'roundTrips'; trips: number; synced: boolean };

export interface LeastCost {
  cpuSeconds: number;
  /** Of a round trip: until the record is acknowledged. */
  avgMs?: number;
}

const PACED_BYTES = 16384;
const TRIP_BYTES = 200;

/** Undefined where the limits, or the count of requests, were not measured. */
export function leastCost(work: LeastWork, limits: MachineLimits, requests?: number): LeastCost | undefined {
  const best = (figures: readonly { gb_per_cpu_s: number }[], bytes: number) =>
    figures.length === 0
      ? undefined
      : { cpuSeconds: bytes / 1e9 / Math.max(...figures.map(({ gb_per_cpu_s }) => gb_per_cpu_s)) };
  const woken = (bytes: number, synced: boolean) =>
    limits.woken.find((one) => one.bytes === bytes && one.synced === Number(synced));
  if (work.kind === 'ingest') return best(limits.append, work.bytes);
  if (work.kind === 'send') return best(limits.sendfile, work.bytes);
  if (work.kind === 'paced') {
    const one = woken(PACED_BYTES, work.synced);
    return one && requests ? { cpuSeconds: (one.cpu_us_per_request * requests) / 1e6 } : undefined;
  }
  const [record, fetch] = [woken(TRIP_BYTES, work.synced), woken(TRIP_BYTES, false)];
  if (record?.wall_us_per_request === undefined || fetch === undefined) return undefined;
  return {
    cpuSeconds: ((record.cpu_us_per_request + fetch.cpu_us_per_request) * work.trips) / 1e6,
    avgMs: record.wall_us_per_request / 1e3,
  };
}
