/** Opens the folders that the settings name, before any thread of the broker runs. Control thread. */
import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import type { LoadedBrokerConfig } from '../config/load-broker-config.ts';
import { type MetadataDirectory, openMetadataDirectory } from '../controller/metadata-directory.ts';
import type { LogStore } from '../native/log-store.ts';
import { keepReserve } from '../storage/reserve-file.ts';
import type { ComponentLoggers } from '../telemetry/component-loggers.ts';
import type { DirectoryLocks } from './directory-locks.ts';
import { LogDirectories } from './log-directories.ts';

export interface OpenedDirectories {
  readonly metadata: MetadataDirectory;
  /** Those that cannot be used are among them, offline. */
  readonly directories: LogDirectories;
}

/** Throws why the metadata log's directory, or each of the others, cannot be used. */
export function openDirectories(
  { config, identity }: LoadedBrokerConfig,
  locks: DirectoryLocks,
  store: LogStore,
  loggers: ComponentLoggers,
): OpenedDirectories {
  const { logDirs, metadataLogDir } = identity;
  const reserveBytes = config.int('millrace.disk.reserve.bytes');
  locks.ensureUsable(metadataLogDir);
  const usable = logDirs.filter((path) => !locks.faults.has(path));
  if (usable.length === 0) locks.ensureUsable(logDirs[0]);
  for (const path of usable) keepReserve(store.files, path, () => systemRandom.bytes(reserveBytes));
  const metadata = openMetadataDirectory({
    store,
    nodeId: identity.nodeId,
    logDirs: usable,
    metadataLogDir,
    clusterId: identity.clusterId,
    random: systemRandom,
    logger: loggers.of('controller'),
    wallMs: () => systemClock.wallMs(),
    segmentBytes: config.int('metadata.log.segment.bytes'),
    segmentMs: config.long('metadata.log.segment.ms'),
    reserveBytes,
  });
  const found = logDirs.map((path) => ({
    path,
    id: metadata.directoryIds.get(path),
    fault: locks.faults.get(path)?.message,
  }));
  return { metadata, directories: new LogDirectories(found, store.files, systemRandom, loggers.of('storage')) };
}
