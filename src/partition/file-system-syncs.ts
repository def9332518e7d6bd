import type { FileSpace } from '../native/file-space.ts';

/**
 * Makes all logs of a storage worker durable when the broker stops: where ten thousand of them were written to, the files
 * one by one take longer than a supervisor waits.
 *
 * Thread: the worker's.
 */

/** What may wait to be written on the whole machine, for each log that is to be synced: about the price of its own syncs. */
const UNWRITTEN_BYTES_PER_LOG = 128 * 1024;

export class FileSystemSyncs {
  readonly #files: FileSpace;
  /** Handle or negative errno, by log directory. */
  readonly #held = new Map<string, number>();

  constructor(files: FileSpace) {
    this.#files = files;
  }

  /** To be called before anything is written in the directory: `syncNow` tells of what fails from here on. */
  hold(directory: string): void {
    if (!this.#held.has(directory)) this.#held.set(directory, this.#files.openFileSystem(directory));
  }

  /** Whether `syncNow` is possible, and cheaper than syncs of so many logs. */
  payFor(logs: number): boolean {
    for (const file of this.#held.values()) if (file < 0) return false;
    return logs > 0 && this.#files.unwrittenBytes() <= logs * UNWRITTEN_BYTES_PER_LOG;
  }

  /** Syncs whatever was written in the directory; 0 or a negative errno. */
  syncNow(directory: string): number {
    return this.#files.syncFileSystemNow(this.#held.get(directory)!);
  }

  close(): void {
    for (const file of this.#held.values()) if (file >= 0) this.#files.close(file);
    this.#held.clear();
  }
}
