/**
 * Checks of settings that clients want to change. Each function returns what is wrong, nothing when all is well; the
 * caller answers the code and text of the first problem. Pure; control thread.
 *
 *     validateTopicConfigs(texts, config)                     the topic's complete overrides after the change
 *     validateDynamicBrokerConfigs(texts, perBroker, config)  perBroker: the resource names one broker
 *     validateGroupConfigs(texts, config)
 *     validateClientMetricsConfigs(texts)
 */
import type { BrokerConfig } from './broker-config.ts';
import { brokerConfigDefinitionOf } from './broker-configs.ts';
import { clientMatchFault, clientMetricsDefinition } from './client-metrics-config.ts';
import type { ConfigDefinition } from './config-definition.ts';
import { badConfig, badRequest, type ConfigProblem, isProblem, parseConfigValue } from './config-value.ts';
import { dynamicChangeFault, LISTENER_LIMITS } from './dynamic-broker-rules.ts';
import { effectiveGroupConfig, GROUP_CONFIG_BOUNDS, groupConfigDefinition } from './group-config.ts';
import { effectiveTopicConfig, topicConfigDefinition } from './topic-config.ts';

/** Settings by name, as requests carry them. */
export type RequestedConfigs = ReadonlyMap<string, string | null>;

export function validateTopicConfigs(texts: RequestedConfigs, config: BrokerConfig): ConfigProblem[] {
  const problems = validateEach(texts, topicConfigDefinition, 'topic');
  return problems.length > 0 ? problems : topicConflicts(present(texts), config);
}

export function validateDynamicBrokerConfigs(
  texts: RequestedConfigs,
  perBroker: boolean,
  config: BrokerConfig,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const name of texts.keys()) {
    const definition = brokerConfigDefinitionOf(name);
    const problem = scopeProblem(name, definition, perBroker) ?? valueProblem(name, definition, texts, config);
    if (problem) problems.push(problem);
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
      problems.push(badConfig(name, `${name} must be greater than or equal to ${min} (${config.int(min)})`));
    }
    if (max !== undefined && value > config.int(max)) {
      problems.push(badConfig(name, `${name} must be less than or equal to ${max} (${config.int(max)})`));
    }
  }
  return problems.length > 0 ? problems : groupConflicts(present(texts), config);
}

/** As in Kafka, what is out of range or unknown is INVALID_REQUEST, what cannot be parsed INVALID_CONFIG. */
export function validateClientMetricsConfigs(texts: RequestedConfigs): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const [name, text] of texts) {
    const definition = clientMetricsDefinition(name);
    if (!definition) {
      problems.push(badRequest(name, `Unknown client metrics config name: ${name}`));
      continue;
    }
    const { min: _, max: __, ...unbounded } = definition;
    const unparsed = parseConfigValue(unbounded, text ?? '');
    const parsed = parseConfigValue(definition, text ?? '');
    if (isProblem(unparsed)) problems.push(unparsed);
    else if (isProblem(parsed)) problems.push(badRequest(name, parsed.problem));
  }
  const fault = clientMatchFault(texts.get('match') ?? '');
  return fault === null ? problems : [...problems, badConfig('match', fault)];
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
      problems.push(badConfig(name, `Unknown ${resource} config name: ${name}`));
    } else if (text === null) {
      problems.push(badConfig(name, `Null value not supported for ${resource} configs: ${name}`));
    } else {
      const parsed = parseConfigValue(definition, text);
      if (isProblem(parsed)) problems.push(parsed);
    }
  }
  return problems;
}

/** Key and trust stores belong to listeners: they change under a listener's prefix only, as in Kafka. */
const LISTENER_ONLY = /^ssl\.(keystore|truststore|key)\./;

function scopeProblem(
  name: string,
  definition: ConfigDefinition | undefined,
  perBroker: boolean,
): ConfigProblem | undefined {
  if (!perBroker && name.startsWith('listener.name.') && !LISTENER_LIMITS.has(definition?.name ?? '')) {
    return badRequest(name, `Cannot update ${name} for the whole cluster; it can be set for one broker only`);
  }
  if (!definition) return undefined;
  if (definition.dynamic === undefined) {
    return badRequest(name, `Cannot update ${name} while the broker runs; set it in its properties and restart`);
  }
  if (LISTENER_ONLY.test(name)) {
    return badRequest(name, `Cannot update ${name} for all listeners; set listener.name.<listener>.${name}`);
  }
  if (definition.dynamic === 'broker' && !perBroker) {
    return badRequest(name, `Cannot update ${name} for the whole cluster; it can be set for one broker only`);
  }
  return undefined;
}

/** A name that no table knows may belong to a plug-in; its value is stored as it is, as Kafka does. */
function valueProblem(
  name: string,
  definition: ConfigDefinition | undefined,
  texts: RequestedConfigs,
  config: BrokerConfig,
): ConfigProblem | undefined {
  const text = texts.get(name) ?? null;
  if (text === null) return badRequest(name, `Null value not supported for broker configs: ${name}`);
  if (!definition) return undefined;
  const parsed = parseConfigValue(definition, text);
  if (isProblem(parsed)) return badRequest(name, parsed.problem);
  const fault = dynamicChangeFault(name, definition.name, parsed.value, texts, config);
  return fault === undefined
    ? undefined
    : badRequest(name, `Invalid value ${parsed.text} for configuration ${name}: ${fault}`);
}

function topicConflicts(texts: ReadonlyMap<string, string>, config: BrokerConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const log = effectiveTopicConfig(texts, config);
  if (log.minCompactionLagMs > log.maxCompactionLagMs) {
    const lags = `min.compaction.lag.ms (${log.minCompactionLagMs}) is greater than max.compaction.lag.ms`;
    problems.push(badConfig('min.compaction.lag.ms', `${lags} (${log.maxCompactionLagMs})`));
  }
  if (!log.remoteStorageEnable) return problems;
  const name = 'remote.storage.enable';
  if (!config.boolean('remote.log.storage.system.enable')) {
    problems.push(badConfig(name, 'Remote storage is off in this broker: remote.log.storage.system.enable is false'));
  }
  if (log.cleanupCompact) problems.push(badConfig(name, 'A compacted topic cannot use remote storage'));
  for (const [local, localBound, whole, wholeBound] of [
    ['local.retention.ms', log.localRetentionMs, 'retention.ms', log.retentionMs],
    ['local.retention.bytes', log.localRetentionBytes, 'retention.bytes', log.retentionBytes],
  ] as const) {
    if (wholeBound === -1 || (localBound !== -1 && localBound <= wholeBound)) continue;
    problems.push(badConfig(local, `${local} (${localBound}) must not be greater than ${whole} (${wholeBound})`));
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
    problems.push(
      badConfig(name, `${name} (${heartbeatMs}) must be less than ${kind}.session.timeout.ms (${sessionMs})`),
    );
  }
  return problems;
}

function present(texts: RequestedConfigs): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, text] of texts) if (text !== null) found.set(name, text);
  return found;
}
