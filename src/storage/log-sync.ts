import { Errno } from '../native/file-space.ts';
import { offsetFileName } from './log-files.ts';
import type { LogState } from './log-state.ts';
import { StorageError } from './storage-error.ts';

/**
 * Making a log durable: records and indexes through the storage engine, then the small files beside them that were
 * written to (leader epochs and transaction indexes), and segments that recovery has found. The caller has one sync under way
 * at a time, which serves many: a second one would be done before the small files that the first has taken.
 *
 * Thread: the log's owner.
 */

/** `result` is 0 or a negative errno; everything below `recoveryPoint` is durable. */
export type SyncDone = (result: number, recoveryPoint: number) => void;

export function syncLog(state: LogState, done: SyncDone): void {
  const endOffset = state.logEndOffset;
  const paths = takeUnsyncedFiles(state);
  state.rolledSinceSync = false;
  let waiting = 1;
  let firstFailure = 0;
  const finish = (result: number): void => {
    firstFailure ||= result;
    if (--waiting > 0) return;
    // A truncation may have come in between.
    if (firstFailure === 0)
      state.recoveryPoint = Math.max(state.recoveryPoint, Math.min(endOffset, state.logEndOffset));
    done(firstFailure, state.recoveryPoint);
  };
  if (paths.length > 0) {
    waiting += 1 + paths.length;
    state.files.syncFolder(state.folder, finish);
    for (const path of paths) syncFile(state, path, finish);
  }
  state.store.sync(state.handle, finish);
}

function syncFile({ files }: LogState, path: string, done: (result: number) => void): void {
  const file = files.open(path, false);
  if (file < 0) {
    // Deleted meanwhile, as a transaction index is together with its segment.
    queueMicrotask(() => done(file === Errno.ENOENT ? 0 : file));
    return;
  }
  files.sync(file, (result) => {
    files.close(file);
    done(result);
  });
}

/** Completes the active segment's indexes, for a stop. True when a sync has anything to do. */
export function finishIndexes({ store, handle, recoveryPoint, logEndOffset }: LogState): boolean {
  return store.finishIndexes(handle) || recoveryPoint < logEndOffset;
}

/** Syncs the log as it may be closed, before it returns. Throws a StorageError. */
export function syncLogNow(state: LogState): void {
  const { files, folder } = state;
  finishIndexes(state);
  const fail = (result: number): void => {
    if (result < 0) throw new StorageError('cannot sync the log in', folder, result);
  };
  const paths = takeUnsyncedFiles(state);
  fail(state.store.syncNow(state.handle));
  for (const path of paths) {
    const file = files.open(path, false);
    if (file === Errno.ENOENT) continue;
    fail(file);
    const result = files.syncNow(file);
    files.close(file);
    fail(result);
  }
  if (paths.length > 0) fail(files.syncFolderNow(folder));
  state.recoveryPoint = state.logEndOffset;
}

const NO_FILES: readonly string[] = [];

/**
 * Leader epochs that begin in the active segment are found in it after a crash (log-recovery.ts), so that a log's first sync
 * need not take their file along.
 */
function takeUnsyncedFiles(state: LogState): readonly string[] {
  const { unsyncedTransactionIndexes, unsyncedSegments, epochs } = state;
  const withEpochs = epochs.isUnsyncedBelow(state.activeBaseOffset);
  if (unsyncedTransactionIndexes.size === 0 && unsyncedSegments.size === 0 && !withEpochs) return NO_FILES;
  const paths = [...unsyncedTransactionIndexes].map((segment) => state.transactions.path(segment));
  for (const segment of unsyncedSegments) {
    // The active one's indexes are made anew after a power failure.
    const extensions = segment === state.activeBaseOffset ? ['.log'] : ['.log', '.index', '.timeindex'];
    for (const extension of extensions) paths.push(`${state.folder}/${offsetFileName(segment, extension)}`);
  }
  unsyncedTransactionIndexes.clear();
  unsyncedSegments.clear();
  if (withEpochs) paths.push(epochs.takeUnsynced());
  return paths;
}
