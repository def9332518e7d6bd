/** The group coordinator's settings, read from the broker's at each use. Control thread. */
import type { BrokerConfig, ConfigTexts } from '../config/broker-config.ts';
import { effectiveGroupConfig } from '../config/group-config.ts';
import type { ConsumerGroupConfig, GroupConfig, MigrationPolicy } from '../coordinator/group/group-config.ts';

const MINUTE_MS = 60_000;

export interface GroupSettingsSources {
  config(): BrokerConfig;
  offsetsTopicPartitions(): number;
  /** What was set for one group (config resource GROUP). */
  groupTexts(groupId: string): ConfigTexts;
}

export function groupSettings(sources: GroupSettingsSources): GroupConfig {
  const { config, offsetsTopicPartitions, groupTexts } = sources;
  return {
    get offsetsTopicPartitions() {
      return offsetsTopicPartitions();
    },
    get offsetMetadataMaxBytes() {
      return config().int('offset.metadata.max.bytes');
    },
    get offsetsCommitTimeoutMs() {
      return config().int('offsets.commit.timeout.ms');
    },
    get offsetsRetentionMs() {
      return config().int('offsets.retention.minutes') * MINUTE_MS;
    },
    get offsetsRetentionCheckIntervalMs() {
      return config().long('offsets.retention.check.interval.ms');
    },
    get minSessionTimeoutMs() {
      return config().int('group.min.session.timeout.ms');
    },
    get maxSessionTimeoutMs() {
      return config().int('group.max.session.timeout.ms');
    },
    get initialRebalanceDelayMs() {
      return config().int('group.initial.rebalance.delay.ms');
    },
    get maxSize() {
      return config().int('group.max.size');
    },
    consumer: consumerGroupSettings(config),
    consumerOverrides: (groupId) => {
      const texts = groupTexts(groupId);
      if (texts.size === 0) return {};
      const group = effectiveGroupConfig(texts, config());
      return {
        sessionTimeoutMs: group.consumerSessionTimeoutMs,
        heartbeatIntervalMs: group.consumerHeartbeatIntervalMs,
        assignmentIntervalMs: group.consumerAssignmentIntervalMs,
      };
    },
  };
}

function consumerGroupSettings(config: () => BrokerConfig): ConsumerGroupConfig {
  return {
    get sessionTimeoutMs() {
      return config().int('group.consumer.session.timeout.ms');
    },
    get heartbeatIntervalMs() {
      return config().int('group.consumer.heartbeat.interval.ms');
    },
    get maxSize() {
      return config().int('group.consumer.max.size');
    },
    get assignors() {
      return config().list('group.consumer.assignors');
    },
    get migrationPolicy() {
      return config().string('group.consumer.migration.policy').toUpperCase() as MigrationPolicy;
    },
    get assignmentIntervalMs() {
      return config().int('group.consumer.assignment.interval.ms');
    },
    get regexRefreshIntervalMs() {
      return config().int('group.consumer.regex.refresh.interval.ms');
    },
  };
}
