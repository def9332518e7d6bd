/**
 * A broker's static settings from everywhere they may stand, later ones winning: built-in defaults, `defaults` of the
 * caller, the properties file, the environment, flags. Control thread, at start.
 *
 *     loadBrokerConfig(sources): { config, listeners, identity, warnings }        throws a ConfigError
 */
import { readFileSync, statSync } from 'node:fs';
import { BrokerConfig } from './broker-config.ts';
import { brokerConfigDefinition, brokerConfigDefinitionOf } from './broker-configs.ts';
import { ConfigError, unusableValue } from './config-error.ts';
import { resolveReferences } from './config-references.ts';
import { isProblem, parseConfigValue } from './config-value.ts';
import { foreignDirectoryFault } from './dynamic-broker-rules.ts';
import { environmentConfigs } from './environment-configs.ts';
import { GROUP_CONFIG_BOUNDS, groupConfigDefinition } from './group-config.ts';
import { ineffectiveConfigWarning } from './ineffective-configs.ts';
import { type BrokerListeners, brokerListeners } from './listeners.ts';
import { refuseMissingProtection } from './missing-protection.ts';
import { type NodeIdentity, nodeIdentity } from './node-identity.ts';
import { PROPERTIES_CHARS_MAX, parseProperties } from './properties-file.ts';

export interface BrokerConfigSources {
  /** What the caller wants to be in place of the built-in defaults, e.g. for tests. */
  readonly defaults?: Readonly<Record<string, string>>;
  /** Path of a server.properties. */
  readonly propertiesFile?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** `key=value` each. */
  readonly overrides?: readonly string[];
  /** Reads a file; the file system unless a test says otherwise. */
  readonly readText?: (path: string) => string;
}

export interface LoadedBrokerConfig {
  readonly config: BrokerConfig;
  readonly listeners: BrokerListeners;
  readonly identity: NodeIdentity;
  /** For the log, in the order of the settings. */
  readonly warnings: readonly string[];
}

interface Given {
  readonly text: string;
  /** Where it was given, for people. */
  readonly origin: string;
}

export function loadBrokerConfig(sources: BrokerConfigSources): LoadedBrokerConfig {
  const readText = sources.readText ?? readConfigFile;
  const env = sources.env ?? {};
  const given = gather(sources, env, readText);
  const texts = resolveReferences(new Map([...given].map(([name, { text }]) => [name, text])), { env, readText });
  const warnings: string[] = [];
  for (const [name, text] of texts) {
    const { origin } = given.get(name)!;
    const definition = brokerConfigDefinitionOf(name);
    const parsed = definition && parseConfigValue(definition, text);
    if (parsed && isProblem(parsed)) throw unusableValue(definition, parsed.problem, name, origin);
    const warning = ineffectiveConfigWarning(name, origin);
    if (warning) warnings.push(warning);
  }
  joinNodeIds(texts);
  const config = new BrokerConfig(texts);
  checkBounds(config);
  const listeners = brokerListeners(config);
  warnings.push(...strangeListeners(texts, listeners));
  refuseMissingProtection(config, listeners);
  return { config, listeners, identity: nodeIdentity(config), warnings };
}

function gather(
  { defaults, propertiesFile, overrides }: BrokerConfigSources,
  env: Readonly<Record<string, string | undefined>>,
  readText: (path: string) => string,
): Map<string, Given> {
  const given = new Map<string, Given>();
  for (const [name, text] of Object.entries(defaults ?? {})) given.set(name, { text, origin: 'built-in defaults' });
  if (propertiesFile !== undefined) {
    for (const [name, text] of parseProperties(readText(propertiesFile)))
      given.set(name, { text, origin: propertiesFile });
  }
  for (const { name, text, variable } of environmentConfigs(env)) {
    given.set(name, { text, origin: `environment variable ${variable}` });
  }
  for (const override of overrides ?? []) {
    const at = override.indexOf('=');
    if (at <= 0) {
      throw new ConfigError(
        `${override} is not a setting`,
        'the command line',
        'write name=value, as in log.dirs=/data',
      );
    }
    given.set(override.slice(0, at).trim(), { text: override.slice(at + 1), origin: 'the command line' });
  }
  return given;
}

function readConfigFile(path: string): string {
  try {
    if (statSync(path).size > PROPERTIES_CHARS_MAX) {
      throw new ConfigError(
        `${path} is larger than ${PROPERTIES_CHARS_MAX} bytes`,
        'the path',
        'name a properties file',
      );
    }
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(
      `${path} cannot be read (${code})`,
      `that the file exists and that this user may read it: ls -l ${path}`,
      'name an existing properties file, or none: every setting has a default',
    );
  }
}

/** broker.id is the older name of node.id. */
function joinNodeIds(texts: Map<string, string>): void {
  const nodeId = texts.get('node.id')?.trim();
  const brokerId = texts.get('broker.id')?.trim();
  if (brokerId !== undefined && Number(brokerId) >= 0) {
    if (nodeId !== undefined && Number(nodeId) !== Number(brokerId)) {
      throw new ConfigError(
        `node.id is ${nodeId}, but broker.id is ${brokerId}`,
        'node.id and broker.id',
        'leave broker.id out: node.id is its newer name',
      );
    }
    texts.set('node.id', brokerId);
  } else if (nodeId !== undefined) {
    texts.set('broker.id', nodeId);
  }
}

function checkBounds(config: BrokerConfig): void {
  if (!config.list('group.coordinator.rebalance.protocols').includes('classic')) {
    throw new ConfigError(
      'group.coordinator.rebalance.protocols leaves out classic, and classic groups cannot be switched off',
      'group.coordinator.rebalance.protocols',
      'add classic to the list',
    );
  }
  if (
    config.get('log.retention.ms') === 0 ||
    config.get('log.retention.minutes') === 0 ||
    config.get('log.retention.hours') === 0
  ) {
    throw new ConfigError(
      'Retention is 0, which keeps nothing',
      'log.retention.ms, log.retention.minutes and log.retention.hours',
      'give -1 (no bound) or at least 1',
    );
  }
  const foreign = foreignDirectoryFault(config.list('cordoned.log.dirs'), config);
  if (foreign !== undefined)
    throw new ConfigError(foreign, 'cordoned.log.dirs', 'name folders of log.dirs, or * for all of them');
  requireOrder(config, 'group.min.session.timeout.ms', 'group.max.session.timeout.ms');
  for (const [name, { min, max }] of GROUP_CONFIG_BOUNDS) {
    const setting = groupConfigDefinition(name)!.synonym as NumberName;
    if (min !== undefined) requireOrder(config, min, setting);
    if (max !== undefined) requireOrder(config, setting, max);
  }
}

type NumberName = Parameters<BrokerConfig['int']>[0];

function requireOrder(config: BrokerConfig, lower: NumberName, upper: NumberName): void {
  if (config.int(lower) <= config.int(upper)) return;
  throw new ConfigError(
    `${lower} (${config.int(lower)}) is greater than ${upper} (${config.int(upper)})`,
    `${lower} and ${upper}; one of them may have its default`,
    `lower the first or raise the second (default ${String(brokerConfigDefinition(upper)?.defaultValue)})`,
  );
}

/** listener.name.<x>.* where no listener is called x: most likely a typing error. */
function strangeListeners(
  texts: ReadonlyMap<string, string>,
  { listeners, controllerListeners }: BrokerListeners,
): string[] {
  const known = [...listeners, ...controllerListeners].map(({ name }) => name.toLowerCase());
  const warnings: string[] = [];
  for (const name of texts.keys()) {
    const listener = /^listener\.name\.([^.]+)\./.exec(name)?.[1];
    if (listener === undefined || known.includes(listener)) continue;
    warnings.push(
      `${name} has no effect: no listener is called ${listener.toUpperCase()} (there are ${known.join(', ').toUpperCase()}).`,
    );
  }
  return warnings;
}
