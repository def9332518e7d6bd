import {
  ATTRIBUTE_CODEC_MASK,
  HEADER_BYTES,
  HeaderAt,
  LENGTH_OVERHEAD_BYTES,
  MAGIC,
  writeHeaderSlots,
} from './batch-header.ts';
import { crc32c } from './crc32c.ts';
import { Codec, DecompressedSizeError, decompress } from './decompression.ts';
import { BatchFault, BatchSlot, type ValidationPolicy } from './log-store.ts';
import { hasIndependentBlocks } from './lz4-frame.ts';

/**
 * Checks one batch and walks its records: `validate` of the portable adapters. Nothing is changed and, for uncompressed
 * batches, nothing is allocated.
 *
 *     record: length varint | attributes 1 | timestampDelta varlong | offsetDelta varint | keyLength varint | key |
 *             valueLength varint | value | headersCount varint | { keyLength, key, valueLength, value } ...
 *
 * Thread: the log's owner.
 */

/** A varlong has at most ten bytes, a varint five. */
const VARLONG_BYTES_MAX = 10;
const VARINT_BYTES_MAX = 5;

class RecordsFault extends Error {}
/** One instance, thrown without a stack being made: a hostile client may cause many. */
const recordsFault = new RecordsFault('records do not parse');

let cursor = 0;

/** A zig-zag varlong at `cursor`, which is moved behind it. */
function readVarlong(bytes: Uint8Array, end: number): number {
  let value = 0;
  let scale = 1;
  for (let count = 0; count < VARLONG_BYTES_MAX; count++) {
    if (cursor >= end) throw recordsFault;
    const byte = bytes[cursor++];
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    scale *= 128;
  }
  throw recordsFault;
}

/** A zig-zag varint at `cursor`, which is moved behind it. Bits beyond 32 are dropped, as in Java. */
function readVarint(bytes: Uint8Array, end: number): number {
  let value = 0;
  for (let shift = 0; shift < 7 * VARINT_BYTES_MAX; shift += 7) {
    if (cursor >= end) throw recordsFault;
    const byte = bytes[cursor++];
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
  }
  throw recordsFault;
}

/** Moves over a length and as many bytes; a negative length is null where that is allowed. */
function skipField(bytes: Uint8Array, end: number, nullable: boolean): boolean {
  const length = readVarint(bytes, end);
  if (length < 0) {
    if (!nullable || length !== -1) throw recordsFault;
    return false;
  }
  if (length > end - cursor) throw recordsFault;
  cursor += length;
  return true;
}

function skipHeaders(bytes: Uint8Array, end: number): void {
  const count = readVarint(bytes, end);
  // Each header takes two bytes at least, so a false count ends at the record's end.
  if (count < 0) throw recordsFault;
  for (let header = 0; header < count; header++) {
    skipField(bytes, end, false);
    skipField(bytes, end, true);
  }
}

function walkRecords(bytes: Uint8Array, start: number, end: number, out: Float64Array, outAt: number): void {
  const count = out[outAt + BatchSlot.recordsCount];
  const baseTimestamp = out[outAt + BatchSlot.baseTimestamp];
  let timestampMax = -1;
  let timestampMin = Number.POSITIVE_INFINITY;
  let timestampMaxDelta = -1;
  let keyless = 0;
  let inOrder = 1;
  cursor = start;
  for (let record = 0; record < count; record++) {
    const length = readVarint(bytes, end);
    if (length < 0 || length > end - cursor) throw recordsFault;
    const recordEnd = cursor + length;
    if (++cursor > recordEnd) throw recordsFault;
    const timestamp = baseTimestamp + readVarlong(bytes, recordEnd);
    const offsetDelta = readVarint(bytes, recordEnd);
    if (timestamp > timestampMax) {
      timestampMax = timestamp;
      timestampMaxDelta = offsetDelta;
    }
    if (timestamp < timestampMin) timestampMin = timestamp;
    if (offsetDelta !== record) inOrder = 0;
    if (!skipField(bytes, recordEnd, true)) keyless++;
    skipField(bytes, recordEnd, true);
    skipHeaders(bytes, recordEnd);
    if (cursor !== recordEnd) throw recordsFault;
  }
  if (cursor !== end) throw recordsFault;
  out[outAt + BatchSlot.recordsMaxTimestamp] = timestampMax;
  out[outAt + BatchSlot.recordsMinTimestamp] = timestampMin;
  out[outAt + BatchSlot.maxTimestampDelta] = timestampMaxDelta;
  out[outAt + BatchSlot.keylessCount] = keyless;
  out[outAt + BatchSlot.deltasInOrder] = inOrder;
  out[outAt + BatchSlot.recordsBytes] = end - start;
}

/** See LogStore.validate; the batch starts at `offset` of `bytes`, and `sizeBytes` are there. */
export function validateBatch(
  bytes: Uint8Array,
  view: DataView,
  offset: number,
  sizeBytes: number,
  policy: ValidationPolicy,
  out: Float64Array,
  outAt: number,
): BatchFault {
  if (sizeBytes < HEADER_BYTES) return BatchFault.truncated;
  writeHeaderSlots(view, offset, 0, out, outAt);
  const batchBytes = view.getInt32(offset + HeaderAt.length) + LENGTH_OVERHEAD_BYTES;
  if (batchBytes > sizeBytes) return BatchFault.truncated;
  if (view.getInt8(offset + HeaderAt.magic) !== MAGIC) return BatchFault.magic;
  if (batchBytes < HEADER_BYTES) return BatchFault.length;
  const end = offset + batchBytes;
  if (crc32c(bytes, offset + HeaderAt.attributes, end) !== view.getUint32(offset + HeaderAt.crc)) return BatchFault.crc;
  const count = out[outAt + BatchSlot.recordsCount];
  if (count <= 0 || count !== out[outAt + BatchSlot.lastOffsetDelta] + 1) return BatchFault.count;
  const codec = out[outAt + BatchSlot.attributes] & ATTRIBUTE_CODEC_MASK;
  try {
    if (codec === 0) {
      walkRecords(bytes, offset + HEADER_BYTES, end, out, outAt);
      return BatchFault.none;
    }
    const compressed = bytes.subarray(offset + HEADER_BYTES, end);
    if (codec === Codec.lz4 && !hasIndependentBlocks(compressed)) return BatchFault.compression;
    const records = decompress(codec, compressed, policy.decompressedBytesMax);
    walkRecords(records, 0, records.length, out, outAt);
    return BatchFault.none;
  } catch (error) {
    if (error === recordsFault) return BatchFault.records;
    return error instanceof DecompressedSizeError ? BatchFault.tooLarge : BatchFault.compression;
  }
}
