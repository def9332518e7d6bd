/**
 * A report: what ran, on what, with which figures. Written as one folder with the whole data (report.json), a .hgrm file
 * for each latency, and one page (report.html) that needs nothing but itself.
 */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MachineLimits } from '../limit/limit.ts';
import type { LoadResult, StageResult } from '../load/run-load.ts';
import type { Machine } from '../measure/machine.ts';
import type { ClientFigures } from '../peers/client-works.ts';
import { toHgrm, toHistogram } from './histogram.ts';
import { renderPage } from './page.ts';

export const REPORT_FORMAT = 'millrace-bench/1';

export interface ReportRun {
  /** What was done: runs of one name are compared with each other. */
  name: string;
  /** To which broker. */
  target: string;
  round: number;
  result: LoadResult;
}

export interface Report {
  format: typeof REPORT_FORMAT;
  title: string;
  createdAt: string;
  machine: Machine;
  /** Sentences on how it was measured: memory settled or not, versions of the brokers, what was left out. */
  notes: string[];
  limits?: MachineLimits;
  /** Single figures that are no load run: times of starts, memory per partition. */
  facts?: Fact[];
  runs: ReportRun[];
  /** Works of real clients. */
  clients?: ClientRun[];
}

export interface ClientRun extends ClientFigures {
  work: string;
  target: string;
  round: number;
  /** Of the second pass: each broker had had all works before. */
  warm?: boolean;
  brokerCpuSeconds: number;
  seconds: number;
  residentMib: number;
}

export interface Fact {
  work: string;
  target: string;
  what: string;
  value: string;
  /** The value without its unit, where something is judged by it. */
  number?: number;
}

const LATENCIES = ['ack', 'endToEnd', 'fetch'] as const satisfies (keyof StageResult)[];

export const resultsDir = fileURLToPath(new URL('../results/', import.meta.url));

export function fileName(text: string): string {
  return text.replace(/[^A-Za-z0-9._]+/g, '-').replace(/^-+|-+$/g, '') || 'run';
}

/** Only the data, into `directory` (made when missing): what a run keeps on its way. */
export function saveReport(directory: string, report: Report): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'report.json'), `${JSON.stringify(report)}\n`);
}

/** Writes the report's files into `directory` (made when missing) and returns the page's path. */
export function writeReport(directory: string, report: Report): string {
  saveReport(directory, report);
  for (const run of report.runs) {
    for (const stage of run.result.stages) {
      for (const latency of LATENCIES) {
        const buckets = stage[latency];
        if (buckets.length === 0) continue;
        const parts = [run.name, run.target, `round${run.round}`, `stage${stage.stage}`, latency];
        writeFileSync(join(directory, `${fileName(parts.join('-'))}.hgrm`), toHgrm(toHistogram(buckets)));
      }
    }
  }
  const page = join(directory, 'report.html');
  writeFileSync(page, renderPage(report));
  return page;
}

/** Reads report.json, or the folder it stands in. Throws with what is wrong. */
export function readReport(path: string): Report {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status) throw new Error(`There is no report ${path}.`);
  const file = status.isDirectory() ? join(path, 'report.json') : path;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
  const report = parsed(text) as Report | null;
  if (report?.format !== REPORT_FORMAT) throw new Error(`${file} is not a benchmark report (${REPORT_FORMAT}).`);
  return report;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
