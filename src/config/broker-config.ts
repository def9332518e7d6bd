/**
 * The settings of one broker, parsed and layered: what DescribeConfigs shows and what code reads. A snapshot is
 * immutable; a dynamic change makes a new one (`withDynamic`). Pure; any thread.
 *
 *     config.get('log.dirs')                 any setting, typed by its name: readonly string[] | null
 *     config.int('num.partitions')           number     (INT, SHORT)
 *     config.long('log.retention.bytes')     number     (LONG; beyond 2^53 rounded)
 *     config.double(..) .boolean(..) .string(..) .list(..)      a null value throws: use get() where null is possible
 *     config.isSet(name)                     false when the value is the default
 *     config.listenerText(listener, key)     text of listener.name.<listener>.<key>, else of <key>, else null
 *     config.withDynamic(cluster, broker)    a new snapshot over the same static settings
 *
 * Elsewhere in this folder:
 *     load-broker-config.ts    loadBrokerConfig(sources): { config, warnings }        from file, environment, flags
 *     listeners.ts             brokerListeners(config): BrokerListeners               parsed and checked
 *     node-identity.ts         nodeIdentity(config): alone or member of a cluster, threads, data folders
 *     topic-config.ts          effectiveTopicConfig(overrides, config): LogConfig
 *     group-config.ts          effectiveGroupConfig(overrides, config): GroupConfig
 *     validate-configs.ts      validateTopicConfigs / validateDynamicBrokerConfigs / validateGroupConfigs / ...
 *     describe-configs.ts      describeTopicConfig / describeBrokerConfig / describeGroupConfig / ...
 */
import {
  type BrokerConfigName,
  type BrokerConfigNameOf,
  type BrokerConfigValues,
  brokerConfigDefinition,
  brokerConfigDefinitionOf,
  brokerConfigNames,
} from './broker-configs.ts';
import type { ConfigDefinition, ConfigValue } from './config-definition.ts';
import { unusableValue } from './config-error.ts';
import { type ConfigProblem, isProblem, parseConfigValue } from './config-value.ts';

export type ConfigTexts = ReadonlyMap<string, string>;

const NOTHING: ConfigTexts = new Map();

export class BrokerConfig {
  /** Texts as they were given, by name: file, environment and flags together. */
  readonly staticTexts: ConfigTexts;
  /** Dynamic settings of the whole cluster (BROKER resource with an empty name). */
  readonly clusterTexts: ConfigTexts;
  /** Dynamic settings of this broker. */
  readonly brokerTexts: ConfigTexts;
  /** Stored dynamic settings that do not parse (any more) and were passed over. */
  readonly ignored: readonly ConfigProblem[];
  readonly #values = new Map<string, ConfigValue>();

  /** Throws a ConfigError when a static setting does not parse. */
  constructor(staticTexts: ConfigTexts, clusterTexts: ConfigTexts = NOTHING, brokerTexts: ConfigTexts = NOTHING) {
    this.staticTexts = staticTexts;
    this.clusterTexts = clusterTexts;
    this.brokerTexts = brokerTexts;
    const ignored: ConfigProblem[] = [];
    for (const name of brokerConfigNames()) this.#values.set(name, this.#resolve(name, ignored));
    this.ignored = ignored;
    this.#checkListenerTexts();
  }

  get<N extends BrokerConfigName>(name: N): BrokerConfigValues[N] {
    const value = this.#values.get(name);
    if (value === undefined) throw new TypeError(`no such setting: ${name}`);
    return value as BrokerConfigValues[N];
  }

  int(name: BrokerConfigNameOf<number>): number {
    return this.#present(name);
  }

  long(name: BrokerConfigNameOf<number>): number {
    return this.#present(name);
  }

  double(name: BrokerConfigNameOf<number>): number {
    return this.#present(name);
  }

  boolean(name: BrokerConfigNameOf<boolean>): boolean {
    return this.#present(name);
  }

  string(name: BrokerConfigNameOf<string>): string {
    return this.#present(name);
  }

  list(name: BrokerConfigNameOf<readonly string[]>): readonly string[] {
    return this.#present(name);
  }

  /** Whether the setting was given anywhere, be it with its default value. */
  isSet(name: BrokerConfigName): boolean {
    return this.brokerTexts.has(name) || this.clusterTexts.has(name) || this.staticTexts.has(name);
  }

  /** The text in effect for any name, known or not; undefined when it was given nowhere. */
  text(name: string): string | undefined {
    return this.brokerTexts.get(name) ?? this.clusterTexts.get(name) ?? this.staticTexts.get(name);
  }

  /**
   * The setting `key` as one listener sees it: `listener.name.<listener>.<key>` if given, else `key`. For a SASL
   * mechanism put it before the key: `listenerText('SASL_SSL', 'plain.sasl.jaas.config')`.
   */
  listenerText(listenerName: string, key: string): string | null {
    const own = this.text(`listener.name.${listenerName.toLowerCase()}.${key}`);
    if (own !== undefined) return own;
    const definition = brokerConfigDefinition(key);
    return this.text(key) ?? (definition ? defaultText(definition) : null);
  }

  /** A snapshot with other dynamic settings. Stored values that do not parse are passed over and listed in `ignored`. */
  withDynamic(clusterTexts: ConfigTexts, brokerTexts: ConfigTexts): BrokerConfig {
    return new BrokerConfig(this.staticTexts, clusterTexts, brokerTexts);
  }

  #present<T>(name: BrokerConfigName): T {
    const value = this.get(name);
    if (value === null) throw new TypeError(`${name} has no value; read it with get()`);
    return value as T;
  }

  #resolve(name: string, ignored: ConfigProblem[]): ConfigValue {
    const definition = brokerConfigDefinition(name)!;
    for (const dynamic of [this.brokerTexts.get(name), this.clusterTexts.get(name)]) {
      if (dynamic === undefined) continue;
      const parsed = parseConfigValue(definition, dynamic);
      if (!isProblem(parsed)) return parsed.value;
      ignored.push(parsed);
    }
    const text = this.staticTexts.get(name);
    return text === undefined ? definition.defaultValue : parseStatic(definition, name, text);
  }

  #checkListenerTexts(): void {
    for (const [name, text] of this.staticTexts) {
      const definition = brokerConfigDefinitionOf(name);
      if (definition && definition.name !== name) parseStatic(definition, name, text);
    }
  }
}

function parseStatic(definition: ConfigDefinition, name: string, text: string): ConfigValue {
  const parsed = parseConfigValue(definition, text);
  if (!isProblem(parsed)) return parsed.value;
  throw unusableValue(definition, parsed.problem, name, 'the static settings');
}

function defaultText(definition: ConfigDefinition): string | null {
  const { defaultValue } = definition;
  return defaultValue === null ? null : String(defaultValue);
}
