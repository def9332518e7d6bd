/**
 * The matrix: the same works on several brokers in turns (A B, then B A), one after the other on this machine, with one
 * table and one report at the end. Runs on the main thread; the brokers and the generator are processes of their own.
 * What is done is kept after each work, so that an interrupted run can be taken up again.
 */
import { statfsSync } from 'node:fs';
import { formatLimits, measureLimits } from '../limit/limit.ts';
import { deleteTopics } from '../load/admin.ts';
import { processTree } from '../load/processes.ts';
import { type LoadResult, runLoad } from '../load/run-load.ts';
import type { SettledMemory } from '../measure/memory.ts';
import { fileName, type Report, readReport, saveReport, writeReport } from '../report/report.ts';
import { summarizeStages, warnings } from '../report/summary.ts';
import { formatNumber, formatTable, resultTable } from '../report/table.ts';
import { type BrokerSetOptions, dropFromCache, type Progress, startFacts, startTargets } from './broker-set.ts';
import type { RunningBroker } from './running-broker.ts';
import { newReport, openWorkplace, reportFolder } from './workplace.ts';
import { fullWorks, settingsOf, shortWorks, type Work, warmUpWorks } from './works.ts';

export interface MatrixOptions {
  full?: boolean;
  only?: string;
  targets: string;
  rounds?: number;
  seconds?: number;
  /** No work begins later than this. */
  minutes?: number;
  keepGib: number;
  dir: string;
  out?: string;
  /** Results folder of an interrupted run: its works are not done again. */
  resume?: string;
  list?: boolean;
}

/** acks=all answers from the page cache on both sides; the synced works make both sync. */
const MILLRACE_CONFIGS = { 'millrace.fsync.acks.all': 'false' };
const DURABILITY_NOTE =
  'Both brokers answer acks=all from the page cache here (Millrace with millrace.fsync.acks.all=false, as Kafka always does); works called "synced" set flush.messages=1 on the topic, so that both sync before they answer.';
const TIME_OVER = 'Time was over before';
const FREE_GIB_MIN = 20;
const ROUNDS = { short: 1, full: 2 };
const MINUTES = { short: 5, full: 30 };
const roundsOf = (options: MatrixOptions) => options.rounds ?? ROUNDS[options.full ? 'full' : 'short'];
/** What writing the report and stopping the brokers may take of the minutes. */
const END_SECONDS = 12;

function describeResult(result: LoadResult): string {
  const [stage] = summarizeStages(result);
  const latency = stage!.endToEnd ?? stage!.ack;
  const rate = stage!.producedPerSecond || stage!.consumedPerSecond;
  const parts = [`${formatNumber(rate)}/s`];
  if (stage!.broker) parts.push(`${formatNumber(stage!.broker.cpuSecondsPerMillionRecords)} CPU-s per million`);
  if (latency)
    parts.push(`p50 ${formatNumber(latency.percentilesMs[0]!)} p99 ${formatNumber(latency.percentilesMs[2]!)} ms`);
  return parts.join('  ');
}

class Matrix {
  readonly report: Report;
  #brokers: RunningBroker[];
  #memory: SettledMemory;
  #options: MatrixOptions;
  #progress: Progress;
  #old: string[] = [];
  /** A B, then B A: whoever comes first finds the machine in another state. */
  #turns = 0;

  constructor(
    report: Report,
    brokers: RunningBroker[],
    memory: SettledMemory,
    options: MatrixOptions,
    progress: Progress,
  ) {
    this.report = report;
    this.#brokers = brokers;
    this.#memory = memory;
    this.#options = options;
    this.#progress = progress;
  }

  /** One work on all brokers, the rounds that the report does not have yet. A failure is noted and not fatal. */
  async run(work: Work, rounds: number): Promise<void> {
    const topic = fileName(work.name).toLowerCase();
    const able = this.#brokers.filter((broker) => !work.tls || broker.tlsPort > 0);
    const missing = (broker: RunningBroker, round: number) => isMissing(this.report, work.name, broker.name, round);
    const failed = new Set<RunningBroker>();
    const attempt = async (broker: RunningBroker, doing: () => Promise<void>) => {
      try {
        if (!failed.has(broker)) await doing();
      } catch (error) {
        failed.add(broker);
        this.#note(`${work.name} failed on ${broker.name}: ${(error as Error).message}`);
      }
    };
    await this.#makeRoom();
    for (const broker of work.prepare ? able : []) {
      await attempt(broker, async () => {
        await runLoad(this.#settings(work, topic, broker, { ...work.prepare, consumers: 0 }));
      });
    }
    for (let round = 0; round < rounds; round++) {
      for (const broker of this.#turns++ % 2 === 0 ? able : [...able].reverse()) {
        if (missing(broker, round)) await attempt(broker, () => this.#once(work, topic, broker, round));
      }
    }
    this.#old.push(topic);
  }

  #note(text: string): void {
    this.report.notes.push(text);
    this.#progress(text);
  }

  #settings(work: Work, topic: string, broker: RunningBroker, part: Work['settings']) {
    const address = { host: broker.host, port: work.tls ? broker.tlsPort : broker.port };
    const settings = settingsOf(work, topic, address, broker.pid > 0 ? processTree(broker.pid) : [], part);
    if (this.#options.seconds === undefined) return settings;
    return { ...settings, stages: settings.stages.map((stage) => ({ ...stage, seconds: this.#options.seconds! })) };
  }

  async #once(work: Work, topic: string, broker: RunningBroker, round: number): Promise<void> {
    const label = `${work.name.padEnd(34)} ${broker.name.padEnd(10)}`;
    if (work.cold && !dropFromCache(broker, topic)) {
      this.#note(`${work.name} on ${broker.name} was read from the page cache: its files are not ours to drop.`);
    }
    await this.#memory.refill();
    const result = await runLoad(this.#settings(work, topic, broker, work.settings));
    this.report.runs.push({ name: work.name, target: broker.name, round, result });
    this.#progress(`${label} ${describeResult(result)}`);
    for (const warning of warnings(result)) this.#progress(`    ${warning}`);
  }

  /** Code is compiled while it runs: the first work must not pay for that. Takes a few seconds on each broker. */
  async warmUp(): Promise<void> {
    for (const broker of this.#brokers) {
      for (const work of warmUpWorks) await runLoad(this.#settings(work, 'warm-up', broker, work.settings));
      this.#progress(`${broker.name} is warm.`);
    }
  }

  /** Files are kept while the disk has room. */
  async #makeRoom(): Promise<void> {
    const { bavail, bsize } = statfsSync(this.#options.dir);
    if ((bavail * bsize) / 2 ** 30 > FREE_GIB_MIN || this.#old.length === 0) return;
    this.#progress('Little disk space is left: deleting the topics of earlier works.');
    for (const broker of this.#brokers) await deleteTopics({ ...broker, tls: false }, this.#old);
    this.#old = [];
  }
}

function isMissing(report: Report, name: string, target: string, round: number): boolean {
  return !report.runs.some((run) => run.name === name && run.target === target && run.round === round);
}

/** The works of which the report lacks a round on one of the targets: what is left of an interrupted run. */
export function worksLeft(
  report: Report,
  works: readonly Work[],
  targets: readonly { name: string; tlsPort: number }[],
  rounds: number,
): Work[] {
  return works.filter((work) =>
    targets
      .filter((target) => !work.tls || target.tlsPort > 0)
      .some(({ name }) =>
        Array.from({ length: rounds }, (_, round) => round).some((r) => isMissing(report, work.name, name, r)),
      ),
  );
}

/** The works that the options name. */
export function chooseWorks(options: Pick<MatrixOptions, 'full' | 'only'>): Work[] {
  const all = options.full ? fullWorks : shortWorks;
  const words = (options.only ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);
  const chosen = all.filter((work) => words.length === 0 || words.some((word) => work.name.includes(word)));
  if (chosen.length === 0) throw new Error(`No work's name contains ${options.only}; --list prints them.`);
  return chosen;
}

/** Runs the chosen works, prints the table and writes the report, also when a work failed on the way. */
export async function runMatrix(options: MatrixOptions, progress: Progress): Promise<void> {
  const deadlineMs =
    performance.now() + ((options.minutes ?? MINUTES[options.full ? 'full' : 'short']) * 60 - END_SECONDS) * 1000;
  const works = chooseWorks(options);
  if (options.list) {
    for (const work of works) console.log(work.name);
    return;
  }
  const earlier = options.resume === undefined ? undefined : readReport(options.resume);
  progress('Settling memory ...');
  const place = await openWorkplace(options, 'matrix-brokers', progress);
  const { dir, memory } = place;
  options = { ...options, dir };
  let brokers: RunningBroker[] = [];
  try {
    const report = earlier ?? newReport('Matrix', place, [DURABILITY_NOTE]);
    if (earlier) report.notes = report.notes.filter((note) => !note.startsWith(TIME_OVER));
    if (earlier) report.notes.push(`Taken up again at ${new Date().toISOString()}. ${memory.note}`);
    report.limits ??= await measureLimits(dir, memory, options.full ? 2 : 1);
    progress(formatLimits(report.limits).join('\n'));
    const set: BrokerSetOptions = {
      ...options,
      millraceConfigs: MILLRACE_CONFIGS,
      tls: works.some((work) => work.tls),
    };
    brokers = await startTargets(set, report.notes, progress);
    report.title = `Matrix: ${brokers.map((broker) => broker.name).join(' and ')}`;
    report.facts ??= startFacts(brokers);
    const out = options.out ?? options.resume ?? reportFolder(report, 'matrix');
    const matrix = new Matrix(report, brokers, memory, options, progress);
    const todo = worksLeft(report, works, brokers, roundsOf(options));
    await runWorks(matrix, todo, options, deadlineMs, out, progress);
  } finally {
    for (const broker of brokers) await broker.stop();
    place.release();
  }
}

/** Works that the time did not suffice for are named; what is done is on disk after each. */
async function runWorks(
  matrix: Matrix,
  works: readonly Work[],
  options: MatrixOptions,
  deadlineMs: number,
  out: string,
  progress: Progress,
): Promise<void> {
  const { report } = matrix;
  const left: string[] = [];
  try {
    if (works.length > 0) await matrix.warmUp();
    for (const work of works) {
      if (performance.now() > deadlineMs) {
        left.push(work.name);
        continue;
      }
      await matrix.run(work, roundsOf(options));
      saveReport(out, report);
    }
    if (left.length > 0) report.notes.push(`${TIME_OVER}: ${left.join('; ')}. --resume takes them up.`);
  } finally {
    console.log(formatTable(resultTable(report.runs, report.limits)));
    if (left.length > 0) progress(report.notes.at(-1)!);
    progress(`Report: ${writeReport(out, report)}`);
  }
}
