/**
 * Keeps other processes away from the broker's directories, as Kafka does: a lock on `.lock` in each. Taken before
 * anything in them is read or written. Control thread.
 */
import type { FileSpace } from '../native/file-space.ts';
import { ensureDone, StorageError } from '../storage/storage-error.ts';

const LOCK_FILE = '.lock';

export class DirectoryLocks {
  readonly #files: FileSpace;
  readonly #held: string[] = [];

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

  release(): void {
    for (const path of this.#held.splice(0)) this.#files.unlock(path);
  }

  #take(directory: string): void {
    ensureDone(this.#files.makeFolder(directory), 'cannot make', directory);
    const path = `${directory}/${LOCK_FILE}`;
    if (this.#files.lock(path) !== 0) throw new StorageError('another process uses the directory of', path, 0);
    this.#held.push(path);
  }
}
