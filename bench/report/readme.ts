/**
 * The performance section of the README and docs/performance.md, written from reports: tables with the goal beside each
 * figure, so that a goal that was missed says so itself. The README's text stands between two markers.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { formatLimits } from '../limit/limit.ts';
import { latencyRatios } from '../peers/latency-ratios.ts';
import { clientTable } from './client-table.ts';
import {
  INGEST_LIMIT_PERCENT_MIN,
  LATENCY_RATIO_MAX,
  SENDFILE_LIMIT_PERCENT_MIN,
  scaleGoals,
  verdict,
} from './goals.ts';
import { type Fact, type Report, readReport } from './report.ts';
import { summarizeStages } from './summary.ts';
import { formatNumber, groupRuns, median, resultTable, type Table } from './table.ts';

export const BEGIN = '<!-- performance: written by `npm run bench:publish`, do not edit -->';
export const END = '<!-- end of performance -->';

export interface Reports {
  clients?: Report;
  latency?: Report;
  matrix?: Report;
  scale?: Report;
  allocation?: Report;
}

/** What kind of report each is, by what it holds; of several of a kind the last. */
export function sortReports(reports: readonly Report[]): Reports {
  const sorted: Reports = {};
  for (const report of reports) {
    if (report.clients !== undefined) sorted.clients = report;
    else if (report.title.startsWith('Latency')) sorted.latency = report;
    else if (report.title.startsWith('Matrix')) sorted.matrix = report;
    else if (report.title.startsWith('Scale')) sorted.scale = report;
    else if (report.title.startsWith('Allocation')) sorted.allocation = report;
  }
  return sorted;
}

const cell = (text: string) => text.replaceAll('|', '\\|');

export function markdown({ head, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function latencyTable(report: Report): Table {
  const goal = { ratioMax: LATENCY_RATIO_MAX };
  const rows = latencyRatios(report).map(({ name, figure, mine, other, ratio }) => [
    name,
    figure,
    other === undefined ? '' : `${formatNumber(other)} ms`,
    mine === undefined ? '' : `${formatNumber(mine)} ms`,
    ratio === undefined ? '' : ratio.toFixed(2),
    ...(figure === 'p50' || name.startsWith('end to end')
      ? ['', '']
      : [`≤ ${LATENCY_RATIO_MAX.toFixed(2)}`, verdict(goal, ratio)]),
  ]);
  return { head: ['work', 'figure', 'Kafka', 'Millrace', 'ratio', 'goal', 'reached'], rows };
}

const COMPARABLE_BYTES_MAX = 8 * 2 ** 20;

/** Works of which the limit tells something: batches at full speed, and reads from the page cache. */
function limitTable(report: Report): Table {
  const rows: string[][] = [];
  for (const { name, target, runs } of groupRuns(report.runs)) {
    const stages = runs.map((run) => summarizeStages(run.result, report.limits)[0]!);
    const percents = stages.map((stage) => stage.broker?.percentOfLimit).filter((value) => typeof value === 'number');
    const { settings } = runs[0]!.result;
    const plain = settings.acks === 1 && settings.codec === 'none' && settings.batchBytes > 1;
    const ingest = settings.producers > 0 && settings.consumers === 0 && settings.stages[0]!.rate === 0 && plain;
    const reads = settings.producers === 0 && !name.includes('cold');
    if (target !== 'millrace' || percents.length === 0 || settings.tls || !(ingest || reads)) continue;
    const min = ingest ? INGEST_LIMIT_PERCENT_MIN : SENDFILE_LIMIT_PERCENT_MIN;
    const rate = median(stages.map((stage) => stage.producedMbPerSecond || stage.consumedMbPerSecond));
    const percent = median(percents);
    const against = ingest ? 'receive, CRC32C, write, answer' : 'sendfile';
    const { requests, ackedBytes, fetches, consumedBytes } = runs[0]!.result.stages[0]!;
    const unitBytes = ingest ? ackedBytes / requests : consumedBytes / fetches;
    // Beyond the largest that the limit program measures, the client's memory is what costs.
    const comparable = unitBytes <= COMPARABLE_BYTES_MAX;
    const goal = comparable ? [`≥ ${min} %`, verdict({ min }, percent)] : ['', ''];
    const unit =
      unitBytes < 2 ** 20 ? `${Math.round(unitBytes / 1024)} KiB` : `${(unitBytes / 2 ** 20).toFixed(1)} MiB`;
    rows.push([name, unit, `${formatNumber(rate)} MB/s`, against, `${percent.toFixed(0)} %`, ...goal]);
  }
  return { head: ['work', 'bytes a request', 'rate', 'limit', 'part of it', 'goal', 'reached'], rows };
}

/** Facts of both brokers beside each other. */
function scaleTable(report: Report): Table {
  const facts = report.facts ?? [];
  const keys = new Map<string, { work: string; what: string; values: Map<string, Fact> }>();
  for (const fact of facts) {
    const key = `${fact.work}\n${fact.what}`;
    const row = keys.get(key) ?? { work: fact.work, what: fact.what, values: new Map() };
    row.values.set(fact.target, fact);
    keys.set(key, row);
  }
  const rows = [...keys.values()].map(({ work, what, values }) => {
    const [mine, other] = [values.get('millrace'), values.get('kafka')];
    const goal = scaleGoals.find((one) => one.work === work && one.fact === what);
    const judged = goal ? [goal.text, verdict(goal, mine?.number)] : ['', ''];
    return [work, what, other?.value ?? '', mine?.value ?? '', ...judged];
  });
  return { head: ['run', 'figure', 'Kafka', 'Millrace', 'goal', 'reached'], rows: [...rows, ...scaleLoads(report)] };
}

/** The loads themselves, where both brokers had them: rate, p99, CPU. */
function scaleLoads(report: Report): string[][] {
  const groups = groupRuns(report.runs).filter(({ name }) => !name.startsWith('keyed topic'));
  const describe = (name: string, target: string): string | undefined => {
    const runs = groups.find((group) => group.name === name && group.target === target)?.runs;
    if (runs === undefined) return undefined;
    const stages = runs.map((run) => summarizeStages(run.result)[0]!);
    const of = (figure: (stage: (typeof stages)[number]) => number | undefined) =>
      formatNumber(median(stages.map(figure).filter((value) => value !== undefined)));
    const parts = [
      `${of((stage) => stage.producedPerSecond)}/s`,
      `p99 ${of((stage) => stage.ack?.percentilesMs[2])} ms`,
      `${of((stage) => stage.broker?.cpuSecondsPerMillionRecords)} CPU-s per million`,
    ];
    return parts.join(', ');
  };
  return [...new Set(groups.map((group) => group.name))].flatMap((name) => {
    const [mine, other] = [describe(name, 'millrace'), describe(name, 'kafka')];
    return mine === undefined || other === undefined ? [] : [['load', name, other, mine, '', '']];
  });
}

function machineLine({ machine, createdAt }: Report): string {
  const { cpu, cores, memoryGib, virtual, loadAverage } = machine;
  const kind = `${cpu}, ${cores} cores${virtual ? ' of a virtual machine' : ''}, ${memoryGib} GiB`;
  const busy = loadAverage === undefined ? '' : `, load average ${loadAverage} before`;
  return `${kind}; ${createdAt.slice(0, 10)}${busy}`;
}

/** What a reader must not miss: works that failed, brokers and works that were left out. */
const AMISS = /\bfailed\b|left out|Time was over|time was over/;

const PICTURE = 'docs/performance.svg';

/** The README's section: goals and what was reached. */
export function readmeSection(reports: Reports): string {
  const { clients, latency, matrix, scale, allocation } = reports;
  const any = clients ?? latency ?? matrix ?? scale;
  if (any === undefined) throw new Error('No report to write from.');
  const parts: string[] = [
    `Apache Kafka and Millrace by turns on one machine (${machineLine(any)}). ${any.notes.find((note) => note.startsWith('Memory ')) ?? ''} Written by \`npm run bench:publish\`; a goal that was missed says **no**.`,
    `![CPU time and latency beside Kafka](${PICTURE})`,
  ];
  if (clients) {
    const runs = clients.clients ?? [];
    const rounds = 1 + Math.max(0, ...runs.map((run) => run.round));
    const warm = runs.some((run) => run.warm)
      ? ' Both brokers were started for it; the last column is of a second pass through all works, when the JVM has compiled more.'
      : '';
    parts.push(
      `CPU seconds of the broker (user and system) for the same work by the same client (librdkafka's load program, Kafka's own tools), median of ${rounds} rounds.${warm} Millrace syncs to disk before it answers acks=all, which Kafka does only where it is told to; rows without a goal show Millrace with Kafka's promise (\`millrace.fsync.acks.all=false\`). *C thread* is what one thread in C needs on this machine for the least of the work (receive, sum, write, sync small requests, answer; or sendfile), as a ratio to Kafka: where it is bold, the goal is below it.`,
      markdown(clientTable(clients)),
    );
  }
  if (latency)
    parts.push(
      'Latency from the intended send time, by an open-loop generator; both brokers warm, both synced before they answer.',
      markdown(latencyTable(latency)),
    );
  if (matrix?.limits)
    parts.push(
      'What one C thread needs for the bare minimum of the same work, as a part of what the broker used (for reads: of what broker and client used together).',
      markdown(limitTable(matrix)),
    );
  if (scale?.facts?.length) parts.push('Unusual loads.', markdown(scaleTable(scale)));
  if (allocation?.facts?.length) {
    const list = allocation.facts.map(({ what, value }) => `${what}: ${value}`);
    parts.push(`Garbage that a request leaves to V8, over all threads: ${list.join('; ')}.`);
  }
  const notes = [clients, latency, matrix, scale].flatMap((report) => report?.notes ?? []);
  const said = [...new Set(notes.filter((note) => AMISS.test(note)))];
  if (said.length > 0) parts.push(said.map((note) => `- ${note.split('\n')[0]}`).join('\n'));
  parts.push('Every work that was measured, with settings: [docs/performance.md](docs/performance.md).');
  return parts.join('\n\n');
}

/** docs/performance.md: all tables and how they came to be. */
function performancePage(reports: Reports): string {
  const parts = [
    '# Performance, as measured',
    'Written by `npm run bench:publish`; [bench/README.md](../bench/README.md) says what the figures mean.',
  ];
  for (const report of [reports.matrix, reports.latency, reports.scale]) {
    if (report === undefined) continue;
    parts.push(`## ${report.title}`, `${machineLine(report)}.`, ...report.notes);
    if (report.limits) parts.push(`\`\`\`\n${formatLimits(report.limits).join('\n')}\n\`\`\``);
    if (report.runs.length > 0) parts.push(markdown(resultTable(report.runs, report.limits)));
  }
  if (reports.clients) parts.push('## Real clients', ...reports.clients.notes);
  return `${parts.join('\n\n')}\n`;
}

/** Puts the section between the markers; throws where they are missing. */
export function replaceSection(text: string, section: string): string {
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`The README has no section between "${BEGIN}" and "${END}".`);
  return `${text.slice(0, from + BEGIN.length)}\n${section}\n${text.slice(to)}`;
}

/** Reads the report folders and writes the README's section and docs/performance.md. */
export function writeReadme(folders: readonly string[], readme: string, page: string): Reports {
  const reports = sortReports(folders.filter((folder) => existsSync(folder)).map(readReport));
  writeFileSync(readme, replaceSection(readFileSync(readme, 'utf8'), readmeSection(reports)));
  writeFileSync(page, performancePage(reports));
  return reports;
}
