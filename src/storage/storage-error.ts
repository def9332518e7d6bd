import { errnoName } from '../native/file-space.ts';

/**
 * A file operation failed outside of the append path (there, errors are codes). What it concerns goes offline; the
 * caller decides whether that is a partition or the whole directory.
 */
export class StorageError extends Error {
  /** Negative errno, or 0 when the content is at fault. */
  readonly errno: number;
  readonly path: string;

  constructor(what: string, path: string, errno: number) {
    super(errno < 0 ? `${what} ${path}: ${errnoName(errno)}` : `${what}: ${path}`);
    this.name = 'StorageError';
    this.errno = errno;
    this.path = path;
  }
}

/** One that another thread has met, with its words. */
export class RemoteStorageError extends StorageError {
  constructor(message: string, path: string, errno: number) {
    super(message, path, errno);
    this.message = message;
  }
}

/** Throws when `result` is a negative errno. */
export function ensureDone(result: number, what: string, path: string): number {
  if (result < 0) throw new StorageError(what, path, result);
  return result;
}
