import { BATCH_STRIDE, BatchSlot } from './log-store.ts';

/**
 * The header of a record batch (magic 2), big-endian, as the portable adapters read it:
 *
 *      0 baseOffset 8 | 8 length 4 (of what follows) | 12 partitionLeaderEpoch 4 | 16 magic 1 | 17 crc 4 |
 *     21 attributes 2 | 23 lastOffsetDelta 4 | 27 baseTimestamp 8 | 35 maxTimestamp 8 | 43 producerId 8 |
 *     51 producerEpoch 2 | 53 baseSequence 4 | 57 recordsCount 4 | 61 records
 *
 * The CRC covers everything from 21 on.
 */
export const HeaderAt = {
  baseOffset: 0,
  length: 8,
  partitionLeaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordsCount: 57,
} as const;
export const HEADER_BYTES = 61;
/** baseOffset and length: what the length field does not count. */
export const LENGTH_OVERHEAD_BYTES = 12;
export const MAGIC = 2;
export const ATTRIBUTE_CODEC_MASK = 0x07;
export const ATTRIBUTE_LOG_APPEND_TIME = 0x08;

const TWO_32 = 4294967296;
const TWO_63 = 2 ** 63;

export function readInt64(view: DataView, at: number): number {
  return view.getInt32(at) * TWO_32 + view.getUint32(at + 4);
}

/** The greatest of 64 bits is 2^63 as a double, and is written as it was. */
export function writeInt64(view: DataView, at: number, value: number): void {
  if (value >= TWO_63) {
    view.setInt32(at, 0x7fffffff);
    view.setUint32(at + 4, 0xffffffff);
    return;
  }
  const high = Math.floor(value / TWO_32);
  view.setInt32(at, high);
  view.setUint32(at + 4, value - high * TWO_32);
}

/** Writes a header's fields as BatchSlot says, without those that need the records. */
export function writeHeaderSlots(view: DataView, at: number, position: number, out: Float64Array, outAt: number): void {
  out.fill(0, outAt + BatchSlot.recordsMaxTimestamp, outAt + BATCH_STRIDE);
  out[outAt + BatchSlot.position] = position;
  out[outAt + BatchSlot.sizeBytes] = view.getInt32(at + HeaderAt.length) + LENGTH_OVERHEAD_BYTES;
  out[outAt + BatchSlot.baseOffset] = readInt64(view, at + HeaderAt.baseOffset);
  out[outAt + BatchSlot.lastOffsetDelta] = view.getInt32(at + HeaderAt.lastOffsetDelta);
  out[outAt + BatchSlot.partitionLeaderEpoch] = view.getInt32(at + HeaderAt.partitionLeaderEpoch);
  out[outAt + BatchSlot.attributes] = view.getUint16(at + HeaderAt.attributes);
  out[outAt + BatchSlot.baseTimestamp] = readInt64(view, at + HeaderAt.baseTimestamp);
  out[outAt + BatchSlot.maxTimestamp] = readInt64(view, at + HeaderAt.maxTimestamp);
  out[outAt + BatchSlot.producerId] = readInt64(view, at + HeaderAt.producerId);
  out[outAt + BatchSlot.producerEpoch] = view.getInt16(at + HeaderAt.producerEpoch);
  out[outAt + BatchSlot.baseSequence] = view.getInt32(at + HeaderAt.baseSequence);
  out[outAt + BatchSlot.recordsCount] = view.getInt32(at + HeaderAt.recordsCount);
}
