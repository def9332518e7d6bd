/**
 * The matrix: the same works on several brokers in turns (A B, then B A), one after the other on this machine, with one
 * table and one report at the end. Runs on the main thread; the brokers and the generator are processes of their own.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { formatLimits, measureLimits } from '../limit/limit.ts';
import { deleteTopics } from '../load/admin.ts';
import { parseAddress } from '../load/options.ts';
import { processTree } from '../load/processes.ts';
import { type LoadResult, runLoad } from '../load/run-load.ts';
import { describeMachine } from '../measure/machine.ts';
import { settleMemory } from '../measure/memory.ts';
import { type Fact, fileName, REPORT_FORMAT, type Report, resultsDir, writeReport } from '../report/report.ts';
import { summarizeStages, warnings } from '../report/summary.ts';
import { formatNumber, formatTable, resultTable } from '../report/table.ts';
import { residentBytes } from '../scale/scale-context.ts';
import { makeCertificate } from './certificate.ts';
import { missingForKafka, startKafka } from './kafka.ts';
import { startMillrace } from './millrace.ts';
import type { RunningBroker, StartOptions } from './running-broker.ts';
import { fullWorks, settingsOf, shortWorks, type Work, warmUpWorks } from './works.ts';

export interface MatrixOptions {
  full?: boolean;
  only?: string;
  targets: string;
  rounds?: number;
  seconds?: number;
  keepGib: number;
  dir: string;
  out?: string;
  list?: boolean;
}

type Progress = (text: string) => void;

/** acks=all answers from the page cache on both sides; the synced works make both sync. */
const MILLRACE_CONFIGS = { 'millrace.fsync.acks.all': 'false' };
const DURABILITY_NOTE =
  'Both brokers answer acks=all from the page cache here (Millrace with millrace.fsync.acks.all=false, because Kafka does no other); works called "synced" set flush.messages=1 on the topic, so that both sync before they answer.';
const FREE_GIB_MIN = 20;
const FULL_ROUNDS = 2;

async function startTarget(
  text: string,
  directory: string,
  tls: StartOptions['tls'],
  progress: Progress,
): Promise<RunningBroker> {
  const options = { directory: join(directory, fileName(text)), ...(tls && { tls }) };
  if (text === 'kafka') return startKafka(options, progress);
  if (text === 'millrace') return startMillrace({ ...options, configs: MILLRACE_CONFIGS });
  const match = /^([^=]+)=(.+?)(?:,(\d+))?$/.exec(text);
  if (!match) throw new Error(`"${text}" is no target: millrace, kafka or NAME=HOST:PORT[,PID].`);
  const address = parseAddress(match[2]!);
  return {
    name: match[1]!,
    description: match[2]!,
    ...address,
    tlsPort: 0,
    pid: Number(match[3] ?? 0),
    startMs: 0,
    stop: async () => {},
  };
}

/** Starts all of them; one that cannot run here is left out, with the reason in the notes. */
async function startTargets(
  options: MatrixOptions,
  notes: string[],
  wantTls: boolean,
  progress: Progress,
): Promise<RunningBroker[]> {
  const tls = wantTls ? makeCertificate(join(options.dir, 'tls')) : undefined;
  const brokers: RunningBroker[] = [];
  for (const text of options.targets.split(/\s+/).filter(Boolean)) {
    const missing = text === 'kafka' ? missingForKafka() : undefined;
    if (missing !== undefined) {
      notes.push(`Apache Kafka was left out: ${missing}.`);
      progress(notes.at(-1)!);
      continue;
    }
    let broker: RunningBroker;
    try {
      broker = await startTarget(text, options.dir, tls, progress);
    } catch (error) {
      if (!tls) throw error;
      progress(`${text} does not start with TLS: ${(error as Error).message}`);
      notes.push(`${text} was measured without TLS: it did not start with a TLS listener.`);
      broker = await startTarget(text, options.dir, undefined, progress);
    }
    brokers.push(broker);
    notes.push(
      `${broker.name}: ${broker.description}${broker.startMs > 0 ? `; answered ${Math.round(broker.startMs)} ms after its start` : ''}.`,
    );
    progress(notes.at(-1)!);
  }
  if (brokers.length === 0) throw new Error('No broker to measure.');
  return brokers;
}

/** Throws a topic's files out of the page cache; needs no privileges. False where it cannot. */
function dropFromCache(broker: RunningBroker, topic: string): boolean {
  if (broker.directory === undefined) return false;
  const data = join(broker.directory, 'data');
  for (const folder of readdirSync(data).filter((name) => name.startsWith(`${topic}-`))) {
    for (const file of readdirSync(join(data, folder)).filter((name) => name.endsWith('.log'))) {
      const path = join(data, folder, file);
      spawnSync('sync', ['-d', path]);
      if (spawnSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none']).status !== 0) return false;
    }
  }
  return true;
}

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

/** What a user meets first: how soon it answers, what it takes before it has done anything. */
function startFacts(broker: RunningBroker): Fact[] {
  const fact = (what: string, value: string) => ({ work: 'start', target: broker.name, what, value });
  const mib = residentBytes(broker.pid) / 2 ** 20;
  const started =
    broker.startMs > 0 ? [fact('until it answers, memory just settled', `${Math.round(broker.startMs)} ms`)] : [];
  return [...started, fact('memory before any load', `${Math.round(mib)} MiB`)];
}

class Matrix {
  readonly report: Report;
  #brokers: RunningBroker[];
  #options: MatrixOptions;
  #progress: Progress;
  #old: string[] = [];
  /** A B, then B A: whoever comes first finds the machine in another state. */
  #turns = 0;

  constructor(report: Report, brokers: RunningBroker[], options: MatrixOptions, progress: Progress) {
    this.report = report;
    this.#brokers = brokers;
    this.#options = options;
    this.#progress = progress;
  }

  async run(work: Work, rounds: number): Promise<void> {
    await this.#makeRoom();
    const topic = fileName(work.name).toLowerCase();
    const able = this.#brokers.filter((broker) => !work.tls || broker.tlsPort > 0);
    for (const broker of work.prepare ? able : []) {
      await runLoad(this.#settings(work, topic, broker, { ...work.prepare, consumers: 0 }));
    }
    for (let round = 0; round < rounds; round++) {
      for (const broker of this.#turns++ % 2 === 0 ? able : [...able].reverse())
        await this.#once(work, topic, broker, round);
    }
    this.#old.push(topic);
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
      this.report.notes.push(
        `${work.name} on ${broker.name} was read from the page cache: its files are not ours to drop.`,
      );
    }
    try {
      const result = await runLoad(this.#settings(work, topic, broker, work.settings));
      this.report.runs.push({ name: work.name, target: broker.name, round, result });
      this.#progress(`${label} ${describeResult(result)}`);
      for (const warning of warnings(result)) this.#progress(`    ${warning}`);
    } catch (error) {
      this.report.notes.push(`${work.name} failed on ${broker.name}: ${(error as Error).message}`);
      this.#progress(this.report.notes.at(-1)!);
    }
  }

  /** Code is compiled while it runs: the first work must not pay for that. Takes a few seconds on each broker. */
  async warmUp(): Promise<void> {
    for (const broker of this.#brokers) {
      for (const work of warmUpWorks) await runLoad(this.#settings(work, 'warm-up', broker, work.settings));
      this.#progress(`${broker.name} is warm.`);
    }
  }

  /** Files are kept, because freed pages would cost their first touch again; only a full disk makes them go. */
  async #makeRoom(): Promise<void> {
    const { bavail, bsize } = statfsSync(this.#options.dir);
    if ((bavail * bsize) / 2 ** 30 > FREE_GIB_MIN || this.#old.length === 0) return;
    this.#progress('Little disk space is left: deleting the topics of earlier works.');
    for (const broker of this.#brokers) await deleteTopics({ ...broker, tls: false }, this.#old);
    this.#old = [];
  }
}

function choose(options: MatrixOptions): Work[] {
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
  const works = choose(options);
  if (options.list) {
    for (const work of works) console.log(work.name);
    return;
  }
  // A folder of its own below the given one: it is emptied before and after.
  options = { ...options, dir: join(options.dir, 'matrix-brokers') };
  rmSync(options.dir, { recursive: true, force: true });
  mkdirSync(options.dir, { recursive: true });
  const notes: string[] = [];
  progress('Settling memory ...');
  const memory = await settleMemory(options.keepGib, options.dir);
  notes.push(memory.note, DURABILITY_NOTE);
  progress(memory.note);
  let brokers: RunningBroker[] = [];
  try {
    const limits = measureLimits(options.dir, options.full ? 2 : 1);
    progress(formatLimits(limits).join('\n'));
    brokers = await startTargets(
      options,
      notes,
      works.some((work) => work.tls),
      progress,
    );
    const createdAt = new Date().toISOString();
    const title = `Matrix: ${brokers.map((broker) => broker.name).join(' and ')}`;
    const report: Report = {
      format: REPORT_FORMAT,
      title,
      createdAt,
      machine: describeMachine(options.dir),
      notes,
      limits,
      runs: [],
    };
    report.facts = brokers.filter((broker) => broker.pid > 0).flatMap((broker) => startFacts(broker));
    const matrix = new Matrix(report, brokers, options, progress);
    try {
      await matrix.warmUp();
      for (const work of works) await matrix.run(work, options.rounds ?? (options.full ? FULL_ROUNDS : 1));
    } finally {
      console.log(formatTable(resultTable(report.runs, limits)));
      const out = options.out ?? join(resultsDir, fileName(`${createdAt}-matrix`));
      progress(`Report: ${writeReport(out, report)}`);
    }
  } finally {
    for (const broker of brokers) await broker.stop();
    memory.release();
    rmSync(options.dir, { recursive: true, force: true });
  }
}
