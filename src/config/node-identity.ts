/**
 * Who this node is: alone with its own controller inside, or a broker in a cluster of Kafka controllers; where its data
 * lies; how many threads it runs. Pure; control thread, at start.
 *
 *     nodeIdentity(config: BrokerConfig): NodeIdentity              throws a ConfigError
 *     threadCounts(config, cores): { ioThreads, storageWorkers }
 */
import type { BrokerConfig } from './broker-config.ts';
import { ConfigError } from './config-error.ts';

export interface Voter {
  readonly id: number;
  readonly host: string;
  readonly port: number;
}

export interface NodeIdentity {
  readonly nodeId: number;
  /** true: the controller is embedded. false: `voters` or `bootstrapServers` lead to the controllers. */
  readonly alone: boolean;
  readonly voters: readonly Voter[];
  /** host:port */
  readonly bootstrapServers: readonly string[];
  /** Asked for with millrace.cluster.id; null: what the data folder says, else a fresh one. */
  readonly clusterId: string | null;
  readonly rack: string | null;
  readonly logDirs: readonly string[];
  readonly metadataLogDir: string;
}

export function nodeIdentity(config: BrokerConfig): NodeIdentity {
  const nodeId = config.int('node.id');
  const voters = config.list('controller.quorum.voters').map(parseVoter);
  const bootstrapServers = config.list('controller.quorum.bootstrap.servers');
  const logDirs = dataFolders(config);
  return {
    nodeId,
    alone: standsAlone(config, nodeId, voters, bootstrapServers),
    voters,
    bootstrapServers,
    clusterId: config.get('millrace.cluster.id'),
    rack: config.get('broker.rack'),
    logDirs,
    metadataLogDir: config.get('metadata.log.dir') ?? logDirs[0],
  };
}

export interface ThreadCounts {
  readonly ioThreads: number;
  readonly storageWorkers: number;
  /** Storage workers live on the I/O threads. */
  readonly colocated: boolean;
}

/** Settings, or by the number of cores: one of each up to two cores, then a half and a quarter of them. */
export function threadCounts(config: BrokerConfig, cores: number): ThreadCounts {
  const ioThreads = config.int('millrace.io.threads') || Math.min(Math.max(Math.floor(cores / 2), 1), 16);
  const storageWorkers = config.int('millrace.storage.workers') || Math.min(Math.max(Math.floor(cores / 4), 1), 16);
  const placement = config.string('millrace.storage.placement');
  return { ioThreads, storageWorkers, colocated: placement === 'io' || (placement === 'auto' && cores <= 2) };
}

/** log.dirs, else log.dir. */
function dataFolders(config: BrokerConfig): readonly string[] {
  return config.get('log.dirs') ?? config.list('log.dir');
}

function standsAlone(
  config: BrokerConfig,
  nodeId: number,
  voters: readonly Voter[],
  servers: readonly string[],
): boolean {
  const roles = config.list('process.roles');
  if (!roles.includes('broker')) {
    throw new ConfigError(
      'process.roles is controller: Millrace runs no controller of its own',
      'process.roles',
      'run the controllers as Kafka processes and Millrace with process.roles=broker, or leave process.roles out for one broker alone',
    );
  }
  if (!roles.includes('controller')) {
    if (voters.length > 0 || servers.length > 0) return false;
    throw new ConfigError(
      'process.roles is broker, but nothing says where the controllers are',
      'controller.quorum.bootstrap.servers and controller.quorum.voters',
      'set controller.quorum.bootstrap.servers, or leave process.roles out for one broker alone',
    );
  }
  const others = voters.filter(({ id }) => id !== nodeId);
  if (others.length > 0 || servers.length > 1) {
    throw new ConfigError(
      `process.roles is broker,controller in a quorum with other nodes (${others.map(({ id }) => id).join(', ') || servers.join(', ')}): Millrace is no voter`,
      'process.roles, controller.quorum.voters and controller.quorum.bootstrap.servers',
      'run the controllers as Kafka processes and set process.roles=broker',
    );
  }
  return true;
}

function parseVoter(text: string): Voter {
  const match = /^(\d+)@(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  if (match && Number(match[4]) <= 65_535) {
    return { id: Number(match[1]), host: match[2] ?? match[3], port: Number(match[4]) };
  }
  throw new ConfigError(
    `Invalid value ${text} for configuration controller.quorum.voters: not a voter`,
    'controller.quorum.voters',
    'write id@host:port, as in 1@localhost:9093',
  );
}
