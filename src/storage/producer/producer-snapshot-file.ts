import { crc32c } from '../../native/crc32c.ts';
import { ProducerEntry } from './producer-entry.ts';

/**
 * The content of `<offset>.snapshot`: all producers of a partition as of that offset, with the last batch of each.
 *
 *     version 2 (1) | crc 4 (of what follows it) | count 4 |
 *     { producerId 8 | epoch 2 | lastSequence 4 | lastOffset 8 | offsetDelta 4 | timestamp 8 | coordinatorEpoch 4 |
 *       currentTxnFirstOffset 8 } ...
 */

const VERSION = 1;
const HEADER_BYTES = 10;
const ENTRY_BYTES = 46;
const CRC_AT = 2;
const CRC_FROM = 6;

export function encodeProducerSnapshot(entries: ReadonlyMap<number, ProducerEntry>): Uint8Array {
  const bytes = Buffer.alloc(HEADER_BYTES + entries.size * ENTRY_BYTES);
  bytes.writeInt16BE(VERSION, 0);
  bytes.writeInt32BE(entries.size, CRC_FROM);
  let at = HEADER_BYTES;
  for (const entry of entries.values()) {
    bytes.writeBigInt64BE(BigInt(entry.producerId), at);
    bytes.writeInt16BE(entry.epoch, at + 8);
    bytes.writeInt32BE(entry.lastSequence, at + 10);
    bytes.writeBigInt64BE(BigInt(entry.lastDataOffset), at + 14);
    bytes.writeInt32BE(entry.lastOffsetDelta, at + 22);
    bytes.writeBigInt64BE(BigInt(entry.lastTimestamp), at + 26);
    bytes.writeInt32BE(entry.coordinatorEpoch, at + 34);
    bytes.writeBigInt64BE(BigInt(entry.currentTxnFirstOffset), at + 38);
    at += ENTRY_BYTES;
  }
  bytes.writeUInt32BE(crc32c(bytes, CRC_FROM, bytes.length), CRC_AT);
  return bytes;
}

/** The producers, undefined when the file is damaged or of another version. */
export function decodeProducerSnapshot(content: Uint8Array): ProducerEntry[] | undefined {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  if (bytes.length < HEADER_BYTES || bytes.readInt16BE(0) !== VERSION) return undefined;
  if (bytes.readUInt32BE(CRC_AT) !== crc32c(bytes, CRC_FROM, bytes.length)) return undefined;
  const count = bytes.readInt32BE(CRC_FROM);
  if (bytes.length !== HEADER_BYTES + count * ENTRY_BYTES) return undefined;
  const entries: ProducerEntry[] = [];
  for (let at = HEADER_BYTES; at < bytes.length; at += ENTRY_BYTES) {
    const entry = new ProducerEntry(Number(bytes.readBigInt64BE(at)));
    entry.epoch = bytes.readInt16BE(at + 8);
    const timestamp = Number(bytes.readBigInt64BE(at + 26));
    const lastOffset = Number(bytes.readBigInt64BE(at + 14));
    if (lastOffset >= 0) entry.addBatch(bytes.readInt32BE(at + 10), lastOffset, bytes.readInt32BE(at + 22), timestamp);
    entry.lastTimestamp = timestamp;
    entry.coordinatorEpoch = bytes.readInt32BE(at + 34);
    entry.currentTxnFirstOffset = Number(bytes.readBigInt64BE(at + 38));
    entries.push(entry);
  }
  return entries;
}
