import { BATCH_STRIDE, BatchSlot } from '../../native/log-store.ts';
import { ProtocolError } from '../../protocol/protocol-error.ts';
import { BatchAttribute, type RecordBatchView } from '../../protocol/records/batch-header.ts';
import { AppendOrigin } from '../append-origin.ts';
import type { LogState } from '../log-state.ts';
import { StorageError } from '../storage-error.ts';
import { readTransactionMarker } from './control-marker.ts';
import type { CompletedTransaction, ProducerBatch, ProducerState } from './producer-state.ts';
import { NO_GUARD } from './verification-states.ts';

/**
 * Rebuilds the producers' state from the log: headers tell all there is to know, except for transaction markers, whose
 * batches are read whole.
 *
 * Thread: the log's owner.
 */

/** Headers read at a time. */
const HEADERS_PER_READ = 256;

const scratchBatch: ProducerBatch = {
  producerId: -1,
  producerEpoch: -1,
  baseSequence: -1,
  baseOffset: -1,
  lastOffset: -1,
  maxTimestamp: -1,
  isTransactional: false,
};

/** Takes in a batch that a leader has checked. Returns the transaction that it ends, if any. */
export function replayBatch(producers: ProducerState, batch: RecordBatchView): CompletedTransaction | undefined {
  if (!batch.hasProducerId) return undefined;
  if (batch.isControl) return replayMarker(producers, batch.bytes, batch.offset, batch.baseOffset);
  scratchBatch.producerId = batch.producerId;
  scratchBatch.producerEpoch = batch.producerEpoch;
  scratchBatch.baseSequence = batch.baseSequence;
  scratchBatch.baseOffset = batch.baseOffset;
  scratchBatch.lastOffset = batch.lastOffset;
  scratchBatch.maxTimestamp = batch.maxTimestamp;
  scratchBatch.isTransactional = batch.isTransactional;
  producers.appendBatch(scratchBatch, AppendOrigin.replication, NO_GUARD);
  return undefined;
}

function replayMarker(
  producers: ProducerState,
  bytes: Uint8Array,
  offset: number,
  baseOffset: number,
): CompletedTransaction | undefined {
  try {
    const marker = readTransactionMarker(bytes, offset, baseOffset, 0);
    return marker && producers.appendMarker(marker);
  } catch (error) {
    // Its CRC is right, so it was written so; a marker that says nothing changes nothing.
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

/** What a replay meets besides producers. */
export interface ReplayVisitor {
  /** Each batch's leader epoch and base offset. */
  onEpoch?(partitionLeaderEpoch: number, baseOffset: number): void;
  onCompleted?(segmentBaseOffset: number, completed: CompletedTransaction): void;
}

/**
 * Takes in the batches of a segment from the one that contains `fromOffset` to `toOffset` (exclusive). Throws a
 * StorageError.
 */
export function replaySegment(
  state: LogState,
  segmentBaseOffset: number,
  fromOffset: number,
  toOffset: number,
  visitor: ReplayVisitor = {},
): void {
  const { store, handle } = state;
  const headers = new Float64Array(HEADERS_PER_READ * BATCH_STRIDE);
  let position = fromOffset > segmentBaseOffset ? store.positionOf(handle, segmentBaseOffset, fromOffset) : 0;
  if (position === -1) return;
  if (position < 0) throw new StorageError('cannot search', state.folder, position);
  for (;;) {
    const count = store.readHeaders(handle, segmentBaseOffset, position, headers);
    if (count < 0) throw new StorageError('cannot read', state.folder, count);
    if (count === 0) return;
    for (let at = 0; at < count * BATCH_STRIDE; at += BATCH_STRIDE) {
      const baseOffset = headers[at + BatchSlot.baseOffset];
      if (baseOffset >= toOffset) return;
      visitor.onEpoch?.(headers[at + BatchSlot.partitionLeaderEpoch], baseOffset);
      const completed = replayStored(state, segmentBaseOffset, headers, at);
      if (completed) visitor.onCompleted?.(segmentBaseOffset, completed);
    }
    const last = (count - 1) * BATCH_STRIDE;
    position = headers[last + BatchSlot.position] + headers[last + BatchSlot.sizeBytes];
  }
}

/** `replayBatch` of one in a segment. */
function replayStored(
  state: LogState,
  segmentBaseOffset: number,
  headers: Float64Array,
  at: number,
): CompletedTransaction | undefined {
  const { producers } = state;
  if (headers[at + BatchSlot.producerId] < 0) return undefined;
  if (headers[at + BatchSlot.attributes] & BatchAttribute.control) {
    const [position, sizeBytes] = [headers[at + BatchSlot.position], headers[at + BatchSlot.sizeBytes]];
    const bytes = readBatch(state, segmentBaseOffset, position, sizeBytes);
    return replayMarker(producers, bytes, 0, headers[at + BatchSlot.baseOffset]);
  }
  replayHeader(producers, headers, at);
  return undefined;
}

function replayHeader(producers: ProducerState, headers: Float64Array, at: number): void {
  scratchBatch.producerId = headers[at + BatchSlot.producerId];
  scratchBatch.producerEpoch = headers[at + BatchSlot.producerEpoch];
  scratchBatch.baseSequence = headers[at + BatchSlot.baseSequence];
  scratchBatch.baseOffset = headers[at + BatchSlot.baseOffset];
  scratchBatch.lastOffset = scratchBatch.baseOffset + headers[at + BatchSlot.lastOffsetDelta];
  scratchBatch.maxTimestamp = headers[at + BatchSlot.maxTimestamp];
  scratchBatch.isTransactional = (headers[at + BatchSlot.attributes] & BatchAttribute.transactional) !== 0;
  producers.appendBatch(scratchBatch, AppendOrigin.replication, NO_GUARD);
}

/** The bytes of one batch in a segment. Throws a StorageError. */
export function readBatch(state: LogState, segmentBaseOffset: number, position: number, sizeBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(sizeBytes);
  const got = state.store.readAt(state.handle, segmentBaseOffset, position, bytes, sizeBytes);
  if (got < 0) throw new StorageError('cannot read', state.folder, got);
  if (got < sizeBytes) throw new StorageError(`${got} of ${sizeBytes} bytes of a batch are left in`, state.folder, 0);
  return bytes;
}
