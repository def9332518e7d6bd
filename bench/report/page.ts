/**
 * The report as one HTML file: data, script, uPlot and style inside, so it can be mailed, archived and opened anywhere.
 * This side prepares small series; page.js draws a work's charts when its section is opened.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatLimits } from '../limit/limit.ts';
import type { LoadResult } from '../load/run-load.ts';
import { defaultSettings } from '../load/settings.ts';
import { clientTable } from './client-table.ts';
import { percentileCurve, toHistogram } from './histogram.ts';
import type { Report } from './report.ts';
import { summarizeStages, warnings } from './summary.ts';
import { factTable, type Group, groupRuns, resultTable, type Table } from './table.ts';

interface Series {
  label: string;
  /** `[1 / (1 - fraction), ms]`. */
  ack: [number, number][];
  endToEnd: [number, number][];
  fetch: [number, number][];
  /** By second of the run, warm-up left out. */
  seconds: number[];
  records: number[];
  p50Ms: number[];
  p99Ms: number[];
  maxMs: number[];
  brokerSeconds: number[];
  brokerCores: number[];
  brokerMib: number[];
}

interface Work {
  name: string;
  settings: [string, string][];
  warnings: string[];
  series: Series[];
  /** Of ramps: latency at each rate. */
  ramp: { label: string; rates: number[]; p50Ms: number[]; p99Ms: number[]; p999Ms: number[] }[];
}

export interface PageData {
  title: string;
  createdAt: string;
  machine: [string, string][];
  notes: string[];
  limits: string[];
  tables: { title: string; explain: string; table: Table }[];
  works: Work[];
}

const TICKS_MIN = 3;

function brokerOverTime({
  samples,
  settings,
}: LoadResult): Pick<Series, 'brokerSeconds' | 'brokerCores' | 'brokerMib'> {
  const seconds: number[] = [];
  const cores: number[] = [];
  const mib: number[] = [];
  const ticks = settings.pids.length === 0 ? [] : samples.filter((sample) => sample.what === 'tick');
  for (let i = 1; i < ticks.length; i++) {
    const [from, to] = [ticks[i - 1]!, ticks[i]!];
    if (to.brokerCpuNs < from.brokerCpuNs) break; // a process of it has ended
    seconds.push(to.atNs / 1e9 - settings.warmUpSeconds);
    cores.push((to.brokerCpuNs - from.brokerCpuNs) / (to.atNs - from.atNs));
    mib.push(to.brokerResidentBytes / 2 ** 20);
  }
  return { brokerSeconds: seconds, brokerCores: cores, brokerMib: mib };
}

/** Rounds of a target share one curve; what runs over time is shown of the last round. */
function seriesOf(group: Group): Series {
  const last = group.runs.at(-1)!.result;
  const stages = group.runs.flatMap((run) => run.result.stages);
  const ms = (ns: number) => ns / 1e6;
  const whole = last.intervals.slice(
    0,
    Math.max(last.intervals.length - 1, Math.min(last.intervals.length, TICKS_MIN)),
  );
  const shown = whole.filter((interval) => interval.stage >= 0 && interval.stage < last.stages.length);
  const endToEnd = last.settings.endToEnd;
  return {
    label: group.target,
    ack: percentileCurve(toHistogram(...stages.map((stage) => stage.ack))),
    endToEnd: percentileCurve(toHistogram(...stages.map((stage) => stage.endToEnd))),
    fetch: percentileCurve(toHistogram(...stages.map((stage) => stage.fetch))),
    seconds: shown.map((interval) => interval.index + 1 - last.settings.warmUpSeconds),
    records: shown.map((interval) => (last.settings.producers > 0 ? interval.ackedRecords : interval.consumedRecords)),
    p50Ms: shown.map((interval) => ms(endToEnd ? interval.endToEndP50Ns : interval.ackP50Ns)),
    p99Ms: shown.map((interval) => ms(endToEnd ? interval.endToEndP99Ns : interval.ackP99Ns)),
    maxMs: shown.map((interval) => ms(endToEnd ? interval.endToEndMaxNs : interval.ackMaxNs)),
    ...brokerOverTime(last),
  };
}

/** Settings that differ from the defaults, and those a reader always wants. */
function settingsOf(result: LoadResult): [string, string][] {
  const always = new Set([
    'messageBytes',
    'partitions',
    'producers',
    'consumers',
    'acks',
    'lingerMs',
    'batchBytes',
    'codec',
  ]);
  const left = new Set(['host', 'port', 'pids', 'topics']);
  const defaults = defaultSettings as unknown as Record<string, unknown>;
  return Object.entries(result.settings)
    .filter(
      ([name, value]) =>
        !left.has(name) && (always.has(name) || JSON.stringify(value) !== JSON.stringify(defaults[name])),
    )
    .map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)]);
}

function worksOf(report: Report): Work[] {
  const works = new Map<string, Work>();
  for (const group of groupRuns(report.runs)) {
    const first = group.runs[0]!.result;
    const work = works.get(group.name) ?? {
      name: group.name,
      settings: settingsOf(first),
      warnings: [],
      series: [],
      ramp: [],
    };
    works.set(group.name, work);
    work.series.push(seriesOf(group));
    for (const run of group.runs) {
      work.warnings.push(
        ...warnings(run.result).map((warning) => `${group.target}, round ${run.round + 1}: ${warning}`),
      );
    }
    if (first.stages.length > 1) {
      const stages = summarizeStages(group.runs.at(-1)!.result, report.limits);
      const at = (index: number) => stages.map((stage) => (stage.endToEnd ?? stage.ack)?.percentilesMs[index] ?? 0);
      work.ramp.push({
        label: group.target,
        rates: stages.map((stage) => stage.rate),
        p50Ms: at(0),
        p99Ms: at(2),
        p999Ms: at(3),
      });
    }
  }
  return [...works.values()];
}

const RESULT_EXPLANATION =
  'One row for each work and broker; the median where there were several rounds. Latency is from the moment a record should have been sent until it was acknowledged (or, end to end, until a consumer had it). MB/s are bytes as sent, so compressed ones where a codec is set. "CPU-s per million" is what the broker spends on a million records: on a small machine the most honest figure, because the client takes nothing away from it. "% of limit" is the CPU that one C thread needs for the bare minimum of the same work, as a part of what was used: for produce (receive, checksum, write, answer) of what the broker used, for reads (sendfile, and a client that only receives) of what broker and client used together.';

const FACTS_EXPLANATION =
  'Single figures: how long starts and creations took, what idle things cost in memory and CPU.';

const CLIENTS_EXPLANATION =
  "CPU seconds of the broker for the same work of the same client (librdkafka's load program, Kafka's own tools), the client's rate or average latency, the goal of the project for the ratio, and what one thread in C needs here for the least of the work (bold: the goal is below that). Medians where there were several rounds.";

export function pageData(report: Report): PageData {
  const { machine } = report;
  return {
    title: report.title,
    createdAt: report.createdAt,
    machine: [
      ['Processor', `${machine.cpu}, ${machine.cores} cores${machine.virtual ? ', virtual machine' : ''}`],
      ['Memory', `${machine.memoryGib} GiB`],
      ['System', `${machine.kernel}, Node ${machine.node}`],
      ['Data', `${machine.dataDirectory} (${machine.diskFreeGib} GiB free)`],
      ...(machine.loadAverage === undefined
        ? []
        : [['Load average before', String(machine.loadAverage)] as [string, string]]),
    ],
    notes: report.notes,
    limits: report.limits ? formatLimits(report.limits) : [],
    tables: [
      ...(report.facts?.length ? [{ title: 'Scale', explain: FACTS_EXPLANATION, table: factTable(report.facts) }] : []),
      ...(report.clients?.length
        ? [{ title: 'Real clients', explain: CLIENTS_EXPLANATION, table: clientTable(report) }]
        : []),
      ...(report.runs.length > 0
        ? [{ title: 'Results', explain: RESULT_EXPLANATION, table: resultTable(report.runs, report.limits) }]
        : []),
    ],
    works: worksOf(report),
  };
}

function asset(name: string): string {
  return readFileSync(fileURLToPath(new URL(name, import.meta.url)), 'utf8');
}

function uplot(name: string): string {
  const main = createRequire(import.meta.url).resolve('uplot');
  return readFileSync(join(dirname(main), name), 'utf8');
}

/** `</script>` and `<!--` inside a script would end it. */
function inScript(text: string): string {
  return text.replace(/<(?=\/script|!--)/gi, '\\u003c');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);
}

export function renderData(data: PageData): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(data.title)}</title>
<style>${uplot('uPlot.min.css')}
${asset('page.css')}</style>
</head>
<body>
<main></main>
<script type="application/json" id="data">${JSON.stringify(data).replace(/</g, '\\u003c')}</script>
<script>${inScript(uplot('uPlot.iife.min.js'))}</script>
<script>${inScript(asset('page.js'))}</script>
</body>
</html>
`;
}

export function renderPage(report: Report): string {
  return renderData(pageData(report));
}
