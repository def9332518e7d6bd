/**
 * What the controls need to know of settings: a port, so that the controls stay free of the settings' definitions.
 * `kafka-config-rules.ts` stands behind it in the broker.
 */
import type { ConfigsImage, ConfigValues } from '../metadata/configs-image.ts';

/** What is wrong with settings, and the name of the protocol's code for it. */
export interface ConfigFault {
  readonly code: 'INVALID_CONFIG' | 'INVALID_REQUEST';
  readonly problem: string;
}

export interface EffectiveConfig {
  readonly name: string;
  /** Null when it is sensitive or has none. */
  readonly value: string | null;
  readonly readOnly: boolean;
  /** 1 topic, 2 this broker, 3 all brokers, 4 the broker's file, 5 default */
  readonly configSource: number;
  readonly isSensitive: boolean;
}

export interface ConfigRules {
  /** What is wrong with a topic's settings taken together, or null. */
  topicFault(values: ConfigValues): ConfigFault | null;
  groupFault(values: ConfigValues): ConfigFault | null;
  clientMetricsFault(values: ConfigValues): ConfigFault | null;
  /**
   * What is wrong with a broker's dynamic settings after a change, or null. `changed` names what the request touches;
   * `perBroker` is false for the default of all brokers.
   */
  brokerFault(values: ConfigValues, changed: readonly string[], perBroker: boolean): ConfigFault | null;
  /**
   * What APPEND and SUBTRACT begin with when the resource itself sets nothing: the default of the list, whatever the
   * file or the cluster says, as in Kafka. Null when no list has that very name; one with a listener's prefix is none.
   */
  listDefault(resourceType: number, name: string): readonly string[] | null;
  /** Every setting of a topic with these overrides, sorted by name. */
  effectiveTopicConfigs(overrides: ConfigValues, configs: ConfigsImage): readonly EffectiveConfig[];
}
