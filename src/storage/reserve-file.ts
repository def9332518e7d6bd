import { Errno, type FileSpace } from '../native/file-space.ts';

/**
 * Room on the disk that is kept back, as a file in a log directory: when the disk is full, it is given up for what must
 * get through (the lock of a start, the deletion of a topic in the metadata log), so that a full disk can be emptied by
 * the usual means. Made again when there is room.
 *
 * Thread: the control thread.
 */
const NAME = '.millrace-reserve';

/** A disk that is full, or a quota that is used up. */
export function isDiskFull(errno: number): boolean {
  return errno === Errno.ENOSPC || errno === Errno.EDQUOT;
}

/** Makes the file unless it is there; does nothing where there is no room for it. `content` must not compress. */
export function keepReserve(files: FileSpace, directory: string, content: () => Uint8Array): void {
  const path = `${directory}/${NAME}`;
  const stat = files.stat(path);
  if (typeof stat !== 'number' && stat.sizeBytes > 0) return;
  const bytes = content();
  if (bytes.length === 0) return;
  if (files.writeFileAtomic(path, bytes) !== 0) files.unlink(path);
}

/** Gives the room back; false when there is none kept. */
export function releaseReserve(files: FileSpace, directory: string): boolean {
  return files.unlink(`${directory}/${NAME}`) === 0;
}
