/**
 * Checks of settings that clients want to change. Each function returns what is wrong, nothing when all is well; the
 * caller answers INVALID_CONFIG with the first problem. Pure; control thread.
 *
 *     validateTopicConfigs(texts, config)                     the topic's complete overrides after the change
 *     validateDynamicBrokerConfigs(texts, perBroker)          perBroker: the resource names one broker
 *     validateGroupConfigs(texts, config)
 *     validateClientMetricsConfigs(texts)
 *     knownConfigType(resource, name)                         for APPEND and SUBTRACT, which only a LIST allows
 */
import type { BrokerConfig } from './broker-config.ts';
import { brokerConfigDefinitionOf } from './broker-configs.ts';
import { CLIENT_METRICS_CONFIGS } from './client-metrics-configs.ts';
import type { ConfigDefinition, ConfigType } from './config-definition.ts';
import { type ConfigProblem, isProblem, parseConfigValue, splitList } from './config-value.ts';
import { effectiveGroupConfig, GROUP_CONFIG_BOUNDS, groupConfigDefinition } from './group-config.ts';
import { effectiveTopicConfig, topicConfigDefinition } from './topic-config.ts';

/** Settings by name, as requests carry them. */
export type RequestedConfigs = ReadonlyMap<string, string | null>;

export function validateTopicConfigs(texts: RequestedConfigs, config: BrokerConfig): ConfigProblem[] {
  const problems = validateEach(texts, topicConfigDefinition, 'topic');
  return problems.length > 0 ? problems : topicConflicts(present(texts), config);
}

export function validateDynamicBrokerConfigs(texts: RequestedConfigs, perBroker: boolean): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const [name, text] of texts) {
    const definition = brokerConfigDefinitionOf(name);
    const problem =
      scopeProblem(name, definition, perBroker) ?? (text === null ? nullProblem(name, 'broker') : undefined);
    if (problem) {
      problems.push(problem);
      continue;
    }
    // A name that no table knows may belong to a plug-in and is stored, as Kafka does.
    const parsed = definition && parseConfigValue(definition, text!);
    if (parsed && isProblem(parsed)) problems.push({ ...parsed, name });
    if (name === 'log.retention.ms' && text!.trim() === '0') {
      problems.push({ name, problem: `Invalid value 0 for configuration ${name}: give -1 (no bound) or at least 1` });
    }
  }
  return problems;
}

export function validateGroupConfigs(texts: RequestedConfigs, config: BrokerConfig): ConfigProblem[] {
  const problems = validateEach(texts, groupConfigDefinition, 'group');
  if (problems.length > 0) return problems;
  for (const [name, text] of texts) {
    const { min, max } = GROUP_CONFIG_BOUNDS.get(name) ?? {};
    const value = Number(text);
    if (min !== undefined && value < config.int(min)) {
      problems.push({ name, problem: `${name} must be greater than or equal to ${min} (${config.int(min)})` });
    }
    if (max !== undefined && value > config.int(max)) {
      problems.push({ name, problem: `${name} must be less than or equal to ${max} (${config.int(max)})` });
    }
  }
  return problems.length > 0 ? problems : groupConflicts(present(texts), config);
}

/** Longest regular expression that a subscription may match clients with. */
const MATCH_PATTERN_CHARS_MAX = 1024;
const MATCH_SELECTORS = [
  'client_instance_id',
  'client_id',
  'client_software_name',
  'client_software_version',
  'client_source_address',
  'client_source_port',
];
const CLIENT_METRICS_BY_NAME: ReadonlyMap<string, ConfigDefinition> = new Map(
  CLIENT_METRICS_CONFIGS.map((definition) => [definition.name, definition as ConfigDefinition]),
);

export function validateClientMetricsConfigs(texts: RequestedConfigs): ConfigProblem[] {
  const problems = validateEach(texts, (name) => CLIENT_METRICS_BY_NAME.get(name), 'client metrics');
  const match = texts.get('match');
  if (problems.length > 0 || !match) return problems;
  for (const element of splitList(match)) {
    const problem = selectorProblem(element);
    if (problem)
      problems.push({ name: 'match', problem: `Invalid value ${element} for configuration match: ${problem}` });
  }
  return problems;
}

export type ConfigResource = 'topic' | 'broker' | 'group' | 'client-metrics';

/** The type of a setting; undefined when the resource has none of that name. */
export function knownConfigType(resource: ConfigResource, name: string): ConfigType | undefined {
  switch (resource) {
    case 'topic':
      return topicConfigDefinition(name)?.type;
    case 'broker':
      return brokerConfigDefinitionOf(name)?.type;
    case 'group':
      return groupConfigDefinition(name)?.type;
    case 'client-metrics':
      return CLIENT_METRICS_BY_NAME.get(name)?.type;
  }
}

function validateEach(
  texts: RequestedConfigs,
  definitionOf: (name: string) => ConfigDefinition | undefined,
  resource: string,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const [name, text] of texts) {
    const definition = definitionOf(name);
    if (!definition) {
      problems.push({ name, problem: `Unknown ${resource} config name: ${name}` });
    } else if (text === null) {
      problems.push(nullProblem(name, resource));
    } else {
      const parsed = parseConfigValue(definition, text);
      if (isProblem(parsed)) problems.push(parsed);
    }
  }
  return problems;
}

const nullProblem = (name: string, resource: string): ConfigProblem => ({
  name,
  problem: `Null value not supported for ${resource} configs: ${name}`,
});

function scopeProblem(
  name: string,
  definition: ConfigDefinition | undefined,
  perBroker: boolean,
): ConfigProblem | undefined {
  if (definition && definition.dynamic === undefined) {
    return {
      name,
      problem: `Cannot update ${name} while the broker runs; set it in the broker's properties and restart`,
    };
  }
  const forOneBroker = definition && (definition.dynamic === 'broker' || definition.name !== name);
  if (forOneBroker && !perBroker) {
    return { name, problem: `Cannot update ${name} for the whole cluster; it can be set for one broker only` };
  }
  return undefined;
}

function topicConflicts(texts: ReadonlyMap<string, string>, config: BrokerConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const log = effectiveTopicConfig(texts, config);
  if (log.minCompactionLagMs > log.maxCompactionLagMs) {
    problems.push({
      name: 'min.compaction.lag.ms',
      problem: `min.compaction.lag.ms (${log.minCompactionLagMs}) is greater than max.compaction.lag.ms (${log.maxCompactionLagMs})`,
    });
  }
  if (!log.remoteStorageEnable) return problems;
  if (!config.boolean('remote.log.storage.system.enable')) {
    problems.push({
      name: 'remote.storage.enable',
      problem: 'Tiered storage is not on in this broker: remote.log.storage.system.enable is false',
    });
  }
  if (log.cleanupCompact) {
    problems.push({ name: 'remote.storage.enable', problem: 'A compacted topic cannot use remote storage' });
  }
  for (const [name, local, total] of [
    ['local.retention.ms', log.localRetentionMs, log.retentionMs],
    ['local.retention.bytes', log.localRetentionBytes, log.retentionBytes],
  ] as const) {
    if (total !== -1 && (local === -1 || local > total)) {
      const whole = name.slice('local.'.length);
      problems.push({ name, problem: `${name} (${local}) must not be greater than ${whole} (${total})` });
    }
  }
  return problems;
}

function groupConflicts(texts: ReadonlyMap<string, string>, config: BrokerConfig): ConfigProblem[] {
  const group = effectiveGroupConfig(texts, config);
  const problems: ConfigProblem[] = [];
  for (const [kind, heartbeatMs, sessionMs] of [
    ['consumer', group.consumerHeartbeatIntervalMs, group.consumerSessionTimeoutMs],
    ['share', group.shareHeartbeatIntervalMs, group.shareSessionTimeoutMs],
    ['streams', group.streamsHeartbeatIntervalMs, group.streamsSessionTimeoutMs],
  ] as const) {
    if (heartbeatMs < sessionMs) continue;
    const name = `${kind}.heartbeat.interval.ms`;
    problems.push({
      name,
      problem: `${name} (${heartbeatMs}) must be less than ${kind}.session.timeout.ms (${sessionMs})`,
    });
  }
  return problems;
}

function selectorProblem(element: string): string | undefined {
  const [, selector, pattern] = /^([^=]+)=(.+)$/.exec(element) ?? [];
  if (selector === undefined) return 'give selector=regular expression';
  if (!MATCH_SELECTORS.includes(selector.trim())) return `the selector must be one of ${MATCH_SELECTORS.join(', ')}`;
  if (pattern.length > MATCH_PATTERN_CHARS_MAX) return `a pattern has at most ${MATCH_PATTERN_CHARS_MAX} characters`;
  try {
    new RegExp(pattern.trim());
    return undefined;
  } catch {
    return 'not a regular expression';
  }
}

function present(texts: RequestedConfigs): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, text] of texts) if (text !== null) found.set(name, text);
  return found;
}
