import { ErrorCode } from '../../protocol/errors.ts';
import type { LogState } from '../log-state.ts';
import { rollSegment } from '../segment-roll.ts';
import { ensureDone, StorageError } from '../storage-error.ts';
import { copySegment } from './copy-segment.ts';
import { copyFolderFiles, hasSegment, openFutureFolder, prune, removeMoveMark } from './move-files.ts';

/**
 * The owner's part in a move to another log directory. Closed segments are copied by others (copy-segment.ts) while the
 * log is in use; the owner closes the active one, copies what little is left between two appends, and gives the folder
 * its name.
 *
 *     begin -> (copy all closed segments, begin a new one, copy what was closed) ... -> finish
 *
 * Thread: the log's owner.
 */

/** What the owner copies itself, at most: nothing is appended meanwhile. */
export const MOVE_TAIL_BYTES_MAX = 4 * 1024 * 1024;

export interface MoveSegment {
  readonly baseOffset: number;
  readonly sizeBytes: number;
}

/** What of a log a move has to copy. */
export interface MoveState {
  /** Closed ones, ascending. */
  readonly segments: readonly MoveSegment[];
  readonly activeBytes: number;
  readonly logEndOffset: number;
}

/** Where a log goes: first the folder that is filled, then the name that it gets. */
export interface MoveTarget {
  readonly future: string;
  readonly folder: string;
}

/** Throws a StorageError. */
export function beginMove(state: LogState, { future, folder }: MoveTarget): void {
  const { files } = state;
  if (typeof files.stat(folder) !== 'number') throw new StorageError('a folder is in the way of a move', folder, 0);
  // From a move before; from now on the folder that is filled is the newer one.
  removeMoveMark(files, state.folder);
  openFutureFolder(files, future, state.topicId);
}

/** `roll`: the active segment is closed first, if it has any records. Throws a StorageError. */
export function moveState(state: LogState, roll: boolean): MoveState {
  if (roll) closeActive(state);
  const segments = state.segments
    .slice(0, -1)
    .map((baseOffset) => ({ baseOffset, sizeBytes: state.segmentSizeBytes(baseOffset) }));
  return { segments, activeBytes: state.activeSizeBytes, logEndOffset: state.logEndOffset };
}

/**
 * Returns the bytes that others have to copy first; 0 when the folder has its name and holds the whole log, durably.
 * Segments behind `copiedTo` are copied here, whatever an earlier attempt has left of them. Throws a StorageError; then
 * the log is as it was.
 */
export function finishMove(state: LogState, { future, folder }: MoveTarget, copiedTo: number): number {
  const { files } = state;
  closeActive(state);
  const all = [...moveState(state, false).segments, { baseOffset: state.activeBaseOffset, sizeBytes: 0 }];
  const missing = all.filter(
    ({ baseOffset, sizeBytes }) => baseOffset > copiedTo || !hasSegment(files, future, baseOffset, sizeBytes),
  );
  const leftBytes = missing.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (leftBytes > MOVE_TAIL_BYTES_MAX) return leftBytes;
  for (const segment of missing) {
    const steps = copySegment({ from: state.folder, to: future, ...segment }, files);
    while (!steps.next().done);
    if (!hasSegment(files, future, segment.baseOffset, segment.sizeBytes))
      throw new StorageError('a segment could not be copied to', future, 0);
  }
  prune(files, future, new Set(state.segments));
  copyFolderFiles(files, state.folder, future);
  ensureDone(files.syncFolderNow(future), 'cannot sync', future);
  ensureDone(files.rename(future, folder), 'cannot rename', future);
  const synced = files.syncFolderNow(folder.slice(0, folder.lastIndexOf('/')));
  if (synced === 0) return 0;
  files.rename(folder, future);
  throw new StorageError('cannot sync the directory of', folder, synced);
}

function closeActive(state: LogState): void {
  if (state.activeSizeBytes === 0) return;
  if (rollSegment(state, state.logEndOffset) !== ErrorCode.NONE)
    throw new StorageError('cannot begin a segment in', state.folder, 0);
}
