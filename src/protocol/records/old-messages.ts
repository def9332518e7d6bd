/**
 * Messages of formats 0 and 1 (`native/old-message.ts`) as they lie in logs from before Kafka 0.11. Consumers get them as
 * they are; who reads records here has them made into a batch first, so that nothing else need know them. Any thread.
 *
 * In a compressed message of format 1 the offsets of those inside count from the first one's. Without timestamps (format 0)
 * the batch's are -1.
 */
import { crc32 } from 'node:zlib';
import { BatchFault } from '../../native/log-store.ts';
import { mendHeaderChecksum } from '../../native/lz4-frame.ts';
import { isOldMessage, OLD_MESSAGE_BYTES_MIN, OldMessageAt, writeOldHeader } from '../../native/old-message.ts';
import { Reader } from '../primitives.ts';
import { ProtocolError } from '../protocol-error.ts';
import { BatchBuilder, type RecordInput } from './batch-builder.ts';
import {
  BATCH_HEADER_BYTES,
  BATCH_MAGIC,
  BatchAttribute,
  BatchError,
  type Crc32c,
  NO_TIMESTAMP,
  RecordBatchView,
} from './batch-header.ts';
import { CompressionType, decompress, STORED_BYTES_MAX } from './compression.ts';

/** Whether an old message, if anything, begins at `at`. */
export function isOldAt(bytes: Uint8Array, at: number): boolean {
  return bytes[at + OldMessageAt.magic] < BATCH_MAGIC;
}

/**
 * The header that a batch of the message at `at` would have (of its last offset alone); undefined where none begins that
 * lies whole within the next `left` bytes. OLD_MESSAGE_BYTES_MIN have to be there.
 */
export function oldMessageHeader(bytes: Buffer, at: number, left: number): RecordBatchView | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (!isOldMessage(view, at, left)) return undefined;
  const header = new Uint8Array(BATCH_HEADER_BYTES);
  writeOldHeader(view, at, new DataView(header.buffer));
  return new RecordBatchView(header);
}

/** Whether the CRC of the whole message is right. */
export function hasValidOldCrc(bytes: Buffer, at: number, sizeBytes: number): boolean {
  return crc32(bytes.subarray(at + OldMessageAt.magic, at + sizeBytes)) === bytes.readUInt32BE(at + OldMessageAt.crc);
}

/**
 * The message that fills `bytes[at, at + sizeBytes)`, or the ones in it, as a batch of the same offsets, timestamps and
 * codec. Throws a BatchError.
 */
export function batchOfOldMessage(bytes: Buffer, at: number, sizeBytes: number, crc32c?: Crc32c): RecordBatchView {
  const header = sizeBytes < OLD_MESSAGE_BYTES_MIN ? undefined : oldMessageHeader(bytes, at, sizeBytes);
  if (!header) throw new BatchError(BatchFault.length, `a message of ${sizeBytes} bytes`);
  const { baseOffset: offset, isLogAppendTime, maxTimestamp, magic } = header;
  if (!hasValidOldCrc(bytes, at, sizeBytes)) throw new BatchError(BatchFault.crc, `message at offset ${offset}`);
  const compression = header.compression as CompressionType;
  const outer = readMessage(new Reader(bytes, at, at + sizeBytes));
  const records = compression === CompressionType.none ? [outer] : innerMessages(outer, magic, compression);
  const builder = new BatchBuilder({
    baseOffset: records[0].offset,
    compression,
    logAppendTimeMs: magic > 0 && isLogAppendTime ? maxTimestamp : undefined,
    crc32c,
  });
  for (const record of records) builder.append(record);
  return new RecordBatchView(builder.build());
}

interface OldMessage extends RecordInput {
  readonly offset: number;
  readonly value: Uint8Array | null;
}

/** The message that the reader stands at. Throws a BatchError. */
function readMessage(reader: Reader): OldMessage {
  try {
    const offset = reader.int64();
    const size = reader.int32();
    const end = reader.offset + size;
    reader.skip(OldMessageAt.magic - OldMessageAt.crc);
    const magic = reader.int8();
    reader.skip(1);
    const timestamp = magic === 0 ? NO_TIMESTAMP : reader.int64();
    const key = reader.nullableByteString();
    const value = reader.nullableByteString();
    if (reader.offset !== end) reader.fail('message of another length');
    return { offset, timestamp, key, value };
  } catch (error) {
    if (error instanceof ProtocolError) throw new BatchError(BatchFault.records, error.message);
    throw error;
  }
}

/** What a compressed message holds, at the offsets of the log. Throws a BatchError. */
function innerMessages(outer: OldMessage, magic: number, compression: CompressionType): OldMessage[] {
  let content = outer.value ?? new Uint8Array();
  if (magic === 0 && compression === CompressionType.lz4) content = mendHeaderChecksum(content);
  const reader = new Reader(decompress(compression, content, STORED_BYTES_MAX));
  const messages: OldMessage[] = [];
  while (reader.remaining() > 0) {
    const isAlike =
      reader.remaining() >= OLD_MESSAGE_BYTES_MIN &&
      reader.bytes[reader.offset + OldMessageAt.magic] === magic &&
      (reader.bytes[reader.offset + OldMessageAt.attributes] & BatchAttribute.compressionMask) === 0;
    if (!isAlike) throw new BatchError(BatchFault.records, `not a message of format ${magic}, not compressed`);
    messages.push(readMessage(reader));
  }
  const last = messages.at(-1);
  if (!last) throw new BatchError(BatchFault.records, 'a compressed message without messages');
  if (magic === 0) return messages;
  return messages.map((message) => ({ ...message, offset: outer.offset - last.offset + message.offset }));
}
