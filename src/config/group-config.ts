/**
 * The settings of one group: what the group overrides, else what the broker's settings say, kept within the broker's
 * bounds. Pure; any thread.
 *
 *     effectiveGroupConfig(overrides: ConfigTexts, config: BrokerConfig): GroupConfig
 */
import type { BrokerConfig, ConfigTexts } from './broker-config.ts';
import type { BrokerConfigNameOf } from './broker-configs.ts';
import type { ConfigDefinition, ConfigValue } from './config-definition.ts';
import { canonicalText, isProblem, type ParsedConfig, parseConfigValue } from './config-value.ts';
import { GROUP_CONFIGS } from './group-configs.ts';

export interface GroupConfig {
  readonly consumerSessionTimeoutMs: number;
  readonly consumerHeartbeatIntervalMs: number;
  readonly consumerAssignmentIntervalMs: number;
  readonly shareSessionTimeoutMs: number;
  readonly shareHeartbeatIntervalMs: number;
  readonly shareRecordLockDurationMs: number;
  readonly shareDeliveryCountLimit: number;
  readonly sharePartitionMaxRecordLocks: number;
  /** latest, earliest, or by_duration:<ISO 8601 duration> */
  readonly shareAutoOffsetReset: string;
  readonly shareIsolationLevel: 'read_committed' | 'read_uncommitted';
  readonly shareRenewAcknowledgeEnable: boolean;
  readonly shareAssignmentIntervalMs: number;
  readonly streamsSessionTimeoutMs: number;
  readonly streamsHeartbeatIntervalMs: number;
  readonly streamsNumStandbyReplicas: number;
  readonly streamsInitialRebalanceDelayMs: number;
  readonly streamsAssignmentIntervalMs: number;
  readonly streamsTaskOffsetIntervalMs: number;
  readonly streamsNumWarmupReplicas: number;
  readonly streamsRackAwareAssignmentTags: readonly string[];
  readonly streamsAcceptableRecoveryLag: number;
  /** null: the first of group.streams.assignors. */
  readonly streamsAssignorName: string | null;
  readonly errorsDeadletterqueueTopicName: string;
  readonly errorsDeadletterqueueCopyRecordEnable: boolean;
}

export type GroupConfigName = (typeof GROUP_CONFIGS)[number]['name'];
type BoundName = BrokerConfigNameOf<number>;

/** The broker's settings between which a group's value must lie. */
export const GROUP_CONFIG_BOUNDS: ReadonlyMap<string, { readonly min?: BoundName; readonly max?: BoundName }> = new Map(
  [
    [
      'consumer.session.timeout.ms',
      bounds('group.consumer.min.session.timeout.ms', 'group.consumer.max.session.timeout.ms'),
    ],
    [
      'consumer.heartbeat.interval.ms',
      bounds('group.consumer.min.heartbeat.interval.ms', 'group.consumer.max.heartbeat.interval.ms'),
    ],
    [
      'consumer.assignment.interval.ms',
      bounds('group.consumer.min.assignment.interval.ms', 'group.consumer.max.assignment.interval.ms'),
    ],
    ['share.session.timeout.ms', bounds('group.share.min.session.timeout.ms', 'group.share.max.session.timeout.ms')],
    [
      'share.heartbeat.interval.ms',
      bounds('group.share.min.heartbeat.interval.ms', 'group.share.max.heartbeat.interval.ms'),
    ],
    [
      'share.record.lock.duration.ms',
      bounds('group.share.min.record.lock.duration.ms', 'group.share.max.record.lock.duration.ms'),
    ],
    [
      'share.delivery.count.limit',
      bounds('group.share.min.delivery.count.limit', 'group.share.max.delivery.count.limit'),
    ],
    [
      'share.partition.max.record.locks',
      bounds('group.share.min.partition.max.record.locks', 'group.share.max.partition.max.record.locks'),
    ],
    [
      'share.assignment.interval.ms',
      bounds('group.share.min.assignment.interval.ms', 'group.share.max.assignment.interval.ms'),
    ],
    [
      'streams.session.timeout.ms',
      bounds('group.streams.min.session.timeout.ms', 'group.streams.max.session.timeout.ms'),
    ],
    [
      'streams.heartbeat.interval.ms',
      bounds('group.streams.min.heartbeat.interval.ms', 'group.streams.max.heartbeat.interval.ms'),
    ],
    [
      'streams.assignment.interval.ms',
      bounds('group.streams.min.assignment.interval.ms', 'group.streams.max.assignment.interval.ms'),
    ],
    ['streams.num.standby.replicas', bounds(undefined, 'group.streams.max.standby.replicas')],
    ['streams.num.warmup.replicas', bounds(undefined, 'group.streams.max.warmup.replicas')],
    ['streams.task.offset.interval.ms', bounds('group.streams.min.task.offset.interval.ms', undefined)],
  ],
);

function bounds(min: BoundName | undefined, max: BoundName | undefined): { min?: BoundName; max?: BoundName } {
  return { min, max };
}

const BY_NAME: ReadonlyMap<string, ConfigDefinition> = new Map(
  GROUP_CONFIGS.map((definition) => [definition.name, definition as ConfigDefinition]),
);

export const groupConfigDefinition = (name: string): ConfigDefinition | undefined => BY_NAME.get(name);

/** What a group without an override gets. */
export function groupConfigDefault(name: string, config: BrokerConfig): ParsedConfig {
  const definition = BY_NAME.get(name)!;
  const value = brokerValue(definition, config);
  return { value, text: canonicalText(definition, value) ?? '' };
}

/** Never throws: an override that does not parse (any more) counts as not given. */
export function effectiveGroupConfig(overrides: ConfigTexts, config: BrokerConfig): GroupConfig {
  const read = (name: GroupConfigName): ConfigValue => {
    const definition = BY_NAME.get(name)!;
    const text = overrides.get(name);
    const parsed = text === undefined ? undefined : parseConfigValue(definition, text);
    if (!parsed || isProblem(parsed)) return brokerValue(definition, config);
    return typeof parsed.value === 'number' ? withinBounds(name, parsed.value, config) : parsed.value;
  };
  const number = (name: GroupConfigName): number => read(name) as number;
  return {
    consumerSessionTimeoutMs: number('consumer.session.timeout.ms'),
    consumerHeartbeatIntervalMs: number('consumer.heartbeat.interval.ms'),
    consumerAssignmentIntervalMs: number('consumer.assignment.interval.ms'),
    shareSessionTimeoutMs: number('share.session.timeout.ms'),
    shareHeartbeatIntervalMs: number('share.heartbeat.interval.ms'),
    shareRecordLockDurationMs: number('share.record.lock.duration.ms'),
    shareDeliveryCountLimit: number('share.delivery.count.limit'),
    sharePartitionMaxRecordLocks: number('share.partition.max.record.locks'),
    shareAutoOffsetReset: read('share.auto.offset.reset') as string,
    shareIsolationLevel: read('share.isolation.level') as GroupConfig['shareIsolationLevel'],
    shareRenewAcknowledgeEnable: read('share.renew.acknowledge.enable') as boolean,
    shareAssignmentIntervalMs: number('share.assignment.interval.ms'),
    streamsSessionTimeoutMs: number('streams.session.timeout.ms'),
    streamsHeartbeatIntervalMs: number('streams.heartbeat.interval.ms'),
    streamsNumStandbyReplicas: number('streams.num.standby.replicas'),
    streamsInitialRebalanceDelayMs: number('streams.initial.rebalance.delay.ms'),
    streamsAssignmentIntervalMs: number('streams.assignment.interval.ms'),
    streamsTaskOffsetIntervalMs: number('streams.task.offset.interval.ms'),
    streamsNumWarmupReplicas: number('streams.num.warmup.replicas'),
    streamsRackAwareAssignmentTags: read('streams.rack.aware.assignment.tags') as readonly string[],
    streamsAcceptableRecoveryLag: number('streams.acceptable.recovery.lag'),
    streamsAssignorName: read('streams.assignor.name') as string | null,
    errorsDeadletterqueueTopicName: read('errors.deadletterqueue.topic.name') as string,
    errorsDeadletterqueueCopyRecordEnable: read('errors.deadletterqueue.copy.record.enable') as boolean,
  };
}

function withinBounds(name: string, value: number, config: BrokerConfig): number {
  const { min, max } = GROUP_CONFIG_BOUNDS.get(name) ?? {};
  const atLeast = min === undefined ? value : Math.max(value, config.int(min));
  return max === undefined ? atLeast : Math.min(atLeast, config.int(max));
}

function brokerValue(definition: ConfigDefinition, config: BrokerConfig): ConfigValue {
  if (definition.synonym === undefined) return definition.defaultValue;
  return config.get(definition.synonym as Parameters<BrokerConfig['get']>[0]);
}
