/** `bench scale`: runs the chosen scale runs on the chosen brokers, prints facts and table, writes the report. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { recentLimits } from '../limit/limit.ts';
import { missingForKafka } from '../peers/kafka.ts';
import { newReport, openWorkplace, reportFolder } from '../peers/workplace.ts';
import { resultsDir, saveReport, writeReport } from '../report/report.ts';
import { factTable, formatTable, resultTable } from '../report/table.ts';
import { descriptorsAllowed, ScaleContext, type TargetKind } from './scale-context.ts';
import { scaleRuns } from './scale-runs.ts';

export interface ScaleCommandOptions {
  targets: string;
  scale: number;
  /** What one run may take on one broker. */
  minutes?: number;
  /** No run begins later than this. */
  minutesAll?: number;
  keepGib: number;
  dir: string;
  out?: string;
}

const MINUTES_EACH = 3;
/** Kafka's start after a kill with 10,000 partitions alone may take more than a minute. */
const MINUTES_OF: Record<string, number> = { partitions: 6 };

/** Ends the run's brokers when the time is over; what it found until then stays in the report. */
async function runBounded(name: string, context: ScaleContext, minutes: number): Promise<void> {
  let over = false;
  const timer = setTimeout(() => {
    over = true;
    void context.abort();
  }, minutes * 60_000);
  try {
    await scaleRuns[name]!(context);
  } catch (error) {
    if (over) throw new Error(`not done after ${minutes} minutes`);
    throw error;
  } finally {
    clearTimeout(timer);
    await context.abort(); // none is left running where a run forgot one
  }
}

/** Runs them one after the other; a run that fails or takes too long is noted and the next one starts. */
export async function runScale(
  names: readonly string[],
  options: ScaleCommandOptions,
  progress: (text: string) => void,
): Promise<string> {
  const deadlineMs = performance.now() + (options.minutesAll ?? Number.POSITIVE_INFINITY) * 60_000;
  const chosen = names.length === 0 ? Object.keys(scaleRuns) : names;
  const unknown = chosen.filter((name) => !(name in scaleRuns));
  if (unknown.length > 0)
    throw new Error(`No scale run is called ${unknown.join(', ')}. There are: ${Object.keys(scaleRuns).join(', ')}.`);
  const place = await openWorkplace(options, 'scale-brokers', progress);
  const { dir, memory } = place;
  const report = newReport('Scale', place);
  report.limits = await recentLimits(dir, memory, join(resultsDir, 'limits.json'), progress);
  const { soft, enough } = descriptorsAllowed();
  if (!enough)
    report.notes.push(`This shell allows ${soft} open files, which may be too few: raise it with ulimit -n.`);
  const out = options.out ?? reportFolder(report, 'scale');
  try {
    for (const name of chosen) {
      for (const target of options.targets.split(/\s+/).filter(Boolean) as TargetKind[]) {
        const missing = target === 'kafka' ? missingForKafka() : undefined;
        if (missing !== undefined) {
          report.notes.push(`Apache Kafka was left out: ${missing}.`);
          continue;
        }
        if (performance.now() > deadlineMs) {
          report.notes.push(`${name} on ${target} was left out: the time was over.`);
          progress(report.notes.at(-1)!);
          continue;
        }
        const context = new ScaleContext(name, target, { scale: options.scale, memory }, dir, report, progress);
        try {
          await runBounded(name, context, options.minutes ?? MINUTES_OF[name] ?? MINUTES_EACH);
        } catch (error) {
          report.notes.push(`${name} failed on ${target}: ${(error as Error).message}`);
          progress(report.notes.at(-1)!);
        }
        rmSync(context.directory, { recursive: true, force: true });
        saveReport(out, report);
      }
    }
  } finally {
    place.release();
    if (report.facts) console.log(`${formatTable(factTable(report.facts))}\n`);
    console.log(formatTable(resultTable(report.runs, report.limits)));
    progress(`Report: ${writeReport(out, report)}`);
  }
  return out;
}
