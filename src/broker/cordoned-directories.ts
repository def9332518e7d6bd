/**
 * Log directories that get no new replicas (KIP-1066): those that `cordoned.log.dirs` names, once the metadata.version
 * knows of such. What lies in them is served as before. Control thread.
 */
import type { Uuid } from '../base/uuid.ts';
import type { BrokerConfig } from '../config/broker-config.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import { permittedAt } from '../metadata/metadata-version.ts';
import type { LogDirectories } from './log-directories.ts';

export interface CordonedDirectoriesContext {
  readonly nodeId: number;
  readonly image: MetadataImage;
  readonly directories: LogDirectories;
  config(): BrokerConfig;
}

/** What the setting says instead of a path when it means all directories. */
const ALL = '*';

export class CordonedDirectories {
  readonly #context: CordonedDirectoriesContext;

  constructor(context: CordonedDirectoriesContext) {
    this.#context = context;
  }

  /** By the paths that clients know them by. */
  paths(): readonly string[] {
    const { config, directories, image } = this.#context;
    if (!permittedAt.cordonedLogDirs(image.metadataVersion)) return [];
    const named = config().list('cordoned.log.dirs');
    return named.includes(ALL) ? directories.paths() : named;
  }

  ids(): Uuid[] {
    return this.paths().flatMap((path) => this.#context.directories.idOfPath(path) ?? []);
  }

  /** The controller, which places new replicas, knows which these are. */
  get areKnown(): boolean {
    const { image, nodeId } = this.#context;
    const known = new Set(image.cluster.broker(nodeId)?.cordonedLogDirs);
    const ids = this.ids();
    return ids.length === known.size && ids.every((id) => known.has(id));
  }
}
