/**
 * What Kafka wants of a broker setting that is changed while the broker runs, beyond its type and range: new values are
 * held against the ones in effect. Pure; control thread.
 */
import type { BrokerConfig } from './broker-config.ts';

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

/** Why the value may not follow the one in effect; undefined when it may. `texts` are the settings after the change. */
export function dynamicChangeFault(
  name: string,
  value: unknown,
  texts: ReadonlyMap<string, string | null>,
  config: BrokerConfig,
): string | undefined {
  if (POOL_SIZES.has(name)) return poolSizeFault(name, Number(value), config);
  switch (name) {
    case 'log.retention.ms':
      return value === 0 ? 'give -1 (no bound) or at least 1' : undefined;
    case 'max.connection.creation.rate':
      return value === 0 ? 'give at least 1' : undefined;
    case 'max.connections.per.ip': {
      const overrides =
        texts.get('max.connections.per.ip.overrides') ?? config.string('max.connections.per.ip.overrides');
      return value === 0 && overrides === '' ? 'zero needs max.connections.per.ip.overrides' : undefined;
    }
    case 'cordoned.log.dirs':
      return foreignDirectoryFault(value as readonly string[], config);
    default:
      return undefined;
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

function foreignDirectoryFault(cordoned: readonly string[], config: BrokerConfig): string | undefined {
  if (cordoned.length === 1 && cordoned[0] === '*') return undefined;
  const own = config.get('log.dirs') ?? config.list('log.dir');
  const foreign = cordoned.find((directory) => !own.includes(directory));
  return foreign === undefined ? undefined : `${foreign} is none of log.dirs`;
}
