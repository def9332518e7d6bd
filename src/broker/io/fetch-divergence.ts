/**
 * Whether what the sender of a fetch has is still part of the log, judged by the epoch of its last record (KIP-595,
 * Fetch v12+): followers ask so, and learn where they have to cut. Consumers send no such epoch. I/O thread.
 */

import type { EpochEnd } from '../../partition/storage-messages.ts';

const UNKNOWN = -1;

/**
 * Null: the sender's log continues here. An `EpochEnd`: it diverges, and everything from there on is to be cut. False:
 * nothing is known of the epoch, or its sender is behind the start of the log.
 */
export function divergence(
  lastFetchedEpoch: number,
  fetchOffset: number,
  logStartOffset: number,
  end: EpochEnd,
): EpochEnd | null | false {
  if (end.leaderEpoch === UNKNOWN || end.endOffset === UNKNOWN || fetchOffset < logStartOffset) return false;
  return end.leaderEpoch < lastFetchedEpoch || end.endOffset < fetchOffset ? end : null;
}
