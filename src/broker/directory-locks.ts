/**
 * Keeps other processes away from the broker's directories, as Kafka does: a lock on `.lock` in each. Taken before
 * anything in them is read or written. Control thread.
 */
import { Errno, type FileSpace } from '../native/file-space.ts';
import { readMetaProperties } from '../storage/meta-properties.ts';
import { isDiskFull, releaseReserve } from '../storage/reserve-file.ts';
import { ensureDone, StorageError } from '../storage/storage-error.ts';

const LOCK_FILE = '.lock';

export class DirectoryLocks {
  readonly #files: FileSpace;
  readonly #held: string[] = [];
  /** Directories that cannot be used, and why. */
  readonly faults = new Map<string, StorageError>();

  /** Makes directories that are missing. Throws a StorageError when another process has one; then none is held. */
  constructor(directories: Iterable<string>, files: FileSpace) {
    this.#files = files;
    try {
      for (const directory of new Set(directories)) this.#take(directory);
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** Throws the fault when the directory cannot be used. */
  ensureUsable(directory: string): void {
    const fault = this.faults.get(directory);
    if (fault) throw fault;
  }

  release(): void {
    for (const path of this.#held.splice(0)) this.#files.unlock(path);
  }

  #take(directory: string): void {
    const path = `${directory}/${LOCK_FILE}`;
    try {
      ensureDone(this.#files.makeFolder(directory), 'cannot make', directory);
      let locked = this.#files.lock(path);
      if (isDiskFull(locked) && releaseReserve(this.#files, directory)) locked = this.#files.lock(path);
      if (locked === Errno.EAGAIN) throw new StorageError('another process uses the directory of', path, 0);
      ensureDone(locked, 'cannot lock', directory);
      this.#held.push(path);
      readMetaProperties(this.#files, directory);
    } catch (error) {
      if (!(error instanceof StorageError) || error.errno === 0) throw error;
      this.faults.set(directory, error);
    }
  }
}
