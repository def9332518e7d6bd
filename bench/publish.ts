/**
 * Everything that the README's performance section is written from, in one go of about forty-five minutes: real clients
 * against the goals, latency, the short matrix with the machine's limits, the scale runs, garbage, and a new baseline of
 * the micro-benchmarks; then the tables, the picture, and a screenshot of a report page where there is a browser. A part
 * that fails is said to have failed, and the others are still written.
 */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeMachine } from './measure/machine.ts';
import { runMicro } from './micro/run-micro.ts';
import { runClients } from './peers/run-clients.ts';
import { runLatency } from './peers/run-latency.ts';
import { runMatrix } from './peers/run-matrix.ts';
import { runAllocation } from './profile/allocation.ts';
import { drawPicture } from './report/picture.ts';
import { writeReadme } from './report/readme.ts';
import { REPORT_FORMAT, resultsDir, writeReport } from './report/report.ts';
import { screenshot } from './report/screenshot.ts';
import { formatNumber } from './report/table.ts';
import { runScale } from './scale/run-scale.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

export interface PublishOptions {
  /** Parts to measure (commas); the others are taken from the last time. */
  only?: string;
  /** No scale run begins later than this. */
  minutes: number;
  keepGib: number;
  dir: string;
  /** Where the parts' reports are, or come. */
  out?: string;
  /** Multiplies lengths and counts: for trying it out. */
  scale: number;
}

const TARGETS = 'millrace kafka';
/** Above this many waiting for each core, figures are not worth publishing. */
const LOAD_MAX_PER_CORE = 0.75;
/** After so long the works of clients that are left get one round only. */
const CLIENT_MINUTES = 28;
const PARTS = ['clients', 'latency', 'matrix', 'scale', 'allocation', 'micro'] as const;
type Part = (typeof PARTS)[number];

export function writePublished(folder: string, progress: (text: string) => void): void {
  const folders = PARTS.map((part) => join(folder, part));
  const reports = writeReadme(folders, join(root, 'README.md'), join(root, 'docs/performance.md'));
  writeFileSync(join(root, 'docs/performance.svg'), drawPicture(reports));
  const page = join(folder, 'latency/report.html');
  const shot = join(root, 'docs/performance-report.png');
  const made = existsSync(page) ? screenshot(page, shot) : 'no latency report';
  progress(
    `Written: README.md, docs/performance.md, docs/performance.svg${made === undefined ? ', docs/performance-report.png' : ''}`,
  );
  if (made !== undefined) progress(`No screenshot of the report page: ${made}.`);
}

async function publishAllocation(out: string, progress: (text: string) => void): Promise<void> {
  const rows = await runAllocation(progress);
  const facts = rows.map(({ name, bytesPerRequest }) => ({
    work: 'garbage',
    target: 'millrace',
    what: name,
    value: `${formatNumber(bytesPerRequest)} bytes`,
    number: bytesPerRequest,
  }));
  const createdAt = new Date().toISOString();
  const machine = describeMachine(root);
  writeReport(out, { format: REPORT_FORMAT, title: 'Allocation', createdAt, machine, notes: [], facts, runs: [] });
}

export async function runPublish(options: PublishOptions, progress: (text: string) => void): Promise<void> {
  const startedMs = performance.now();
  const left = () => options.minutes - (performance.now() - startedMs) / 60_000;
  const out = options.out ?? join(resultsDir, 'publish');
  const load = loadavg()[0]!;
  if (load > LOAD_MAX_PER_CORE * cpus().length)
    progress(`The machine is busy (load average ${formatNumber(load)}): what is measured now is not worth publishing.`);
  const common = { targets: TARGETS, keepGib: options.keepGib, dir: options.dir };
  const rounds = options.scale < 1 ? 1 : 3;
  const parts: Record<Part, () => Promise<unknown>> = {
    clients: () =>
      runClients(
        { ...common, rounds, minutes: CLIENT_MINUTES, warmToo: options.scale >= 1, out: join(out, 'clients') },
        progress,
      ),
    latency: () => {
      const seconds = Math.max(2, 12 * options.scale);
      return runLatency({ ...common, rounds, seconds, warmUp: 2 * seconds + 1, out: join(out, 'latency') }, progress);
    },
    matrix: () => runMatrix({ ...common, out: join(out, 'matrix') }, progress),
    scale: () =>
      runScale(
        [],
        { ...common, scale: options.scale, minutesAll: Math.max(1, left()), out: join(out, 'scale') },
        progress,
      ),
    allocation: () => publishAllocation(join(out, 'allocation'), progress),
    // The baseline of the micro-benchmarks is only worth keeping from a quiet machine.
    micro: async () => {
      const quiet = load <= LOAD_MAX_PER_CORE * cpus().length && options.scale >= 1;
      if (quiet) await runMicro({ passes: 2, save: true }, progress);
      else progress('No new baseline of the micro-benchmarks: the machine was busy.');
    },
  };
  const chosen = (options.only ?? '').split(',').filter(Boolean);
  const unknown = chosen.filter((name) => !(name in parts));
  if (unknown.length > 0) throw new Error(`No part is called ${unknown.join(', ')}. There are: ${PARTS.join(', ')}.`);
  for (const part of PARTS) {
    if (chosen.length > 0 && !chosen.includes(part)) continue;
    progress(`== ${part} (${formatNumber(Math.max(0, left()))} minutes left)`);
    rmSync(join(out, part), { recursive: true, force: true });
    try {
      await parts[part]();
    } catch (error) {
      progress(`${part} failed: ${(error as Error).message}`);
      process.exitCode = 1;
    }
  }
  writePublished(out, progress);
}
