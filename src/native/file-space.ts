import { constants } from 'node:os';

/**
 * The tiny file system that the portable storage engine and the small files of `src/storage` stand on: node:fs
 * (`fs-file-space.ts`) or memory (`memory-file-space.ts`). Every call is synchronous unless it takes `done`. Failures
 * come back as negative errno values; only a wrong handle throws. Paths are joined with "/".
 *
 * Thread: whichever thread owns the log or the folder.
 */
export interface FileSpace {
  readonly kind: 'fs' | 'memory';

  /** Makes a folder and its parents; 0 also when it is there already. */
  makeFolder(path: string): number;
  /** Entries of a folder, sorted by name. */
  list(folder: string): FolderEntry[] | number;
  stat(path: string): FileStat | number;
  /** A handle for reading and writing; `create` makes a missing file. */
  open(path: string, create: boolean): number;
  close(file: number): void;
  /** Reads until `sizeBytes` or the end of the file; returns how many. */
  read(file: number, position: number, target: Uint8Array, targetAt: number, sizeBytes: number): number;
  /** Writes the first `count` parts one behind the other; returns 0. A failure may leave some of the bytes written. */
  write(file: number, position: number, parts: readonly Uint8Array[], count: number): number;
  truncate(file: number, sizeBytes: number): number;
  /** fdatasync; `done` runs later on the same thread. */
  sync(file: number, done: (result: number) => void): void;
  syncNow(file: number): number;
  /** Makes names in a folder durable; `done` runs later on the same thread. */
  syncFolder(path: string, done: (result: number) => void): void;
  syncFolderNow(path: string): number;
  /**
   * Opens a folder for `syncFileSystemNow`, which tells of all writes that fail from here on; -ENOSYS where the file
   * system would not tell of them, as any but ext4.
   */
  openFileSystem(folder: string): number;
  /** Makes everything durable that was written in the file system of a handle of `openFileSystem`. */
  syncFileSystemNow(file: number): number;
  /** Bytes that wait to be written on the whole machine; endless where that is not known. */
  unwrittenBytes(): number;

  /** The whole file. */
  readFile(path: string): Uint8Array | number;
  /**
   * Puts a whole file in place: temporary file, fsync, rename, fsync of the folder. Readers see the old or the new.
   * Without `durable` (true by default) nothing is synced, and a power failure may leave any content.
   */
  writeFileAtomic(path: string, bytes: Uint8Array, durable?: boolean): number;
  /** Replaces `to` when it is there. */
  rename(from: string, to: string): number;
  /** Sets the time of a file's last change. */
  setModified(path: string, modifiedMs: number): number;
  unlink(path: string): number;
  /** Deletes a file without waiting for it, which takes milliseconds when it is large; whether it works is not told. */
  unlinkAside(path: string): void;
  /** Removes a folder with everything in it. */
  removeFolder(path: string): number;
  /** As `unlinkAside`. */
  removeFolderAside(path: string): void;
  /**
   * Takes a lock file for this process and returns 0, or -EAGAIN while another live process holds it. A lock left by a
   * process that is gone is taken over.
   */
  lock(path: string): number;
  unlock(path: string): number;
}

export interface FolderEntry {
  readonly name: string;
  readonly isFolder: boolean;
}

export interface FileStat {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly isFolder: boolean;
}

/** The negative errno values that code above compares with. */
export const Errno = {
  EPERM: -constants.errno.EPERM,
  ENOENT: -constants.errno.ENOENT,
  EIO: -constants.errno.EIO,
  ENXIO: -constants.errno.ENXIO,
  ENODEV: -constants.errno.ENODEV,
  EROFS: -constants.errno.EROFS,
  ESTALE: -constants.errno.ESTALE,
  EBADF: -constants.errno.EBADF,
  EAGAIN: -constants.errno.EAGAIN,
  EEXIST: -constants.errno.EEXIST,
  ENOTDIR: -constants.errno.ENOTDIR,
  EISDIR: -constants.errno.EISDIR,
  EINVAL: -constants.errno.EINVAL,
  ENOSPC: -constants.errno.ENOSPC,
  EDQUOT: -constants.errno.EDQUOT,
  ENOSYS: -constants.errno.ENOSYS,
} as const;

/** "ENOSPC" for -28: for messages. */
export function errnoName(result: number): string {
  for (const [name, value] of Object.entries(constants.errno)) if (value === -result) return name;
  return `errno ${-result}`;
}
