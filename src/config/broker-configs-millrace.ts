/** Settings that Kafka does not have; all begin with `millrace.`. Data only; any thread. */
import { WAITERS_MAX } from '../ring/partition-table.ts';
import { bool, int, long, string, type TextRule } from './config-definition.ts';

const HOST_PORT: TextRule = {
  matches: /^(|(\[[0-9a-fA-F:.]+\]|[^:[\]\s]*):\d{1,5})$/,
  mustBe: 'host:port, [IPv6 address]:port or :port',
};

export const MILLRACE_CONFIGS = [
  string(
    'millrace.cluster.id',
    null,
    'Cluster id that a fresh data folder gets; without it one is drawn. An existing folder keeps its own.',
  ),
  string(
    'millrace.engine',
    'auto',
    'Storage engine: native (the C++ addon), portable (TypeScript), memory (nothing is kept), or auto: native if it loads, else portable.',
    { oneOf: ['auto', 'native', 'portable', 'memory'] },
  ),
  int('millrace.io.threads', 0, 'Threads that hold client connections; 0 chooses by the number of cores.', {
    min: 0,
    max: WAITERS_MAX,
  }),
  int(
    'millrace.io.pause.max.us',
    200,
    'Longest pause of an I/O thread, in microseconds, in which frames gather while many small ones come: less CPU for a little latency. Tried only at rates above 4,000 frames/s, ended where it gathers none, or where less comes for it; 0: never.',
    { min: 0, max: 10_000 },
  ),
  int(
    'millrace.io.defer.max.ms',
    2,
    'How long a consumer that has read everything may wait until an I/O thread reads its next fetch, in milliseconds: it is read when the thread is awake for another request, so less CPU goes into waking. Left alone where other requests come too seldom for it; 0: never.',
    { min: 0, max: 20 },
  ),
  bool(
    'millrace.loopback.reno.enable',
    true,
    "Gives connections from this host the TCP congestion control reno. Where the system takes BBR, responses would be paced by timers, which costs CPU and gains nothing on loopback. Off, they keep the system's.",
  ),
  int('millrace.storage.workers', 0, 'Threads that own partitions; 0 chooses by the number of cores.', {
    min: 0,
    max: 64,
  }),
  string(
    'millrace.storage.placement',
    'auto',
    'Where partitions are served: own (threads of their own), io (on the I/O threads, which saves two wake-ups a request), or auto: io up to two cores, else own.',
    { oneOf: ['auto', 'own', 'io'] },
  ),
  bool(
    'millrace.fsync.acks.all',
    true,
    'Answers acks=all only when the records are synced to disk. Off, it answers from the page cache, as Kafka does; for those who replicate.',
    { dynamic: 'cluster' },
  ),
  int(
    'millrace.fsync.inline.max.us',
    600,
    'While the disk syncs a few bytes in less than so many microseconds, a storage worker waits for it instead of handing the sync to a thread; 0: never.',
    { min: 0, max: 10_000 },
  ),
  int(
    'millrace.receive.arena.bytes',
    33_554_432,
    'Memory per I/O thread for requests; at least socket.request.max.bytes, as a power of two; a full one pauses reading.',
    {
      min: 1_048_576,
    },
  ),
  int(
    'millrace.connection.pipeline.requests.max',
    64,
    'Requests of one connection that may be unanswered; at that number reading from it pauses.',
    { min: 1 },
  ),
  int(
    'millrace.tls.handshakes.max',
    128,
    'TLS handshakes that an I/O thread runs at once; later connections wait for their turn.',
    { min: 1 },
  ),
  int('millrace.tls.handshake.timeout.ms', 10_000, 'A TLS handshake that takes longer is given up.', { min: 1 }),
  long(
    'millrace.records.decompressed.bytes.max',
    268_435_456,
    'Largest size to which one compressed batch may unfold; a larger one is refused.',
    // Java's clients cannot hold more in one piece.
    { min: 1_048_576, max: 2_147_483_647 },
  ),
  string(
    'millrace.metrics.listener',
    '',
    'Where metrics are served over HTTP in the form of Prometheus, as host:port or :port; empty, they are not served.',
    { pattern: HOST_PORT },
  ),
  int(
    'millrace.metrics.partitions.max',
    5_000,
    'Partitions that metrics tell of one by one; those beyond count in the totals only.',
    { min: 0 },
  ),
  int(
    'millrace.metrics.client.series.max',
    20_000,
    'Series of metrics pushed by clients that are kept; those that find no room are dropped and counted.',
    { min: 0 },
  ),
  int(
    'millrace.disk.reserve.bytes',
    1_048_576,
    'Room that is kept back on the disk of each data folder, so that topics can be deleted when it is full; 0 keeps none.',
    { min: 0, max: 1_073_741_824 },
  ),
  bool(
    'millrace.scrub.enable',
    true,
    'Checks the records of closed segments in the background, so that rot is found.',
    {
      dynamic: 'cluster',
    },
  ),
  long('millrace.scrub.interval.ms', 604_800_000, 'Time between the beginnings of two such checks of everything.', {
    min: 1_000,
    dynamic: 'cluster',
  }),
  long('millrace.scrub.bytes.per.second', 8_388_608, 'Ceiling for the bytes that this check reads a second.', {
    min: 1,
    dynamic: 'cluster',
  }),
  string('millrace.log.level', 'info', 'Least severe messages that are logged.', {
    oneOf: ['debug', 'info', 'warn', 'error'],
  }),
  string('millrace.log.format', 'text', 'How log lines look: text (one line each, for people) or json.', {
    oneOf: ['text', 'json'],
  }),
] as const;
