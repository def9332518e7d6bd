/**
 * Compares two reports: runs of the same name beside each other, the ratio of each figure, and thresholds that decide
 * the exit code.
 */
import type { PageData } from './page.ts';
import { pageData } from './page.ts';
import type { Report } from './report.ts';
import { type StageSummary, summarizeStages } from './summary.ts';
import { formatNumber, groupRuns, median, type Table } from './table.ts';
import { METRIC_NAMES, type MetricName, type Threshold, UNITS } from './threshold.ts';

type Figure = (stage: StageSummary) => number | null | undefined;

const latency =
  (index: number): Figure =>
  (stage) =>
    (stage.endToEnd ?? stage.ack)?.percentilesMs[index];

const FIGURES: Readonly<Record<MetricName, Figure>> = {
  p50: latency(0),
  p90: latency(1),
  p99: latency(2),
  'p99.9': latency(3),
  'p99.99': latency(4),
  'p99.999': latency(5),
  max: (stage) => (stage.endToEnd ?? stage.ack)?.maxMs,
  throughput: (stage) => stage.producedPerSecond || stage.consumedPerSecond,
  cpu: (stage) => stage.broker?.cpuSecondsPerMillionRecords,
  memory: (stage) => stage.broker?.residentMibMax,
};

export interface ComparedRow {
  name: string;
  stage: number;
  /** By metric; where both reports have it. */
  values: Map<MetricName, { a: number; b: number }>;
}

function medians(report: Report): Map<string, Map<MetricName, number>> {
  const byPlace = new Map<string, Map<MetricName, number>>();
  const targets = new Set(report.runs.map((run) => run.target));
  for (const group of groupRuns(report.runs)) {
    const rounds = group.runs.map((run) => summarizeStages(run.result, report.limits));
    for (const stage of rounds[0]?.keys() ?? []) {
      const values = new Map<MetricName, number>();
      for (const metric of METRIC_NAMES) {
        const found = rounds
          .map((round) => round[stage] && FIGURES[metric](round[stage]!))
          .filter((value) => typeof value === 'number');
        if (found.length > 0) values.set(metric, median(found));
      }
      // Reports of several brokers are compared broker by broker; with one each, the brokers may differ.
      byPlace.set(`${targets.size > 1 ? `${group.name} (${group.target})` : group.name}\n${stage}`, values);
    }
  }
  return byPlace;
}

/** Names of works that only one of the reports has: nothing can be said of them. */
export function namesOfOneOnly(a: Report, b: Report): string[] {
  const names = (report: Report) => new Set(report.runs.map((run) => run.name));
  return [...names(a).symmetricDifference(names(b))];
}

/** Where a load goes, and which process takes it, says nothing about the load. */
const PLACES: ReadonlySet<string> = new Set(['host', 'port', 'topics', 'pids']);

/** One sentence for each work whose load was not the same in both reports: then figures differ for that, too. */
export function differentLoads(a: Report, b: Report): string[] {
  const loads = (report: Report) => new Map(report.runs.map((run) => [run.name, Object.entries(run.result.settings)]));
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  const before = loads(a);
  return [...loads(b)].flatMap(([name, settings]) => {
    const old = new Map(before.get(name) ?? settings);
    const changes = settings
      .filter(([setting, value]) => !PLACES.has(setting) && text(old.get(setting)) !== text(value))
      .map(([setting, value]) => `${setting} ${text(old.get(setting))} → ${text(value)}`);
    return changes.length === 0 ? [] : `${name}: the load is another one: ${changes.join(', ')}.`;
  });
}

/** Works that only one of the reports has are left out. */
export function compareReports(a: Report, b: Report): ComparedRow[] {
  const old = medians(a);
  const rows: ComparedRow[] = [];
  for (const [place, values] of medians(b)) {
    const before = old.get(place);
    if (!before) continue;
    const [name, stage] = place.split('\n') as [string, string];
    const both = [...values].filter(([metric]) => before.has(metric));
    rows.push({
      name,
      stage: Number(stage),
      values: new Map(both.map(([metric, value]) => [metric, { a: before.get(metric)!, b: value }])),
    });
  }
  return rows;
}

/** One sentence for each threshold that a row breaks, and for each that no row has a figure for. */
export function brokenThresholds(rows: readonly ComparedRow[], thresholds: readonly Threshold[]): string[] {
  const broken = thresholds
    .filter(({ metric }) => !rows.some((row) => row.values.has(metric)))
    .map(({ text, metric }) => `no work has ${metric} in both reports (${text})`);
  for (const row of rows) {
    for (const threshold of thresholds) {
      const values = row.values.get(threshold.metric);
      if (!values) continue;
      const bound = threshold.percent ? values.a * (1 + threshold.amount / 100) : threshold.amount;
      if (threshold.direction === '>' ? values.b <= bound : values.b >= bound) continue;
      const [from, to] = [formatNumber(values.a), formatNumber(values.b)];
      broken.push(
        `${row.name}: ${threshold.metric} went from ${from} to ${to} ${UNITS[threshold.metric]} (${threshold.text})`,
      );
    }
  }
  return broken;
}

export function ratioTable(rows: readonly ComparedRow[]): Table {
  const metrics = METRIC_NAMES.filter((metric) => rows.some((row) => row.values.has(metric)));
  return {
    head: ['work', 'stage', ...metrics.map((metric) => `${metric} (${UNITS[metric]})`)],
    rows: rows.map((row) => [
      row.name,
      String(row.stage + 1),
      ...metrics.map((metric) => {
        const values = row.values.get(metric);
        if (!values) return '';
        const ratio = values.a === 0 ? '' : ` ×${(values.b / values.a).toFixed(2)}`;
        return `${formatNumber(values.a)} → ${formatNumber(values.b)}${ratio}`;
      }),
    ]),
  };
}

/** A page with both reports' curves laid over each other, and the ratios first. */
export function comparePage(a: Report, b: Report, rows: readonly ComparedRow[]): PageData {
  const labelled = (report: Report, label: string) =>
    report.runs.map((run) => ({ ...run, target: `${label}: ${run.target}` }));
  const data = pageData({
    ...b,
    title: `${a.title} against ${b.title}`,
    runs: [...labelled(a, 'A'), ...labelled(b, 'B')],
  });
  data.notes = [
    `A: ${a.title}, ${a.createdAt}. ${a.notes.join(' ')}`,
    `B: ${b.title}, ${b.createdAt}. ${b.notes.join(' ')}`,
    ...differentLoads(a, b),
  ];
  data.tables.unshift({
    title: 'Ratios',
    explain:
      'A → B and B / A. For latencies, cpu and memory below 1 is better; for throughput above 1. The median where there were several rounds.',
    table: ratioTable(rows),
  });
  return data;
}
