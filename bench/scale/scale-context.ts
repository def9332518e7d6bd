/** What every scale run needs: a broker of the asked kind, load on it, and places for its figures. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { processTree } from '../load/processes.ts';
import { type LoadResult, runLoad } from '../load/run-load.ts';
import { defaultSettings, type LoadSettings } from '../load/settings.ts';
import type { SettledMemory } from '../measure/memory.ts';
import { startKafka } from '../peers/kafka.ts';
import { startMillrace } from '../peers/millrace.ts';
import type { RunningBroker, StartOptions } from '../peers/running-broker.ts';
import type { Report } from '../report/report.ts';
import { warnings } from '../report/summary.ts';

export type TargetKind = 'millrace' | 'kafka';

export interface ScaleOptions {
  /** Multiplies counts: below 1 for a quick look. */
  scale: number;
  memory: SettledMemory;
}

const DESCRIPTORS = 15_000;
/** A broker that starts again with 10,000 partitions may take its time. */
const CONNECT_SECONDS = 60;

export class ScaleContext {
  readonly work: string;
  readonly target: TargetKind;
  readonly options: ScaleOptions;
  readonly directory: string;
  readonly report: Report;
  readonly progress: (text: string) => void;
  #brokers: RunningBroker[] = [];
  #aborted = false;

  constructor(
    work: string,
    target: TargetKind,
    options: ScaleOptions,
    directory: string,
    report: Report,
    progress: (text: string) => void,
  ) {
    this.work = work;
    this.target = target;
    this.options = options;
    this.directory = join(directory, `${work}-${target}`);
    this.report = report;
    this.progress = progress;
  }

  scaled(count: number): number {
    return Math.max(1, Math.round(count * this.options.scale));
  }

  /** A broker on a directory of its own; `again` keeps what is there. */
  async start(options: Omit<StartOptions, 'directory'> = {}, again = false): Promise<RunningBroker> {
    if (!again) rmSync(this.directory, { recursive: true, force: true });
    const all = { ...options, directory: this.directory };
    const broker = await (this.target === 'kafka' ? startKafka(all, this.progress) : startMillrace(all));
    this.#brokers.push(broker);
    if (this.#aborted) {
      await broker.stop('SIGKILL');
      throw new Error('the time was over');
    }
    return broker;
  }

  /** `number` is the value without its unit, where a goal judges it. */
  fact(what: string, value: string, number?: number): void {
    const judged = number === undefined ? {} : { number };
    (this.report.facts ??= []).push({ work: this.work, target: this.target, what, value, ...judged });
    this.progress(`${this.work}, ${this.target}: ${what}: ${value}`);
  }

  /** Ends the brokers that still run: the time is over. What waits for them then fails. */
  async abort(): Promise<void> {
    this.#aborted = true;
    for (const broker of this.#brokers) await broker.stop('SIGKILL');
  }

  async load(
    name: string,
    broker: RunningBroker,
    settings: Partial<LoadSettings>,
    as: { target?: string; round?: number } = {},
  ): Promise<LoadResult> {
    if (this.#aborted) throw new Error('the time was over');
    const where = { host: broker.host, port: broker.port, pids: processTree(broker.pid) };
    await this.options.memory.refill();
    const result = await runLoad({ ...defaultSettings, connectSeconds: CONNECT_SECONDS, ...where, ...settings });
    this.report.runs.push({ name, target: as.target ?? this.target, round: as.round ?? 0, result });
    for (const warning of warnings(result)) this.progress(`    ${warning}`);
    return result;
  }
}

/** Open files that a process may have; a child inherits what `ulimit -n` allows here. */
export function descriptorsAllowed(): { soft: number; enough: boolean } {
  const limits = /Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/.exec(readFileSync('/proc/self/limits', 'utf8'));
  // Brokers and generator raise theirs to the hard limit.
  const soft = Number(limits?.[2] ?? 0) || Infinity;
  return { soft, enough: soft >= DESCRIPTORS };
}

/** What brokers need beside connections. */
const DESCRIPTORS_ELSE = 1000;

/** So many connections, or as many as the limit of open files leaves room for. */
export function connectionsAllowed(wanted: number): number {
  return Math.min(wanted, descriptorsAllowed().soft - DESCRIPTORS_ELSE);
}
