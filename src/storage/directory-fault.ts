import { Errno } from '../native/file-space.ts';

/**
 * Which failures say that a whole log directory is not to be trusted, and not just one file: the device or the file
 * system fails. A full disk, a missing file or a lack of memory is no such failure.
 */
const DIRECTORY_FAULTS: ReadonlySet<number> = new Set([
  Errno.EIO,
  Errno.EROFS,
  Errno.ENXIO,
  Errno.ENODEV,
  Errno.ESTALE,
]);

export function isDirectoryFault(errno: number): boolean {
  return DIRECTORY_FAULTS.has(errno);
}
