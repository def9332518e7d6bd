/**
 * Where the replicas of new partitions go. Pure. Replicas are dealt round the brokers from a random start, so leaders
 * spread; in a broker with several log directories each new replica goes to the one that holds fewest.
 */
import type { Random } from '../base/random.ts';
import type { BrokerRegistration } from '../metadata/cluster-image.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import { permittedAt } from '../metadata/metadata-version.ts';
import { DIRECTORY_MIGRATING, DIRECTORY_UNASSIGNED } from '../metadata/topics-image.ts';

/** Chooses log directories and remembers what it chose, so that the partitions of one request spread. */
export class DirectoryPlacer {
  readonly #image: MetadataImage;
  #replicasByDirectory: Map<string, number> | null = null;

  constructor(image: MetadataImage) {
    this.#image = image;
  }

  /** Directory id for a new replica on the broker. */
  directoryFor(brokerId: number): string {
    if (!permittedAt.directoryAssignment(this.#image.metadataVersion)) return DIRECTORY_MIGRATING;
    const broker = this.#image.cluster.broker(brokerId);
    if (!broker || broker.logDirs.length === 0) return DIRECTORY_UNASSIGNED;
    const open = broker.logDirs.filter((directory) => !broker.cordonedLogDirs?.includes(directory));
    const candidates = open.length > 0 ? open : broker.logDirs;
    if (candidates.length === 1) return candidates[0];
    this.#replicasByDirectory ??= countReplicas(this.#image);
    const counts = this.#replicasByDirectory;
    let best = candidates[0];
    for (const candidate of candidates) {
      if ((counts.get(candidate) ?? 0) < (counts.get(best) ?? 0)) best = candidate;
    }
    counts.set(best, (counts.get(best) ?? 0) + 1);
    return best;
  }
}

function countReplicas(image: MetadataImage): Map<string, number> {
  const counts = new Map<string, number>();
  for (const topic of image.topics.values()) {
    for (const { directories } of topic.partitions) {
      for (const directory of directories) counts.set(directory, (counts.get(directory) ?? 0) + 1);
    }
  }
  return counts;
}

/** Replica lists for `count` partitions, or what prevents them as a sentence. */
export function placeReplicas(
  image: MetadataImage,
  count: number,
  replicationFactor: number,
  random: Random,
): number[][] | string {
  const brokers = [...image.cluster.brokers()].filter(hasRoomForNew).sort((a, b) => a.id - b.id);
  if (brokers.length < replicationFactor) {
    return (
      `Replication factor ${replicationFactor} cannot be reached: ` +
      `${brokers.length} broker(s) are registered with a log directory that is not cordoned. ` +
      'Use a replication factor of at most that.'
    );
  }
  const active = brokers.filter(({ fenced, inControlledShutdown }) => !fenced && !inControlledShutdown);
  if (active.length === 0) {
    return `Replication factor ${replicationFactor} cannot be reached: all brokers are fenced or in controlled shutdown.`;
  }
  const activeIds = new Set(active.map(({ id }) => id));
  const fenced = brokers.filter(({ id }) => !activeIds.has(id));
  const start = random.below(active.length);
  return Array.from({ length: count }, (_, partition) => deal(active, fenced, start + partition, replicationFactor));
}

/** Not all of its log directories are cordoned (KIP-1066). */
function hasRoomForNew({ logDirs, cordonedLogDirs }: BrokerRegistration): boolean {
  return logDirs.length === 0 || logDirs.some((directory) => !cordonedLogDirs?.includes(directory));
}

/** Active brokers first, beginning with another one for each partition; fenced ones only when they are needed. */
function deal(
  active: readonly BrokerRegistration[],
  fenced: readonly BrokerRegistration[],
  start: number,
  replicationFactor: number,
): number[] {
  const replicas: number[] = [];
  for (let i = 0; i < active.length && replicas.length < replicationFactor; i++) {
    replicas.push(active[(start + i) % active.length].id);
  }
  for (let i = 0; i < fenced.length && replicas.length < replicationFactor; i++) {
    replicas.push(fenced[(start + i) % fenced.length].id);
  }
  return replicas;
}
