/** One load run from the command line: memory, limits, load, report. */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recentLimits } from './limit/limit.ts';
import { type IntervalResult, runLoad } from './load/run-load.ts';
import type { LoadSettings } from './load/settings.ts';
import { describeMachine } from './measure/machine.ts';
import { settleMemory } from './measure/memory.ts';
import { fileName, REPORT_FORMAT, type Report, resultsDir, writeReport } from './report/report.ts';
import { warnings } from './report/summary.ts';
import { formatNumber, formatTable, resultTable } from './report/table.ts';

export interface RunOptions {
  name: string;
  target: string;
  out?: string;
  keepGib: number;
  limits: boolean;
}

/** One second in one line; behind the last of `stages` only answers are waited for. */
function describeInterval(interval: IntervalResult, stages: number): string {
  const ms = (ns: number) => `${formatNumber(ns / 1e6)} ms`;
  const parts = [
    interval.stage < 0 ? 'warm-up' : interval.stage < stages ? `stage ${interval.stage + 1}` : 'answers',
    `${String(interval.index + 1).padStart(4)} s`,
  ];
  if (interval.sentRecords + interval.ackedRecords > 0) {
    parts.push(
      `${formatNumber(interval.ackedRecords)} records acknowledged, p50 ${ms(interval.ackP50Ns)}, p99 ${ms(interval.ackP99Ns)}, max ${ms(interval.ackMaxNs)}`,
    );
  }
  if (interval.consumedRecords > 0) parts.push(`${formatNumber(interval.consumedRecords)} read`);
  if (interval.endToEndMaxNs > 0) parts.push(`end to end p99 ${ms(interval.endToEndP99Ns)}`);
  if (interval.failedRecords > 0) parts.push(`${formatNumber(interval.failedRecords)} failed`);
  if (interval.backlogRecords > 0) parts.push(`${formatNumber(interval.backlogRecords)} waiting`);
  return parts.join('  ');
}

/** Idle connections alone are something to measure, too. */
function doesWork({ producers, consumers }: LoadSettings): boolean {
  return producers + consumers > 0;
}

/** Runs, prints the table and writes the report. */
export async function runOnce(
  settings: LoadSettings,
  options: RunOptions,
  progress: (text: string) => void,
): Promise<void> {
  const directory = tmpdir();
  // A report that cannot be written had better be known of before the load.
  if (options.out !== undefined) mkdirSync(options.out, { recursive: true });
  const memory = await settleMemory(options.keepGib, directory);
  try {
    const writes = settings.producers > 0;
    if (writes || options.keepGib > 0) progress(memory.note);
    const cachePath = join(resultsDir, 'limits.json');
    const limits = options.limits ? await recentLimits(directory, memory, cachePath, progress) : undefined;
    await memory.refill();
    const result = await runLoad(settings, {
      onInterval: (interval) => progress(describeInterval(interval, settings.stages.length)),
    });
    const createdAt = new Date().toISOString();
    const report: Report = {
      format: REPORT_FORMAT,
      title: `${options.name} on ${options.target}`,
      createdAt,
      machine: describeMachine(directory),
      notes: [memory.note],
      ...(limits && { limits }),
      runs: [{ name: options.name, target: options.target, round: 0, result }],
    };
    console.log(formatTable(resultTable(report.runs, limits)));
    for (const warning of warnings(result)) console.log(warning);
    if (result.stages.every((stage) => stage.ackedRecords + stage.consumedRecords === 0) && doesWork(settings)) {
      console.error('Nothing was measured: no record was acknowledged and none was read.');
      process.exitCode = 1;
    }
    const out = options.out ?? join(resultsDir, fileName(`${createdAt}-${options.name}`));
    progress(`Report: ${writeReport(out, report)}`);
  } finally {
    memory.release();
  }
}
