/** Broker settings of the server itself, its sockets and its metrics. Data only; any thread. */
import { EARLY, METRICS, NOT_YET, PIPELINE, SOCKET_BUFFER, THREADS } from './accepted-reasons.ts';
import { bool, COMPRESSION_TYPES, INT_MAX, int, list, long, string } from './config-definition.ts';

export const SERVER_CONFIGS = [
  int('broker.id', -1, 'Older name of node.id; when both are given they must be equal.'),
  int('message.max.bytes', 1_048_588, 'Default of max.message.bytes.', { min: 0, dynamic: 'cluster' }),
  int('num.io.threads', 8, 'Threads that handle requests.', { min: 1, dynamic: 'cluster', accepted: THREADS }),
  int(
    'num.replica.alter.log.dirs.threads',
    null,
    'Moves between data folders that run at the same time; without it as many as there are data folders.',
    { min: 1 },
  ),
  int('background.threads', 10, 'Threads for background work.', { min: 1, dynamic: 'cluster', accepted: THREADS }),
  int('request.timeout.ms', 30_000, 'Longest wait for an answer to a request that the broker itself sends.'),
  long('socket.connection.setup.timeout.ms', 10_000, 'Longest wait for a connection that the broker itself opens.', {
    accepted: NOT_YET,
  }),
  long(
    'socket.connection.setup.timeout.max.ms',
    30_000,
    'Ceiling for that wait when it grows after repeated failures.',
    { accepted: NOT_YET },
  ),
  list(
    'config.providers',
    [],
    'Names of the sources that values written as a reference (name:path:key in braces) are read from.',
    {
      dynamic: 'cluster',
    },
  ),
  string(
    'authorizer.class.name',
    '',
    "Turns access control on; the standard authorizer's class name selects the one built in.",
    { accepted: NOT_YET },
  ),
  list('early.start.listeners', null, 'Listeners that open before authorization is ready.', {
    nonEmpty: true,
    accepted: EARLY,
  }),
  string(
    'broker.rack',
    null,
    'Rack or zone of the broker, for replica placement and fetching from the nearest replica.',
  ),
  bool('controlled.shutdown.enable', true, 'Moves leaders to other brokers before the broker stops.', {
    accepted: NOT_YET,
  }),
  bool('delete.topic.enable', true, 'Allows topics to be deleted.'),
  string('compression.type', 'producer', 'Codec in which batches are stored; producer keeps the one they came in.', {
    oneOf: COMPRESSION_TYPES,
    dynamic: 'cluster',
  }),
  int('compression.gzip.level', -1, 'Level used when the broker itself compresses with gzip.', {
    min: 1,
    max: 9,
    also: -1,
    dynamic: 'cluster',
  }),
  int('compression.lz4.level', 9, 'Level used when the broker itself compresses with lz4.', {
    min: 1,
    max: 17,
    dynamic: 'cluster',
  }),
  int('compression.zstd.level', 3, 'Level used when the broker itself compresses with zstd.', {
    min: -131072,
    max: 22,
    dynamic: 'cluster',
  }),
  int('max.incremental.fetch.session.cache.slots', 1000, 'Incremental fetch sessions kept at a time.', { min: 0 }),
  int('fetch.max.bytes', 57_671_680, 'Most bytes that one fetch answer carries.', { min: 1024 }),
  int('max.request.partition.size.limit', 2000, 'Most partitions that one DescribeTopicPartitions answer lists.', {
    min: 1,
  }),
  bool('unstable.api.versions.enable', false, 'Offers API versions that are still in development.', {
    internal: true,
    accepted: NOT_YET,
  }),
  bool('unstable.feature.versions.enable', false, 'Offers feature versions that are still in development.', {
    internal: true,
    accepted: NOT_YET,
  }),
  list(
    'listeners',
    ['PLAINTEXT://:9092'],
    'Where the broker listens: NAME://host:port, separated by commas. An empty host is every interface; port 0 picks a free one.',
    { nonEmpty: true },
  ),
  list('advertised.listeners', null, 'Addresses handed to clients; without it those of listeners.', { nonEmpty: true }),
  string(
    'listener.security.protocol.map',
    'PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL',
    'Security protocol of each listener name: NAME:PROTOCOL pairs.',
    { dynamic: 'broker' },
  ),
  int('socket.send.buffer.bytes', 102_400, 'SO_SNDBUF of client connections; -1 leaves it to the system.', {
    accepted: SOCKET_BUFFER,
  }),
  int('socket.receive.buffer.bytes', 102_400, 'SO_RCVBUF of client connections; -1 leaves it to the system.', {
    accepted: SOCKET_BUFFER,
  }),
  int('socket.request.max.bytes', 104_857_600, 'Largest request; a connection that announces a larger one is closed.', {
    min: 1,
  }),
  int('socket.listen.backlog.size', 50, 'Connections that may wait to be accepted.', { min: 1 }),
  int('max.connections.per.ip', INT_MAX, 'Connections allowed from one address.', { min: 0, dynamic: 'cluster' }),
  string('max.connections.per.ip.overrides', '', 'Exceptions to max.connections.per.ip: host:count pairs.', {
    dynamic: 'cluster',
    pattern: { matches: /^(\s*\S+:\d+\s*(,\s*\S+:\d+\s*)*)?$/, mustBe: 'host:count pairs with commas between' },
  }),
  int('max.connections', INT_MAX, 'Connections allowed in all; further ones wait.', { min: 0, dynamic: 'cluster' }),
  int('max.connection.creation.rate', INT_MAX, 'New connections a second allowed in all.', {
    min: 0,
    dynamic: 'cluster',
    accepted: NOT_YET,
  }),
  long('connections.max.idle.ms', 600_000, 'Time after which an idle connection is closed.'),
  int(
    'connection.failed.authentication.delay.ms',
    100,
    'Time for which the answer to a failed authentication is held back.',
    { min: 0, accepted: NOT_YET },
  ),
  int('queued.max.requests', 500, 'Requests that may wait for the handlers before reading pauses.', {
    min: 1,
    accepted: PIPELINE,
  }),
  long('queued.max.request.bytes', -1, 'Bytes of requests that may wait before reading pauses; -1 is no bound.', {
    accepted: PIPELINE,
  }),
  int('num.network.threads', 3, 'Threads that read and write connections.', {
    min: 1,
    dynamic: 'cluster',
    accepted: THREADS,
  }),
  int('metrics.num.samples', 2, 'Samples kept for a metric.', { min: 1, accepted: METRICS }),
  long('metrics.sample.window.ms', 30_000, "Length of a metric's sample.", { min: 1, accepted: METRICS }),
  list('metric.reporters', ['org.apache.kafka.common.metrics.JmxReporter'], 'Classes that report metrics.', {
    dynamic: 'cluster',
    accepted: METRICS,
  }),
  string('metrics.recording.level', 'INFO', 'How many metrics are recorded.', {
    oneOf: ['INFO', 'DEBUG', 'TRACE'],
    accepted: METRICS,
  }),
  list('kafka.metrics.reporters', [], 'Older classes that report metrics.', { accepted: METRICS }),
  int('kafka.metrics.polling.interval.secs', 10, 'How often those are asked.', { min: 1, accepted: METRICS }),
  int('telemetry.max.bytes', 1_048_576, 'Largest push of client metrics that is taken.', { min: 1 }),
] as const;
