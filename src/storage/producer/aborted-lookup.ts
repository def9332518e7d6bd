import { BATCH_STRIDE, BatchSlot } from '../../native/log-store.ts';
import type { LogState } from '../log-state.ts';
import type { AbortedTransaction } from './transaction-index.ts';

/**
 * Which aborted transactions a read_committed reader has to know of, for what it is served.
 *
 * Thread: the log's owner.
 */

/** The bytes `[position, end)` of a segment. */
export interface ServedBytes {
  readonly segmentBaseOffset: number;
  readonly position: number;
  readonly end: number;
}

/** With so few of them it does not matter that some lie behind the bytes that are served. */
const ABORTED_FEW = 32;
/** Headers read at a time. */
const HEADERS_PER_READ = 64;

/**
 * Aborted transactions that overlap `[fetchOffset, upperBound)`; those that begin behind the served bytes are left out
 * when there are many. Throws a StorageError.
 */
export function findAborted(
  state: LogState,
  fetchOffset: number,
  upperBound: number,
  served?: ServedBytes,
): AbortedTransaction[] {
  const { segments, transactions } = state;
  const from = Math.max(0, state.floorSegment(fetchOffset));
  const found = transactions.collect(segments.slice(from), fetchOffset, upperBound);
  if (!served || found.length <= ABORTED_FEW) return found;
  const bound = offsetBehind(state, served);
  return found.filter(({ firstOffset }) => firstOffset < bound);
}

/** First offset that is not among the bytes; infinite when they cannot be read. */
function offsetBehind(state: LogState, { segmentBaseOffset, position, end }: ServedBytes): number {
  const headers = new Float64Array(HEADERS_PER_READ * BATCH_STRIDE);
  let nextOffset = segmentBaseOffset;
  for (let at = position; at < end; ) {
    const count = state.store.readHeaders(state.handle, segmentBaseOffset, at, headers);
    if (count <= 0) return Number.POSITIVE_INFINITY;
    for (let slot = 0; slot < count * BATCH_STRIDE && at < end; slot += BATCH_STRIDE) {
      nextOffset = headers[slot + BatchSlot.baseOffset] + headers[slot + BatchSlot.lastOffsetDelta] + 1;
      at = headers[slot + BatchSlot.position] + headers[slot + BatchSlot.sizeBytes];
    }
  }
  return nextOffset;
}
