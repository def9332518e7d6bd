/**
 * What the matrix runs: each work is one load on one topic, the same for every broker. Closed-loop works have a fixed
 * number of records, so that CPU-seconds compare; open-loop works have a fixed rate, so that latencies do.
 */
import { defaultSettings, type LoadSettings } from '../load/settings.ts';

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
const SECONDS_MAX = 15;
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
    prepare: { ...bounded(bytes), acks: 1, batchesPerRequest: 8 },
    settings: {
      producers: 0,
      consumers: 1,
      from: 'earliest',
      toEnd: true,
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
  read('read 1KiB cold', 1024, {}, { cold: true }),
  read('read 1KiB fan-out x3', 1024, { consumers: 3 }),
];

const SIZES = [100, 1024, 16384] as const;
const PARTITIONS = [1, 16, 100] as const;
const PRODUCERS = [1, 50] as const;
const ACKS: readonly Acks[] = ['1', 'all', 'synced'];

function crossed(): Work[] {
  const works: Work[] = [];
  for (const bytes of SIZES) {
    for (const partitions of PARTITIONS) {
      for (const producers of PRODUCERS) {
        for (const acks of ACKS) {
          const name = `produce ${sizeName(bytes)} ${partitions} partitions ${producers} producers acks=${acks}`;
          works.push(produce(name, { bytes, partitions, producers, acks, part: 0.5 }));
        }
      }
    }
  }
  for (const partitions of PARTITIONS) {
    for (const producers of PRODUCERS) {
      for (const lingerMs of [0, 5]) {
        for (const acks of ACKS) {
          const name = `latency 10k/s ${partitions} partitions ${producers} producers linger ${lingerMs} acks=${acks}`;
          works.push(latency(name, { rate: 10_000, partitions, producers, lingerMs, acks }));
        }
      }
    }
  }
  return works;
}

/** The whole matrix. */
export const fullWorks: readonly Work[] = [
  ...crossed(),
  produce('produce unbatched 100B', {
    bytes: 100,
    partitions: 1,
    extra: { batchBytes: 1, recordsMax: 200_000, batchesPerRequest: 1 },
  }),
  ...(['gzip', 'snappy', 'lz4', 'zstd'] as const).map((codec) =>
    produce(`produce 1KiB ${codec}`, { extra: { codec } }),
  ),
  produce('produce 1KiB keys', { extra: { keys: 10_000, partitioner: 'key' } }),
  produce('produce 1KiB idempotent', { acks: 'all', extra: { idempotent: true } }),
  latency('latency 10k/s idempotent', { rate: 10_000, extra: { idempotent: true } }),
  ...SIZES.map((bytes) => latency(`tail ${sizeName(bytes)} 5k/s`, { rate: 5_000, bytes, endToEnd: true })),
  latency('tail 1KiB 5k/s fan-out x3', { rate: 5_000, endToEnd: true, extra: { consumers: 3 } }),
  latency('tail 1KiB 2k/s synced', { rate: 2_000, endToEnd: true, acks: 'synced' }),
  ...SIZES.map((bytes) => read(`read ${sizeName(bytes)}`, bytes, {})),
  ...SIZES.map((bytes) => read(`read ${sizeName(bytes)} cold`, bytes, {}, { cold: true })),
  ...SIZES.map((bytes) => read(`read ${sizeName(bytes)} fan-out x3`, bytes, { consumers: 3 })),
  { ...produce('produce 1KiB TLS', {}), tls: true },
  { ...latency('latency 10k/s TLS', { rate: 10_000 }), tls: true },
  { ...read('read 1KiB TLS', 1024, {}), tls: true },
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
