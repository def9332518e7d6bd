/** Broker settings of quotas. Data only; any thread. */
import { JAVA, NOT_YET } from './accepted-reasons.ts';
import { classOf, int, LONG_MAX, long } from './config-definition.ts';

export const QUOTA_CONFIGS = [
  int('quota.window.num', 11, 'Time windows over which client quotas are measured.', { min: 1, accepted: NOT_YET }),
  int('replication.quota.window.num', 11, 'Time windows over which replication quotas are measured.', {
    min: 1,
    accepted: NOT_YET,
  }),
  int(
    'alter.log.dirs.replication.quota.window.num',
    11,
    'Time windows over which moves between data folders are measured.',
    { min: 1, accepted: NOT_YET },
  ),
  int('controller.quota.window.num', 11, "Time windows over which the controller's quotas are measured.", {
    min: 1,
    accepted: NOT_YET,
  }),
  int('quota.window.size.seconds', 1, 'Length of such a window for client quotas.', { min: 1, accepted: NOT_YET }),
  int('replication.quota.window.size.seconds', 1, 'Length of such a window for replication quotas.', {
    min: 1,
    accepted: NOT_YET,
  }),
  int(
    'alter.log.dirs.replication.quota.window.size.seconds',
    1,
    'Length of such a window for moves between data folders.',
    { min: 1, accepted: NOT_YET },
  ),
  int('controller.quota.window.size.seconds', 1, "Length of such a window for the controller's quotas.", {
    min: 1,
    accepted: NOT_YET,
  }),
  classOf('client.quota.callback.class', null, 'Class that decides quotas.', { accepted: JAVA }),
  long('leader.replication.throttled.rate', LONG_MAX, 'Bytes a second that throttled leader replicas may send.', {
    min: 0,
    dynamic: 'cluster',
    dynamicOnly: true,
    accepted: NOT_YET,
  }),
  long('follower.replication.throttled.rate', LONG_MAX, 'Bytes a second that throttled follower replicas may fetch.', {
    min: 0,
    dynamic: 'cluster',
    dynamicOnly: true,
    accepted: NOT_YET,
  }),
  long('replica.alter.log.dirs.io.max.bytes.per.second', LONG_MAX, 'Bytes a second for moves between data folders.', {
    min: 0,
    dynamic: 'cluster',
    dynamicOnly: true,
  }),
] as const;
