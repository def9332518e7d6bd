/** Aborted transactions and their markers come into a log together. Thread: the log's owner. */
import type { LogState } from '../log-state.ts';
import { StorageError } from '../storage-error.ts';
import type { AbortedTransaction } from './transaction-index.ts';

/**
 * Indexes transactions whose abort markers are about to be appended to a segment: where there is no room for the entries,
 * no marker is written, since readers would be given aborted records as if they were committed. Throws a StorageError.
 */
export function indexAborted(state: LogState, segmentBaseOffset: number, aborted: readonly AbortedTransaction[]): void {
  if (aborted.length === 0) return;
  state.transactions.append(segmentBaseOffset, aborted);
  state.unsyncedTransactionIndexes.add(segmentBaseOffset);
}

/** The markers could not be appended. */
export function takeBackAborted(state: LogState, segmentBaseOffset: number, count: number): void {
  if (count === 0) return;
  try {
    state.transactions.dropLast(segmentBaseOffset, count);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    // A transaction that is committed later would be taken for aborted.
    state.logger.error({ partition: state.name, err: error }, 'cannot take entries of a transaction index back');
    state.fault = error;
  }
}
