/** Broker settings of remote storage. Data only; any thread. */
import { JAVA, NOT_YET, THREADS } from './accepted-reasons.ts';
import { bool, double, int, LONG_MAX, long, short, string } from './config-definition.ts';

export const TIERED_CONFIGS = [
  bool('remote.log.storage.system.enable', false, 'Turns remote storage on for the broker.'),
  string(
    'remote.log.storage.manager.impl.prefix',
    'rsm.config.',
    'Prefix of the settings that are handed to the remote storage.',
    { accepted: NOT_YET },
  ),
  string(
    'remote.log.metadata.manager.impl.prefix',
    'rlmm.config.',
    "Prefix of the settings that are handed to the store of remote segments' metadata.",
    { accepted: NOT_YET },
  ),
  string('remote.log.storage.manager.class.name', null, 'Which remote storage is used.', { accepted: NOT_YET }),
  string('remote.log.storage.manager.class.path', null, 'Where the class of the remote storage is looked for.', {
    accepted: JAVA,
  }),
  string(
    'remote.log.metadata.manager.class.name',
    'org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager',
    'Which store holds the metadata of remote segments.',
    { accepted: NOT_YET },
  ),
  string('remote.log.metadata.manager.class.path', null, 'Where the class of that store is looked for.', {
    accepted: JAVA,
  }),
  string('remote.log.metadata.manager.listener.name', null, 'Listener over which that store reaches the cluster.', {
    accepted: NOT_YET,
  }),
  int(
    'remote.log.metadata.custom.metadata.max.bytes',
    128,
    'Longest metadata that a remote storage may attach to a segment.',
    { min: 0, accepted: NOT_YET },
  ),
  long(
    'remote.log.index.file.cache.total.size.bytes',
    1_073_741_824,
    'Disk space for cached indexes of remote segments.',
    { min: 1, dynamic: 'cluster', accepted: NOT_YET },
  ),
  long('remote.log.index.file.cache.ttl.ms', 900_000, 'Time for which a cached index stays unused.', {
    min: -1,
    internal: true,
    accepted: NOT_YET,
  }),
  int('remote.log.manager.thread.pool.size', 2, 'Threads for remote storage tasks in general.', {
    min: 1,
    accepted: THREADS,
  }),
  int('remote.log.manager.copier.thread.pool.size', 10, 'Segments copied at the same time.', {
    min: 1,
    dynamic: 'cluster',
    accepted: NOT_YET,
  }),
  int('remote.log.manager.expiration.thread.pool.size', 10, 'Remote segments deleted at the same time.', {
    min: 1,
    dynamic: 'cluster',
    accepted: NOT_YET,
  }),
  int('remote.log.manager.follower.thread.pool.size', 2, 'Threads for the tasks of followers.', {
    min: 1,
    dynamic: 'cluster',
    accepted: THREADS,
  }),
  long('remote.log.manager.task.interval.ms', 30_000, 'Time between two looks for segments to copy or to delete.', {
    min: 1,
    accepted: NOT_YET,
  }),
  long('remote.log.manager.task.retry.backoff.ms', 500, 'First pause after a failed copy.', {
    min: 1,
    internal: true,
    accepted: NOT_YET,
  }),
  long('remote.log.manager.task.retry.backoff.max.ms', 30_000, 'Longest pause after repeated failures.', {
    min: 1,
    internal: true,
    accepted: NOT_YET,
  }),
  double('remote.log.manager.task.retry.jitter', 0.2, 'Random part of those pauses.', {
    min: 0,
    max: 0.5,
    internal: true,
    accepted: NOT_YET,
  }),
  int('remote.log.reader.threads', 10, 'Remote reads that run at the same time.', {
    min: 1,
    dynamic: 'cluster',
    accepted: NOT_YET,
  }),
  int('remote.log.reader.max.pending.tasks', 100, 'Remote reads that may wait.', { min: 1, accepted: NOT_YET }),
  long('log.local.retention.ms', -2, 'Default of local.retention.ms.', { min: -2, dynamic: 'cluster' }),
  long('log.local.retention.bytes', -2, 'Default of local.retention.bytes.', { min: -2, dynamic: 'cluster' }),
  long('log.remote.copy.lag.ms', 0, 'Default of remote.copy.lag.ms.', { min: -1, dynamic: 'cluster' }),
  long('log.remote.copy.lag.bytes', -1, 'Default of remote.copy.lag.bytes.', { min: -1, dynamic: 'cluster' }),
  long('remote.log.manager.copy.max.bytes.per.second', LONG_MAX, 'Bytes a second that are copied to remote storage.', {
    min: 1,
    dynamic: 'cluster',
    accepted: NOT_YET,
  }),
  int('remote.log.manager.copy.quota.window.num', 11, 'Time windows over which that is measured.', {
    min: 1,
    accepted: NOT_YET,
  }),
  int('remote.log.manager.copy.quota.window.size.seconds', 1, 'Length of such a window.', {
    min: 1,
    accepted: NOT_YET,
  }),
  long('remote.log.manager.fetch.max.bytes.per.second', LONG_MAX, 'Bytes a second that are read from remote storage.', {
    min: 1,
    dynamic: 'cluster',
    accepted: NOT_YET,
  }),
  int('remote.log.manager.fetch.quota.window.num', 11, 'Time windows over which that is measured.', {
    min: 1,
    accepted: NOT_YET,
  }),
  int('remote.log.manager.fetch.quota.window.size.seconds', 1, 'Length of such a window.', {
    min: 1,
    accepted: NOT_YET,
  }),
  int('remote.fetch.max.wait.ms', 500, 'Longest time that a fetch waits for remote storage.', {
    min: 1,
    dynamic: 'cluster',
    accepted: NOT_YET,
  }),
  long(
    'remote.list.offsets.request.timeout.ms',
    30_000,
    'Longest time that a search by timestamp waits for remote storage.',
    { min: 1, dynamic: 'cluster', accepted: NOT_YET },
  ),
  short(
    'remote.log.metadata.topic.replication.factor',
    1,
    'Replication factor of __remote_log_metadata when it is created.',
    { min: 1, kafkaDefault: '3', why: 'A broker alone could not create the topic otherwise.', accepted: NOT_YET },
  ),
  int('remote.log.metadata.topic.num.partitions', 50, 'Partitions of __remote_log_metadata when it is created.', {
    min: 1,
    accepted: NOT_YET,
  }),
  long('remote.log.metadata.topic.retention.ms', -1, 'retention.ms of __remote_log_metadata.', { accepted: NOT_YET }),
  short('remote.log.metadata.topic.min.isr', 1, 'min.insync.replicas of __remote_log_metadata.', {
    min: 1,
    kafkaDefault: '2',
    why: 'A broker alone could not write to the topic otherwise.',
    accepted: NOT_YET,
  }),
  long('remote.log.metadata.consume.wait.ms', 120_000, 'Longest wait until a written record is read back.', {
    min: 0,
    accepted: NOT_YET,
  }),
  long(
    'remote.log.metadata.initialization.retry.max.timeout.ms',
    120_000,
    'Longest time for which setting up is retried.',
    { min: 0, accepted: NOT_YET },
  ),
  long('remote.log.metadata.initialization.retry.interval.ms', 100, 'Pause between two such tries.', {
    min: 0,
    accepted: NOT_YET,
  }),
] as const;
