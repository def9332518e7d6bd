/**
 * What the matrix runs: each work is one load on one topic, the same for every broker. Closed-loop works have a fixed
 * number of records, so that CPU-seconds compare; open-loop works have a fixed rate, so that latencies do.
 */
import { defaultSettings, type LoadSettings } from '../load/settings.ts';
import { pairwise } from './pairwise.ts';

export interface Work {
  name: string;
  partitions: number;
  topicConfigs?: Record<string, string>;
  settings: Partial<LoadSettings>;
  /** Records that must be in the topic before; produced once for each broker, not counted. */
  prepare?: Partial<LoadSettings>;
  /** Throws the topic's files out of the page cache before each run. */
  cold?: boolean;
  tls?: boolean;
}

/** Bounds a closed-loop run when a broker is slow; what it did until then counts. */
const SECONDS_MAX = 8;
const LATENCY_SECONDS = 5;
const BYTES_PER_RUN = 600e6;
const RECORDS_PER_RUN_MAX = 2_000_000;
const SYNCED = { 'flush.messages': '1' };

export type Acks = '1' | 'all' | 'synced';

const recordsOf = (messageBytes: number) =>
  Math.min(RECORDS_PER_RUN_MAX, Math.round(BYTES_PER_RUN / (messageBytes + 20)));

const bounded = (messageBytes: number, part = 1): Partial<LoadSettings> => ({
  messageBytes,
  recordsMax: Math.round(recordsOf(messageBytes) * part),
  warmUpSeconds: 0,
  stages: [{ rate: 0, seconds: SECONDS_MAX }],
});

const acksOf = (acks: Acks): Partial<Work> & { settings: Partial<LoadSettings> } => ({
  settings: { acks: acks === '1' ? 1 : -1 },
  ...(acks === 'synced' && { topicConfigs: SYNCED }),
});

const sizeName = (bytes: number) => (bytes < 1024 ? `${bytes}B` : `${bytes / 1024}KiB`);

interface ProduceShape {
  bytes?: number;
  partitions?: number;
  producers?: number;
  acks?: Acks;
  extra?: Partial<LoadSettings>;
  part?: number;
}

/** As fast as the broker answers: full batches, five requests under way on each connection. */
function produce(
  name: string,
  { bytes = 1024, partitions = 16, producers = 1, acks = '1', extra = {}, part = 1 }: ProduceShape,
): Work {
  const { settings, topicConfigs } = acksOf(acks);
  // Syncing each answer takes the disk's time, not the broker's: less of it tells as much.
  const share = acks === 'synced' ? part / 4 : part;
  const batches = { batchesPerRequest: Math.min(8, partitions) };
  return {
    name,
    partitions,
    ...(topicConfigs && { topicConfigs }),
    settings: { ...bounded(bytes, share), ...settings, producers, ...batches, ...extra },
  };
}

interface LatencyShape extends ProduceShape {
  rate: number;
  lingerMs?: number;
  endToEnd?: boolean;
  seconds?: number;
}

/** Open loop: latency from the intended send time. */
function latency(name: string, shape: LatencyShape): Work {
  const {
    rate,
    bytes = 1024,
    partitions = 16,
    producers = 1,
    acks = 'all',
    lingerMs = 0,
    endToEnd = false,
    extra = {},
  } = shape;
  const { settings, topicConfigs } = acksOf(acks);
  return {
    name,
    partitions,
    ...(topicConfigs && { topicConfigs }),
    settings: {
      messageBytes: bytes,
      stages: [{ rate, seconds: shape.seconds ?? LATENCY_SECONDS }],
      warmUpSeconds: 1,
      producers,
      lingerMs,
      consumers: endToEnd ? 1 : 0,
      endToEnd,
      ...settings,
      ...extra,
    },
  };
}

function read(name: string, bytes: number, settings: Partial<LoadSettings>, more: Partial<Work> = {}): Work {
  return {
    name,
    partitions: 16,
    prepare: { ...bounded(bytes), acks: 1, batchesPerRequest: Math.min(8, more.partitions ?? 16) },
    settings: {
      producers: 0,
      consumers: 1,
      from: 'earliest',
      toEnd: true,
      checkCrc: false,
      messageBytes: bytes,
      warmUpSeconds: 0,
      stages: [{ rate: 0, seconds: SECONDS_MAX }],
      ...settings,
    },
    ...more,
  };
}

/** Before the first counted work, in this order, on one topic. */
export const warmUpWorks: readonly Work[] = [
  latency('warm up requests', { rate: 5_000, partitions: 16, endToEnd: true, seconds: 4 }),
  produce('warm up batches', { extra: { codec: 'lz4', recordsMax: 300_000 } }),
  produce('warm up produce', { extra: { recordsMax: 400_000 } }),
  {
    name: 'warm up reads',
    partitions: 16,
    settings: {
      producers: 0,
      consumers: 2,
      from: 'earliest',
      toEnd: true,
      warmUpSeconds: 0,
      stages: [{ rate: 0, seconds: 5 }],
    },
  },
];

/** Five minutes with two brokers. */
export const shortWorks: readonly Work[] = [
  produce('produce 100B', { bytes: 100 }),
  produce('produce 1KiB', {}),
  produce('produce 1KiB acks=all', { acks: 'all' }),
  produce('produce 1KiB synced', { acks: 'synced' }),
  produce('produce 16KiB', { bytes: 16384 }),
  // As the limit program's requests are: one batch each.
  produce('produce 1KiB one batch of 128KiB', { extra: { batchBytes: 128 * 1024, batchesPerRequest: 1 } }),
  produce('produce 1KiB lz4', { extra: { codec: 'lz4' } }),
  produce('produce unbatched 100B', {
    bytes: 100,
    partitions: 1,
    extra: { batchBytes: 1, recordsMax: 200_000, batchesPerRequest: 1 },
  }),
  latency('latency 10k/s', { rate: 10_000 }),
  latency('latency 10k/s synced', { rate: 10_000, acks: 'synced' }),
  latency('latency 20k/s 50 producers', { rate: 20_000, producers: 50, lingerMs: 5, partitions: 100, bytes: 100 }),
  latency('end to end 2k/s', { rate: 2_000, endToEnd: true, partitions: 1 }),
  read('read 1KiB', 1024, {}),
  read('read 1KiB one partition', 1024, {}, { partitions: 1 }),
  read('read 1KiB cold', 1024, {}, { cold: true }),
  read('read 1KiB fan-out x3', 1024, { consumers: 3 }),
];

const SIZES = [1024, 100, 16384] as const;
const PARTITIONS = [16, 1, 100] as const;
const PRODUCERS = [1, 50] as const;
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
const ACKS: readonly Acks[] = ['1', 'all', 'synced'];
/** What a broker on two cores keeps up with, so that latency is the broker's and not a queue's. */
const RATES: Record<number, number> = { 100: 20_000, 1024: 10_000, 16384: 1_000 };

/** An idempotent producer waits for all acknowledgements; no client does without. */
const allowed = (row: { idempotent: boolean; acks: Acks }) => !(row.idempotent && row.acks === '1');

const named = (...parts: (string | false)[]) => parts.filter(Boolean).join(' ');

/** The factors of produce at full speed, every pair of values at least once. */
export const produceFactors = {
  codec: CODECS,
  bytes: SIZES,
  partitions: PARTITIONS,
  acks: ACKS,
  producers: PRODUCERS,
  idempotent: [false, true],
  tls: [false, true],
} as const;

function produceRows(): Work[] {
  return pairwise(produceFactors, allowed).map(({ codec, bytes, partitions, acks, producers, idempotent, tls }) => ({
    ...produce(
      named(
        `max ${sizeName(bytes)} ${partitions}p ${producers} producers acks=${acks}`,
        codec !== 'none' && codec,
        idempotent && 'idempotent',
        tls && 'TLS',
      ),
      { bytes, partitions, producers, acks, part: 0.5, extra: { codec, idempotent } },
    ),
    tls,
  }));
}

/** The factors of latency at a fixed rate, with no reader, one at the tail, or three. */
export const latencyFactors = {
  bytes: SIZES,
  partitions: PARTITIONS,
  acks: ['all', '1', 'synced'] as readonly Acks[],
  readers: [0, 1, 3],
  producers: PRODUCERS,
  lingerMs: [0, 5],
  idempotent: [false, true],
  tls: [false, true],
} as const;

function latencyRows(): Work[] {
  return pairwise(latencyFactors, allowed).map((row) => {
    const { bytes, partitions, acks, readers, producers, lingerMs, idempotent, tls } = row;
    const rate = RATES[bytes]!;
    const name = named(
      `${rate / 1000}k/s ${sizeName(bytes)} ${partitions}p ${producers} producers linger ${lingerMs} acks=${acks}`,
      readers > 0 && (readers > 1 ? `tail x${readers}` : 'tail'),
      idempotent && 'idempotent',
      tls && 'TLS',
    );
    const work = latency(name, { rate, bytes, partitions, acks, producers, lingerMs, extra: { idempotent } });
    return { ...work, tls, settings: { ...work.settings, consumers: readers, endToEnd: readers > 0 } };
  });
}

/** The factors of reading everything from the start. */
export const readFactors = {
  bytes: SIZES,
  consumers: [1, 3],
  cold: [false, true],
  codec: ['none', 'lz4'],
  partitions: PARTITIONS,
  tls: [false, true],
} as const;

function readRows(): Work[] {
  return pairwise(readFactors).map(({ bytes, consumers, cold, codec, partitions, tls }) => {
    const name = named(
      `read ${sizeName(bytes)} ${partitions}p`,
      codec !== 'none' && codec,
      cold && 'cold',
      consumers > 1 && `fan-out x${consumers}`,
      tls && 'TLS',
    );
    const work = read(name, bytes, { consumers }, { cold, tls, partitions });
    return { ...work, prepare: { ...work.prepare, ...bounded(bytes, 0.5), codec } };
  });
}

/** The whole matrix: the works of the short form, then every pair of values of all factors; about half an hour. */
export const fullWorks: readonly Work[] = [
  ...shortWorks,
  ...CODECS.filter((codec) => codec !== 'none' && codec !== 'lz4').map((codec) =>
    produce(`produce 1KiB ${codec}`, { extra: { codec } }),
  ),
  produce('produce 1KiB one partition', { partitions: 1 }),
  produce('produce 1KiB keys', { extra: { keys: 10_000, partitioner: 'key' } }),
  produce('produce 1KiB idempotent', { acks: 'all', extra: { idempotent: true } }),
  { ...produce('produce 1KiB TLS', {}), tls: true },
  { ...latency('latency 10k/s TLS', { rate: 10_000 }), tls: true },
  ...produceRows(),
  ...latencyRows(),
  ...readRows(),
];

/** The whole settings of a work against an address. */
export function settingsOf(
  work: Work,
  topic: string,
  address: { host: string; port: number },
  pids: number[],
  part: Partial<LoadSettings>,
): LoadSettings {
  return {
    ...defaultSettings,
    ...address,
    tls: work.tls ?? false,
    topics: [topic],
    partitions: work.partitions,
    topicConfigs: work.topicConfigs ?? {},
    pids,
    ...part,
  };
}
