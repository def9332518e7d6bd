/**
 * Garbage per request, measured in a real broker: V8 says at each collection how much was allocated since the last one
 * (--trace-gc-nvp, all threads of the process), so bytes by requests is what a request leaves to collect. The young
 * generation is counted only when it is full; enough requests make that error small, and it is said.
 */
import { readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type LoadResult, runLoad } from '../load/run-load.ts';
import { defaultSettings, type LoadSettings } from '../load/settings.ts';
import { startMillrace } from '../peers/millrace.ts';
import type { RunningBroker } from '../peers/running-broker.ts';
import { formatNumber, formatTable } from '../report/table.ts';

const NODE_FLAGS = ['--trace-gc-nvp'];
const IDLE_SECONDS = 5;

interface Phase {
  name: string;
  settings: Partial<LoadSettings>;
  /** What one request is here. */
  requests: (result: LoadResult) => number;
}

const produced = (result: LoadResult) => result.stages.reduce((sum, stage) => sum + stage.requests, 0);
const fetched = (result: LoadResult) => result.stages.reduce((sum, stage) => sum + stage.fetches, 0);

const SECONDS_MAX = 15;
const bounded = { warmUpSeconds: 0, acks: 1 as const, stages: [{ rate: 0, seconds: SECONDS_MAX }] };

const phases: readonly Phase[] = [
  {
    name: 'produce, one record of 100 B a request',
    settings: { ...bounded, messageBytes: 100, batchBytes: 1, producers: 4, recordsMax: 400_000 },
    requests: produced,
  },
  {
    name: 'produce, four batches of 16 KiB a request',
    settings: { ...bounded, batchesPerRequest: 4, producers: 2, recordsMax: 1_200_000 },
    requests: produced,
  },
  {
    name: 'fetch at the tail (and a produce request each)',
    settings: {
      ...bounded,
      messageBytes: 100,
      producers: 1,
      consumers: 1,
      partitions: 1,
      topics: ['allocation-tail'],
      stages: [{ rate: 4000, seconds: 10 }],
    },
    requests: fetched,
  },
];

export interface AllocationRow {
  name: string;
  requests: number;
  bytesPerRequest: number;
}

/** Bytes by isolate that the collections in this text count. */
export function allocatedBytes(text: string): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const match of text.matchAll(/\[\d+:(0x[0-9a-f]+)[^\]]*\][^\n]*?\ballocated=(\d+)/g)) {
    bytes.set(match[1]!, (bytes.get(match[1]!) ?? 0) + Number(match[2]));
  }
  return bytes;
}

const sum = (bytes: Map<string, number>) => [...bytes.values()].reduce((all, value) => all + value, 0);

/** What the broker's threads allocate while `during` runs, but for what was not collected yet. */
async function allocatedWhile<T>(
  broker: RunningBroker,
  during: () => Promise<T>,
): Promise<{ bytes: number; value: T }> {
  const log = join(broker.directory!, 'output.log');
  const from = statSync(log).size;
  const value = await during();
  return { bytes: sum(allocatedBytes(readFileSync(log).subarray(from).toString('latin1'))), value };
}

function load(broker: RunningBroker, settings: Partial<LoadSettings>): Promise<LoadResult> {
  const where = { host: broker.host, port: broker.port, topics: ['allocation'], partitions: 8 };
  return runLoad({ ...defaultSettings, ...where, ...settings });
}

/** Prints bytes of garbage per request. Each phase runs twice; the first time code is compiled and does not count. */
export async function runAllocation(progress: (text: string) => void): Promise<AllocationRow[]> {
  const directory = join(tmpdir(), `millrace-bench-allocation-${process.pid}`);
  const broker = await startMillrace({ directory }, NODE_FLAGS);
  const rows: AllocationRow[] = [];
  try {
    const startedMs = performance.now();
    await pause(IDLE_SECONDS * 1000);
    const idle = await allocatedWhile(broker, () => pause(IDLE_SECONDS * 1000));
    const idlePerMs = idle.bytes / (IDLE_SECONDS * 1000);
    progress(
      `Idle: ${formatNumber((idlePerMs * 1000) / 1024)} KiB a second, ${((performance.now() - startedMs) / 1000).toFixed(0)} s`,
    );
    for (const { name, settings, requests } of phases) {
      await load(broker, settings);
      const fromMs = performance.now();
      const { bytes, value } = await allocatedWhile(broker, () => load(broker, settings));
      const own = Math.max(0, bytes - idlePerMs * (performance.now() - fromMs));
      const count = requests(value);
      rows.push({ name, requests: count, bytesPerRequest: own / Math.max(1, count) });
    }
  } finally {
    await broker.stop();
    rmSync(directory, { recursive: true, force: true });
  }
  const cells = rows.map((row) => [row.name, formatNumber(row.requests), formatNumber(row.bytesPerRequest)]);
  console.log(formatTable({ head: ['load', 'requests', 'bytes of garbage a request'], rows: cells }));
  return rows;
}
