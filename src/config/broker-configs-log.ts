/** Broker settings of logs, of the defaults for topics, and of compaction. Data only; any thread. */
import { JAVA, NOT_YET, THREADS } from './accepted-reasons.ts';
import { bool, classOf, double, int, LONG_MAX, list, long, string, TIMESTAMP_TYPES } from './config-definition.ts';

export const LOG_CONFIGS = [
  int('num.partitions', 1, 'Partitions of a topic that is created without a count.', { min: 1 }),
  list('log.dir', ['./data'], 'Folder of the data when log.dirs is not set.', {
    nonEmpty: true,
    kafkaDefault: '/tmp/kafka-logs',
    why: 'The data stays where the broker was started and survives a reboot, and the folder is named at start.',
  }),
  list('log.dirs', null, 'Folders of the data, separated by commas; takes the place of log.dir.', { nonEmpty: true }),
  list('cordoned.log.dirs', [], 'Folders that get no new partitions; * means all.', { dynamic: 'broker' }),
  int('log.segment.bytes', 1_073_741_824, 'Default of segment.bytes.', { min: 1_048_576, dynamic: 'cluster' }),
  long('log.roll.ms', null, 'Default of segment.ms; without it log.roll.hours counts.', { min: 1, dynamic: 'cluster' }),
  int('log.roll.hours', 168, 'Default of segment.ms in hours.', { min: 1 }),
  long('log.roll.jitter.ms', null, 'Default of segment.jitter.ms; without it log.roll.jitter.hours counts.', {
    min: 0,
    dynamic: 'cluster',
  }),
  int('log.roll.jitter.hours', 0, 'Default of segment.jitter.ms in hours.', { min: 0 }),
  long(
    'log.retention.ms',
    null,
    'Default of retention.ms; without it log.retention.minutes counts, then log.retention.hours.',
    { dynamic: 'cluster' },
  ),
  int('log.retention.minutes', null, 'Default of retention.ms in minutes.'),
  int('log.retention.hours', 168, 'Default of retention.ms in hours.'),
  long('log.retention.bytes', -1, 'Default of retention.bytes.', { dynamic: 'cluster' }),
  long('log.retention.check.interval.ms', 300_000, 'Time between two looks for segments that retention may delete.', {
    min: 1,
  }),
  list('log.cleanup.policy', ['delete'], 'Default of cleanup.policy.', {
    oneOf: ['compact', 'delete'],
    dynamic: 'cluster',
  }),
  int('log.index.size.max.bytes', 10_485_760, 'Default of segment.index.bytes.', { min: 4, dynamic: 'cluster' }),
  int('log.index.interval.bytes', 4096, 'Default of index.interval.bytes.', { min: 0, dynamic: 'cluster' }),
  long('log.flush.interval.messages', LONG_MAX, 'Default of flush.messages.', { min: 1, dynamic: 'cluster' }),
  long('log.segment.delete.delay.ms', 60_000, 'Default of file.delete.delay.ms.', { min: 0, dynamic: 'cluster' }),
  long(
    'log.flush.scheduler.interval.ms',
    LONG_MAX,
    'Time between two looks for logs that flush.ms wants synced; also the default of flush.ms when log.flush.interval.ms is not set.',
  ),
  long('log.flush.interval.ms', null, 'Default of flush.ms; without it log.flush.scheduler.interval.ms counts.', {
    dynamic: 'cluster',
  }),
  int(
    'log.flush.offset.checkpoint.interval.ms',
    60_000,
    'Time between two writes of the file that says up to which offset the logs are on disk.',
    { min: 0 },
  ),
  int(
    'log.flush.start.offset.checkpoint.interval.ms',
    60_000,
    'Time between two writes of the file that holds the log start offsets.',
    { min: 0, accepted: NOT_YET },
  ),
  bool('log.preallocate', false, 'Default of preallocate.', { dynamic: 'cluster' }),
  int('num.recovery.threads.per.data.dir', 2, 'Threads per data folder that load and recover logs at start.', {
    min: 1,
    dynamic: 'cluster',
    accepted: THREADS,
  }),
  bool('auto.create.topics.enable', true, 'Creates a topic when a client asks for one that does not exist.'),
  int('min.insync.replicas', 1, 'In-sync replicas without which a write with acks=all is refused.', {
    min: 1,
    dynamic: 'cluster',
  }),
  string('log.message.timestamp.type', 'CreateTime', 'Default of message.timestamp.type.', {
    oneOf: TIMESTAMP_TYPES,
    dynamic: 'cluster',
  }),
  long('log.message.timestamp.before.max.ms', LONG_MAX, 'Default of message.timestamp.before.max.ms.', {
    min: 0,
    dynamic: 'cluster',
  }),
  long('log.message.timestamp.after.max.ms', 3_600_000, 'Default of message.timestamp.after.max.ms.', {
    min: 0,
    dynamic: 'cluster',
  }),
  classOf('create.topic.policy.class.name', null, 'Class that may refuse new topics.', { accepted: JAVA }),
  classOf('alter.config.policy.class.name', null, 'Class that may refuse changes of configs.', { accepted: JAVA }),
  long(
    'log.dir.failure.timeout.ms',
    30_000,
    'Time within which the controller has to confirm the failure of a data folder before the broker stops.',
    { min: 1 },
  ),
  long('log.initial.task.delay.ms', 30_000, "Delay of the log manager's first background tasks after start.", {
    min: 0,
    internal: true,
    accepted: NOT_YET,
  }),
  int('log.cleaner.threads', 1, 'Compactions that run at the same time; 0 stops compaction.', {
    min: 0,
    dynamic: 'cluster',
  }),
  double(
    'log.cleaner.io.max.bytes.per.second',
    Number.MAX_VALUE,
    'Ceiling for the bytes that compaction reads and writes a second.',
    { dynamic: 'cluster' },
  ),
  long('log.cleaner.dedupe.buffer.size', 134_217_728, 'Memory for the key maps of all compactions together.', {
    dynamic: 'cluster',
  }),
  int('log.cleaner.io.buffer.size', 524_288, 'Memory for the read and write buffers of all compactions together.', {
    min: 0,
    dynamic: 'cluster',
  }),
  double('log.cleaner.io.buffer.load.factor', 0.9, 'How full the key map may become.', {
    dynamic: 'cluster',
  }),
  long('log.cleaner.backoff.ms', 15_000, 'Pause when there is nothing to compact.', {
    min: 0,
    dynamic: 'cluster',
  }),
  double('log.cleaner.min.cleanable.ratio', 0.5, 'Default of min.cleanable.dirty.ratio.', {
    min: 0,
    max: 1,
    dynamic: 'cluster',
  }),
  bool(
    'log.cleaner.enable',
    true,
    'Runs compaction; off leaves every compacted topic to grow, offsets topics included.',
  ),
  long('log.cleaner.delete.retention.ms', 86_400_000, 'Default of delete.retention.ms.', {
    min: 0,
    dynamic: 'cluster',
  }),
  long('log.cleaner.min.compaction.lag.ms', 0, 'Default of min.compaction.lag.ms.', { min: 0, dynamic: 'cluster' }),
  long('log.cleaner.max.compaction.lag.ms', LONG_MAX, 'Default of max.compaction.lag.ms.', {
    min: 1,
    dynamic: 'cluster',
  }),
] as const;
