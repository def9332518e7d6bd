/**
 * The settings of one load run, with their defaults and meaning; turned into the lines that the generator reads.
 */

export type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
export type Partitioner = 'sticky' | 'round-robin' | 'key';

export interface Stage {
  /** Records per second over all producers (open loop: latency counts from the intended send time); 0: closed loop. */
  rate: number;
  seconds: number;
}

export interface LoadSettings {
  host: string;
  port: number;
  tls: boolean;
  topics: string[];
  /** Of each topic, when it has to be created. */
  partitions: number;
  topicConfigs: Record<string, string>;
  /** More than one stage is a ramp; each is counted apart. */
  stages: Stage[];
  /** Load before the first stage, at its rate, that is not counted. */
  warmUpSeconds: number;
  /** How long answers may still come after the last stage. What is then unanswered counts with its age. */
  drainSeconds: number;
  /** How long connecting and the calls before the load may take, each. */
  connectSeconds: number;
  /** Of the generator. */
  threads: number;
  /** The broker's processes, for its CPU time and memory. */
  pids: number[];

  producers: number;
  /** Bytes of a record's value. */
  messageBytes: number;
  /** Distinct keys; 0: records have none. */
  keys: number;
  partitioner: Partitioner;
  codec: Codec;
  acks: -1 | 0 | 1;
  idempotent: boolean;
  /** Requests under way on a connection. */
  inFlight: number;
  lingerMs: number;
  /** As Kafka's batch.size, before compression. */
  batchBytes: number;
  requestBytesMax: number;
  /** Closed loop: batches (of different partitions) in one request. */
  batchesPerRequest: number;
  /** Ends the run when so many records are acknowledged; 0: only time does. */
  recordsMax: number;
  /** Open loop: the run is given up when so many records wait for a broker that does not keep up. */
  backlogRecordsMax: number;
  produceVersionMax: number;

  consumers: number;
  /** `all`: each consumer reads all partitions (fan-out); `split`: they divide them. */
  share: 'all' | 'split';
  from: 'earliest' | 'latest';
  /** Ends the run when each consumer has read what was there at the start. */
  toEnd: boolean;
  checkCrc: boolean;
  /** Latency from the intended send time to the arrival at a consumer; needs producers and consumers. */
  endToEnd: boolean;
  fetchSessions: boolean;
  fetchWaitMaxMs: number;
  fetchBytesMin: number;
  fetchBytesMax: number;
  partitionBytesMax: number;
  consumeRecordsMax: number;
  fetchVersionMax: number;

  /** Connections that only exist. */
  idleConnections: number;
}

export const defaultSettings: LoadSettings = {
  host: '127.0.0.1',
  port: 9092,
  tls: false,
  topics: ['bench'],
  partitions: 1,
  topicConfigs: {},
  stages: [{ rate: 0, seconds: 10 }],
  warmUpSeconds: 2,
  drainSeconds: 5,
  connectSeconds: 10,
  threads: 1,
  pids: [],
  producers: 1,
  messageBytes: 1024,
  keys: 0,
  partitioner: 'sticky',
  codec: 'none',
  acks: -1,
  idempotent: false,
  inFlight: 5,
  lingerMs: 0,
  batchBytes: 16384,
  requestBytesMax: 2 ** 20,
  batchesPerRequest: 1,
  recordsMax: 0,
  backlogRecordsMax: 20_000_000,
  produceVersionMax: 12,
  consumers: 0,
  share: 'all',
  from: 'latest',
  toEnd: false,
  checkCrc: true,
  endToEnd: false,
  fetchSessions: true,
  fetchWaitMaxMs: 500,
  fetchBytesMin: 1,
  fetchBytesMax: 50 * 2 ** 20,
  partitionBytesMax: 2 ** 20,
  consumeRecordsMax: 0,
  fetchVersionMax: 12,
  idleConnections: 0,
};

/** What the run may take at most, set-up apart. */
export function secondsMax(settings: LoadSettings): number {
  return (
    settings.warmUpSeconds + settings.stages.reduce((sum, stage) => sum + stage.seconds, 0) + settings.drainSeconds
  );
}

/** The lines for the generator's standard input. */
export function generatorLines(settings: LoadSettings, payloadPath: string, batchRecordsMax: number): string {
  const lines: Record<string, string | number | boolean> = {
    host: settings.host,
    port: settings.port,
    tls: settings.tls,
    topics: settings.topics.join(','),
    payload: payloadPath,
    threads: settings.threads,
    warmUpMs: settings.warmUpSeconds * 1000,
    drainMs: settings.drainSeconds * 1000,
    connectMs: settings.connectSeconds * 1000,
    stages: settings.stages.map((stage) => `${stage.rate}:${stage.seconds * 1000}`).join(','),
    pids: settings.pids.join(','),
    producers: settings.producers,
    acks: settings.acks,
    idempotent: settings.idempotent,
    inFlight: settings.inFlight,
    lingerMs: settings.lingerMs,
    batchRecordsMax,
    requestBytesMax: settings.requestBytesMax,
    batchesPerRequest: settings.batchesPerRequest,
    partitioner: settings.partitioner,
    recordsMax: settings.recordsMax,
    backlogRecordsMax: settings.backlogRecordsMax,
    produceVersionMax: settings.produceVersionMax,
    consumers: settings.consumers,
    share: settings.share,
    fromEarliest: settings.from === 'earliest',
    toEnd: settings.toEnd,
    checkCrc: settings.checkCrc,
    endToEnd: settings.endToEnd,
    fetchSessions: settings.fetchSessions,
    fetchWaitMaxMs: settings.fetchWaitMaxMs,
    fetchBytesMin: settings.fetchBytesMin,
    fetchBytesMax: settings.fetchBytesMax,
    partitionBytesMax: settings.partitionBytesMax,
    consumeRecordsMax: settings.consumeRecordsMax,
    fetchVersionMax: settings.fetchVersionMax,
    idleConnections: settings.idleConnections,
  };
  return `${Object.entries(lines)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\nend\n`;
}
