/**
 * Builds record batches: for producers, for the coordinators' and controller's logs, for compaction. Any thread.
 */
import { HEADER_BYTES, HeaderAt, LENGTH_OVERHEAD_BYTES, MAGIC } from '../../native/batch-header.ts';
import { Writer } from '../primitives.ts';
import { ProtocolError } from '../protocol-error.ts';
import {
  BatchAttribute,
  type Crc32c,
  NO_PARTITION_LEADER_EPOCH,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  portableCrc32c,
} from './batch-header.ts';
import { CompressionType, compress } from './compression.ts';

export interface RecordInput {
  /** Text is UTF-8. */
  readonly key?: Uint8Array | string | null;
  readonly value?: Uint8Array | string | null;
  readonly headers?: readonly { readonly key: string; readonly value: Uint8Array | string | null }[];
  /** Milliseconds since the epoch; -1 for none. */
  readonly timestamp: number;
  /** By default the one after the previous record's. Offsets must rise. */
  readonly offset?: number;
}

export interface BatchOptions {
  readonly baseOffset?: number;
  readonly partitionLeaderEpoch?: number;
  readonly compression?: CompressionType;
  readonly compressionLevel?: number;
  /** Set: log append time, which becomes the timestamp of all records. */
  readonly logAppendTimeMs?: number;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly transactional?: boolean;
  readonly control?: boolean;
  readonly crc32c?: Crc32c;
}

/** Takes records one by one. */
export class BatchBuilder {
  readonly #options: BatchOptions;
  readonly #writer = new Writer(1024);
  readonly #baseOffset: number;
  #count = 0;
  #lastOffset: number;
  #baseTimestamp = NO_TIMESTAMP;
  #maxTimestamp = NO_TIMESTAMP;

  constructor(options: BatchOptions = {}) {
    this.#options = options;
    this.#baseOffset = options.baseOffset ?? 0;
    this.#lastOffset = this.#baseOffset - 1;
    // Room for the header, which is written last.
    this.#writer.offset = HEADER_BYTES;
  }

  append(record: RecordInput): void {
    const offset = record.offset ?? this.#lastOffset + 1;
    if (offset <= this.#lastOffset) {
      throw new ProtocolError('unencodable', `offset ${offset} does not rise above ${this.#lastOffset}`);
    }
    if (this.#count === 0) this.#baseTimestamp = record.timestamp;
    const writer = this.#writer;
    const mark = writer.beginSized();
    writer.int8(0);
    writer.varlong(record.timestamp - this.#baseTimestamp);
    writer.varint(offset - this.#baseOffset);
    writeNullable(writer, record.key ?? null);
    writeNullable(writer, record.value ?? null);
    const headers = record.headers ?? [];
    writer.varint(headers.length);
    for (const header of headers) {
      writeNullable(writer, header.key);
      writeNullable(writer, header.value);
    }
    writer.endVarintSized(mark);
    this.#count++;
    this.#lastOffset = offset;
    if (record.timestamp > this.#maxTimestamp) this.#maxTimestamp = record.timestamp;
  }

  /** The batch with its CRC. Throws a ProtocolError when it has no records. */
  build(): Buffer {
    const options = this.#options;
    if (this.#count === 0) throw new ProtocolError('unencodable', 'a batch without records');
    const compression = options.compression ?? CompressionType.none;
    const bytes = this.#compressed(compression);
    const header = new Writer(HEADER_BYTES);
    header.int64(this.#baseOffset);
    header.int32(bytes.length - LENGTH_OVERHEAD_BYTES);
    header.int32(options.partitionLeaderEpoch ?? NO_PARTITION_LEADER_EPOCH);
    header.int8(MAGIC);
    header.int32(0);
    header.int16(attributesOf(options, compression));
    header.int32(this.#lastOffset - this.#baseOffset);
    header.int64(this.#baseTimestamp);
    header.int64(options.logAppendTimeMs ?? this.#maxTimestamp);
    header.int64(options.producerId ?? NO_PRODUCER_ID);
    header.int16(options.producerEpoch ?? NO_PRODUCER_EPOCH);
    header.int32(options.baseSequence ?? NO_SEQUENCE);
    header.int32(this.#count);
    bytes.set(header.written(), 0);
    const crc = (options.crc32c ?? portableCrc32c)(bytes, HeaderAt.attributes, bytes.length);
    bytes.writeUInt32BE(crc, HeaderAt.crc);
    return bytes;
  }

  /** Room for the header and the records behind it, in a buffer of its own. */
  #compressed(compression: CompressionType): Buffer {
    const writer = this.#writer;
    if (compression === CompressionType.none) return writer.copy();
    const records = compress(compression, writer.written().subarray(HEADER_BYTES), this.#options.compressionLevel);
    const bytes = Buffer.allocUnsafe(HEADER_BYTES + records.length);
    records.copy(bytes, HEADER_BYTES);
    return bytes;
  }
}

function attributesOf(options: BatchOptions, compression: CompressionType): number {
  let attributes: number = compression;
  if (options.logAppendTimeMs !== undefined) attributes |= BatchAttribute.logAppendTime;
  if (options.transactional) attributes |= BatchAttribute.transactional;
  if (options.control) attributes |= BatchAttribute.control;
  return attributes;
}

function writeNullable(writer: Writer, field: Uint8Array | string | null): void {
  if (field === null) {
    writer.varint(-1);
  } else if (typeof field === 'string') {
    const length = Buffer.byteLength(field);
    writer.varint(length);
    writer.reserve(length);
    writer.offset += writer.buffer.utf8Write(field, writer.offset);
  } else {
    writer.varint(field.length);
    writer.raw(field);
  }
}

/** One batch of these records. Throws a ProtocolError for values that no batch can hold. */
export function buildBatch(records: readonly RecordInput[], options?: BatchOptions): Buffer {
  const builder = new BatchBuilder(options);
  for (const record of records) builder.append(record);
  return builder.build();
}
