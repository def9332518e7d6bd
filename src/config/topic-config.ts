/**
 * The settings of one topic as the log uses them: what the topic overrides, else what the broker's settings say. Pure;
 * any thread. Made on the control thread at each change and sent to the storage workers.
 *
 *     effectiveTopicConfig(overrides: ConfigTexts, config: BrokerConfig): LogConfig
 *     topicConfigDefinition(name): ConfigDefinition | undefined
 *     topicConfigDefault(name, config): ParsedConfig            the broker's value for topics without an override
 */
import type { BrokerConfig, ConfigTexts } from './broker-config.ts';
import { brokerConfigDefinition } from './broker-configs.ts';
import type { ConfigDefinition, ConfigValue } from './config-definition.ts';
import { canonicalText, isProblem, type ParsedConfig, parseConfigValue } from './config-value.ts';
import { TOPIC_CONFIGS } from './topic-configs.ts';

export type CompressionType = 'uncompressed' | 'zstd' | 'lz4' | 'snappy' | 'gzip' | 'producer';

/** Bytes, milliseconds and counts are numbers; Long.MAX ("never") is 2^63. */
export interface LogConfig {
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly segmentJitterMs: number;
  readonly segmentIndexBytes: number;
  readonly flushMessages: number;
  readonly flushMs: number;
  /** -1: no bound. */
  readonly retentionBytes: number;
  /** -1: no bound. */
  readonly retentionMs: number;
  readonly maxMessageBytes: number;
  readonly indexIntervalBytes: number;
  readonly deleteRetentionMs: number;
  readonly minCompactionLagMs: number;
  readonly maxCompactionLagMs: number;
  readonly fileDeleteDelayMs: number;
  readonly minCleanableDirtyRatio: number;
  /** cleanup.policy has "delete". Neither is possible too: nothing but DeleteRecords moves the log start. */
  readonly cleanupDelete: boolean;
  /** cleanup.policy has "compact". */
  readonly cleanupCompact: boolean;
  readonly uncleanLeaderElectionEnable: boolean;
  readonly minInsyncReplicas: number;
  readonly compressionType: CompressionType;
  readonly compressionGzipLevel: number;
  readonly compressionLz4Level: number;
  readonly compressionZstdLevel: number;
  readonly preallocate: boolean;
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime';
  readonly messageTimestampBeforeMaxMs: number;
  readonly messageTimestampAfterMaxMs: number;
  readonly leaderReplicationThrottledReplicas: readonly string[];
  readonly followerReplicationThrottledReplicas: readonly string[];
  readonly remoteStorageEnable: boolean;
  /** -2 is resolved to retentionMs. */
  readonly localRetentionMs: number;
  /** -2 is resolved to retentionBytes. */
  readonly localRetentionBytes: number;
  readonly remoteLogCopyDisable: boolean;
  readonly remoteCopyLagMs: number;
  readonly remoteCopyLagBytes: number;
  readonly remoteLogDeleteOnDisable: boolean;
  readonly errorsDeadletterqueueGroupEnable: boolean;
}

const BY_NAME: ReadonlyMap<string, ConfigDefinition> = new Map(
  TOPIC_CONFIGS.map((definition) => [definition.name, definition as ConfigDefinition]),
);

export const topicConfigDefinition = (name: string): ConfigDefinition | undefined => BY_NAME.get(name);

export type TopicConfigName = (typeof TOPIC_CONFIGS)[number]['name'];

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** What a topic without an override gets: the broker's setting, the units of its synonyms converted. */
export function topicConfigDefault(name: string, config: BrokerConfig): ParsedConfig {
  const definition = BY_NAME.get(name)!;
  const value = brokerValue(definition, config);
  return { value, text: canonicalText(definition, value) ?? '' };
}

/** Never throws: an override that does not parse (any more) counts as not given. */
export function effectiveTopicConfig(overrides: ConfigTexts, config: BrokerConfig): LogConfig {
  const read = (name: TopicConfigName): ConfigValue => {
    const definition = BY_NAME.get(name)!;
    const text = overrides.get(name);
    const parsed = text === undefined ? undefined : parseConfigValue(definition, text);
    return parsed && !isProblem(parsed) ? parsed.value : brokerValue(definition, config);
  };
  const number = (name: TopicConfigName): number => read(name) as number;
  const boolean = (name: TopicConfigName): boolean => read(name) as boolean;
  const list = (name: TopicConfigName): readonly string[] => read(name) as readonly string[];
  const policy = list('cleanup.policy');
  const retentionMs = number('retention.ms');
  const retentionBytes = number('retention.bytes');
  const localRetentionMs = number('local.retention.ms');
  const localRetentionBytes = number('local.retention.bytes');
  return {
    segmentBytes: (read('internal.segment.bytes') as number | null) ?? number('segment.bytes'),
    segmentMs: number('segment.ms'),
    segmentJitterMs: number('segment.jitter.ms'),
    segmentIndexBytes: number('segment.index.bytes'),
    flushMessages: number('flush.messages'),
    flushMs: number('flush.ms'),
    retentionBytes,
    retentionMs,
    maxMessageBytes: number('max.message.bytes'),
    indexIntervalBytes: number('index.interval.bytes'),
    deleteRetentionMs: number('delete.retention.ms'),
    minCompactionLagMs: number('min.compaction.lag.ms'),
    maxCompactionLagMs: number('max.compaction.lag.ms'),
    fileDeleteDelayMs: number('file.delete.delay.ms'),
    minCleanableDirtyRatio: number('min.cleanable.dirty.ratio'),
    cleanupDelete: policy.includes('delete'),
    cleanupCompact: policy.includes('compact'),
    uncleanLeaderElectionEnable: boolean('unclean.leader.election.enable'),
    minInsyncReplicas: number('min.insync.replicas'),
    compressionType: read('compression.type') as CompressionType,
    compressionGzipLevel: number('compression.gzip.level'),
    compressionLz4Level: number('compression.lz4.level'),
    compressionZstdLevel: number('compression.zstd.level'),
    preallocate: boolean('preallocate'),
    messageTimestampType: read('message.timestamp.type') as LogConfig['messageTimestampType'],
    messageTimestampBeforeMaxMs: number('message.timestamp.before.max.ms'),
    messageTimestampAfterMaxMs: number('message.timestamp.after.max.ms'),
    leaderReplicationThrottledReplicas: list('leader.replication.throttled.replicas'),
    followerReplicationThrottledReplicas: list('follower.replication.throttled.replicas'),
    remoteStorageEnable: boolean('remote.storage.enable'),
    localRetentionMs: localRetentionMs === -2 ? retentionMs : localRetentionMs,
    localRetentionBytes: localRetentionBytes === -2 ? retentionBytes : localRetentionBytes,
    remoteLogCopyDisable: boolean('remote.log.copy.disable'),
    remoteCopyLagMs: number('remote.copy.lag.ms'),
    remoteCopyLagBytes: number('remote.copy.lag.bytes'),
    remoteLogDeleteOnDisable: boolean('remote.log.delete.on.disable'),
    errorsDeadletterqueueGroupEnable: boolean('errors.deadletterqueue.group.enable'),
  };
}

function brokerValue(definition: ConfigDefinition, config: BrokerConfig): ConfigValue {
  switch (definition.name) {
    case 'retention.ms': {
      const minutes = config.get('log.retention.minutes');
      const ms = config.get('log.retention.ms') ?? (minutes === null ? null : minutes * MINUTE_MS);
      return Math.max(ms ?? config.int('log.retention.hours') * HOUR_MS, -1);
    }
    case 'segment.ms':
      return config.get('log.roll.ms') ?? config.int('log.roll.hours') * HOUR_MS;
    case 'segment.jitter.ms':
      return config.get('log.roll.jitter.ms') ?? config.int('log.roll.jitter.hours') * HOUR_MS;
    case 'flush.ms':
      return config.get('log.flush.interval.ms') ?? config.get('log.flush.scheduler.interval.ms');
    default: {
      const synonym = definition.synonym;
      if (synonym === undefined || !brokerConfigDefinition(synonym)) return definition.defaultValue;
      return config.get(synonym as Parameters<BrokerConfig['get']>[0]);
    }
  }
}
