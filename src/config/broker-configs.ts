/** All settings of a broker, joined from the tables by family, and their names by type. Data only; any thread. */
import { CLUSTER_CONFIGS } from './broker-configs-cluster.ts';
import { GROUP_COORDINATOR_CONFIGS } from './broker-configs-group.ts';
import { LOG_CONFIGS } from './broker-configs-log.ts';
import { MILLRACE_CONFIGS } from './broker-configs-millrace.ts';
import { QUOTA_CONFIGS } from './broker-configs-quota.ts';
import { SECURITY_CONFIGS } from './broker-configs-security.ts';
import { SERVER_CONFIGS } from './broker-configs-server.ts';
import { SHARE_CONFIGS } from './broker-configs-share.ts';
import { TIERED_CONFIGS } from './broker-configs-tiered.ts';
import { TRANSACTION_CONFIGS } from './broker-configs-transaction.ts';
import type { ConfigDefinition } from './config-definition.ts';

export const BROKER_CONFIGS = [
  ...LOG_CONFIGS,
  ...SERVER_CONFIGS,
  ...CLUSTER_CONFIGS,
  ...GROUP_COORDINATOR_CONFIGS,
  ...SHARE_CONFIGS,
  ...TRANSACTION_CONFIGS,
  ...QUOTA_CONFIGS,
  ...TIERED_CONFIGS,
  ...SECURITY_CONFIGS,
  ...MILLRACE_CONFIGS,
] as const;

type BrokerDefinition = (typeof BROKER_CONFIGS)[number];

/** Each setting's value type by its name. */
export type BrokerConfigValues = { readonly [D in BrokerDefinition as D['name']]: D['defaultValue'] };
export type BrokerConfigName = keyof BrokerConfigValues;
/** Names of the settings whose values are of a type; nullable ones included. */
export type BrokerConfigNameOf<T> = {
  [N in BrokerConfigName]: NonNullable<BrokerConfigValues[N]> extends T ? N : never;
}[BrokerConfigName];

const BY_NAME: ReadonlyMap<string, ConfigDefinition> = new Map(
  BROKER_CONFIGS.map((definition) => [definition.name, definition as ConfigDefinition]),
);

export const brokerConfigNames = (): Iterable<string> => BY_NAME.keys();

/** The definition of a name as it stands in the tables. */
export const brokerConfigDefinition = (name: string): ConfigDefinition | undefined => BY_NAME.get(name);

/** Settings that say one thing in several units; the first that is set wins. */
const UNIT_SYNONYMS: readonly (readonly string[])[] = [
  ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'],
  ['log.roll.ms', 'log.roll.hours'],
  ['log.roll.jitter.ms', 'log.roll.jitter.hours'],
];

/** The names under which a setting may have been given, in order of precedence. */
export function brokerConfigSynonyms(name: string): readonly string[] {
  if (name === 'log.flush.interval.ms') return ['log.flush.interval.ms', 'log.flush.scheduler.interval.ms'];
  const units = UNIT_SYNONYMS.find((names) => names.includes(name));
  if (units) return units;
  const base = listenerBaseName(name);
  return base === undefined ? [name] : [name, base];
}

/**
 * Of `listener.name.<listener>.<key>` or `listener.name.<listener>.<mechanism>.<key>`: the key, when it is a setting of
 * its own. Undefined for other names.
 */
function listenerBaseName(name: string): string | undefined {
  const match = /^listener\.name\.[^.]+\.(.+)$/.exec(name);
  if (!match) return undefined;
  if (BY_NAME.has(match[1])) return match[1];
  const afterMechanism = match[1].slice(match[1].indexOf('.') + 1);
  return BY_NAME.has(afterMechanism) ? afterMechanism : undefined;
}

/** The definition of a name or, for a name with a listener's prefix, of the setting behind it. */
export function brokerConfigDefinitionOf(name: string): ConfigDefinition | undefined {
  const direct = BY_NAME.get(name);
  if (direct) return direct;
  const base = listenerBaseName(name);
  return base === undefined ? undefined : BY_NAME.get(base);
}
