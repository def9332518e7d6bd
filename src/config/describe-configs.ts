/**
 * What DescribeConfigs answers, per resource, with Kafka's sources and order of synonyms. The entries have the fields
 * of the protocol's DescribeConfigsResourceResult. Pure; control thread.
 *
 *     describeTopicConfig(overrides, config)        TOPIC
 *     describeBrokerConfig(config)                  BROKER with this broker's id
 *     describeClusterBrokerConfig(config)           BROKER with an empty name: only what was set for the whole cluster
 *     describeGroupConfig(overrides, config)        GROUP
 *     describeClientMetricsConfig(overrides)        CLIENT_METRICS
 */
import type { BrokerConfig, ConfigTexts } from './broker-config.ts';
import { brokerConfigDefinitionOf, brokerConfigNames, brokerConfigSynonyms } from './broker-configs.ts';
import { CLIENT_METRICS_CONFIGS } from './client-metrics-configs.ts';
import { type ConfigDefinition, type ConfigType, isSensitive } from './config-definition.ts';
import { canonicalText, isProblem, parseConfigValue } from './config-value.ts';
import { groupConfigDefault } from './group-config.ts';
import { GROUP_CONFIGS } from './group-configs.ts';
import { topicConfigDefault } from './topic-config.ts';
import { TOPIC_CONFIGS } from './topic-configs.ts';

/** Numbers on the wire. */
export const ConfigSource = {
  DYNAMIC_TOPIC_CONFIG: 1,
  DYNAMIC_BROKER_CONFIG: 2,
  DYNAMIC_DEFAULT_BROKER_CONFIG: 3,
  STATIC_BROKER_CONFIG: 4,
  DEFAULT_CONFIG: 5,
  DYNAMIC_BROKER_LOGGER_CONFIG: 6,
  CLIENT_METRICS_CONFIG: 7,
  GROUP_CONFIG: 8,
} as const;
export type ConfigSource = (typeof ConfigSource)[keyof typeof ConfigSource];

/** Numbers on the wire; 0 is unknown. */
const TYPE_NUMBERS: Readonly<Record<ConfigType, number>> = {
  BOOLEAN: 1,
  STRING: 2,
  INT: 3,
  SHORT: 4,
  LONG: 5,
  DOUBLE: 6,
  LIST: 7,
  CLASS: 8,
  PASSWORD: 9,
};

export interface DescribedSynonym {
  readonly name: string;
  /** null when sensitive. */
  readonly value: string | null;
  readonly source: ConfigSource;
}

export interface DescribedConfig {
  readonly name: string;
  /** null when sensitive or not set. */
  readonly value: string | null;
  readonly readOnly: boolean;
  readonly configSource: ConfigSource;
  readonly isSensitive: boolean;
  /** Highest precedence first. */
  readonly synonyms: DescribedSynonym[];
  readonly configType: number;
  readonly documentation: string;
}

export function describeTopicConfig(overrides: ConfigTexts, config: BrokerConfig): DescribedConfig[] {
  return listed(TOPIC_CONFIGS, overrides).map((definition) => {
    const synonyms = definition.synonym === undefined ? [] : brokerSynonyms(definition.synonym, config);
    const fallback = topicConfigDefault(definition.name, config).text;
    return overridable(definition, overrides, ConfigSource.DYNAMIC_TOPIC_CONFIG, synonyms, fallback);
  });
}

export function describeGroupConfig(overrides: ConfigTexts, config: BrokerConfig): DescribedConfig[] {
  return listed(GROUP_CONFIGS, overrides).map((definition) => {
    const { name, synonym } = definition;
    const ownDefault = canonicalText(definition, definition.defaultValue);
    const synonyms =
      synonym !== undefined
        ? brokerSynonyms(synonym, config)
        : ownDefault === null
          ? []
          : [{ name, value: ownDefault, source: ConfigSource.DEFAULT_CONFIG }];
    const fallback = definition.defaultValue === null ? null : groupConfigDefault(name, config).text;
    return overridable(definition, overrides, ConfigSource.GROUP_CONFIG, synonyms, fallback);
  });
}

export function describeClientMetricsConfig(overrides: ConfigTexts): DescribedConfig[] {
  return listed(CLIENT_METRICS_CONFIGS, overrides).map((definition) => {
    const fallback = canonicalText(definition, definition.defaultValue);
    return overridable(definition, overrides, ConfigSource.CLIENT_METRICS_CONFIG, [], fallback);
  });
}

/** All settings of this broker: those of the tables, and whatever else was given. */
export function describeBrokerConfig(config: BrokerConfig): DescribedConfig[] {
  const given = [config.staticTexts, config.clusterTexts, config.brokerTexts].flatMap((texts) => [...texts.keys()]);
  const described: DescribedConfig[] = [];
  for (const name of new Set([...brokerConfigNames(), ...given])) {
    const definition = brokerConfigDefinitionOf(name);
    if ((definition?.internal || definition?.dynamicOnly) && !given.includes(name)) continue;
    described.push(brokerEntry(name, definition, brokerSynonyms(name, config)));
  }
  return described;
}

/** The dynamic settings of the whole cluster. */
export function describeClusterBrokerConfig(config: BrokerConfig): DescribedConfig[] {
  return [...config.clusterTexts.keys()].map((name) => {
    const synonyms = brokerSynonyms(name, config).filter(
      ({ source }) => source === ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG,
    );
    return brokerEntry(name, brokerConfigDefinitionOf(name), synonyms);
  });
}

function brokerEntry(
  name: string,
  definition: ConfigDefinition | undefined,
  synonyms: DescribedSynonym[],
): DescribedConfig {
  const own = synonyms.find((synonym) => synonym.name === name);
  return {
    name,
    value: own?.value ?? null,
    // As in Kafka, also what is set for one listener, although it can be altered.
    readOnly: definition?.dynamic === undefined || definition.name !== name,
    configSource: synonyms[0]?.source ?? ConfigSource.DEFAULT_CONFIG,
    isSensitive: sensitive(definition),
    synonyms,
    configType: definition ? TYPE_NUMBERS[definition.type] : 0,
    documentation: definition ? documentationOf(definition) : '',
  };
}

/** An entry whose value the resource may override and the broker's synonyms otherwise give. */
function overridable(
  definition: ConfigDefinition,
  overrides: ConfigTexts,
  overrideSource: ConfigSource,
  brokerSynonyms: DescribedSynonym[],
  fallback: string | null,
): DescribedConfig {
  const { name } = definition;
  const override = overrides.get(name);
  const value = override === undefined ? fallback : shownText(definition, override);
  const hidden = sensitive(definition);
  const synonyms = [...brokerSynonyms];
  if (override !== undefined) synonyms.unshift({ name, value: hidden ? null : value, source: overrideSource });
  return {
    name,
    value: hidden ? null : value,
    readOnly: false,
    configSource: synonyms[0]?.source ?? ConfigSource.DEFAULT_CONFIG,
    isSensitive: hidden,
    synonyms,
    configType: TYPE_NUMBERS[definition.type],
    documentation: documentationOf(definition),
  };
}

/**
 * Where a broker setting's value may come from, in order of precedence. As in Kafka, the list begins with the setting
 * itself: a unit synonym that stands before it is left out, and with it the whole list when only such ones are given.
 */
function brokerSynonyms(name: string, config: BrokerConfig): DescribedSynonym[] {
  const names = brokerConfigSynonyms(name);
  const hidden = sensitive(brokerConfigDefinitionOf(name));
  const found: DescribedSynonym[] = [];
  const add = (texts: ConfigTexts, source: ConfigSource): void => {
    for (const synonym of names) {
      const text = texts.get(synonym);
      if (text === undefined) continue;
      const definition = brokerConfigDefinitionOf(synonym);
      const shown = definition ? shownText(definition, text) : text;
      found.push({ name: synonym, value: hidden ? null : shown, source });
    }
  };
  add(config.brokerTexts, ConfigSource.DYNAMIC_BROKER_CONFIG);
  add(config.clusterTexts, ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG);
  add(config.staticTexts, ConfigSource.STATIC_BROKER_CONFIG);
  for (const synonym of names) {
    const definition = brokerConfigDefinitionOf(synonym);
    if (!definition || definition.name !== synonym || definition.dynamicOnly) continue;
    const value = canonicalText(definition, definition.defaultValue);
    if (value !== null)
      found.push({ name: synonym, value: hidden ? null : value, source: ConfigSource.DEFAULT_CONFIG });
  }
  const first = found.findIndex((synonym) => synonym.name === name);
  return first < 0 ? [] : found.slice(first);
}

/** A setting that no table knows may hold a plug-in's secret, so its value is hidden, as Kafka does. */
function sensitive(definition: ConfigDefinition | undefined): boolean {
  return definition === undefined || isSensitive(definition);
}

function shownText(definition: ConfigDefinition, text: string): string {
  const parsed = parseConfigValue(definition, text);
  return isProblem(parsed) ? text : parsed.text;
}

function documentationOf({ documentation, accepted }: ConfigDefinition): string {
  return accepted === undefined ? documentation : `${documentation} Without effect here: ${accepted}`;
}

/** An internal setting is told only where the resource has it, as in Kafka. */
function listed(definitions: readonly ConfigDefinition[], overrides: ConfigTexts): ConfigDefinition[] {
  return definitions.filter(({ name, internal }) => !internal || overrides.has(name));
}
