import type { Uuid } from '../../base/uuid.ts';
import { Errno, type FileSpace } from '../../native/file-space.ts';
import { offsetFileName, parseOffsetFile } from '../log-files.ts';
import { readPartitionMetadata, writePartitionMetadata } from '../partition-metadata-file.ts';
import { DAMAGE_FILE } from '../scrub/damage-list.ts';
import { ensureDone, StorageError } from '../storage-error.ts';

/**
 * The files of a move to another log directory.
 *
 *     <to>/<topic>-<partition>.<32 hex digits>-future/    the future log, while it is copied
 *         millrace-move                  a mark: what has its name here is complete and durable
 *         <base offset>.log.partial      a segment on its way; it gets its name when all of it is synced
 *     <to>/<topic>-<partition>/millrace-move    the log was moved here: it is newer than a folder of that name elsewhere
 *
 * Thread: the log's owner, and those that copy segments for it.
 */

const MOVE_MARK = 'millrace-move';
export const PARTIAL_SUFFIX = '.partial';

/** Files that come with a segment, without the log itself. */
export const SEGMENT_COMPANIONS = ['.index', '.timeindex', '.txnindex', '.snapshot'] as const;

/** Small files of the folder that a move takes along. */
const FOLDER_FILES = ['leader-epoch-checkpoint', DAMAGE_FILE] as const;

/** Whether the folder came by a move whose last step may not have been finished. */
export function wasMovedHere(files: FileSpace, folder: string): boolean {
  return typeof files.stat(`${folder}/${MOVE_MARK}`) !== 'number';
}

/** Durable when it returns. Throws a StorageError. */
export function removeMoveMark(files: FileSpace, folder: string): void {
  const path = `${folder}/${MOVE_MARK}`;
  const result = files.unlink(path);
  if (result === Errno.ENOENT) return;
  ensureDone(result, 'cannot delete', path);
  ensureDone(files.syncFolderNow(folder), 'cannot sync', folder);
}

/**
 * Makes the folder of a future log, or takes up the one that an earlier start of the broker left. Its segments are whole,
 * but the log's own may have become others since: a power failure takes what was not synced, and what is appended then may
 * be just as long. Throws a StorageError.
 */
export function openFutureFolder(files: FileSpace, folder: string, topicId: Uuid): void {
  if (wasMovedHere(files, folder) && readPartitionMetadata(files, folder) === topicId) return;
  const removed = files.removeFolder(folder);
  if (removed !== Errno.ENOENT) ensureDone(removed, 'cannot remove', folder);
  ensureDone(files.makeFolder(folder), 'cannot make', folder);
  writePartitionMetadata(files, folder, topicId);
  ensureDone(files.writeFileAtomic(`${folder}/${MOVE_MARK}`, new Uint8Array(0)), 'cannot write', folder);
}

/** Whether the future folder has a segment of that size, whatever is in it. */
export function hasSegment(files: FileSpace, folder: string, baseOffset: number, sizeBytes: number): boolean {
  const stat = files.stat(`${folder}/${offsetFileName(baseOffset, '.log')}`);
  return typeof stat !== 'number' && stat.sizeBytes === sizeBytes;
}

/** Deletes what the log does not have any more, and what never became complete. Throws a StorageError. */
export function prune(files: FileSpace, folder: string, segments: ReadonlySet<number>): void {
  const entries = files.list(folder);
  if (typeof entries === 'number') throw new StorageError('cannot list', folder, entries);
  for (const { name } of entries) {
    const file = parseOffsetFile(name);
    const isStray = name.endsWith(PARTIAL_SUFFIX) || (file && !segments.has(file.offset) && file.kind !== 'snapshot');
    if (isStray) ensureDone(files.unlink(`${folder}/${name}`), 'cannot delete', `${folder}/${name}`);
  }
}

/** Throws a StorageError. */
export function copyFolderFiles(files: FileSpace, from: string, to: string): void {
  for (const name of FOLDER_FILES) {
    const bytes = files.readFile(`${from}/${name}`);
    if (bytes === Errno.ENOENT) {
      files.unlink(`${to}/${name}`);
      continue;
    }
    if (typeof bytes === 'number') throw new StorageError('cannot read', `${from}/${name}`, bytes);
    ensureDone(files.writeFileAtomic(`${to}/${name}`, bytes), 'cannot write', `${to}/${name}`);
  }
}
