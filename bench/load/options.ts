/** The command-line options of a load run: texts with units become settings. */
import type { Command } from 'commander';
import { processTree } from './processes.ts';
import { type Codec, defaultSettings, type LoadSettings, type Partitioner, type Stage } from './settings.ts';

const SIZES: Record<string, number> = {
  '': 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  m: 1e6,
  mb: 1e6,
  kib: 1024,
  mib: 2 ** 20,
  gib: 2 ** 30,
  g: 1e9,
};

/** `50k`, `1M`, `16KiB`, `100`: throws with an example for anything else. */
export function parseAmount(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const factor = SIZES[match?.[2]?.toLowerCase() ?? 'none'];
  if (!match || factor === undefined) throw new Error(`"${text}" is no amount. Examples: 100, 50k, 16KiB, 1MiB.`);
  return Number(match[1]) * factor;
}

/** Seconds: `30`, `30s`, `2m`, `500ms`. */
export function parseSeconds(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|min)?$/i.exec(text.trim());
  if (!match) throw new Error(`"${text}" is no duration. Examples: 30s, 2m, 500ms.`);
  const unit = match[2]?.toLowerCase() ?? 's';
  return Number(match[1]) * (unit === 'ms' ? 0.001 : unit === 's' ? 1 : 60);
}

/** `max`, `10k`, or a ramp: `10k,20k,40k`, or `10k..50k/5` for five even steps. */
export function parseRates(text: string, seconds: number): Stage[] {
  const ramp = /^(.+)\.\.(.+)\/(\d+)$/.exec(text.trim());
  if (ramp) {
    const [from, to, steps] = [parseAmount(ramp[1]!), parseAmount(ramp[2]!), Number(ramp[3])];
    if (steps < 2 || steps > 1000) throw new Error('A ramp has 2 to 1000 steps.');
    return Array.from({ length: steps }, (_, step) => ({
      rate: Math.round(from + ((to - from) * step) / (steps - 1)),
      seconds,
    }));
  }
  return text.split(',').map((rate) => ({ rate: rate.trim() === 'max' ? 0 : parseAmount(rate), seconds }));
}

/** `HOST:PORT`. */
export function parseAddress(text: string): { host: string; port: number } {
  const match = /^\[?([^\]]+?)\]?:(\d+)$/.exec(text.trim());
  if (!match || Number(match[2]) > 65535) throw new Error(`"${text}" is no address. Example: 127.0.0.1:9092.`);
  return { host: match[1]!, port: Number(match[2]) };
}

function oneOf<T extends string>(allowed: readonly T[]): (text: string) => T {
  return (text) => {
    if (!allowed.includes(text as T)) throw new Error(`"${text}" is none of ${allowed.join(', ')}.`);
    return text as T;
  };
}

function parseAcks(text: string): -1 | 0 | 1 {
  if (text === 'all' || text === '-1') return -1;
  if (text === '0' || text === '1') return Number(text) as 0 | 1;
  throw new Error(`"${text}" is none of all, 1, 0.`);
}

const collect = (text: string, before: string[] = []) => [...before, text];

export interface LoadOptions {
  bootstrap: string;
  tls?: boolean;
  topic: string;
  partitions: number;
  topicConfig?: string[];
  rate: string;
  seconds: number;
  warmUp: number;
  drain: number;
  threads: number;
  pid?: string;
  producers: number;
  size: number;
  keys: number;
  partitioner?: Partitioner;
  codec: Codec;
  acks: -1 | 0 | 1;
  idempotent?: boolean;
  inFlight: number;
  linger: number;
  batch: number;
  batchesPerRequest: number;
  records: number;
  consumers: number;
  share: 'all' | 'split';
  from: 'earliest' | 'latest';
  toEnd?: boolean;
  endToEnd?: boolean;
  sessions: boolean;
  checkCrc: boolean;
  idleConnections: number;
}

/** Adds the options to a command; `toSettings` reads what it parsed. */
export function addLoadOptions(command: Command): Command {
  const d = defaultSettings;
  return command
    .option('-b, --bootstrap <host:port>', 'any Kafka-protocol address', '127.0.0.1:9092')
    .option('--pid <pid>', "the broker's process on this machine, for its CPU time and memory (with all it started)")
    .option('--tls', 'TLS; the certificate is not verified')
    .option('--topic <name>', 'topic; created when missing. Several with commas', d.topics.join(','))
    .option('--partitions <n>', 'of a topic that is created', parseAmount, d.partitions)
    .option('--topic-config <name=value>', 'of a topic that is created; can be repeated', collect)
    .option(
      '-r, --rate <rate>',
      'records/s: 50k (open loop), max (closed loop), or a ramp: 10k,20k,40k or 10k..50k/5',
      'max',
    )
    .option('-t, --seconds <time>', 'length, of each step of a ramp', parseSeconds, 10)
    .option('--warm-up <time>', 'load before, not counted', parseSeconds, d.warmUpSeconds)
    .option('--drain <time>', 'wait for answers after the end', parseSeconds, d.drainSeconds)
    .option('-p, --producers <n>', 'producers, each with its own connections; 0: none', parseAmount, d.producers)
    .option('-s, --size <bytes>', "of a record's value", parseAmount, d.messageBytes)
    .option('--keys <n>', 'distinct keys; records then go where their key says', parseAmount, d.keys)
    .option('--partitioner <name>', 'sticky, round-robin or key', oneOf(['sticky', 'round-robin', 'key'] as const))
    .option(
      '-z, --codec <name>',
      'none, gzip, snappy, lz4 or zstd',
      oneOf(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const),
      d.codec,
    )
    .option('-a, --acks <acks>', 'all, 1 or 0', parseAcks, d.acks)
    .option('--idempotent', 'with producer id and sequences')
    .option('--in-flight <n>', 'requests under way on a connection', parseAmount, d.inFlight)
    .option(
      '--linger <time>',
      'how long a batch waits for more records (open loop)',
      (text) => parseSeconds(text) * 1000,
      d.lingerMs,
    )
    .option('--batch <bytes>', 'batch size', parseAmount, d.batchBytes)
    .option(
      '--batches-per-request <n>',
      'closed loop: batches for different partitions in one request',
      parseAmount,
      d.batchesPerRequest,
    )
    .option('--records <n>', 'end when so many are acknowledged', parseAmount, 0)
    .option('-c, --consumers <n>', 'consumers', parseAmount, d.consumers)
    .option(
      '--share <how>',
      'all: every consumer reads everything; split: they divide the partitions',
      oneOf(['all', 'split'] as const),
      d.share,
    )
    .option('--from <where>', 'latest or earliest', oneOf(['latest', 'earliest'] as const), d.from)
    .option('--to-end', 'end when everything that was there is read')
    .option('--end-to-end', 'latency until a consumer has the record')
    .option('--no-sessions', 'without incremental fetch sessions')
    .option('--no-check-crc', 'do not verify the sums of what is read')
    .option('--idle-connections <n>', 'further connections that only exist', parseAmount, 0)
    .option('--threads <n>', 'of the load generator', parseAmount, d.threads);
}

export function toSettings(options: LoadOptions): LoadSettings {
  const configs = (options.topicConfig ?? []).map((text) => {
    const equals = text.indexOf('=');
    if (equals < 1) throw new Error(`"${text}" is no topic setting. Example: flush.messages=1.`);
    return [text.slice(0, equals), text.slice(equals + 1)] as const;
  });
  const stages = parseRates(options.rate, options.seconds);
  return {
    ...defaultSettings,
    ...parseAddress(options.bootstrap),
    tls: options.tls ?? false,
    topics: options.topic.split(','),
    partitions: options.partitions,
    topicConfigs: Object.fromEntries(configs),
    stages,
    warmUpSeconds: options.records > 0 || options.toEnd ? 0 : options.warmUp,
    drainSeconds: options.drain,
    threads: options.threads,
    pids: options.pid === undefined ? [] : options.pid.split(',').flatMap((pid) => processTree(Number(pid))),
    producers: options.producers,
    messageBytes: options.size,
    keys: options.keys,
    partitioner: options.partitioner ?? (options.keys > 0 ? 'key' : 'sticky'),
    codec: options.codec,
    acks: options.acks,
    idempotent: options.idempotent ?? false,
    inFlight: options.inFlight,
    lingerMs: options.linger,
    batchBytes: options.batch,
    batchesPerRequest: options.batchesPerRequest,
    recordsMax: options.records,
    consumers: options.consumers,
    share: options.share,
    from: options.from,
    toEnd: options.toEnd ?? false,
    checkCrc: options.checkCrc,
    endToEnd: options.endToEnd ?? false,
    fetchSessions: options.sessions,
    idleConnections: options.idleConnections,
  };
}
