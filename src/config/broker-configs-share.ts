/** Broker settings of share partitions and of the share coordinator. Data only; any thread. */
import { JAVA, LINGER, LOAD_BUFFER, NOT_YET, PURGATORY, THREADS } from './accepted-reasons.ts';
import { int, short, string } from './config-definition.ts';

export const SHARE_CONFIGS = [
  int('group.share.delivery.count.limit', 5, 'Deliveries of a record before it is given up.', { min: 2, max: 10 }),
  int('group.share.max.delivery.count.limit', 10, 'Greatest share.delivery.count.limit of a group.', {
    min: 5,
    max: 25,
  }),
  int('group.share.min.delivery.count.limit', 2, 'Least share.delivery.count.limit of a group.', { min: 2, max: 5 }),
  int('group.share.record.lock.duration.ms', 30_000, 'Time for which a record is acquired by one consumer.', {
    min: 1000,
    max: 3600000,
  }),
  int('group.share.min.record.lock.duration.ms', 15_000, 'Least share.record.lock.duration.ms of a group.', {
    min: 1000,
    max: 30000,
  }),
  int('group.share.max.record.lock.duration.ms', 60_000, 'Greatest share.record.lock.duration.ms of a group.', {
    min: 30000,
    max: 3600000,
  }),
  int('group.share.partition.max.record.locks', 2000, 'Records of one partition that may be in flight.', {
    min: 100,
    max: 10000,
  }),
  int('group.share.max.partition.max.record.locks', 4000, 'Greatest share.partition.max.record.locks of a group.', {
    min: 2000,
    max: 10000,
  }),
  int('group.share.min.partition.max.record.locks', 100, 'Least share.partition.max.record.locks of a group.', {
    min: 100,
    max: 2000,
  }),
  int(
    'share.fetch.purgatory.purge.interval.requests',
    1000,
    'Answered share fetches after which the waiting list is swept.',
    { accepted: PURGATORY },
  ),
  int('group.share.max.share.sessions', 2000, 'Share sessions kept at a time.', { min: 1, accepted: NOT_YET }),
  string(
    'group.share.persister.class.name',
    'org.apache.kafka.server.share.persister.DefaultStatePersister',
    'Class that stores the state of share partitions.',
    { internal: true, accepted: JAVA },
  ),
  string(
    'group.share.dlq.manager.class.name',
    'org.apache.kafka.server.share.dlq.DefaultShareGroupDLQManager',
    'Class that handles rejected records.',
    { internal: true, accepted: JAVA },
  ),
  int(
    'share.coordinator.state.topic.num.partitions',
    50,
    'Partitions of __share_group_state when it is created; not to be changed later.',
    { min: 1 },
  ),
  short(
    'share.coordinator.state.topic.replication.factor',
    1,
    'Replication factor of __share_group_state when it is created.',
    { min: 1, kafkaDefault: '3', why: 'A broker alone could not create the topic otherwise.' },
  ),
  short('share.coordinator.state.topic.min.isr', 1, 'min.insync.replicas of __share_group_state.', {
    min: 1,
    kafkaDefault: '2',
    why: 'A broker alone could not write to the topic otherwise.',
  }),
  int('share.coordinator.state.topic.segment.bytes', 104_857_600, 'segment.bytes of __share_group_state.', { min: 1 }),
  int('share.coordinator.threads', 1, 'Threads that run the share coordinator.', { min: 1, accepted: THREADS }),
  int(
    'share.coordinator.snapshot.update.records.per.snapshot',
    500,
    'Updates written before the state is written as a whole again.',
    { min: 0, max: 500, accepted: NOT_YET },
  ),
  int('share.coordinator.load.buffer.size', 5_242_880, 'Bytes read at a time while share state is loaded.', {
    min: 1,
    accepted: LOAD_BUFFER,
  }),
  int(
    'share.coordinator.state.topic.compression.codec',
    0,
    'Codec of the batches in __share_group_state: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.',
    { min: 0, max: 4, accepted: NOT_YET },
  ),
  int(
    'share.coordinator.append.linger.ms',
    -1,
    'Time for which the coordinator gathers records before it writes them.',
    { min: -1, accepted: LINGER },
  ),
  int('share.coordinator.write.timeout.ms', 5000, 'Longest wait for a write of share state.', {
    min: 1,
    accepted: NOT_YET,
  }),
  int(
    'share.coordinator.state.topic.prune.interval.ms',
    300_000,
    'Time between two removals of share state that is no longer needed.',
    { min: 1, internal: true, accepted: NOT_YET },
  ),
  int(
    'share.coordinator.cold.partition.snapshot.interval.ms',
    300_000,
    'Time after which the state of a quiet partition is written as a whole.',
    { min: 1, internal: true, accepted: NOT_YET },
  ),
  int(
    'share.coordinator.cached.buffer.max.bytes',
    1_048_588,
    'Largest write buffer that the coordinator keeps for reuse.',
    { min: 524_288, dynamic: 'cluster', accepted: LINGER },
  ),
] as const;
