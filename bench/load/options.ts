/** The command-line options of a load run: texts with units become settings. */
import { type Command, InvalidArgumentError } from 'commander';
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

/** Each key is hashed and keeps its partition in memory. */
const KEYS_MAX = 10_000_000;
/** Far more than a generator sends; what is due and not sent is kept. */
const RATE_MAX = 100_000_000;
const THREADS_MAX = 64;
const IN_FLIGHT_MAX = 1000;

/** `50k`, `1M`, `16KiB`, `100`: throws with an example for anything else. */
export function parseAmount(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const factor = SIZES[match?.[2]?.toLowerCase() ?? 'none'];
  if (!match || factor === undefined) refuse(`"${text}" is no amount. Examples: 100, 50k, 16KiB, 1MiB.`);
  return Number(match[1]) * factor;
}

/** A parser of whole amounts, `least` to `most`. */
export function parseCount(least: number, most = 2 ** 31 - 1): (text: string) => number {
  return (text) => {
    const amount = parseAmount(text);
    if (Number.isInteger(amount) && amount >= least && amount <= most) return amount;
    return refuse(`"${text}" is no whole number of ${least} to ${most}.`);
  };
}

/** A number of at least `least`, such as the GiB of --keep-gib. */
export function parseNumber(least = 0): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (text.trim() !== '' && Number.isFinite(number) && number >= least) return number;
    return refuse(`"${text}" is no number of at least ${least}.`);
  };
}

/** What makes no sense on the command line: the exit code is that of a wrong usage. */
function refuse(why: string): never {
  throw new InvalidArgumentError(why);
}

/** Seconds: `30`, `30s`, `2m`, `500ms`. */
export function parseSeconds(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|min)?$/i.exec(text.trim());
  if (!match) refuse(`"${text}" is no duration. Examples: 30s, 2m, 500ms.`);
  const unit = match[2]?.toLowerCase() ?? 's';
  return Number(match[1]) * (unit === 'ms' ? 0.001 : unit === 's' ? 1 : 60);
}

/** As `parseSeconds`, of something that takes time. */
export function parseLength(text: string): number {
  const seconds = parseSeconds(text);
  return seconds > 0 ? seconds : refuse(`"${text}" is no time at all.`);
}

function parseRate(text: string): number {
  const rate = parseAmount(text);
  if (rate > 0 && rate <= RATE_MAX) return rate;
  return refuse(`"${text}" is no rate. Give records/s up to ${RATE_MAX}, or max for as many as the broker takes.`);
}

/** `max`, `10k`, or a ramp: `10k,20k,40k`, or `10k..50k/5` for five even steps. */
export function parseRates(text: string, seconds: number): Stage[] {
  const ramp = /^(.+)\.\.(.+)\/(\d+)$/.exec(text.trim());
  if (ramp) {
    const [from, to, steps] = [parseRate(ramp[1]!), parseRate(ramp[2]!), Number(ramp[3])];
    if (steps < 2 || steps > 1000) refuse('A ramp has 2 to 1000 steps.');
    return Array.from({ length: steps }, (_, step) => ({
      rate: Math.round(from + ((to - from) * step) / (steps - 1)),
      seconds,
    }));
  }
  const rates = text.split(',').map((rate) => (rate.trim() === 'max' ? 0 : parseRate(rate)));
  if (rates.includes(0) && rates.some((rate) => rate > 0)) refuse('Fixed rates and max do not mix in one run.');
  return rates.map((rate) => ({ rate, seconds }));
}

/** `HOST:PORT`. */
export function parseAddress(text: string): { host: string; port: number } {
  const match = /^\[?([^\]]+?)\]?:(\d+)$/.exec(text.trim());
  const port = Number(match?.[2]);
  if (!match || port < 1 || port > 65535) refuse(`"${text}" is no address. Example: 127.0.0.1:9092.`);
  return { host: match[1]!, port };
}

function oneOf<T extends string>(allowed: readonly T[]): (text: string) => T {
  return (text) => {
    if (!allowed.includes(text as T)) refuse(`"${text}" is none of ${allowed.join(', ')}.`);
    return text as T;
  };
}

function parseAcks(text: string): -1 | 0 | 1 {
  if (text === 'all' || text === '-1') return -1;
  if (text === '0' || text === '1') return Number(text) as 0 | 1;
  return refuse(`"${text}" is none of all, 1, 0.`);
}

/** The processes of `--pid`, with all that they started. Another process's figures must not pass for the broker's. */
function parsePids(text: string): number[] {
  return text.split(',').flatMap((pid) => {
    const tree = /^[1-9]\d*$/.test(pid.trim()) ? processTree(Number(pid)) : [];
    return tree.length > 0 ? tree : refuse(`--pid: there is no process ${pid} on this machine.`);
  });
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
    .option('--partitions <n>', 'of a topic that is created', parseCount(1), d.partitions)
    .option('--topic-config <name=value>', 'of a topic that is created; can be repeated', collect)
    .option(
      '-r, --rate <rate>',
      'records/s: 50k (open loop), max (closed loop), or a ramp: 10k,20k,40k or 10k..50k/5',
      'max',
    )
    .option('-t, --seconds <time>', 'length, of each step of a ramp', parseLength, 10)
    .option('--warm-up <time>', 'load before, not counted', parseSeconds, d.warmUpSeconds)
    .option('--drain <time>', 'wait for answers after the end', parseSeconds, d.drainSeconds)
    .option('-p, --producers <n>', 'producers, each with its own connections; 0: none', parseCount(0), d.producers)
    .option('-s, --size <bytes>', "of a record's value", parseCount(0), d.messageBytes)
    .option('--keys <n>', 'distinct keys; records then go where their key says', parseCount(0, KEYS_MAX), d.keys)
    .option('--partitioner <name>', 'sticky, round-robin or key', oneOf(['sticky', 'round-robin', 'key'] as const))
    .option(
      '-z, --codec <name>',
      'none, gzip, snappy, lz4 or zstd',
      oneOf(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const),
      d.codec,
    )
    .option('-a, --acks <acks>', 'all, 1 or 0', parseAcks, d.acks)
    .option('--idempotent', 'with producer id and sequences')
    .option('--in-flight <n>', 'requests under way on a connection', parseCount(1, IN_FLIGHT_MAX), d.inFlight)
    .option(
      '--linger <time>',
      'how long a batch waits for more records (open loop)',
      (text) => parseSeconds(text) * 1000,
      d.lingerMs,
    )
    .option('--batch <bytes>', 'batch size', parseCount(1), d.batchBytes)
    .option(
      '--batches-per-request <n>',
      'closed loop: batches for different partitions in one request',
      parseCount(1),
      d.batchesPerRequest,
    )
    .option('--records <n>', 'end when so many are acknowledged', parseCount(0, Number.MAX_SAFE_INTEGER), 0)
    .option('-c, --consumers <n>', 'consumers', parseCount(0), d.consumers)
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
    .option('--idle-connections <n>', 'further connections that only exist', parseCount(0), 0)
    .option('--threads <n>', 'of the load generator', parseCount(1, THREADS_MAX), d.threads);
}

/** Options that make no sense together. */
function checkTogether(options: LoadOptions): void {
  const { producers, consumers, idleConnections, acks } = options;
  if (producers + consumers + idleConnections === 0) refuse('Nothing to do: give --producers or --consumers.');
  if (options.endToEnd && (producers === 0 || consumers === 0)) {
    refuse('--end-to-end needs producers and consumers: give -c 1 as well.');
  }
  if (acks === 0 && (options.endToEnd || options.idempotent)) {
    refuse('--acks 0 has no offsets: neither --end-to-end nor --idempotent goes with it.');
  }
  if (options.toEnd && consumers === 0) refuse('--to-end needs consumers: give -c 1 as well.');
}

export function toSettings(options: LoadOptions): LoadSettings {
  checkTogether(options);
  const topics = options.topic.split(',').map((topic) => topic.trim());
  if (topics.includes('') || new Set(topics).size < topics.length) {
    refuse(`--topic "${options.topic}" has an empty name, or one twice.`);
  }
  const configs = (options.topicConfig ?? []).map((text) => {
    const equals = text.indexOf('=');
    if (equals < 1) refuse(`"${text}" is no topic setting. Example: flush.messages=1.`);
    return [text.slice(0, equals), text.slice(equals + 1)] as const;
  });
  const stages = parseRates(options.rate, options.seconds);
  return {
    ...defaultSettings,
    ...parseAddress(options.bootstrap),
    tls: options.tls ?? false,
    topics,
    partitions: options.partitions,
    topicConfigs: Object.fromEntries(configs),
    stages,
    warmUpSeconds: options.records > 0 || options.toEnd ? 0 : options.warmUp,
    drainSeconds: options.drain,
    threads: options.threads,
    pids: options.pid === undefined ? [] : parsePids(options.pid),
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
