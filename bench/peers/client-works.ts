/**
 * What the goals are stated for: works of real clients, librdkafka's load program and Kafka's own tools, with the
 * arguments they are run with and how what they print is read. The broker's CPU is what counts; a client's rate also
 * says how much of the machine the client itself took.
 */
import type { LeastWork } from '../limit/client-limit.ts';
import type { NewTopic } from '../load/admin.ts';

export type ClientProgram = 'rdkafka_performance' | 'ProducerPerformance' | 'EndToEndLatency';

export interface ClientWork {
  name: string;
  /** For people. */
  what: string;
  program: ClientProgram;
  /** `unique` is another text for each run. */
  args: (bootstrap: string, unique: string) => string[];
  /** Reads what readPreparation has produced. */
  reads?: boolean;
  /** Millrace, too, answers acks=all from the page cache. */
  unsynced?: boolean;
  /** What no broker can do without; not given where a broker may gather or cannot know the bytes. */
  least?: LeastWork;
}

/** What is deleted between works leaves the disk at once, and not in the middle of a later one. */
const DELETED_AT_ONCE = { 'file.delete.delay.ms': '1' };
const SYNCED = { ...DELETED_AT_ONCE, 'flush.messages': '1' };

export const clientTopics: readonly NewTopic[] = [
  { name: 'w8', partitions: 8, configs: DELETED_AT_ONCE },
  { name: 'w8-sync', partitions: 8, configs: SYNCED },
  { name: 'w1', partitions: 1, configs: DELETED_AT_ONCE },
  { name: 'w1-sync', partitions: 1, configs: SYNCED },
  { name: 'read1', partitions: 1 },
  { name: 'read8', partitions: 8 },
];

function produceArgs(topic: string, bytes: number, count: number, acks: 1 | -1, extra: readonly string[]) {
  const load = ['-t', topic, '-s', String(bytes), '-c', String(count), '-a', String(acks), '-q'];
  return (bootstrap: string) => ['-P', '-b', bootstrap, ...load, '-X', 'linger.ms=5', ...extra];
}

/** What the reading works find in their topics. */
export const readPreparation = [produceArgs('read1', 1024, 1e6, 1, []), produceArgs('read8', 100, 2e6, 1, [])];

function produce(
  name: string,
  what: string,
  topic: string,
  bytes: number,
  count: number,
  acks: 1 | -1 = 1,
  extra: readonly string[] = [],
): ClientWork {
  const args = produceArgs(topic, bytes, count, acks, extra);
  const plain = extra.length === 0;
  return { name, what, program: 'rdkafka_performance', args, ...(plain && { least: ingest(bytes * count) }) };
}

const ingest = (bytes: number): LeastWork => ({ kind: 'ingest', bytes });

const RATE = 10_000;
const RATE_SECONDS = 15;
const TRIPS = 10_000;

function paced(name: string, what: string, topic: string): ClientWork {
  const load = ['--num-records', String(RATE * RATE_SECONDS), '--record-size', '1024', '--throughput', String(RATE)];
  const properties = (bootstrap: string) => [`bootstrap.servers=${bootstrap}`, 'linger.ms=0', 'acks=all'];
  const args = (bootstrap: string) => [
    ...['--topic', topic, ...load, '--print-metrics', '--producer-props'],
    ...properties(bootstrap),
  ];
  return { name, what, program: 'ProducerPerformance', args, least: { kind: 'paced', synced: true } };
}

function roundTrips(name: string, what: string, topic: string): ClientWork {
  const args = (bootstrap: string) => [bootstrap, topic, String(TRIPS), 'all', '100'];
  return { name, what, program: 'EndToEndLatency', args, least: { kind: 'roundTrips', trips: TRIPS, synced: true } };
}

function unsynced(work: ClientWork): ClientWork {
  const least = work.least && ('synced' in work.least ? { ...work.least, synced: false } : work.least);
  return { ...work, unsynced: true, ...(least && { least }) };
}

const UNBATCHED = ['-X', 'linger.ms=0', '-X', 'batch.num.messages=1'];

export const clientWorks: readonly ClientWork[] = [
  produce('produce-100', '4 M x 100 B, acks=1', 'w8', 100, 4e6),
  produce('produce-1k', '1 M x 1 KiB, acks=1', 'w8', 1024, 1e6),
  produce('produce-1k-all', '1 M x 1 KiB, acks=all, only Millrace synced', 'w8', 1024, 1e6, -1),
  unsynced(produce('produce-1k-all-cached', '1 M x 1 KiB, acks=all, neither synced', 'w8', 1024, 1e6, -1)),
  produce('produce-1k-fsync', '1 M x 1 KiB, acks=all, both synced', 'w8-sync', 1024, 1e6, -1),
  produce('produce-16k', '100 K x 16 KiB, acks=1', 'w8', 16384, 1e5),
  produce('produce-1k-lz4', '2 M x 1 KiB, lz4, acks=1', 'w8', 1024, 2e6, 1, ['-z', 'lz4']),
  produce('produce-1k-one-partition', '1 M x 1 KiB into one partition', 'w1', 1024, 1e6),
  produce('produce-unbatched', '100 K requests of one 100 B record', 'w8', 100, 1e5, 1, UNBATCHED),
  {
    name: 'consume-1k',
    what: 'read 1 M x 1 KiB',
    program: 'rdkafka_performance',
    args: (bootstrap) => ['-C', '-t', 'read1', '-p', '0', '-o', '0', '-b', bootstrap, '-c', '1000000', '-q'],
    reads: true,
    least: { kind: 'send', bytes: 1024e6 },
  },
  {
    name: 'consume-group',
    what: 'read 2 M x 100 B in a group',
    program: 'rdkafka_performance',
    args: (bootstrap, unique) => ['-G', unique, '-t', 'read8', '-b', bootstrap, '-c', '2000000', '-q'],
    reads: true,
    least: { kind: 'send', bytes: 200e6 },
  },
  paced('latency-10k', '10 K/s for 15 s, a record a request, acks=all', 'w8'),
  unsynced(paced('latency-10k-cached', '10 K/s for 15 s, a record a request, neither synced', 'w8')),
  paced('latency-10k-fsync', '10 K/s for 15 s, a record a request, both synced', 'w8-sync'),
  roundTrips('e2e', '10 K round trips, acks=all', 'w1'),
  unsynced(roundTrips('e2e-cached', '10 K round trips, acks=all, neither synced', 'w1')),
  roundTrips('e2e-fsync', '10 K round trips, acks=all, both synced', 'w1-sync'),
];

/** What a client said of its run; only what it prints. */
export interface ClientFigures {
  recordsPerSecond?: number;
  avgMs?: number;
  p50Ms?: number;
  p99Ms?: number;
  p999Ms?: number;
  /** That the client sent, of all kinds. */
  requests?: number;
}

/** Reads the last summary that the program printed; undefined when there is none, so when it failed. */
export function parseClientOutput(program: ClientProgram, text: string): ClientFigures | undefined {
  const last = (pattern: RegExp) => [...text.matchAll(pattern)].at(-1)?.slice(1).map(Number);
  if (program === 'rdkafka_performance') {
    const found = last(/(\d+) msgs\/s/g);
    return found && { recordsPerSecond: found[0]! };
  }
  if (program === 'ProducerPerformance') {
    const found = last(
      /([\d.]+) records\/sec.*?([\d.]+) ms avg latency, [\d.]+ ms max latency, (\d+) ms 50th, \d+ ms 95th, (\d+) ms 99th, (\d+) ms 99\.9th/g,
    );
    if (!found) return undefined;
    const [recordsPerSecond, avgMs, p50Ms, p99Ms, p999Ms] = found as [number, number, number, number, number];
    const requests = last(/producer-metrics:request-total:\S*\s*:\s*([\d.]+)/g)?.[0];
    return { recordsPerSecond, avgMs, p50Ms, p99Ms, p999Ms, ...(requests !== undefined && { requests }) };
  }
  const found = last(/Avg latency: ([\d.]+) ms\s+Percentiles: 50th = (\d+), 99th = (\d+), 99\.9th = (\d+)/g);
  if (!found) return undefined;
  const [avgMs, p50Ms, p99Ms, p999Ms] = found as [number, number, number, number];
  return { avgMs, p50Ms, p99Ms, p999Ms };
}
