/** The works of real clients as a table: each with its goal, the ratio that was reached, and whether that is enough. */
import { leastCost } from '../limit/client-limit.ts';
import { clientWorks } from '../peers/client-works.ts';
import { clientGoals, type Goal, verdict } from './goals.ts';
import type { ClientRun, Report } from './report.ts';
import { formatNumber, median, type Table } from './table.ts';

const REFERENCE = 'kafka';
const MEASURED = 'millrace';

function medianOf(runs: readonly ClientRun[], figure: (run: ClientRun) => number | undefined): number | undefined {
  const values = runs.map(figure).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : median(values);
}

/** What the table and the goals speak of, of one work on one broker: medians over the rounds of a pass. */
export interface ClientSummary {
  cpuSeconds: number | undefined;
  recordsPerSecond: number | undefined;
  avgMs: number | undefined;
  requests: number | undefined;
}

export function summarizeClient(report: Report, work: string, target: string, warm = false): ClientSummary | undefined {
  const runs = (report.clients ?? []).filter(
    (run) => run.work === work && run.target === target && (run.warm ?? false) === warm,
  );
  if (runs.length === 0) return undefined;
  return {
    cpuSeconds: medianOf(runs, (run) => run.brokerCpuSeconds),
    recordsPerSecond: medianOf(runs, (run) => run.recordsPerSecond),
    avgMs: medianOf(runs, (run) => run.avgMs),
    requests: medianOf(runs, (run) => run.requests),
  };
}

function describe(summary: ClientSummary | undefined): string {
  if (summary?.cpuSeconds === undefined) return 'failed';
  const parts = [`${summary.cpuSeconds.toFixed(2)} s`];
  if (summary.avgMs !== undefined) parts.push(`avg ${summary.avgMs.toFixed(2)} ms`);
  else if (summary.recordsPerSecond !== undefined) parts.push(`${formatNumber(summary.recordsPerSecond / 1000)} K/s`);
  return parts.join(', ');
}

function fact(report: Report, what: string, target: string): number | undefined {
  return report.facts?.find((one) => one.what === what && one.target === target)?.number;
}

function ratioCells(goal: Goal, mine: number | undefined, other: number | undefined): [string, string, string] {
  const ratio = mine === undefined || other === undefined || other === 0 ? undefined : mine / other;
  const compared = goal.ratioMax === undefined ? mine : ratio;
  const shown = ratio === undefined ? '' : ratio.toFixed(2);
  return [shown, goal.text, verdict(goal, compared)];
}

/** What one C thread needs for the least of the work, as a part of Kafka's figure; bold where that is above the goal. */
function leastCell(report: Report, goal: Goal, mine: ClientSummary | undefined, other: number | undefined): string {
  const least = clientWorks.find(({ name }) => name === goal.work)?.least;
  const cost = least && report.limits && leastCost(least, report.limits, mine?.requests);
  const figure = cost?.[goal.figure ?? 'cpuSeconds'];
  if (figure === undefined || !other) return '';
  const text = `${(figure / other).toFixed(2)} (${figure.toFixed(2)} ${unitOf(goal)})`;
  return goal.ratioMax !== undefined && figure / other > goal.ratioMax ? `**${text}**` : text;
}

const unitOf = ({ figure }: Goal) => (figure === 'avgMs' ? 'ms' : 's');

/** The ratio of the second pass, what it is made of, and the verdict. */
function warmCell(report: Report, goal: Goal): string {
  const { work, figure = 'cpuSeconds' } = goal;
  const mine = work && summarizeClient(report, work, MEASURED, true)?.[figure];
  const other = work && summarizeClient(report, work, REFERENCE, true)?.[figure];
  if (!mine || !other) return '';
  const figures = `${mine.toFixed(2)} of ${other.toFixed(2)} ${unitOf(goal)}`;
  return `${(mine / other).toFixed(2)} (${figures}): ${verdict(goal, mine / other)}`;
}

/**
 * One row for each goal: what it is about, both brokers, the ratio, the goal, the verdict, and what a C thread would reach;
 * where there was a second pass, its ratio and verdict too.
 */
export function clientTable(report: Report): Table {
  const done = new Set((report.clients ?? []).map((run) => run.work));
  const hasWarm = (report.clients ?? []).some(({ warm }) => warm);
  const warm = (goal: Goal) => (hasWarm ? [warmCell(report, goal)] : []);
  const rows: string[][] = [];
  for (const goal of clientGoals) {
    if (goal.fact !== undefined) {
      const [mine, other] = [fact(report, goal.fact, MEASURED), fact(report, goal.fact, REFERENCE)];
      if (mine === undefined && other === undefined) continue;
      const show = (value: number | undefined) => (value === undefined ? '' : `${formatNumber(value)} ${goal.unit}`);
      rows.push([goal.what, show(other), show(mine), ...ratioCells(goal, mine, other), '', ...warm(goal)]);
      continue;
    }
    if (!done.has(goal.work!)) continue;
    const [mine, other] = [
      summarizeClient(report, goal.work!, MEASURED),
      summarizeClient(report, goal.work!, REFERENCE),
    ];
    const figure = goal.figure ?? 'cpuSeconds';
    const ratio = ratioCells(goal, mine?.[figure], other?.[figure]);
    const least = leastCell(report, goal, mine, other?.[figure]);
    rows.push([goal.what, describe(other), describe(mine), ...ratio, least, ...warm(goal)]);
  }
  const head = [
    'work',
    'Kafka',
    'Millrace',
    'ratio',
    'goal',
    'reached',
    'C thread',
    ...(hasWarm ? ['ratio, warm'] : []),
  ];
  return { head, rows };
}
