/** Tables for terminals and pages: rows of one work, columns of one figure, targets beside each other. */
import type { MachineLimits } from '../limit/limit.ts';
import type { Fact, ReportRun } from './report.ts';
import { type StageSummary, summarizeStages } from './summary.ts';

export interface Table {
  head: string[];
  rows: string[][];
}

export function formatNumber(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length === 0
    ? 0
    : sorted.length % 2 === 1
      ? sorted[middle]!
      : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Runs of the same work on the same target: works in order of first appearance, in each the targets likewise. */
export interface Group {
  name: string;
  target: string;
  runs: ReportRun[];
}

export function groupRuns(runs: readonly ReportRun[]): Group[] {
  const groups = new Map<string, Group>();
  for (const run of runs) {
    const key = `${run.name}\n${run.target}`;
    const group = groups.get(key) ?? { name: run.name, target: run.target, runs: [] };
    group.runs.push(run);
    groups.set(key, group);
  }
  const names = [...new Set(runs.map((run) => run.name))];
  const targets = [...new Set(runs.map((run) => run.target))];
  const place = (group: Group) => names.indexOf(group.name) * targets.length + targets.indexOf(group.target);
  return [...groups.values()].sort((a, b) => place(a) - place(b));
}

type Figure = { title: string; of: (stage: StageSummary) => number | null | undefined };

const FIGURES: readonly Figure[] = [
  { title: 'records/s', of: (s) => s.producedPerSecond || s.consumedPerSecond },
  { title: 'MB/s', of: (s) => s.producedMbPerSecond || s.consumedMbPerSecond },
  { title: 'p50 ms', of: (s) => (s.endToEnd ?? s.ack)?.percentilesMs[0] },
  { title: 'p99 ms', of: (s) => (s.endToEnd ?? s.ack)?.percentilesMs[2] },
  { title: 'p99.9 ms', of: (s) => (s.endToEnd ?? s.ack)?.percentilesMs[3] },
  { title: 'max ms', of: (s) => (s.endToEnd ?? s.ack)?.maxMs },
  { title: 'broker CPU-s', of: (s) => s.broker?.cpuSeconds },
  { title: 'CPU-s per million', of: (s) => s.broker?.cpuSecondsPerMillionRecords },
  { title: '% of limit', of: (s) => s.broker?.percentOfLimit },
  { title: 'RSS MiB', of: (s) => s.broker?.residentMibMax },
  { title: 'failed', of: (s) => s.failedRecords },
];

/** One row for each work, target and stage: medians over rounds. */
export function resultTable(runs: readonly ReportRun[], limits?: MachineLimits): Table {
  const rows: string[][] = [];
  for (const group of groupRuns(runs)) {
    const summaries = group.runs.map((run) => summarizeStages(run.result, limits));
    const stages = summaries[0]?.length ?? 0;
    for (let stage = 0; stage < stages; stage++) {
      const cells = FIGURES.map(({ of }) => {
        const values = summaries
          .map((summary) => summary[stage] && of(summary[stage]!))
          .filter((value) => typeof value === 'number');
        return values.length === 0 ? '' : formatNumber(median(values));
      });
      const rate = summaries[0]![stage]!.rate;
      rows.push([group.name, group.target, rate === 0 ? 'max' : `${formatNumber(rate)}/s`, ...cells]);
    }
  }
  return { head: ['work', 'target', 'rate', ...FIGURES.map((figure) => figure.title)], rows };
}

export function factTable(facts: readonly Fact[]): Table {
  return {
    head: ['work', 'target', 'what', 'value'],
    rows: facts.map((fact) => [fact.work, fact.target, fact.what, fact.value]),
  };
}

const LEFT_COLUMNS = 2;

export function formatTable({ head, rows }: Table): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column < LEFT_COLUMNS ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ');
  return [line(head), ...rows.map(line)].join('\n');
}
