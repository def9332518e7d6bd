/** Settings of one group. `synonym` names the broker setting that holds the default. Data only; any thread. */
import { OFFLOAD } from './accepted-reasons.ts';
import { bool, int, list, long, SHARE_OFFSET_RESET, string } from './config-definition.ts';

export const GROUP_CONFIGS = [
  int('consumer.session.timeout.ms', 45_000, 'Time without heartbeats after which a member is removed.', {
    min: 1,
    synonym: 'group.consumer.session.timeout.ms',
  }),
  int('consumer.heartbeat.interval.ms', 5000, 'Heartbeat interval given to the members.', {
    min: 1,
    synonym: 'group.consumer.heartbeat.interval.ms',
  }),
  int('consumer.assignment.interval.ms', 1000, 'Least time between two assignments.', {
    min: 0,
    synonym: 'group.consumer.assignment.interval.ms',
  }),
  bool('consumer.assignor.offload.enable', true, "Computes assignments away from the coordinator's thread.", {
    synonym: 'group.consumer.assignor.offload.enable',
    internal: true,
    accepted: OFFLOAD,
  }),
  int('share.session.timeout.ms', 45_000, 'Time without heartbeats after which a member is removed.', {
    min: 1,
    synonym: 'group.share.session.timeout.ms',
  }),
  int('share.heartbeat.interval.ms', 5000, 'Heartbeat interval given to the members.', {
    min: 1,
    synonym: 'group.share.heartbeat.interval.ms',
  }),
  int('share.record.lock.duration.ms', 30_000, 'Time for which a record is acquired by one consumer.', {
    min: 1000,
    synonym: 'group.share.record.lock.duration.ms',
  }),
  int('share.delivery.count.limit', 5, 'Deliveries of a record before it is given up.', {
    min: 2,
    synonym: 'group.share.delivery.count.limit',
  }),
  int('share.partition.max.record.locks', 2000, 'Records of one partition that may be in flight.', {
    min: 100,
    synonym: 'group.share.partition.max.record.locks',
  }),
  string(
    'share.auto.offset.reset',
    'latest',
    'Where a share group begins: latest, earliest, or by_duration: and an ISO 8601 duration.',
    { pattern: SHARE_OFFSET_RESET },
  ),
  string(
    'share.isolation.level',
    'read_uncommitted',
    'Whether records of open and aborted transactions are delivered.',
    { oneOf: ['read_committed', 'read_uncommitted'] },
  ),
  bool('share.renew.acknowledge.enable', true, 'Lets a consumer renew the lock of a record.'),
  int('share.assignment.interval.ms', 1000, 'Least time between two assignments.', {
    min: 0,
    synonym: 'group.share.assignment.interval.ms',
  }),
  bool('share.assignor.offload.enable', true, "Computes assignments away from the coordinator's thread.", {
    synonym: 'group.share.assignor.offload.enable',
    internal: true,
    accepted: OFFLOAD,
  }),
  int('streams.session.timeout.ms', 45_000, 'Time without heartbeats after which a member is removed.', {
    min: 1,
    synonym: 'group.streams.session.timeout.ms',
  }),
  int('streams.heartbeat.interval.ms', 5000, 'Heartbeat interval given to the members.', {
    min: 1,
    synonym: 'group.streams.heartbeat.interval.ms',
  }),
  int('streams.num.standby.replicas', 0, 'Standby copies of each stateful task.', {
    min: 0,
    synonym: 'group.streams.num.standby.replicas',
  }),
  int(
    'streams.initial.rebalance.delay.ms',
    3000,
    'Time for which an empty group waits for more members before its first assignment.',
    { min: 0, synonym: 'group.streams.initial.rebalance.delay.ms' },
  ),
  int('streams.assignment.interval.ms', 1000, 'Least time between two assignments.', {
    min: 0,
    synonym: 'group.streams.assignment.interval.ms',
  }),
  bool('streams.assignor.offload.enable', true, "Computes assignments away from the coordinator's thread.", {
    synonym: 'group.streams.assignor.offload.enable',
    internal: true,
    accepted: OFFLOAD,
  }),
  int('streams.task.offset.interval.ms', 60_000, 'Time between two reports of task offsets by a member.', {
    min: 1,
    synonym: 'group.streams.task.offset.interval.ms',
    internal: true,
  }),
  int('streams.num.warmup.replicas', 2, 'Tasks that may warm up elsewhere before they move.', {
    min: 0,
    synonym: 'group.streams.num.warmup.replicas',
    internal: true,
  }),
  list('streams.rack.aware.assignment.tags', [], 'Client tags over which standby copies are spread.', {
    synonym: 'group.streams.rack.aware.assignment.tags',
  }),
  long('streams.acceptable.recovery.lag', 10_000, 'Records that a task may lag and still count as caught up.', {
    min: 0,
    synonym: 'group.streams.acceptable.recovery.lag',
    internal: true,
  }),
  string('streams.assignor.name', null, "Assignor of the group; without it the broker's default."),
  string('errors.deadletterqueue.topic.name', '', 'Topic for records that the group rejects.'),
  bool(
    'errors.deadletterqueue.copy.record.enable',
    false,
    'Writes key and value of the rejected record too, not only where it stood.',
  ),
] as const;
