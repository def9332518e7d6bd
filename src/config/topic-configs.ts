/** Settings of a topic. `synonym` names the broker setting that holds the default of all topics. Data only; any thread. */
import {
  bool,
  COMPRESSION_TYPES,
  double,
  int,
  LONG_MAX,
  list,
  long,
  string,
  THROTTLED_REPLICA,
  TIMESTAMP_TYPES,
} from './config-definition.ts';

export const TOPIC_CONFIGS = [
  int('segment.bytes', 1_073_741_824, 'Size at which a segment file is closed and the next one begun.', {
    min: 1_048_576,
    synonym: 'log.segment.bytes',
  }),
  long(
    'segment.ms',
    604_800_000,
    'Age at which a segment is closed even when it is not full, so that retention and compaction can take it.',
    { min: 1, synonym: 'log.roll.ms' },
  ),
  long(
    'segment.jitter.ms',
    0,
    'Largest random amount taken off segment.ms, so that many segments do not close at the same moment.',
    { min: 0, synonym: 'log.roll.jitter.ms' },
  ),
  int('segment.index.bytes', 10_485_760, 'Room for the index of one segment; a full index closes the segment.', {
    min: 4,
    synonym: 'log.index.size.max.bytes',
  }),
  long('flush.messages', LONG_MAX, 'Records after which the log is synced to disk; 1 syncs before every answer.', {
    min: 1,
    synonym: 'log.flush.interval.messages',
  }),
  long('flush.ms', LONG_MAX, 'Longest time that appended records stay unsynced.', {
    min: 0,
    synonym: 'log.flush.interval.ms',
  }),
  long('retention.bytes', -1, 'Bytes kept per partition before the oldest segments are deleted; -1 keeps all.', {
    synonym: 'log.retention.bytes',
  }),
  long(
    'retention.ms',
    604_800_000,
    'Time for which segments are kept before they are deleted; -1 keeps them for ever.',
    { min: -1, synonym: 'log.retention.ms' },
  ),
  int('max.message.bytes', 1_048_588, 'Largest record batch taken from producers, as it stands on the wire.', {
    min: 0,
    synonym: 'message.max.bytes',
  }),
  int(
    'index.interval.bytes',
    4096,
    'Bytes of log between two index entries; fewer give larger indexes and shorter searches.',
    { min: 0, synonym: 'log.index.interval.bytes' },
  ),
  long('delete.retention.ms', 86_400_000, 'Time for which compaction keeps tombstones and transaction markers.', {
    min: 0,
    synonym: 'log.cleaner.delete.retention.ms',
  }),
  long('min.compaction.lag.ms', 0, 'Time for which a record is safe from compaction.', {
    min: 0,
    synonym: 'log.cleaner.min.compaction.lag.ms',
  }),
  long('max.compaction.lag.ms', LONG_MAX, 'Time after which a record has to become eligible for compaction.', {
    min: 1,
    synonym: 'log.cleaner.max.compaction.lag.ms',
  }),
  long('file.delete.delay.ms', 60_000, 'Time between taking a segment out of the log and removing its files.', {
    min: 0,
    synonym: 'log.segment.delete.delay.ms',
  }),
  double('min.cleanable.dirty.ratio', 0.5, 'Share of uncompacted bytes at which a log is compacted.', {
    min: 0,
    max: 1,
    synonym: 'log.cleaner.min.cleanable.ratio',
  }),
  list('cleanup.policy', ['delete'], 'What happens to old segments: delete, compact, both, or (empty) neither.', {
    oneOf: ['compact', 'delete'],
    synonym: 'log.cleanup.policy',
  }),
  bool(
    'unclean.leader.election.enable',
    false,
    'Lets a replica outside the in-sync set become leader when no other is left; acknowledged records may be lost.',
    { synonym: 'unclean.leader.election.enable' },
  ),
  int('min.insync.replicas', 1, 'In-sync replicas without which a write with acks=all is refused.', {
    min: 1,
    synonym: 'min.insync.replicas',
  }),
  string('compression.type', 'producer', 'Codec in which batches are stored; producer keeps the one they came in.', {
    oneOf: COMPRESSION_TYPES,
    synonym: 'compression.type',
  }),
  int('compression.gzip.level', -1, 'Level used when the broker itself compresses with gzip.', {
    min: 1,
    max: 9,
    also: -1,
    synonym: 'compression.gzip.level',
  }),
  int('compression.lz4.level', 9, 'Level used when the broker itself compresses with lz4.', {
    min: 1,
    max: 17,
    synonym: 'compression.lz4.level',
  }),
  int('compression.zstd.level', 3, 'Level used when the broker itself compresses with zstd.', {
    min: -131072,
    max: 22,
    synonym: 'compression.zstd.level',
  }),
  bool('preallocate', false, "Reserves a segment's whole size when the file is created.", {
    synonym: 'log.preallocate',
  }),
  string(
    'message.timestamp.type',
    'CreateTime',
    "Whose time a record carries: the producer's (CreateTime) or the broker's (LogAppendTime).",
    { oneOf: TIMESTAMP_TYPES, synonym: 'log.message.timestamp.type' },
  ),
  long(
    'message.timestamp.before.max.ms',
    LONG_MAX,
    "How far a producer's timestamp may lie behind the broker's clock.",
    { min: 0, synonym: 'log.message.timestamp.before.max.ms' },
  ),
  long(
    'message.timestamp.after.max.ms',
    3_600_000,
    "How far a producer's timestamp may lie ahead of the broker's clock.",
    { min: 0, synonym: 'log.message.timestamp.after.max.ms' },
  ),
  list(
    'leader.replication.throttled.replicas',
    [],
    'Leader replicas under the replication quota: partition:broker pairs, or *.',
    { elements: THROTTLED_REPLICA },
  ),
  list(
    'follower.replication.throttled.replicas',
    [],
    'Follower replicas under the replication quota: partition:broker pairs, or *.',
    { elements: THROTTLED_REPLICA },
  ),
  bool('remote.storage.enable', false, 'Copies closed segments to remote storage.'),
  long(
    'local.retention.ms',
    -2,
    'Time for which segments stay on local disk once they are copied; -2 follows retention.ms.',
    { min: -2, synonym: 'log.local.retention.ms' },
  ),
  long('local.retention.bytes', -2, 'Bytes kept on local disk once segments are copied; -2 follows retention.bytes.', {
    min: -2,
    synonym: 'log.local.retention.bytes',
  }),
  bool('remote.log.copy.disable', false, 'Stops further copying to remote storage; what was copied stays readable.'),
  long(
    'remote.copy.lag.ms',
    0,
    'Age that a closed segment must reach before it is copied; -1 waits for local retention.',
    { min: -1, synonym: 'log.remote.copy.lag.ms' },
  ),
  long(
    'remote.copy.lag.bytes',
    -1,
    'Bytes that must follow a closed segment before it is copied; -1 waits for local retention.',
    { min: -1, synonym: 'log.remote.copy.lag.bytes' },
  ),
  bool(
    'remote.log.delete.on.disable',
    false,
    'Deletes the remote copies when remote storage is switched off for the topic.',
  ),
  bool('errors.deadletterqueue.group.enable', false, 'Allows share groups to write rejected records to this topic.'),
  int('internal.segment.bytes', null, 'Segment size below the public minimum, for tests.', { internal: true }),
] as const;
