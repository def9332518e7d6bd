/**
 * Runs the micro-benchmarks with mitata and compares them with the committed baseline. A baseline belongs to one kind of
 * machine: on another one ratios between cases still tell something, absolute figures do not.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { measure } from 'mitata';
import { formatNumber, formatTable } from '../report/table.ts';
import { codecCases } from './codec-cases.ts';
import { ioCases } from './io-cases.ts';
import type { MicroCase } from './micro-case.ts';
import { storageCases } from './storage-cases.ts';

export interface MicroResult {
  name: string;
  /** The fastest call (of batches of calls where one is short): what other work on the machine disturbs least. */
  ns: number;
  medianNs: number;
  bytes: number;
}

export interface Baseline {
  machine: string;
  node: string;
  /** How busy the machine was before (load average of a minute): above half of its cores, the figures are too high. */
  load: number;
  results: MicroResult[];
}

const baselinePath = fileURLToPath(new URL('baseline.json', import.meta.url));

const SECONDS_EACH = 0.5;
/** Until V8 has compiled what is hot; more where other work takes the compiler's time. */
const WARM_UP_MS = 500;

function machineName(): string {
  const all = cpus();
  return `${all[0]?.model ?? 'unknown'}, ${all.length} cores`;
}

function allCases(): MicroCase[] {
  return [...codecCases(), ...storageCases(), ...ioCases()];
}

async function measureCases(cases: readonly MicroCase[], progress: (text: string) => void): Promise<MicroResult[]> {
  const results: MicroResult[] = [];
  for (const one of cases) {
    const warmUntilMs = performance.now() + WARM_UP_MS;
    while (performance.now() < warmUntilMs) one.run();
    const stats = await measure(one.run, { min_cpu_time: SECONDS_EACH * 1e9 } as object);
    one.dispose?.();
    results.push({ name: one.name, ns: stats.min, medianNs: stats.p50, bytes: one.bytes });
    progress(`${one.name}: ${formatNumber(stats.min)} ns`);
  }
  return results;
}

export interface MicroComparison {
  rows: string[][];
  /** Names of the cases that got slower by more than the tolerance. */
  slower: string[];
}

/** Cases that the baseline does not know are shown without a ratio. */
export function compareWithBaseline(
  results: readonly MicroResult[],
  baseline: Baseline | undefined,
  tolerancePercent: number,
): MicroComparison {
  const slower: string[] = [];
  const rows = results.map((result) => {
    const before = baseline?.results.find((one) => one.name === result.name);
    const ratio = before ? result.ns / before.ns : undefined;
    if (ratio !== undefined && ratio > 1 + tolerancePercent / 100) slower.push(result.name);
    const rate = result.bytes > 0 ? `${formatNumber(result.bytes / result.ns)} GB/s` : '';
    const cells = [result.name, rate, formatNumber(result.ns), formatNumber(result.medianNs)];
    return [...cells, before ? formatNumber(before.ns) : '', ratio === undefined ? '' : `×${ratio.toFixed(2)}`];
  });
  return { rows, slower };
}

function readBaseline(): Baseline | undefined {
  try {
    return JSON.parse(readFileSync(baselinePath, 'utf8')) as Baseline;
  } catch {
    return undefined;
  }
}

export interface MicroOptions {
  only?: string;
  save?: boolean;
  /** The best of so many passes counts. */
  passes?: number;
  failAbove?: number;
}

const TOLERANCE_PERCENT = 25;

/** Fresh cases, as each is disposed of once measured. */
function choose(only: string | undefined): MicroCase[] {
  const cases = allCases();
  const chosen = cases.filter((one) => only === undefined || one.name.includes(only));
  for (const one of cases) if (!chosen.includes(one)) one.dispose?.();
  return chosen;
}

/** So many waiting for a core make every figure too high. */
const BUSY_PER_CORE = 0.5;

function warnWhenBusy(load: number, saving: boolean): void {
  if (load <= cpus().length * BUSY_PER_CORE) return;
  const said = `The machine is busy (load average ${formatNumber(load)} on ${cpus().length} cores): figures are too high`;
  console.log(saving ? `${said}, and this baseline would be too kind. Save one when it is quiet.` : `${said}.`);
}

export async function runMicro(options: MicroOptions, progress: (text: string) => void): Promise<void> {
  const load = loadavg()[0]!; // of the others: later it is our own
  warnWhenBusy(load, options.save ?? false);
  const results = await measureCases(choose(options.only), progress);
  for (let pass = 1; pass < (options.passes ?? 1); pass++) {
    const again = await measureCases(choose(options.only), progress);
    for (const result of results) {
      const other = again.find((one) => one.name === result.name);
      if (other !== undefined && other.ns < result.ns) Object.assign(result, other);
    }
  }
  const baseline = readBaseline();
  const { rows, slower } = compareWithBaseline(results, baseline, options.failAbove ?? TOLERANCE_PERCENT);
  console.log(formatTable({ head: ['case', 'rate', 'fastest ns', 'median ns', 'baseline ns', 'ratio'], rows }));
  if (baseline && baseline.machine !== machineName()) {
    console.log(`The baseline is of another machine (${baseline.machine}): ratios tell little.`);
  }
  if (baseline && baseline.load > cpus().length * BUSY_PER_CORE) {
    console.log(`The baseline was taken on a busy machine (load ${formatNumber(baseline.load)}): it is too kind.`);
  }
  if (options.save) {
    const kept = baseline?.results.filter((old) => !results.some((result) => result.name === old.name)) ?? [];
    const fresh: Baseline = {
      machine: machineName(),
      node: process.version,
      load,
      results: options.only === undefined ? results : [...kept, ...results],
    };
    writeFileSync(baselinePath, `${JSON.stringify(fresh, null, 2)}\n`);
    progress(`Saved ${baselinePath}`);
  }
  if (options.failAbove !== undefined && slower.length > 0) {
    console.error(`Slower by more than ${options.failAbove} %: ${slower.join('; ')}`);
    process.exitCode = 1;
  }
}
