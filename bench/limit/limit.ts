/**
 * Front end of the limit program: builds it, runs it in settled memory and returns the machine's physical limits, so that
 * every report can say what part of them a broker reached. Runs on the main thread.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { dirname } from 'node:path';
import { buildProgram } from '../build.ts';
import type { SettledMemory } from '../measure/memory.ts';

export interface AppendLimit {
  type: 'append';
  bytes: number;
  /** Each request is written to so many, an equal piece to each. */
  files: number;
  requests: number;
  gb_per_cpu_s: number;
  gb_per_cpu_s_with_client: number;
  gb_per_s: number;
  cpu_us_per_request: number;
  wall_us_per_request: number;
}

export interface SendfileLimit {
  type: 'sendfile';
  bytes: number;
  gb_per_cpu_s: number;
  gb_per_cpu_s_with_client: number;
  gb_per_s: number;
}

/** CPU of one request, and how long its answer takes, when the server has to be woken for each. */
export interface WokenLimit {
  type: 'woken';
  bytes: number;
  period_us: number;
  /** 1: fdatasync before the answer. */
  synced: number;
  cpu_us_per_request: number;
  /** Not in reports of before it was measured. */
  wall_us_per_request?: number;
}

export interface MachineLimits {
  append: AppendLimit[];
  woken: WokenLimit[];
  sendfile: SendfileLimit[];
}

type Limit = AppendLimit | WokenLimit | SendfileLimit;

const FIGURES = 13;

/** Over loopback it is chance which side does the network's work, so each figure is the median of this many. */
const ROUNDS = 3;

function measureOnce(program: string, directory: string, seconds: number): Limit[] {
  const { stdout, status } = spawnSync(program, [`--dir=${directory}`, `--seconds=${seconds}`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: Math.round((seconds * FIGURES + 60) * 1000),
  });
  if (status !== 0) throw new Error(`The limit program failed (status ${status}).`);
  const lines = stdout.trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Limit);
}

/** What the rounds of a figure are ordered by, for the median. */
function measured(limit: Limit): number {
  if (limit.type === 'append') return limit.gb_per_cpu_s;
  return limit.type === 'woken' ? limit.cpu_us_per_request : limit.gb_per_cpu_s_with_client;
}

/** Takes about 13 times `secondsEach`. `directory` is where the brokers' data lie. */
export async function measureLimits(directory: string, memory: SettledMemory, secondsEach = 2): Promise<MachineLimits> {
  const program = buildProgram('limit');
  const rounds: Limit[][] = [];
  while (rounds.length < ROUNDS) {
    await memory.refill();
    rounds.push(measureOnce(program, directory, secondsEach / ROUNDS));
  }
  const medians = rounds[0]!.map((_, figure) => {
    const sorted = rounds.map((round) => round[figure]!).sort((x, y) => measured(x) - measured(y));
    return sorted[ROUNDS >> 1]!;
  });
  return {
    append: medians.filter((line) => line.type === 'append'),
    woken: medians.filter((line) => line.type === 'woken'),
    sendfile: medians.filter((line) => line.type === 'sendfile'),
  };
}

const CACHE_MS_MAX = 24 * 3600 * 1000;
/** With more than this waiting for each core the figures are of a busy machine. */
const BUSY_PER_CORE = 0.75;

/**
 * The limits as measured here within the last day, else measured now (about thirteen seconds) and kept in `cachePath` unless
 * the machine is busy.
 * Another kernel or processor makes what is kept invalid.
 */
export async function recentLimits(
  directory: string,
  memory: SettledMemory,
  cachePath: string,
  progress: (text: string) => void,
): Promise<MachineLimits> {
  const machine = `${cpus()[0]?.model} x${cpus().length}, ${release()}`;
  try {
    const kept = JSON.parse(readFileSync(cachePath, 'utf8')) as {
      machine: string;
      atMs: number;
      limits: MachineLimits;
    };
    if (kept.limits.woken[0]?.wall_us_per_request && kept.machine === machine && Date.now() - kept.atMs < CACHE_MS_MAX)
      return kept.limits;
  } catch {
    // none kept, or not readable
  }
  progress("Measuring the machine's limits ...");
  const limits = await measureLimits(directory, memory, 1);
  if (loadavg()[0]! > cpus().length * BUSY_PER_CORE) return limits; // not worth keeping
  mkdirSync(dirname(cachePath), { recursive: true });
  writeFileSync(cachePath, JSON.stringify({ machine, atMs: Date.now(), limits }));
  return limits;
}

function between(points: readonly { bytes: number; gb_per_cpu_s: number }[], bytes: number): number {
  const sorted = [...points].sort((a, b) => a.bytes - b.bytes);
  const above = sorted.findIndex((point) => point.bytes >= bytes);
  if (above === -1) return sorted.at(-1)?.gb_per_cpu_s ?? 0;
  const high = sorted[above]!;
  const low = sorted[above - 1];
  if (low === undefined) return (high.gb_per_cpu_s * bytes) / high.bytes; // below the smallest, the request is what costs
  const part = (Math.log(bytes) - Math.log(low.bytes)) / (Math.log(high.bytes) - Math.log(low.bytes));
  return low.gb_per_cpu_s * (high.gb_per_cpu_s / low.gb_per_cpu_s) ** part;
}

/** CPU-seconds per GB that each further file of a request costs, times the request's bytes. */
function fileCost(single: readonly AppendLimit[], limits: MachineLimits): number {
  const several = limits.append.find(({ files }) => files > 1);
  if (!several) return 0;
  const more = 1 / several.gb_per_cpu_s - 1 / between(single, several.bytes);
  return (Math.max(0, more) / (several.files - 1)) * several.bytes;
}

/** GB per CPU-second that one C thread reaches when it appends requests of this size, of so many batches. */
export function appendLimit(limits: MachineLimits, requestBytes: number, batches: number): number {
  const single = limits.append.filter(({ files }) => files === 1);
  return 1 / (1 / between(single, requestBytes) + ((batches - 1) * fileCost(single, limits)) / requestBytes);
}

/**
 * GB per CPU-second, of server and client together, that one C thread reaches when it sends responses of this size from
 * the page cache. Of the server alone it would be chance: see main.cc.
 */
export function sendfileLimit(limits: MachineLimits, responseBytes: number): number {
  const both = limits.sendfile.map(({ bytes, gb_per_cpu_s_with_client }) => ({
    bytes,
    gb_per_cpu_s: gb_per_cpu_s_with_client,
  }));
  return between(both, responseBytes);
}

/** Lines of a table for people. */
export function formatLimits(limits: MachineLimits): string[] {
  const size = (bytes: number) =>
    bytes < 1024
      ? `${bytes} B`
      : bytes < 2 ** 20
        ? `${Math.round(bytes / 1024)} KiB`
        : `${Math.round(bytes / 2 ** 20)} MiB`;
  return [
    'Limits of this machine (one C thread over loopback; GB per CPU-second of the server, of server and client together):',
    ...limits.append
      .filter((limit) => limit.bytes >= 1024)
      .map(
        (l) =>
          `  append    ${size(l.bytes).padStart(8)}  ${l.gb_per_cpu_s.toFixed(2).padStart(6)}  ${l.gb_per_cpu_s_with_client.toFixed(2)}  (${l.gb_per_s.toFixed(2)} GB/s)${l.files > 1 ? `, to ${l.files} files` : ''}`,
      ),
    ...limits.append
      .filter((limit) => limit.bytes < 1024)
      .map(
        (l) =>
          `  request   ${size(l.bytes).padStart(8)}  ${l.cpu_us_per_request.toFixed(2)} us of CPU, ${l.wall_us_per_request.toFixed(2)} us of time, five in flight`,
      ),
    ...limits.woken.map(
      (l) =>
        `  woken     ${size(l.bytes).padStart(8)}  ${l.cpu_us_per_request.toFixed(1)} us of CPU${l.wall_us_per_request ? `, ${l.wall_us_per_request.toFixed(0)} us of time` : ''}, one every ${l.period_us / 1000} ms${l.synced ? ', fdatasync' : ''}`,
    ),
    ...limits.sendfile.map(
      (l) =>
        `  sendfile  ${size(l.bytes).padStart(8)}  ${l.gb_per_cpu_s.toFixed(2).padStart(6)}  ${l.gb_per_cpu_s_with_client.toFixed(2)}  (${l.gb_per_s.toFixed(2)} GB/s)`,
    ),
  ];
}
