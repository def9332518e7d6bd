/**
 * Latency beside Apache Kafka, as the project's goals have it: the open loop at fixed rates, acks=all, both brokers
 * synced before they answer, after a warm-up that is long enough for a JVM to have compiled what is hot, in turns. The
 * rates are 10,000 a second and half of what the slower broker can do, which is measured first. One more work has
 * records cross end to end at a low rate. Runs on the main thread.
 */
import { measureLimits } from '../limit/limit.ts';
import { processTree } from '../load/processes.ts';
import { type LoadResult, runLoad } from '../load/run-load.ts';
import type { LoadSettings } from '../load/settings.ts';
import type { SettledMemory } from '../measure/memory.ts';
import { type Report, saveReport, writeReport } from '../report/report.ts';
import { summarizeStages, warnings } from '../report/summary.ts';
import { formatNumber, formatTable, resultTable, type Table } from '../report/table.ts';
import { type Progress, startTargets } from './broker-set.ts';
import { latencyRatios } from './latency-ratios.ts';
import type { RunningBroker } from './running-broker.ts';
import { newReport, openWorkplace, reportFolder } from './workplace.ts';
import { settingsOf } from './works.ts';

export interface LatencyOptions {
  targets: string;
  only?: string;
  rounds: number;
  seconds: number;
  /** Of the same load on each broker before anything counts. */
  warmUp: number;
  keepGib: number;
  dir: string;
  out?: string;
}

const LATENCY_WORKS = {
  fixed: 'latency at 10k/s, 1 KiB, acks=all, both synced',
  half: "latency at half of the slower broker's maximum, 1 KiB, acks=all, both synced",
  endToEnd: 'end to end at 500/s, 1 KiB, acks=all, both synced',
} as const;
export type LatencyWork = keyof typeof LATENCY_WORKS;

const FIXED_RATE = 10_000;
const END_TO_END_RATE = 500;
/** The latter of two runs counts: the first one warms up. */
const MAXIMUM_SECONDS = 6;
/** Before each counted run, as the other broker had the processor meanwhile. */
const WARM_UP_EACH_SECONDS = 2;
const SYNCED = { 'flush.messages': '1' };

const common: Partial<LoadSettings> = { acks: -1, messageBytes: 1024, producers: 1, topicConfigs: SYNCED };

class LatencyComparison {
  readonly report: Report;
  #brokers: RunningBroker[];
  #memory: SettledMemory;
  #options: LatencyOptions;
  #progress: Progress;
  #turns = 0;

  constructor(
    report: Report,
    brokers: RunningBroker[],
    memory: SettledMemory,
    options: LatencyOptions,
    progress: Progress,
  ) {
    this.report = report;
    this.#brokers = brokers;
    this.#memory = memory;
    this.#options = options;
    this.#progress = progress;
  }

  async #load(
    broker: RunningBroker,
    topic: string,
    partitions: number,
    part: Partial<LoadSettings>,
  ): Promise<LoadResult> {
    await this.#memory.refill();
    const pids = broker.pid > 0 ? processTree(broker.pid) : [];
    return runLoad(settingsOf({ name: topic, partitions, settings: {} }, topic, broker, pids, { ...common, ...part }));
  }

  /** The same load as is counted later, on each broker for long enough. */
  async #warmUp(topic: string, partitions: number, part: Partial<LoadSettings>, seconds: number): Promise<void> {
    const rate = part.stages![0]!.rate;
    for (const broker of this.#brokers) {
      this.#progress(`Warming up ${broker.name}: ${formatNumber(seconds)} s of the same load ...`);
      await this.#load(broker, topic, partitions, { ...part, warmUpSeconds: 0, stages: [{ rate, seconds }] });
    }
  }

  /** Rounds of A B, B A: whoever comes first finds the disk in another state. */
  async #measure(work: LatencyWork, partitions: number, part: Partial<LoadSettings>, warmUp: number): Promise<void> {
    const name = LATENCY_WORKS[work];
    const topic = `latency-${work.toLowerCase()}`;
    const stages = [{ rate: part.stages![0]!.rate, seconds: this.#options.seconds }];
    await this.#warmUp(topic, partitions, part, warmUp);
    for (let round = 0; round < this.#options.rounds; round++) {
      for (const broker of this.#turns++ % 2 === 0 ? this.#brokers : [...this.#brokers].reverse()) {
        const settings = { ...part, stages, warmUpSeconds: WARM_UP_EACH_SECONDS };
        const result = await this.#load(broker, topic, partitions, settings);
        this.report.runs.push({ name, target: broker.name, round, result });
        const [stage] = summarizeStages(result);
        const latency = stage!.endToEnd ?? stage!.ack!;
        const [p50, , p99, p999] = latency.percentilesMs.map((value) => formatNumber(value));
        const line = `p50 ${p50}  p99 ${p99}  p99.9 ${p999}  max ${formatNumber(latency.maxMs)} ms`;
        this.#progress(`${name.slice(0, 40).padEnd(42)} ${broker.name.padEnd(10)} ${line}`);
        for (const warning of warnings(result)) this.#progress(`    ${warning}`);
      }
    }
  }

  /** Records a second in the closed loop, the second time. */
  async #maximum(broker: RunningBroker): Promise<number> {
    const stages = [{ rate: 0, seconds: MAXIMUM_SECONDS }];
    let rate = 0;
    for (let turn = 0; turn < 2; turn++) {
      const result = await this.#load(broker, 'latency-maximum', 16, { stages, warmUpSeconds: 0 });
      rate = summarizeStages(result)[0]!.producedPerSecond;
    }
    const value = `${formatNumber(rate)} records/s`;
    this.report.facts ??= [];
    this.report.facts.push({ work: 'maximum', target: broker.name, what: 'closed loop, 1 KiB, synced', value });
    this.#progress(`Maximum of ${broker.name}: ${value}`);
    return rate;
  }

  async run(work: LatencyWork): Promise<void> {
    const { warmUp } = this.#options;
    if (work === 'fixed') return this.#measure(work, 16, { stages: [{ rate: FIXED_RATE, seconds: 1 }] }, warmUp);
    if (work === 'endToEnd') {
      const part = { stages: [{ rate: END_TO_END_RATE, seconds: 1 }], consumers: 1, endToEnd: true };
      return this.#measure(work, 1, part, warmUp / 2);
    }
    const rates: number[] = [];
    for (const broker of this.#brokers) rates.push(await this.#maximum(broker));
    const rate = Math.round(Math.min(...rates) / 2 / 100) * 100;
    return this.#measure(work, 16, { stages: [{ rate, seconds: 1 }] }, warmUp / 2);
  }
}

function ratioTable(report: Report): Table {
  return {
    head: ['work', 'figure', 'millrace ms', 'kafka ms', 'ratio'],
    rows: latencyRatios(report).map(({ name, figure, mine, other, ratio }) => {
      const cells = [mine, other].map((value) => (value === undefined ? '' : formatNumber(value)));
      return [name, figure, ...cells, ratio === undefined ? '' : ratio.toFixed(2)];
    }),
  };
}

function chooseWorks(only: string | undefined): LatencyWork[] {
  const all = Object.keys(LATENCY_WORKS) as LatencyWork[];
  const words = (only ?? '').split(',').filter(Boolean);
  const chosen = all.filter((work) => words.length === 0 || words.includes(work));
  if (chosen.length === 0) throw new Error(`No latency work is called ${only}. There are: ${all.join(', ')}.`);
  return chosen;
}

/** Runs the chosen works, prints the ratios and writes the report; a work that fails is noted and not fatal. */
export async function runLatency(options: LatencyOptions, progress: Progress): Promise<string> {
  const works = chooseWorks(options.only);
  const place = await openWorkplace(options, 'latency-brokers', progress);
  const { dir, memory } = place;
  options = { ...options, dir };
  const report = newReport('Latency', place, [
    `Each broker had ${options.warmUp} s of the same load before; then they took turns, ${options.rounds} times ${options.seconds} s each. Both sync before they answer.`,
  ]);
  const out = options.out ?? reportFolder(report, 'latency');
  let brokers: RunningBroker[] = [];
  try {
    report.limits = await measureLimits(dir, memory, 1);
    brokers = await startTargets(options, report.notes, progress);
    const comparison = new LatencyComparison(report, brokers, memory, options, progress);
    for (const work of works) {
      try {
        await comparison.run(work);
      } catch (error) {
        report.notes.push(`${LATENCY_WORKS[work]} failed: ${(error as Error).message}`);
        progress(report.notes.at(-1)!);
      }
      saveReport(out, report);
    }
  } finally {
    for (const broker of brokers) await broker.stop();
    place.release();
    console.log(`${formatTable(resultTable(report.runs, report.limits))}\n\n${formatTable(ratioTable(report))}`);
    progress(`Report: ${writeReport(out, report)}`);
  }
  return out;
}
