/** Broker settings of the group coordinator: classic, consumer, share and streams groups. Data only; any thread. */
import { JAVA, LINGER, LOAD_BUFFER, NOT_YET, OFFLOAD, THREADS } from './accepted-reasons.ts';
import { bool, classOf, INT_MAX, int, list, long, short, string } from './config-definition.ts';

export const GROUP_COORDINATOR_CONFIGS = [
  list(
    'group.coordinator.rebalance.protocols',
    ['classic', 'consumer', 'streams'],
    'Kinds of groups that may be formed.',
    { oneOf: ['classic', 'consumer', 'share', 'streams'], nonEmpty: true },
  ),
  int('group.coordinator.threads', 4, 'Threads that run the group coordinator.', { min: 1, accepted: THREADS }),
  int('group.coordinator.background.threads', 2, "Threads for the group coordinator's background work.", {
    min: 1,
    accepted: THREADS,
  }),
  int(
    'group.coordinator.append.linger.ms',
    -1,
    'Time for which the coordinator gathers records before it writes them.',
    { min: -1, accepted: LINGER },
  ),
  int('offsets.commit.timeout.ms', 5000, 'Longest wait for a commit to be stored.', { min: 1 }),
  int('offsets.load.buffer.size', 5_242_880, 'Bytes read at a time while group state is loaded.', {
    min: 1,
    accepted: LOAD_BUFFER,
  }),
  short('offsets.topic.replication.factor', 1, 'Replication factor of __consumer_offsets when it is created.', {
    min: 1,
    kafkaDefault: '3',
    why: 'A broker alone could not create the topic otherwise.',
  }),
  int(
    'offsets.topic.num.partitions',
    50,
    'Partitions of __consumer_offsets when it is created; not to be changed later.',
    { min: 1 },
  ),
  int('offsets.topic.segment.bytes', 104_857_600, 'segment.bytes of __consumer_offsets.', { min: 1 }),
  int(
    'offsets.topic.compression.codec',
    0,
    'Codec of the batches in __consumer_offsets: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.',
    { min: 0, max: 4, accepted: NOT_YET },
  ),
  int(
    'group.coordinator.cached.buffer.max.bytes',
    1_048_588,
    'Largest write buffer that the coordinator keeps for reuse.',
    { min: 524_288, dynamic: 'cluster', accepted: LINGER },
  ),
  int('offset.metadata.max.bytes', 4096, 'Longest metadata text that may be committed with an offset.'),
  int('offsets.retention.minutes', 10_080, 'Time after which committed offsets of an empty group are dropped.', {
    min: 1,
  }),
  long('offsets.retention.check.interval.ms', 600_000, 'Time between two looks for such offsets.', { min: 1 }),
  int('group.min.session.timeout.ms', 6000, 'Least session.timeout.ms of a classic member.'),
  int('group.max.session.timeout.ms', 1_800_000, 'Greatest session.timeout.ms of a classic member.'),
  int(
    'group.initial.rebalance.delay.ms',
    3000,
    'Time for which an empty classic group waits for more members before its first rebalance.',
  ),
  int('group.max.size', INT_MAX, 'Members that a classic group may have.', { min: 1 }),
  int(
    'group.consumer.session.timeout.ms',
    45_000,
    'Time without heartbeats after which a member of a consumer group is removed.',
    { min: 1 },
  ),
  int('group.consumer.min.session.timeout.ms', 45_000, 'Least consumer.session.timeout.ms of a group.', { min: 1 }),
  int('group.consumer.max.session.timeout.ms', 60_000, 'Greatest consumer.session.timeout.ms of a group.', { min: 1 }),
  int('group.consumer.heartbeat.interval.ms', 5000, 'Heartbeat interval given to members of consumer groups.', {
    min: 1,
  }),
  int('group.consumer.min.heartbeat.interval.ms', 5000, 'Least consumer.heartbeat.interval.ms of a group.', { min: 1 }),
  int('group.consumer.max.heartbeat.interval.ms', 15_000, 'Greatest consumer.heartbeat.interval.ms of a group.', {
    min: 1,
  }),
  int('group.consumer.max.size', INT_MAX, 'Members that a consumer group may have.', { min: 1 }),
  list('group.consumer.assignors', ['uniform', 'range'], 'Assignors of consumer groups, the default first.', {
    nonEmpty: true,
  }),
  string(
    'group.consumer.migration.policy',
    'bidirectional',
    'Which way groups may be converted between classic and consumer while they have members.',
    { oneOf: ['DISABLED', 'DOWNGRADE', 'UPGRADE', 'BIDIRECTIONAL'], anyCase: true },
  ),
  int('group.consumer.assignment.interval.ms', 1000, 'Least time between two assignments of a consumer group.', {
    min: 0,
    dynamic: 'cluster',
  }),
  int('group.consumer.min.assignment.interval.ms', 0, 'Least consumer.assignment.interval.ms of a group.', { min: 0 }),
  int('group.consumer.max.assignment.interval.ms', 15_000, 'Greatest consumer.assignment.interval.ms of a group.', {
    min: 0,
  }),
  bool('group.consumer.assignor.offload.enable', true, "Computes assignments away from the coordinator's thread.", {
    dynamic: 'cluster',
    internal: true,
    accepted: OFFLOAD,
  }),
  int(
    'group.consumer.regex.refresh.interval.ms',
    600_000,
    'Time after which the topics of a subscribed pattern are looked up again.',
    { min: 10_000, internal: true },
  ),
  int(
    'group.share.session.timeout.ms',
    45_000,
    'Time without heartbeats after which a member of a share group is removed.',
    { min: 1 },
  ),
  int('group.share.min.session.timeout.ms', 45_000, 'Least share.session.timeout.ms of a group.', { min: 1 }),
  int('group.share.max.session.timeout.ms', 60_000, 'Greatest share.session.timeout.ms of a group.', { min: 1 }),
  int('group.share.heartbeat.interval.ms', 5000, 'Heartbeat interval given to members of share groups.', { min: 1 }),
  int('group.share.min.heartbeat.interval.ms', 5000, 'Least share.heartbeat.interval.ms of a group.', { min: 1 }),
  int('group.share.max.heartbeat.interval.ms', 15_000, 'Greatest share.heartbeat.interval.ms of a group.', { min: 1 }),
  int('group.share.max.size', 200, 'Members that a share group may have.', { min: 1, max: 1000, accepted: NOT_YET }),
  list('group.share.assignors', ['simple'], 'Assignors of share groups, the default first.', {
    nonEmpty: true,
    accepted: NOT_YET,
  }),
  int('group.share.assignment.interval.ms', 1000, 'Least time between two assignments of a share group.', {
    min: 0,
    dynamic: 'cluster',
  }),
  int('group.share.min.assignment.interval.ms', 0, 'Least share.assignment.interval.ms of a group.', { min: 0 }),
  int('group.share.max.assignment.interval.ms', 15_000, 'Greatest share.assignment.interval.ms of a group.', {
    min: 0,
  }),
  bool('group.share.assignor.offload.enable', true, "Computes assignments away from the coordinator's thread.", {
    dynamic: 'cluster',
    internal: true,
    accepted: OFFLOAD,
  }),
  int(
    'group.share.initialize.retry.interval.ms',
    30_000,
    "Time after which setting up a share partition's state is tried again.",
    { min: 1, internal: true, accepted: NOT_YET },
  ),
  bool(
    'errors.deadletterqueue.auto.create.topics.enable',
    false,
    'Creates the topic for rejected records when it is missing.',
    { dynamic: 'cluster', accepted: NOT_YET },
  ),
  string(
    'errors.deadletterqueue.topic.name.prefix',
    'dlq.',
    'What the names of topics for rejected records must begin with.',
    { dynamic: 'cluster', accepted: NOT_YET },
  ),
  int(
    'group.streams.session.timeout.ms',
    45_000,
    'Time without heartbeats after which a member of a streams group is removed.',
    { min: 1 },
  ),
  int('group.streams.min.session.timeout.ms', 45_000, 'Least streams.session.timeout.ms of a group.', { min: 1 }),
  int('group.streams.max.session.timeout.ms', 60_000, 'Greatest streams.session.timeout.ms of a group.', { min: 1 }),
  int('group.streams.heartbeat.interval.ms', 5000, 'Heartbeat interval given to members of streams groups.', {
    min: 1,
  }),
  int('group.streams.min.heartbeat.interval.ms', 5000, 'Least streams.heartbeat.interval.ms of a group.', { min: 1 }),
  int('group.streams.max.heartbeat.interval.ms', 15_000, 'Greatest streams.heartbeat.interval.ms of a group.', {
    min: 1,
  }),
  int('group.streams.max.size', INT_MAX, 'Members that a streams group may have.', { min: 1, accepted: NOT_YET }),
  int('group.streams.num.standby.replicas', 0, 'Standby copies of each stateful task.', { min: 0 }),
  int('group.streams.max.standby.replicas', 2, 'Greatest streams.num.standby.replicas of a group.', { min: 0 }),
  int(
    'group.streams.initial.rebalance.delay.ms',
    3000,
    'Time for which an empty streams group waits for more members before its first assignment.',
    { min: 0 },
  ),
  int('group.streams.assignment.interval.ms', 1000, 'Least time between two assignments of a streams group.', {
    min: 0,
    dynamic: 'cluster',
  }),
  int('group.streams.min.assignment.interval.ms', 0, 'Least streams.assignment.interval.ms of a group.', { min: 0 }),
  int('group.streams.max.assignment.interval.ms', 15_000, 'Greatest streams.assignment.interval.ms of a group.', {
    min: 0,
  }),
  list('group.streams.assignors', ['sticky'], 'Assignors of streams groups, the default first.', {
    nonEmpty: true,
    accepted: NOT_YET,
  }),
  bool('group.streams.assignor.offload.enable', true, "Computes assignments away from the coordinator's thread.", {
    dynamic: 'cluster',
    internal: true,
    accepted: OFFLOAD,
  }),
  int('group.streams.task.offset.interval.ms', 60_000, 'Time between two reports of task offsets by a member.', {
    min: 1,
    internal: true,
  }),
  int('group.streams.min.task.offset.interval.ms', 15_000, 'Least streams.task.offset.interval.ms of a group.', {
    min: 1,
    internal: true,
  }),
  int('group.streams.num.warmup.replicas', 2, 'Tasks that may warm up elsewhere before they move.', {
    min: 0,
    internal: true,
  }),
  int('group.streams.max.warmup.replicas', 20, 'Greatest streams.num.warmup.replicas of a group.', {
    min: 0,
    internal: true,
  }),
  list('group.streams.rack.aware.assignment.tags', [], 'Client tags over which standby copies are spread.'),
  classOf('group.streams.topology.description.plugin.class', null, 'Class that receives descriptions of topologies.', {
    accepted: JAVA,
  }),
  long('group.streams.acceptable.recovery.lag', 10_000, 'Records that a task may lag and still count as caught up.', {
    min: 0,
    internal: true,
  }),
] as const;
