/** The scale runs: each starts a broker of its own, loads it in one unusual way, and notes what that cost. */
import { setTimeout as pause } from 'node:timers/promises';
import { createTopics, waitForTopics } from '../load/admin.ts';
import type { LoadResult } from '../load/run-load.ts';
import { idleCpuPercent, residentBytes } from '../measure/process.ts';
import type { RunningBroker } from '../peers/running-broker.ts';
import { summarizeStages } from '../report/summary.ts';
import { formatNumber, median } from '../report/table.ts';
import { requests } from './request-runs.ts';
import { connectionsAllowed, type ScaleContext } from './scale-context.ts';
import { compaction, largerThanCache } from './storage-runs.ts';
import { threads } from './thread-runs.ts';

const MIB = 2 ** 20;
const IDLE_SECONDS = 5;
const STEADY_ROUNDS = 2;

const ms = (value: number) => `${formatNumber(value)} ms`;
const address = (broker: RunningBroker) => ({ host: broker.host, port: broker.port, tls: false });

/** 10,000 partitions: creation, a batch to each, memory, idle CPU, and the start after a kill. */
async function partitions(context: ScaleContext): Promise<void> {
  const count = context.scaled(10_000);
  const configs = { 'millrace.fsync.acks.all': 'false' }; // as Kafka
  let broker = await context.start({ configs });
  try {
    const empty = residentBytes(broker.pid);
    context.fact('start of an empty broker until it answers', ms(broker.startMs));
    context.fact('memory of an empty broker', `${formatNumber(empty / MIB)} MiB`);
    context.fact('CPU of an empty idle broker', `${formatNumber(await idleCpuPercent(broker.pid, IDLE_SECONDS))} %`);
    // Ten topics, as nobody has one of 10,000; each created when the one before is there.
    const topics = Array.from({ length: 10 }, (_, i) => ({ name: `many-${i}`, partitions: Math.ceil(count / 10) }));
    const startedMs = performance.now();
    for (const topic of topics) {
      await createTopics(address(broker), [topic]);
      await waitForTopics(address(broker), [topic]);
    }
    context.fact(`creation of ${count} partitions until all have leaders`, ms(performance.now() - startedMs));
    context.fact(
      'memory per partition, empty',
      `${formatNumber((residentBytes(broker.pid) - empty) / 1024 / count)} KiB`,
    );
    const names = topics.map((topic) => topic.name);
    await context.load(`${count} partitions, produce to all`, broker, {
      topics: names,
      partitioner: 'round-robin',
      messageBytes: 100,
      batchBytes: 1024,
      lingerMs: 20,
      stages: [{ rate: 50_000, seconds: 10 }],
      warmUpSeconds: 2,
    });
    context.fact(
      'memory per partition, written to',
      `${formatNumber((residentBytes(broker.pid) - empty) / 1024 / count)} KiB`,
    );
    await pause(2000);
    context.fact(
      `CPU of an idle broker with ${count} partitions`,
      `${formatNumber(await idleCpuPercent(broker.pid, IDLE_SECONDS))} %`,
    );
    const { port } = broker;
    await broker.stop('SIGKILL');
    try {
      broker = await context.start({ port, configs }, true);
    } catch (error) {
      context.fact('start after a kill until it answers', (error as Error).message.split('\n')[0]!);
      return;
    }
    context.fact('start after a kill until it answers', ms(broker.startMs));
    const waitedMs = performance.now();
    await waitForTopics(address(broker), topics);
    context.fact('and until all partitions have leaders', ms(broker.startMs + performance.now() - waitedMs));
    const again = await context.load(`${count} partitions, after a kill`, broker, {
      topics: names,
      partitioner: 'round-robin',
      messageBytes: 100,
      batchBytes: 1024,
      lingerMs: 20,
      stages: [{ rate: 10_000, seconds: 3 }],
      warmUpSeconds: 1,
    });
    context.fact('records refused after the restart', String(again.stages[0]!.failedRecords));
  } finally {
    await broker.stop();
  }
}

/**
 * 10,000 connections that only exist (fewer where too few files may be open): memory of each, and what a steady producer
 * sees; twice in turns.
 */
async function connections(context: ScaleContext): Promise<void> {
  const count = connectionsAllowed(context.scaled(10_000));
  const broker = await context.start();
  try {
    const steady = {
      topics: ['steady'],
      partitions: 8,
      stages: [{ rate: 1_000, seconds: 8 }],
      warmUpSeconds: 3,
      messageBytes: 1024,
    };
    const p99 = (of: LoadResult) => summarizeStages(of)[0]!.ack!.percentilesMs[2]!;
    const [alone, beside]: [number[], number[]] = [[], []];
    let idle: LoadResult['idleConnections'];
    for (let round = 0; round < STEADY_ROUNDS; round++) {
      alone.push(p99(await context.load('steady producer alone', broker, steady, { round })));
      const name = `steady producer beside ${count} connections`;
      const result = await context.load(name, broker, { ...steady, idleConnections: count }, { round });
      beside.push(p99(result));
      idle ??= result.idleConnections;
    }
    const { residentBytesBefore, residentBytesAfter, openNs, brokerCpuNs } = idle!;
    const kib = (residentBytesAfter - residentBytesBefore) / 1024 / count;
    context.fact('memory per idle connection', `${formatNumber(kib)} KiB`, kib);
    context.fact(`${count} connections opened and greeted, one after the other, in`, `${formatNumber(openNs / 1e9)} s`);
    context.fact('broker CPU per connection opened', `${formatNumber(brokerCpuNs / 1e3 / count)} us`);
    context.fact("a steady producer's p99, alone and beside them", `${ms(median(alone))}, ${ms(median(beside))}`);
    const ratio = median(beside) / median(alone);
    context.fact("a steady producer's p99 beside them, as a multiple", `×${ratio.toFixed(2)}`, ratio);
  } finally {
    await broker.stop();
  }
}

/** 50 producers on 100 partitions with small batches: requests, not bytes, are what costs. */
async function fanIn(context: ScaleContext): Promise<void> {
  const broker = await context.start({ configs: { 'millrace.fsync.acks.all': 'false' } });
  try {
    const shape = {
      topics: ['fan-in'],
      partitions: 100,
      producers: 50,
      messageBytes: 100,
      partitioner: 'round-robin' as const,
    };
    await context.load('50 producers x 100 partitions, 10k/s, linger 0', broker, {
      ...shape,
      stages: [{ rate: 10_000, seconds: 8 }],
    });
    await context.load('50 producers x 100 partitions, 50k/s, linger 5', broker, {
      ...shape,
      lingerMs: 5,
      stages: [{ rate: 50_000, seconds: 8 }],
    });
    const small = { batchBytes: 1200, batchesPerRequest: 5, recordsMax: context.scaled(1_000_000), warmUpSeconds: 0 };
    await context.load('50 producers x 100 partitions, ten records a batch', broker, {
      ...shape,
      ...small,
      acks: 1,
      stages: [{ rate: 0, seconds: 20 }],
    });
  } finally {
    await broker.stop();
  }
}

/** By the name that the command line knows. */
export const scaleRuns: Record<string, (context: ScaleContext) => Promise<void>> = {
  partitions,
  connections,
  'fan-in': fanIn,
  requests,
  'larger-than-cache': largerThanCache,
  compaction,
  threads,
};
