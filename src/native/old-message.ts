import {
  ATTRIBUTE_CODEC_MASK,
  ATTRIBUTE_LOG_APPEND_TIME,
  HeaderAt,
  LENGTH_OVERHEAD_BYTES,
  MAGIC,
} from './batch-header.ts';

/**
 * Messages of formats 0 and 1, which Kafka wrote before 0.11, among the batches of a log, big-endian:
 *
 *      0 offset 8 | 8 size 4 (of what follows) | 12 crc 4 | 16 magic 1 | 17 attributes 1 | [18 timestamp 8, format 1] |
 *        key length 4 | key | value length 4 | value
 *
 * The CRC is the CRC-32 of everything from 16 on. A compressed message holds others in its value; its offset is that of
 * the last of them, its timestamp the greatest. Any thread.
 */
export const OldMessageAt = { crc: 12, magic: 16, attributes: 17, timestamp: 18 } as const;
const TIMESTAMP_BYTES = 8;
/** The smallest, of format 0. */
export const OLD_MESSAGE_BYTES_MIN = 26;
const NO_TIMESTAMP_BITS = 0xffffffff;

/** Whether the `sizeBytes` (OLD_MESSAGE_BYTES_MIN at least) that are there at `at` can begin with a whole old message. */
export function isOldMessage(view: DataView, at: number, sizeBytes: number): boolean {
  const magic = view.getUint8(at + OldMessageAt.magic);
  if (magic >= MAGIC) return false;
  const size = view.getInt32(at + HeaderAt.length) + LENGTH_OVERHEAD_BYTES;
  return size >= OLD_MESSAGE_BYTES_MIN + magic * TIMESTAMP_BYTES && size <= sizeBytes;
}

/** Writes at the start of `header` what it tells as that of a batch, of its last offset alone, with its own magic and CRC. */
export function writeOldHeader(view: DataView, at: number, header: DataView): void {
  const magic = view.getUint8(at + OldMessageAt.magic);
  header.setUint32(HeaderAt.baseOffset, view.getUint32(at));
  header.setUint32(HeaderAt.baseOffset + 4, view.getUint32(at + 4));
  header.setInt32(HeaderAt.length, view.getInt32(at + HeaderAt.length));
  header.setInt32(HeaderAt.partitionLeaderEpoch, -1);
  header.setUint8(HeaderAt.magic, magic);
  header.setUint32(HeaderAt.crc, view.getUint32(at + OldMessageAt.crc));
  const attributes = view.getUint8(at + OldMessageAt.attributes);
  header.setUint16(HeaderAt.attributes, attributes & (ATTRIBUTE_CODEC_MASK | ATTRIBUTE_LOG_APPEND_TIME));
  header.setInt32(HeaderAt.lastOffsetDelta, 0);
  for (const timestampAt of [HeaderAt.baseTimestamp, HeaderAt.maxTimestamp])
    for (const half of [0, 4]) {
      const bits = magic === 0 ? NO_TIMESTAMP_BITS : view.getUint32(at + OldMessageAt.timestamp + half);
      header.setUint32(timestampAt + half, bits);
    }
  // No producer, no sequence, and nobody has counted the records.
  header.setInt32(HeaderAt.producerId, -1);
  header.setInt32(HeaderAt.producerId + 4, -1);
  header.setInt16(HeaderAt.producerEpoch, -1);
  header.setInt32(HeaderAt.baseSequence, -1);
  header.setInt32(HeaderAt.recordsCount, -1);
}
