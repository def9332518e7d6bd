/**
 * What happens when a log directory fails (a sync, or the device under it): its partitions go offline, the controller is
 * told, and everything else goes on. Without a directory left, or without the metadata log's, the broker cannot go on.
 * Control thread.
 */
import type { Clock } from '../base/clock.ts';
import type { LogDirectories } from './log-directories.ts';
import type { PartitionManager } from './partition-manager.ts';
import type { StorageLinks } from './storage-links.ts';

export interface DirectoryFailuresContext {
  readonly directories: LogDirectories;
  readonly partitions: PartitionManager;
  readonly storage: StorageLinks;
  /** Where the metadata log lies, as the settings name it. */
  readonly metadataLogDir: string;
  readonly clock: Clock;
  /** `log.dir.failure.timeout.ms` */
  timeoutMs(): number;
  /** Has the controller know which directories are offline. */
  tellController(): Promise<void>;
  /** By the path that clients know the directory by. */
  onOffline(path: string): void;
  onFatal(error: Error): void;
}

export class DirectoryFailures {
  readonly #context: DirectoryFailuresContext;

  constructor(context: DirectoryFailuresContext) {
    this.#context = context;
  }

  /** What failed is in the directory of the partition in that row. */
  rowFailed(row: number, fault: string): void {
    const { directories, partitions } = this.#context;
    const place = partitions.placeOf(row);
    const path = place && directories.directoryOf(place.topic, place.partition);
    if (path !== undefined) this.failed(path, fault);
  }

  /** At a stop: the partition's log was not closed in order, so its directory is not marked as clean. */
  noteUnclean(row: number, fault: string): void {
    const { directories, partitions } = this.#context;
    const place = partitions.placeOf(row);
    const path = place && directories.directoryOf(place.topic, place.partition);
    if (path !== undefined) directories.setOffline(path, fault);
  }

  failed(path: string, fault: string): void {
    const { directories, partitions, metadataLogDir, tellController, onOffline, onFatal } = this.#context;
    const rows = partitions.rowsIn(path);
    if (!directories.setOffline(path, fault)) return;
    this.#takeOffline(rows, fault);
    onOffline(path);
    if (!directories.hasOnline || directories.storedPath(path) === metadataLogDir) onFatal(new Error(fault));
    else this.#tell(tellController());
  }

  /** A move has ended in a directory that failed in the meantime. */
  movedInto(path: string, row: number): void {
    this.#takeOffline([row], `it was moved into ${path}, which has failed`);
  }

  #takeOffline(rows: readonly number[], fault: string): void {
    const { partitions, storage } = this.#context;
    // A worker that fails at it says so itself.
    storage.requestRows(rows, (some) => ({ op: 'offline', rows: some, fault })).catch(() => {});
    for (const row of rows) partitions.noteOffline(row);
  }

  /** Until the controller knows, clients are sent to partitions that are not served. */
  #tell(told: Promise<void>): void {
    const { clock, timeoutMs, onFatal } = this.#context;
    const timer = clock.schedule(timeoutMs(), () => {
      onFatal(new Error('the controller did not take note of a failed log directory in time'));
    });
    // A metadata log that fails at this says so itself.
    told.catch(() => {}).finally(() => timer.cancel());
  }
}
