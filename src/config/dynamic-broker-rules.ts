/**
 * What Kafka wants of a broker setting that is changed while the broker runs, beyond its type and range: new values are
 * held against the ones in effect. Pure; control thread.
 */
import type { BrokerConfig } from './broker-config.ts';
import { ConfigError } from './config-error.ts';
import { GROUP_CONFIG_BOUNDS, groupConfigDefinition } from './group-config.ts';
import { brokerListeners, listenerProtocols } from './listeners.ts';
import { effectiveTopicConfig } from './topic-config.ts';

/** Sizes of thread pools. They have no effect here, but a change that Kafka refuses must not pass because of that. */
const POOL_SIZES: ReadonlySet<string> = new Set([
  'background.threads',
  'log.cleaner.threads',
  'num.io.threads',
  'num.network.threads',
  'num.recovery.threads.per.data.dir',
  'num.replica.fetchers',
  'remote.log.manager.copier.thread.pool.size',
  'remote.log.manager.expiration.thread.pool.size',
  'remote.log.manager.follower.thread.pool.size',
  'remote.log.reader.threads',
]);

/** Those that count for one listener as well, as `listener.name.<listener>.<name>`, of one broker or of all. */
export const LISTENER_LIMITS: ReadonlySet<string> = new Set([
  'max.connection.creation.rate',
  'max.connections',
  'num.network.threads',
]);

/** Settings that name classes, with those that Kafka brings: no other can be loaded here. */
const CLASSES: ReadonlyMap<string, string> = new Map([
  ['metric.reporters', 'org.apache.kafka.common.metrics.JmxReporter'],
  ['principal.builder.class', 'org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder'],
  ['ssl.engine.factory.class', 'org.apache.kafka.common.security.ssl.DefaultSslEngineFactory'],
]);

/** Each compaction that runs at the same time needs more than this for its keys. */
const DEDUPE_BYTES_MIN = 1024 * 1024;

type Texts = ReadonlyMap<string, string | null>;

/**
 * Why the value may not follow the one in effect; undefined when it may. `key` is the name without a listener's prefix,
 * `texts` are the settings after the change.
 */
export function dynamicChangeFault(
  name: string,
  key: string,
  value: unknown,
  texts: Texts,
  config: BrokerConfig,
): string | undefined {
  if (CLASSES.has(key)) return classFault(key, [value].flat() as string[]);
  if (name !== key && !LISTENER_LIMITS.has(key)) return undefined;
  const poolFault = POOL_SIZES.has(key) ? poolSizeFault(key, Number(value), config) : undefined;
  if (poolFault !== undefined) return poolFault;
  switch (key) {
    case 'log.retention.ms':
      return value === 0 ? 'give -1 (no bound) or at least 1' : localRetentionFault(texts, config);
    case 'log.retention.bytes':
    case 'log.local.retention.ms':
    case 'log.local.retention.bytes':
      return localRetentionFault(texts, config);
    case 'log.cleaner.threads':
    case 'log.cleaner.dedupe.buffer.size':
      return dedupeFault(texts, config);
    case 'group.consumer.assignment.interval.ms':
    case 'group.share.assignment.interval.ms':
    case 'group.streams.assignment.interval.ms':
      return groupBoundsFault(key, Number(value), config);
    // With none nobody could connect to give more again.
    case 'max.connections':
    case 'max.connection.creation.rate':
      return value === 0 ? 'give at least 1' : undefined;
    case 'max.connections.per.ip': {
      const overrides =
        texts.get('max.connections.per.ip.overrides') ?? config.string('max.connections.per.ip.overrides');
      return value === 0 && overrides === '' ? 'zero needs max.connections.per.ip.overrides' : undefined;
    }
    case 'listener.security.protocol.map':
      return protocolMapFault(texts, config);
    case 'cordoned.log.dirs':
      return foreignDirectoryFault(value as readonly string[], config);
    default:
      return undefined;
  }
}

function classFault(key: string, classes: readonly string[]): string | undefined {
  const foreign = classes.find((name) => name !== CLASSES.get(key));
  return foreign === undefined ? undefined : `there is no class '${foreign}' here`;
}

/** Every listener stays in the map, with the protocol that it speaks. */
function protocolMapFault(texts: Texts, config: BrokerConfig): string | undefined {
  const now = brokerListeners(config);
  const all = [...now.listeners, ...now.controllerListeners];
  try {
    const protocols = listenerProtocols(afterChange(texts, config));
    const changed = all.find(({ name, securityProtocol }) => protocols.get(name) !== securityProtocol);
    return (
      changed && `listener ${changed.name} has ${changed.securityProtocol}, which cannot change while the broker runs`
    );
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

/** A pool grows to twice its size at most in one step, and shrinks to half of it at least. */
function poolSizeFault(name: string, size: number, config: BrokerConfig): string | undefined {
  const current = config.get(name as 'num.io.threads');
  if (size === current) return undefined;
  if (size < 1) return 'give at least 1';
  if (current < 1) return undefined;
  if (size > current * 2) return `it may at most double at once, and is ${current} now`;
  if (size < Math.trunc(current / 2)) return `it may at most halve at once, and is ${current} now`;
  return undefined;
}

/** The settings as they would be. */
function afterChange(texts: Texts, config: BrokerConfig): BrokerConfig {
  const given = [...texts].filter((entry): entry is [string, string] => entry[1] !== null);
  return config.withDynamic(config.clusterTexts, new Map([...config.brokerTexts, ...given]));
}

/** What stays on local disk is a part of the whole. */
function localRetentionFault(texts: Texts, config: BrokerConfig): string | undefined {
  const log = effectiveTopicConfig(new Map(), afterChange(texts, config));
  for (const [unit, local, whole] of [
    ['ms', log.localRetentionMs, log.retentionMs],
    ['bytes', log.localRetentionBytes, log.retentionBytes],
  ] as const) {
    if (whole === -1 || (local !== -1 && local <= whole)) continue;
    return `log.local.retention.${unit} (${local}) must not be greater than log.retention.${unit} (${whole})`;
  }
  return undefined;
}

function dedupeFault(texts: Texts, config: BrokerConfig): string | undefined {
  const after = afterChange(texts, config);
  const threads = after.int('log.cleaner.threads');
  const bytes = after.int('log.cleaner.dedupe.buffer.size');
  if (Math.trunc(bytes / threads) > DEDUPE_BYTES_MIN) return undefined;
  return `log.cleaner.dedupe.buffer.size (${bytes}) must be more than 1 MiB for each of log.cleaner.threads (${threads})`;
}

function groupBoundsFault(name: string, value: number, config: BrokerConfig): string | undefined {
  for (const [groupName, { min, max }] of GROUP_CONFIG_BOUNDS) {
    if (groupConfigDefinition(groupName)!.synonym !== name) continue;
    if (min !== undefined && value < config.int(min)) return `it must be at least ${min} (${config.int(min)})`;
    if (max !== undefined && value > config.int(max)) return `it must be at most ${max} (${config.int(max)})`;
  }
  return undefined;
}

/** Why these directories cannot be cordoned; `*` alone means all. */
export function foreignDirectoryFault(cordoned: readonly string[], config: BrokerConfig): string | undefined {
  if (cordoned.length === 1 && cordoned[0] === '*') return undefined;
  const own = config.get('log.dirs') ?? config.list('log.dir');
  const foreign = cordoned.find((directory) => !own.includes(directory));
  return foreign === undefined ? undefined : `${foreign} is none of log.dirs`;
}
