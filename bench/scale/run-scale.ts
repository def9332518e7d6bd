/** `bench scale`: runs the chosen scale runs on the chosen brokers, prints facts and table, writes the report. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { recentLimits } from '../limit/limit.ts';
import { describeMachine } from '../measure/machine.ts';
import { settleMemory } from '../measure/memory.ts';
import { missingForKafka } from '../peers/kafka.ts';
import { fileName, REPORT_FORMAT, type Report, resultsDir, writeReport } from '../report/report.ts';
import { factTable, formatTable, resultTable } from '../report/table.ts';
import { descriptorsAllowed, ScaleContext, type TargetKind } from './scale-context.ts';
import { scaleRuns } from './scale-runs.ts';

export interface ScaleCommandOptions {
  targets: string;
  scale: number;
  keepGib: number;
  dir: string;
  out?: string;
}

/** Runs them one after the other; a run that fails is noted and the next one starts. */
export async function runScale(
  names: readonly string[],
  options: ScaleCommandOptions,
  progress: (text: string) => void,
): Promise<void> {
  const chosen = names.length === 0 ? Object.keys(scaleRuns) : names;
  const unknown = chosen.filter((name) => !(name in scaleRuns));
  if (unknown.length > 0)
    throw new Error(`No scale run is called ${unknown.join(', ')}. There are: ${Object.keys(scaleRuns).join(', ')}.`);
  // A folder of its own below the given one: it is emptied before and after.
  options = { ...options, dir: join(options.dir, 'scale-brokers') };
  rmSync(options.dir, { recursive: true, force: true });
  mkdirSync(options.dir, { recursive: true });
  const memory = await settleMemory(options.keepGib, options.dir);
  progress(memory.note);
  const createdAt = new Date().toISOString();
  const limits = recentLimits(options.dir, join(resultsDir, 'limits.json'), progress);
  const report: Report = {
    format: REPORT_FORMAT,
    title: 'Scale',
    createdAt,
    machine: describeMachine(options.dir),
    notes: [memory.note],
    runs: [],
  };
  const { soft, enough } = descriptorsAllowed();
  if (!enough)
    report.notes.push(`This shell allows ${soft} open files, which may be too few: raise it with ulimit -n.`);
  try {
    for (const name of chosen) {
      for (const target of options.targets.split(/\s+/).filter(Boolean) as TargetKind[]) {
        const missing = target === 'kafka' ? missingForKafka() : undefined;
        if (missing !== undefined) {
          report.notes.push(`Apache Kafka was left out: ${missing}.`);
          continue;
        }
        const context = new ScaleContext(name, target, { scale: options.scale }, options.dir, report, progress);
        try {
          await scaleRuns[name]!(context);
        } catch (error) {
          report.notes.push(`${name} failed on ${target}: ${(error as Error).message}`);
          progress(report.notes.at(-1)!);
        }
        rmSync(context.directory, { recursive: true, force: true });
      }
    }
  } finally {
    memory.release();
    if (report.facts) console.log(`${formatTable(factTable(report.facts))}\n`);
    console.log(formatTable(resultTable(report.runs, limits)));
    progress(`Report: ${writeReport(options.out ?? join(resultsDir, fileName(`${createdAt}-scale`)), report)}`);
    rmSync(options.dir, { recursive: true, force: true });
  }
}
