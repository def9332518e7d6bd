import { Errno, type FileSpace } from '../../native/file-space.ts';
import type { PacedSteps } from '../background/paced-steps.ts';
import { offsetFileName } from '../log-files.ts';
import { ensureDone, StorageError } from '../storage-error.ts';
import { hasSegment, PARTIAL_SUFFIX, SEGMENT_COMPANIONS } from './move-files.ts';

/**
 * Copies a closed segment with its indexes into a future log. Its `.log` gets its name last, when everything is synced; one
 * that has its name already and the same bytes stays.
 *
 * Thread: any; the log is only read.
 */
export interface CopyJob {
  /** Folder of the log. */
  readonly from: string;
  /** Folder of the future log. */
  readonly to: string;
  readonly baseOffset: number;
  readonly sizeBytes: number;
}

/** Bytes between two steps. */
const STEP_BYTES = 256 * 1024;

/** Returns the bytes copied or compared; fewer than the segment has when it was deleted meanwhile. Throws a StorageError. */
export function* copySegment({ from, to, baseOffset, sizeBytes }: CopyJob, files: FileSpace): PacedSteps<number> {
  let copied = 0;
  for (const extension of SEGMENT_COMPANIONS) {
    const name = offsetFileName(baseOffset, extension);
    const stat = files.stat(`${from}/${name}`);
    if (typeof stat === 'number') {
      if (stat !== Errno.ENOENT) throw new StorageError('cannot read', `${from}/${name}`, stat);
      files.unlink(`${to}/${name}`);
      continue;
    }
    copied += yield* copyFile(files, `${from}/${name}`, `${to}/${name}`, stat.sizeBytes);
  }
  const name = offsetFileName(baseOffset, '.log');
  if (
    hasSegment(files, to, baseOffset, sizeBytes) &&
    (yield* isSame(files, `${from}/${name}`, `${to}/${name}`, sizeBytes))
  )
    return copied + sizeBytes;
  const partial = `${to}/${name}${PARTIAL_SUFFIX}`;
  const got = yield* copyFile(files, `${from}/${name}`, partial, sizeBytes);
  if (got < sizeBytes) {
    files.unlink(partial);
    if (typeof files.stat(`${from}/${name}`) === 'number') return copied;
    // Damaged. Taken for copied, it would be looked for at the other end without end.
    throw new StorageError(`${got} bytes where the log has ${sizeBytes}`, `${from}/${name}`, 0);
  }
  const { modifiedMs } = files.stat(`${from}/${name}`) as { modifiedMs?: number };
  // Retention counts from it where records have no timestamps.
  if (modifiedMs !== undefined) files.setModified(partial, modifiedMs);
  ensureDone(files.rename(partial, `${to}/${name}`), 'cannot rename', partial);
  ensureDone(files.syncFolderNow(to), 'cannot sync', to);
  return copied + got;
}

/** Returns how many bytes there were, up to `sizeBytes`; they are durable then. */
function* copyFile(files: FileSpace, from: string, to: string, sizeBytes: number): PacedSteps<number> {
  const source = files.open(from, false);
  if (source === Errno.ENOENT) return 0;
  ensureDone(source, 'cannot open', from);
  let target = -1;
  try {
    target = ensureDone(files.open(to, true), 'cannot make', to);
    ensureDone(files.truncate(target, 0), 'cannot empty', to);
    const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(STEP_BYTES, sizeBytes)));
    let position = 0;
    while (position < sizeBytes) {
      const wanted = Math.min(buffer.length, sizeBytes - position);
      const got = ensureDone(files.read(source, position, buffer, 0, wanted), 'cannot read', from);
      if (got === 0) break;
      ensureDone(files.write(target, position, [buffer.subarray(0, got)], 1), 'cannot write', to);
      position += got;
      yield got;
    }
    ensureDone(files.syncNow(target), 'cannot sync', to);
    return position;
  } catch (error) {
    // On a full disk it would be in the way of everybody.
    if (target >= 0) files.unlink(to);
    throw error;
  } finally {
    files.close(source);
    if (target >= 0) files.close(target);
  }
}

/** Whether the first `sizeBytes` of two files, which `to` has, are the same. */
function* isSame(files: FileSpace, from: string, to: string, sizeBytes: number): PacedSteps<boolean> {
  const source = files.open(from, false);
  if (source === Errno.ENOENT) return false;
  ensureDone(source, 'cannot open', from);
  let target = -1;
  try {
    target = ensureDone(files.open(to, false), 'cannot open', to);
    const bytes = Buffer.allocUnsafe(Math.min(STEP_BYTES, sizeBytes));
    const found = Buffer.allocUnsafe(bytes.length);
    for (let position = 0; position < sizeBytes; ) {
      const wanted = Math.min(bytes.length, sizeBytes - position);
      const got = ensureDone(files.read(source, position, bytes, 0, wanted), 'cannot read', from);
      ensureDone(files.read(target, position, found, 0, wanted), 'cannot read', to);
      if (got < wanted || bytes.compare(found, 0, wanted, 0, wanted) !== 0) return false;
      position += wanted;
      yield wanted;
    }
    return true;
  } finally {
    files.close(source);
    if (target >= 0) files.close(target);
  }
}
