/** `ConfigRules` from the settings that `src/config` defines. Control thread. */
import type { BrokerConfig } from '../config/broker-config.ts';
import type { ConfigProblem } from '../config/config-value.ts';
import { describeTopicConfig } from '../config/describe-configs.ts';
import { groupConfigDefault } from '../config/group-config.ts';
import { topicConfigDefault } from '../config/topic-config.ts';
import {
  type ConfigResource,
  knownConfigType,
  validateClientMetricsConfigs,
  validateDynamicBrokerConfigs,
  validateGroupConfigs,
  validateTopicConfigs,
} from '../config/validate-configs.ts';
import { ConfigResourceType, type ConfigValues } from '../metadata/configs-image.ts';
import type { ConfigFault, ConfigRules, EffectiveConfig } from './config-rules.ts';

const RESOURCES: ReadonlyMap<number, ConfigResource> = new Map([
  [ConfigResourceType.TOPIC, 'topic'],
  [ConfigResourceType.BROKER, 'broker'],
  [ConfigResourceType.GROUP, 'group'],
  [ConfigResourceType.CLIENT_METRICS, 'client-metrics'],
]);

/** Why listeners cannot go on with the settings of which those names are new; null when they can. */
export type ListenerFault = (config: BrokerConfig, changed: readonly string[]) => string | null;

export class KafkaConfigRules implements ConfigRules {
  readonly #config: () => BrokerConfig;
  readonly #listenerFault: ListenerFault;

  /** `config` gives the broker's settings as they are now; `listenerFault` says what its listeners make of others. */
  constructor(config: () => BrokerConfig, listenerFault: ListenerFault = () => null) {
    this.#config = config;
    this.#listenerFault = listenerFault;
  }

  topicFault(values: ConfigValues): ConfigFault | null {
    return first(validateTopicConfigs(values, this.#config()));
  }

  groupFault(values: ConfigValues): ConfigFault | null {
    return first(validateGroupConfigs(values, this.#config()));
  }

  clientMetricsFault(values: ConfigValues): ConfigFault | null {
    return first(validateClientMetricsConfigs(values));
  }

  brokerFault(values: ConfigValues, changed: readonly string[], perBroker: boolean): ConfigFault | null {
    // Only what the request touches: a stored setting that this version does not like must not block other changes.
    const touched = new Map<string, string>();
    for (const name of changed) {
      const value = values.get(name);
      if (value !== undefined) touched.set(name, value);
    }
    const config = this.#config();
    const fault = first(validateDynamicBrokerConfigs(touched, perBroker, config));
    if (fault || !perBroker) return fault;
    const problem = this.#listenerFault(config.withDynamic(config.clusterTexts, values), changed);
    return problem === null ? null : { code: 'INVALID_REQUEST', problem };
  }

  isList(resourceType: number, name: string): boolean {
    const resource = RESOURCES.get(resourceType);
    return resource !== undefined && knownConfigType(resource, name) === 'LIST';
  }

  defaultValue(resourceType: number, name: string): string | null {
    const resource = RESOURCES.get(resourceType);
    if (resource === undefined || knownConfigType(resource, name) === undefined) return null;
    switch (resource) {
      case 'topic':
        return topicConfigDefault(name, this.#config()).text;
      case 'group':
        return groupConfigDefault(name, this.#config()).text;
      case 'broker':
        return this.#config().text(name) ?? null;
      case 'client-metrics':
        return null;
    }
  }

  effectiveTopicConfigs(overrides: ConfigValues): readonly EffectiveConfig[] {
    return describeTopicConfig(overrides, this.#config())
      .map(({ name, value, readOnly, configSource, isSensitive }) => ({
        name,
        value,
        readOnly,
        configSource,
        isSensitive,
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

function first(problems: readonly ConfigProblem[]): ConfigFault | null {
  return problems[0] ?? null;
}
