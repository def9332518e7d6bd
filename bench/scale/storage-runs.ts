/** Scale runs of storage: more data than the page cache holds, and logs that are compacted beside steady work. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadResult } from '../load/run-load.ts';
import type { LoadSettings } from '../load/settings.ts';
import { limitMemory } from '../measure/memory-limit.ts';
import type { RunningBroker } from '../peers/running-broker.ts';
import { summarizeStages } from '../report/summary.ts';
import { formatNumber, median } from '../report/table.ts';
import type { ScaleContext } from './scale-context.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

const ms = (value: number) => `${formatNumber(value)} ms`;

/** Bytes of the segments of a topic on disk. */
function topicBytes(broker: RunningBroker, topic: string): number {
  const data = join(broker.directory!, 'data');
  const partition = new RegExp(`^${topic}-\\d+$`);
  let bytes = 0;
  for (const folder of readdirSync(data).filter((name) => partition.test(name))) {
    for (const file of readdirSync(join(data, folder)).filter((name) => name.endsWith('.log')))
      bytes += statSync(join(data, folder, file), { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}

/** What the broker may hold beyond its own: the page cache of the run. */
const CACHE_BYTES = GIB;
const LARGE_RATE = 30_000;
const LARGE_BYTES = 4096;
const LARGE_SECONDS = 40;

/** Early and late seconds beside each other: does it stay flat? */
function thirds(values: readonly number[]): [number, number] {
  const third = Math.max(1, Math.floor(values.length / 3));
  return [median(values.slice(0, third)), median(values.slice(-third))];
}

/**
 * Far more bytes than the page cache holds, while retention deletes segments and a consumer reads along: rate and tails
 * must stay as they were. The cache is limited by a control group where that is allowed, else by settled memory.
 */
export async function largerThanCache(context: ScaleContext): Promise<void> {
  const retained = 2 * CACHE_BYTES;
  const configs = { 'log.retention.check.interval.ms': '1000', 'log.segment.delete.delay.ms': '1000' };
  const broker = await context.start({ configs });
  const held = context.target === 'kafka' ? 1.5 * GIB : 0.25 * GIB; // what the process itself needs
  const limit = limitMemory(broker.pid, CACHE_BYTES + held);
  const how = limit
    ? `${formatNumber((CACHE_BYTES + held) / GIB)} GiB by a control group`
    : 'what settled memory leaves: no control group could be made';
  context.fact('memory of process and page cache', how);
  try {
    const seconds = Math.max(9, Math.round(context.scaled(LARGE_SECONDS)));
    const result = await context.load('more than the page cache, with retention', broker, {
      topics: ['large'],
      partitions: 4,
      topicConfigs: { 'retention.bytes': String(Math.round(retained / 4)), 'segment.bytes': String(64 * MIB) },
      acks: 1,
      batchBytes: 128 * 1024,
      lingerMs: 5,
      messageBytes: LARGE_BYTES,
      consumers: 1,
      stages: [{ rate: LARGE_RATE, seconds }],
    });
    const counted = result.intervals.filter((interval) => interval.stage === 0);
    const shown = (values: number[], unit: string) => thirds(values).map((value) => `${formatNumber(value)} ${unit}`);
    const rates = counted.map((interval) => interval.ackedBytes / 1e6);
    context.fact('first third, last third', shown(rates, 'MB/s').join(', '));
    const p99s = counted.map((interval) => interval.ackP99Ns / 1e6);
    const [early, late] = thirds(p99s);
    context.fact('p99 of a second, first third, last third', `${ms(early)}, ${ms(late)}`, late / early);
    context.fact('slowest record', ms(summarizeStages(result)[0]!.ack!.maxMs));
    const written = result.stages[0]!.ackedBytes;
    const left = topicBytes(broker, 'large');
    context.fact('written, left on disk', `${formatNumber(written / GIB)} GiB, ${formatNumber(left / GIB)} GiB`);
  } finally {
    await broker.stop();
    limit?.release();
  }
}

const KEYED_BACKLOG = 300_000;
const STEADY_SECONDS = 10;

/**
 * A steady producer beside a keyed topic that is written to all the time: first the topic is only kept, then another
 * one like it is compacted. The difference is what compaction costs the steady producer.
 */
export async function compaction(context: ScaleContext): Promise<void> {
  const configs = { 'log.cleaner.backoff.ms': '500', 'millrace.fsync.acks.all': 'false' };
  const broker = await context.start({ configs });
  const keyed = (topic: string, policy: string): Partial<LoadSettings> => ({
    topics: [topic],
    partitions: 4,
    topicConfigs: {
      'cleanup.policy': policy,
      'segment.bytes': String(16 * MIB),
      'min.cleanable.dirty.ratio': '0.01',
    },
    keys: 10_000,
    partitioner: 'key',
    messageBytes: 1024,
    acks: 1,
    warmUpSeconds: 0,
  });
  const steadyOf = (topic: string, topicConfigs: Record<string, string>): Partial<LoadSettings> => ({
    topics: [topic],
    partitions: 8,
    topicConfigs,
    messageBytes: 1024,
    stages: [{ rate: 1000, seconds: STEADY_SECONDS }],
    warmUpSeconds: 2,
  });
  const variants = [
    ['acks=all', steadyOf('steady', {})],
    ['synced', steadyOf('steady-synced', { 'flush.messages': '1' })],
  ] as const;
  const p99s = new Map<string, number>();
  try {
    for (const [, steady] of variants) await context.load('warm up', broker, steady);
    context.report.runs.splice(-variants.length);
    for (const [topic, policy] of [
      ['kept', 'delete'],
      ['compacted', 'compact'],
    ] as const) {
      const backlog = { recordsMax: context.scaled(KEYED_BACKLOG), stages: [{ rate: 0, seconds: 20 }] };
      await context.load(`keyed topic ${topic}: backlog`, broker, { ...keyed(topic, policy), ...backlog });
      for (const [name, steady] of variants) {
        const beside = {
          ...keyed(topic, policy),
          lingerMs: 5,
          stages: [{ rate: 15_000, seconds: STEADY_SECONDS + 2 }],
        };
        const running = context.load(`keyed topic ${topic}: 15k/s`, broker, beside);
        const [result] = await Promise.all([
          context.load(`steady producer, ${name}, keyed topic ${topic}`, broker, steady),
          running,
        ]);
        p99s.set(`${name} ${topic}`, p99Of(result));
      }
      context.fact(`keyed topic ${topic}: on disk at the end`, `${formatNumber(topicBytes(broker, topic) / MIB)} MiB`);
    }
    for (const [name] of variants) {
      const [kept, compacted] = [p99s.get(`${name} kept`)!, p99s.get(`${name} compacted`)!];
      const ratio = compacted / kept;
      context.fact(`steady producer's p99, ${name}, without and beside compaction`, `${ms(kept)}, ${ms(compacted)}`);
      context.fact(`steady producer's p99 beside compaction, ${name}, as a multiple`, `×${ratio.toFixed(2)}`, ratio);
    }
  } finally {
    await broker.stop();
  }
}

const p99Of = (result: LoadResult): number => summarizeStages(result)[0]!.ack!.percentilesMs[2]!;
