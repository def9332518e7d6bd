/** `ConfigRules` from the settings that `src/config` defines. Control thread. */
import type { BrokerConfig } from '../config/broker-config.ts';
import { brokerConfigDefinition } from '../config/broker-configs.ts';
import type { ConfigDefinition } from '../config/config-definition.ts';
import type { ConfigProblem } from '../config/config-value.ts';
import { describeTopicConfig } from '../config/describe-configs.ts';
import { topicConfigDefinition } from '../config/topic-config.ts';
import {
  validateClientMetricsConfigs,
  validateDynamicBrokerConfigs,
  validateGroupConfigs,
  validateTopicConfigs,
} from '../config/validate-configs.ts';
import { ConfigResourceType, type ConfigValues } from '../metadata/configs-image.ts';
import type { ConfigFault, ConfigRules, EffectiveConfig } from './config-rules.ts';

/** Whose lists APPEND and SUBTRACT work on. Kafka's controller does not know what is a list of a client metrics subscription. */
const EXTENDABLE: ReadonlyMap<number, (name: string) => ConfigDefinition | undefined> = new Map([
  [ConfigResourceType.TOPIC, topicConfigDefinition],
  [ConfigResourceType.BROKER, brokerConfigDefinition],
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

  listDefault(resourceType: number, name: string): readonly string[] | null {
    const definition = EXTENDABLE.get(resourceType)?.(name);
    if (definition?.type !== 'LIST') return null;
    return (definition.defaultValue ?? []) as readonly string[];
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
