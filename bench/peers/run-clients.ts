/**
 * The works of real clients on several brokers in turns: the broker's CPU time, memory, and what the clients said. A
 * client that fails or hangs is named and not fatal. Starts and idle memory are measured first, each on fresh folders.
 * Runs on the main thread; brokers and clients are processes of their own.
 */
import { spawn } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { toolchain } from '../../test/interop/toolchains.ts';
import { formatLimits, measureLimits } from '../limit/limit.ts';
import { createTopics, deleteTopics, setClusterConfig, waitForTopics } from '../load/admin.ts';
import type { SettledMemory } from '../measure/memory.ts';
import { cpuSeconds, residentBytes } from '../measure/process.ts';
import { clientTable } from '../report/client-table.ts';
import { type Report, saveReport, writeReport } from '../report/report.ts';
import { factTable, formatNumber, formatTable, median } from '../report/table.ts';
import { type Progress, startTargets } from './broker-set.ts';
import { type ClientWork, clientTopics, clientWorks, parseClientOutput, readPreparation } from './client-works.ts';
import { fetchKafka } from './kafka.ts';
import type { RunningBroker } from './running-broker.ts';
import { newReport, openWorkplace, reportFolder } from './workplace.ts';

export interface ClientsOptions {
  targets: string;
  only?: string;
  rounds: number;
  /** Everything a second time, when each broker has had all works: a JVM compiles long after its start. */
  warmToo?: boolean;
  /** After so long each work that is left gets one round only. */
  minutes?: number;
  keepGib: number;
  dir: string;
  out?: string;
}

/** A client that has not ended by then is ended. */
const CLIENT_SECONDS_MAX = 90;
const STARTS = 3;
const IDLE_SECONDS = 3;
/** What all brokers write in one round of one work, and some. */
const FREE_GIB_MIN = 8;
/** Deleted files leave the disk within this time. */
const DELETE_SECONDS = 10;
const SYNCED_ACKS = 'millrace.fsync.acks.all';
const OUTPUT_CHARACTERS_MAX = 1 << 20;

interface Programs {
  loadProgram: string;
  classPath: string;
}

async function findPrograms(progress: Progress): Promise<Programs> {
  const found = await toolchain('loadProgram');
  if ('missing' in found) throw new Error(`librdkafka's load program cannot be had: ${found.missing}.`);
  return { loadProgram: join(found.dir, 'rdkafka_performance'), classPath: fetchKafka(progress) };
}

/** Runs to its end, or to the bound; returns all it printed. */
function runClient(programs: Programs, work: Pick<ClientWork, 'program'>, args: readonly string[]): Promise<string> {
  const [command, ...before] =
    work.program === 'rdkafka_performance'
      ? [programs.loadProgram]
      : ['java', '-Xmx512m', '-cp', programs.classPath, `org.apache.kafka.tools.${work.program}`];
  const child = spawn(command!, [...before, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: CLIENT_SECONDS_MAX * 1000,
    killSignal: 'SIGKILL',
  });
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  let output = '';
  const take = (text: string) => {
    output = (output + text).slice(-OUTPUT_CHARACTERS_MAX);
  };
  child.stdout.setEncoding('utf8').on('data', take);
  child.stderr.setEncoding('utf8').on('data', take);
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => {
      process.off('exit', end);
      if (signal !== null) reject(new Error(`ended after ${CLIENT_SECONDS_MAX} s`));
      else if (code !== 0) reject(new Error(`exit code ${code}: ${output.trim().slice(-300)}`));
      else resolve(output);
    });
  });
}

const bootstrapOf = (broker: RunningBroker) => `${broker.host}:${broker.port}`;

class Clients {
  readonly report: Report;
  #programs: Programs;
  #brokers: RunningBroker[];
  #progress: Progress;
  #directory: string;
  #memory: SettledMemory;
  #turns = 0;
  #unique = 0;

  constructor(
    report: Report,
    programs: Programs,
    brokers: RunningBroker[],
    memory: SettledMemory,
    directory: string,
    progress: Progress,
  ) {
    this.#memory = memory;
    this.#directory = directory;
    this.report = report;
    this.#programs = programs;
    this.#brokers = brokers;
    this.#progress = progress;
    report.clients = [];
  }

  async prepare(): Promise<void> {
    for (const broker of this.#brokers) {
      for (const topic of clientTopics) await createTopics({ ...broker, tls: false }, [topic]);
      await waitForTopics({ ...broker, tls: false }, clientTopics);
    }
  }

  async prepareReads(): Promise<void> {
    for (const broker of this.#brokers) {
      for (const args of readPreparation)
        await runClient(this.#programs, { program: 'rdkafka_performance' }, args(bootstrapOf(broker)));
    }
  }

  /** Files are kept while the disk has room. */
  async #makeRoom(): Promise<void> {
    const { bavail, bsize } = statfsSync(this.#directory);
    if ((bavail * bsize) / 2 ** 30 > FREE_GIB_MIN) return;
    this.#progress('Little disk space is left: creating the topics of producers anew.');
    const topics = clientTopics.filter(({ name }) => !name.startsWith('read'));
    for (const broker of this.#brokers) {
      const names = topics.map(({ name }) => name);
      await deleteTopics({ ...broker, tls: false }, names);
      for (const topic of topics) await createTopics({ ...broker, tls: false }, [topic]);
      await waitForTopics({ ...broker, tls: false }, topics);
    }
    await pause(DELETE_SECONDS * 1000);
  }

  async run(work: ClientWork, rounds: number, warm: boolean, deadlineMs: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      if (round > 0 && performance.now() > deadlineMs) {
        this.report.notes.push(`${work.name} was left out after ${round} of ${rounds} rounds: the time was over.`);
        return;
      }
      await this.#makeRoom();
      for (const broker of this.#turns++ % 2 === 0 ? this.#brokers : [...this.#brokers].reverse())
        await this.#once(work, broker, round, warm);
    }
  }

  /** A work that fails is noted, and the next one runs. */
  async #once(work: ClientWork, broker: RunningBroker, round: number, warm: boolean): Promise<void> {
    const address = { ...broker, tls: false };
    const unsynced = work.unsynced === true && broker.name === 'millrace';
    try {
      if (unsynced) await setClusterConfig(address, SYNCED_ACKS, 'false');
      try {
        await this.#measure(work, broker, round, warm);
      } finally {
        if (unsynced) await setClusterConfig(address, SYNCED_ACKS, null);
      }
    } catch (error) {
      this.report.notes.push(`${work.name} failed on ${broker.name}: ${(error as Error).message}`);
      this.#progress(this.report.notes.at(-1)!);
    }
  }

  async #measure(work: ClientWork, broker: RunningBroker, round: number, warm: boolean): Promise<void> {
    await this.#memory.refill();
    const [before, startedMs] = [cpuSeconds(broker.pid), performance.now()];
    const label = `${work.name.padEnd(26)} ${broker.name.padEnd(10)}`;
    const output = await runClient(this.#programs, work, work.args(bootstrapOf(broker), `group-${this.#unique++}`));
    const figures = parseClientOutput(work.program, output);
    if (figures === undefined) throw new Error(`no summary in what it printed: ${output.trim().slice(-300)}`);
    const run = {
      work: work.name,
      target: broker.name,
      round,
      warm,
      brokerCpuSeconds: cpuSeconds(broker.pid) - before,
      seconds: (performance.now() - startedMs) / 1000,
      residentMib: residentBytes(broker.pid) / 2 ** 20,
      ...figures,
    };
    this.report.clients!.push(run);
    const rate = run.recordsPerSecond === undefined ? '' : `  ${formatNumber(run.recordsPerSecond)}/s`;
    const average = run.avgMs === undefined ? '' : `  avg ${run.avgMs} ms  p99 ${run.p99Ms} ms`;
    this.#progress(`${label} ${run.brokerCpuSeconds.toFixed(2)} CPU-s${rate}${average}`);
  }

  memoryFacts(): void {
    for (const broker of this.#brokers) {
      const number = Math.round(residentBytes(broker.pid) / 2 ** 20);
      this.report.facts!.push({
        work: 'memory',
        target: broker.name,
        what: 'resident after all of it',
        value: `${number} MiB`,
        number,
      });
    }
  }
}

/** Starts each target several times on an empty folder: the median until it answers, and what it holds when idle. */
async function measureStarts(options: ClientsOptions, report: Report, progress: Progress): Promise<void> {
  const starts = new Map<string, { ms: number[]; mib: number[] }>();
  for (let turn = 0; turn < STARTS; turn++) {
    for (const targets of options.targets.split(/\s+/).filter(Boolean)) {
      const dir = join(options.dir, `start-${turn}`);
      const brokers = await startTargets({ targets, dir }, [], () => {}).catch((error: Error) => {
        report.notes.push(`A start of ${targets} failed: ${error.message}`);
        return [];
      });
      for (const broker of brokers) {
        const found = starts.get(broker.name) ?? { ms: [], mib: [] };
        starts.set(broker.name, found);
        found.ms.push(broker.startMs);
        await pause(IDLE_SECONDS * 1000);
        found.mib.push(residentBytes(broker.pid) / 2 ** 20);
        await broker.stop();
      }
    }
  }
  report.facts = [];
  for (const [target, { ms, mib }] of starts) {
    const fact = (what: string, number: number, unit: string) =>
      report.facts!.push({ work: 'start', target, what, value: `${number} ${unit}`, number });
    fact('until the first answer, empty directory', Math.round(median(ms)), 'ms');
    fact('idle resident memory', Math.round(median(mib)), 'MiB');
  }
  progress(formatTable(factTable(report.facts)));
}

function chooseWorks(only: string | undefined): ClientWork[] {
  const names = (only ?? '').split(',').filter(Boolean);
  const chosen = clientWorks.filter((work) => names.length === 0 || names.includes(work.name));
  if (chosen.length === 0)
    throw new Error(`No work is called ${only}. There are: ${clientWorks.map((work) => work.name).join(', ')}.`);
  return chosen;
}

/** Runs the chosen works, prints the table and writes the report. Returns the report's folder. */
export async function runClients(options: ClientsOptions, progress: Progress): Promise<string> {
  const works = chooseWorks(options.only);
  const deadlineMs = performance.now() + (options.minutes ?? Number.POSITIVE_INFINITY) * 60_000;
  const programs = await findPrograms(progress);
  const place = await openWorkplace(options, 'client-brokers', progress);
  options = { ...options, dir: place.dir };
  const report = newReport('Real clients', place, [
    'Millrace syncs acks=all before it answers, but for works called cached; Kafka in the works called fsync only. Medians of the rounds; brokers take turns.',
  ]);
  const out = options.out ?? reportFolder(report, 'clients');
  let brokers: RunningBroker[] = [];
  try {
    await measureStarts(options, report, progress);
    report.limits = await measureLimits(options.dir, place.memory, 1);
    progress(formatLimits(report.limits).join('\n'));
    brokers = await startTargets(options, report.notes, progress);
    const clients = new Clients(report, programs, brokers, place.memory, options.dir, progress);
    await clients.prepare();
    if (works.some((work) => work.reads)) await clients.prepareReads();
    for (const warm of options.warmToo ? [false, true] : [false]) {
      if (warm) progress('Once more, both brokers warm.');
      for (const work of works) {
        if (warm && work.unsynced) continue;
        await clients.run(work, options.rounds, warm, deadlineMs);
        saveReport(out, report);
      }
    }
    clients.memoryFacts();
  } finally {
    for (const broker of brokers) await broker.stop();
    place.release();
    console.log(formatTable(clientTable(report)));
    progress(`Report: ${writeReport(out, report)}`);
  }
  return out;
}
