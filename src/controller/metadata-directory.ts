/**
 * Formats and opens the log directories as far as the controller is concerned: `meta.properties` in each, in the
 * metadata directory also `bootstrap.checkpoint` and `__cluster_metadata-0`. Control thread, at start.
 */
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import { randomUuid } from '../base/uuid.ts';
import { type MetadataRecord, metadataRecord } from '../metadata/metadata-records.ts';
import { BOOTSTRAP_CHECKPOINT, encodeSnapshot, readSnapshot } from '../metadata/metadata-snapshot.ts';
import { BOOTSTRAP_FEATURES } from '../metadata/metadata-version.ts';
import { CLUSTER_METADATA_TOPIC } from '../metadata/topic-name.ts';
import { Errno } from '../native/file-space.ts';
import type { LogStore } from '../native/log-store.ts';
import { readMetaProperties, writeMetaProperties } from '../storage/meta-properties.ts';
import { ensureDone, StorageError } from '../storage/storage-error.ts';
import { type MetadataLogOptions, StoredMetadataLog } from './stored-metadata-log.ts';

export interface MetadataDirectoryOptions extends MetadataLogOptions {
  readonly store: LogStore;
  readonly nodeId: number;
  /** All log directories; made and formatted when they are new. */
  readonly logDirs: readonly string[];
  /** `metadata.log.dir`, by default the first log directory. */
  readonly metadataLogDir: string;
  /** The cluster id that is asked for; null: what the directories say, else a new one. */
  readonly clusterId: string | null;
  readonly random: Random;
  readonly logger: Logger;
  readonly wallMs: () => number;
}

export interface MetadataDirectory {
  readonly clusterId: string;
  /** Directory id by log directory. */
  readonly directoryIds: ReadonlyMap<string, string>;
  readonly metadataDirectoryId: string;
  readonly log: StoredMetadataLog;
  /** What an empty log begins with. */
  readonly bootstrapRecords: readonly MetadataRecord[];
}

/**
 * Throws a StorageError when a directory belongs to another node or cluster, or cannot be read, or when it cannot be known
 * whose the metadata log is.
 */
export function openMetadataDirectory(options: MetadataDirectoryOptions): MetadataDirectory {
  const { store, metadataLogDir } = options;
  const folder = `${metadataLogDir}/${CLUSTER_METADATA_TOPIC}-0`;
  const directories = [...new Set([...options.logDirs, metadataLogDir])];
  for (const directory of directories) ensureDone(store.files.makeFolder(directory), 'cannot make', directory);
  throwIfNameless(metadataLogDir, folder, options);
  const clusterId = agreedClusterId(directories, options);
  const directoryIds = new Map(
    directories.map((directory) => [directory, formatDirectory(directory, clusterId, options)]),
  );
  const bootstrapRecords = bootstrap(options);
  const log = new StoredMetadataLog(store, folder, options, options.logger);
  return { clusterId, directoryIds, metadataDirectoryId: directoryIds.get(metadataLogDir)!, log, bootstrapRecords };
}

/** A directory gets its name before its metadata log: without one, it was lost, and a new one would make a new cluster. */
function throwIfNameless(directory: string, folder: string, { store }: MetadataDirectoryOptions): void {
  if (readMetaProperties(store.files, directory)) return;
  const entries = store.files.list(folder);
  if (typeof entries === 'number' || entries.length === 0) return;
  throw new StorageError('no meta.properties beside the metadata log of a cluster', folder, 0);
}

function agreedClusterId(directories: readonly string[], options: MetadataDirectoryOptions): string {
  const { store, nodeId, clusterId: wanted, random } = options;
  let found = wanted;
  for (const directory of directories) {
    const properties = readMetaProperties(store.files, directory);
    if (!properties) continue;
    const path = `${directory}/meta.properties`;
    if (properties.nodeId !== nodeId) {
      throw new StorageError(`belongs to node ${properties.nodeId}, this is node ${nodeId} (node.id)`, path, 0);
    }
    found ??= properties.clusterId;
    if (properties.clusterId !== found) {
      throw new StorageError(`belongs to cluster ${properties.clusterId}, expected is ${found}`, path, 0);
    }
  }
  return found ?? randomUuid(random);
}

/** Returns the directory's id. */
function formatDirectory(directory: string, clusterId: string, options: MetadataDirectoryOptions): string {
  const { store, nodeId, random } = options;
  const existing = readMetaProperties(store.files, directory)?.directoryId;
  if (existing !== undefined) return existing;
  const directoryId = randomUuid(random);
  writeMetaProperties(store.files, directory, { clusterId, nodeId, directoryId });
  return directoryId;
}

/** Reads the bootstrap checkpoint, or writes the one of a fresh directory. */
function bootstrap({ store, metadataLogDir, wallMs }: MetadataDirectoryOptions): MetadataRecord[] {
  const path = `${metadataLogDir}/${BOOTSTRAP_CHECKPOINT}`;
  const bytes = store.files.readFile(path);
  if (typeof bytes !== 'number') return readSnapshot(bytes).flatMap(({ records }) => records);
  if (bytes !== Errno.ENOENT) throw new StorageError('cannot read', path, bytes);
  const records = BOOTSTRAP_FEATURES.map(([name, featureLevel]) =>
    metadataRecord('FeatureLevelRecord', { name, featureLevel }),
  );
  const parts = encodeSnapshot(records, { epoch: 0, lastContainedLogTimestampMs: 0, timestampMs: wallMs() });
  ensureDone(store.files.writeFileAtomic(path, Buffer.concat([...parts])), 'cannot write', path);
  return records;
}
