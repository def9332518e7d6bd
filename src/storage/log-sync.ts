import type { LogState } from './log-state.ts';

/**
 * Making a log durable: records and indexes through the storage engine, then the transaction indexes that were written
 * to. Several syncs may be under way; the caller groups requests so that one sync serves many.
 *
 * Thread: the log's owner.
 */

/** `result` is 0 or a negative errno; everything below `recoveryPoint` is durable. */
export type SyncDone = (result: number, recoveryPoint: number) => void;

export function syncLog(state: LogState, done: SyncDone): void {
  const { store, handle, files, unsyncedTransactionIndexes, transactions } = state;
  const endOffset = state.logEndOffset;
  const indexes = [...unsyncedTransactionIndexes];
  unsyncedTransactionIndexes.clear();
  state.rolledSinceSync = false;
  let waiting = 1 + indexes.length;
  let firstFailure = 0;
  const finish = (result: number): void => {
    firstFailure ||= result;
    if (--waiting > 0) return;
    // A truncation may have come in between.
    if (firstFailure === 0)
      state.recoveryPoint = Math.max(state.recoveryPoint, Math.min(endOffset, state.logEndOffset));
    done(firstFailure, state.recoveryPoint);
  };
  for (const segment of indexes) {
    const file = files.open(transactions.path(segment), false);
    // Its segment may have been deleted since.
    if (file < 0) queueMicrotask(() => finish(0));
    else
      files.sync(file, (result) => {
        files.close(file);
        finish(result);
      });
  }
  store.sync(handle, finish);
}
