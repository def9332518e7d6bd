import { Errno, type FileSpace } from '../native/file-space.ts';
import { StorageError } from './storage-error.ts';

/** Small text files: read whole, replaced whole. */

/** The text, undefined when there is no such file. Throws a StorageError. */
export function readTextFile(files: FileSpace, path: string): string | undefined {
  const bytes = files.readFile(path);
  if (bytes === Errno.ENOENT) return undefined;
  if (typeof bytes === 'number') throw new StorageError('cannot read', path, bytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/**
 * What a power failure may leave of a file that was not synced yet: nothing of it, or zeros in its place. Then it is as
 * good as missing.
 */
export function isLostText(text: string): boolean {
  return /^\0*$/.test(text);
}

/** Durable when it returns, unless that is not wanted. Throws a StorageError. */
export function writeTextFile(files: FileSpace, path: string, text: string, durable = true): void {
  const result = files.writeFileAtomic(path, Buffer.from(text), durable);
  if (result < 0) throw new StorageError('cannot write', path, result);
}
