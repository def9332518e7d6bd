/**
 * The values of `group.*` and `offsets.*` that the group coordinator uses, read at each use, so that the object may
 * change under it. Control thread.
 */
export interface GroupConfig {
  /** offsets.topic.num.partitions; the internal topic's real count once it exists. Fixed while the coordinator lives. */
  readonly offsetsTopicPartitions: number;
  /** offset.metadata.max.bytes; Kafka counts characters. */
  readonly offsetMetadataMaxBytes: number;
  /** offsets.commit.timeout.ms: how long any write waits for its append. */
  readonly offsetsCommitTimeoutMs: number;
  /** offsets.retention.minutes, in milliseconds. */
  readonly offsetsRetentionMs: number;
  readonly offsetsRetentionCheckIntervalMs: number;
  /** group.min.session.timeout.ms */
  readonly minSessionTimeoutMs: number;
  /** group.max.session.timeout.ms */
  readonly maxSessionTimeoutMs: number;
  /** group.initial.rebalance.delay.ms */
  readonly initialRebalanceDelayMs: number;
  /** group.max.size */
  readonly maxSize: number;
  /** group.consumer.* */
  readonly consumer: ConsumerGroupConfig;
  /** What a single group says instead (config resource GROUP: consumer.session.timeout.ms and so on). */
  readonly consumerOverrides?: (groupId: string) => Partial<ConsumerGroupOverrides>;
}

export type ConsumerGroupOverrides = Pick<
  ConsumerGroupConfig,
  'sessionTimeoutMs' | 'heartbeatIntervalMs' | 'assignmentIntervalMs'
>;

/** A group's own setting, or that of all groups. */
export function consumerSetting(config: GroupConfig, groupId: string, name: keyof ConsumerGroupOverrides): number {
  return config.consumerOverrides?.(groupId)[name] ?? config.consumer[name];
}

export type MigrationPolicy = 'BIDIRECTIONAL' | 'UPGRADE' | 'DOWNGRADE' | 'DISABLED';

export interface ConsumerGroupConfig {
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly maxSize: number;
  /** Names of the assignors, the default one first. */
  readonly assignors: readonly string[];
  readonly migrationPolicy: MigrationPolicy;
  /** A group's target assignment is computed no more often than this. */
  readonly assignmentIntervalMs: number;
  /** Matches of regular expressions are refreshed no more often than this, unless the topics changed. */
  readonly regexRefreshIntervalMs: number;
}
