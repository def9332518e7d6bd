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

export class KafkaConfigRules implements ConfigRules {
  readonly #config: () => BrokerConfig;

  /** `config` gives the broker's settings as they are now. */
  constructor(config: () => BrokerConfig) {
    this.#config = config;
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
    return first(validateDynamicBrokerConfigs(touched, perBroker, this.#config()));
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
