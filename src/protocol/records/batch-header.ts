/**
 * Record batches (magic 2) as they lie in logs, Produce requests and Fetch responses: a view of one batch's header, and the
 * few patches that brokers make in place. Any thread.
 *
 *      0 baseOffset 8 | 8 length 4 (of what follows) | 12 partitionLeaderEpoch 4 | 16 magic 1 | 17 crc 4 |
 *     21 attributes 2 | 23 lastOffsetDelta 4 | 27 baseTimestamp 8 | 35 maxTimestamp 8 | 43 producerId 8 |
 *     51 producerEpoch 2 | 53 baseSequence 4 | 57 recordsCount 4 | 61 records
 *
 * attributes: bits 0-2 compression, 3 log append time, 4 transactional, 5 control, 6 baseTimestamp is a delete horizon.
 * The CRC-32C covers everything from 21 on, so baseOffset and partitionLeaderEpoch may be patched freely.
 */
import { HEADER_BYTES, HeaderAt, LENGTH_OVERHEAD_BYTES, MAGIC } from '../../native/batch-header.ts';
import { crc32c } from '../../native/crc32c.ts';
import { BatchFault } from '../../native/log-store.ts';
import { asBuffer } from '../primitives.ts';
import { ProtocolError } from '../protocol-error.ts';

export {
  HEADER_BYTES as BATCH_HEADER_BYTES,
  HeaderAt as BatchHeaderAt,
  LENGTH_OVERHEAD_BYTES as BATCH_LENGTH_OVERHEAD_BYTES,
  MAGIC as BATCH_MAGIC,
};

export const BatchAttribute = {
  compressionMask: 0x07,
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
  deleteHorizon: 0x40,
} as const;

export const NO_PRODUCER_ID = -1;
export const NO_PRODUCER_EPOCH = -1;
export const NO_SEQUENCE = -1;
export const NO_TIMESTAMP = -1;
export const NO_PARTITION_LEADER_EPOCH = -1;

/** CRC-32C of `bytes[start, end)` as an unsigned number; `LogStore.crc32c` is the fast one. */
export type Crc32c = (bytes: Uint8Array, start: number, end: number) => number;
export const portableCrc32c: Crc32c = (bytes, start, end) => crc32c(bytes, start, end);

const TWO_32 = 2 ** 32;
const FAULT_NAMES = Object.entries(BatchFault);

/** A batch, or its records, that are not what they should be. */
export class BatchError extends ProtocolError {
  readonly fault: BatchFault;

  constructor(fault: BatchFault, message: string) {
    super('malformed', `${faultName(fault)}: ${message}`);
    this.name = 'BatchError';
    this.fault = fault;
  }
}

export function faultName(fault: BatchFault): string {
  return FAULT_NAMES.find(([, code]) => code === fault)?.[0] ?? String(fault);
}

/**
 * The batch at `bytes[offset]`. Only `checkBatch` and `stored-batches.ts` check that a whole batch is there; with other
 * bytes the getters give nonsense or undefined.
 */
export class RecordBatchView {
  readonly bytes: Buffer;
  readonly offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.bytes = asBuffer(bytes);
    this.offset = offset;
  }

  #int64(at: number): number {
    const { bytes, offset } = this;
    return bytes.readInt32BE(offset + at) * TWO_32 + bytes.readUInt32BE(offset + at + 4);
  }

  #setInt64(at: number, value: number): void {
    const high = Math.floor(value / TWO_32);
    this.bytes.writeInt32BE(high, this.offset + at);
    this.bytes.writeUInt32BE(value - high * TWO_32, this.offset + at + 4);
  }

  get baseOffset(): number {
    return this.#int64(HeaderAt.baseOffset);
  }
  /** Header included. */
  get sizeBytes(): number {
    return this.bytes.readInt32BE(this.offset + HeaderAt.length) + LENGTH_OVERHEAD_BYTES;
  }
  get partitionLeaderEpoch(): number {
    return this.bytes.readInt32BE(this.offset + HeaderAt.partitionLeaderEpoch);
  }
  get magic(): number {
    return this.bytes.readInt8(this.offset + HeaderAt.magic);
  }
  get crc(): number {
    return this.bytes.readUInt32BE(this.offset + HeaderAt.crc);
  }
  get attributes(): number {
    return this.bytes.readUInt16BE(this.offset + HeaderAt.attributes);
  }
  get lastOffsetDelta(): number {
    return this.bytes.readInt32BE(this.offset + HeaderAt.lastOffsetDelta);
  }
  /** The first record's timestamp, unless it is a delete horizon. */
  get baseTimestamp(): number {
    return this.#int64(HeaderAt.baseTimestamp);
  }
  get maxTimestamp(): number {
    return this.#int64(HeaderAt.maxTimestamp);
  }
  get producerId(): number {
    return this.#int64(HeaderAt.producerId);
  }
  get producerEpoch(): number {
    return this.bytes.readInt16BE(this.offset + HeaderAt.producerEpoch);
  }
  get baseSequence(): number {
    return this.bytes.readInt32BE(this.offset + HeaderAt.baseSequence);
  }
  get recordsCount(): number {
    return this.bytes.readInt32BE(this.offset + HeaderAt.recordsCount);
  }

  get lastOffset(): number {
    return this.baseOffset + this.lastOffsetDelta;
  }
  get nextOffset(): number {
    return this.lastOffset + 1;
  }
  /** Sequences go from 2^31 - 1 on to 0. */
  get lastSequence(): number {
    const { baseSequence } = this;
    return baseSequence === NO_SEQUENCE ? NO_SEQUENCE : addSequence(baseSequence, this.lastOffsetDelta);
  }
  get compression(): number {
    return this.attributes & BatchAttribute.compressionMask;
  }
  get isLogAppendTime(): boolean {
    return (this.attributes & BatchAttribute.logAppendTime) !== 0;
  }
  get isTransactional(): boolean {
    return (this.attributes & BatchAttribute.transactional) !== 0;
  }
  get isControl(): boolean {
    return (this.attributes & BatchAttribute.control) !== 0;
  }
  get hasProducerId(): boolean {
    return this.producerId > NO_PRODUCER_ID;
  }
  /** When tombstones and markers in it may be deleted; undefined when that is not decided. */
  get deleteHorizonMs(): number | undefined {
    return (this.attributes & BatchAttribute.deleteHorizon) !== 0 ? this.baseTimestamp : undefined;
  }

  /** The whole batch, not copied. */
  batchBytes(): Buffer {
    return this.bytes.subarray(this.offset, this.offset + this.sizeBytes);
  }

  /** What follows the header, compressed or not; not copied. */
  recordsBytes(): Buffer {
    return this.bytes.subarray(this.offset + HEADER_BYTES, this.offset + this.sizeBytes);
  }

  hasValidCrc(crcOf: Crc32c = portableCrc32c): boolean {
    return this.#computeCrc(crcOf) === this.crc;
  }

  #computeCrc(crcOf: Crc32c): number {
    return crcOf(this.bytes, this.offset + HeaderAt.attributes, this.offset + this.sizeBytes);
  }

  /** Sets timestamp type and greatest timestamp; the CRC is renewed when something changed. */
  setMaxTimestamp(logAppendTime: boolean, maxTimestamp: number, crcOf: Crc32c = portableCrc32c): void {
    if (this.isLogAppendTime === logAppendTime && this.maxTimestamp === maxTimestamp) return;
    const flag = BatchAttribute.logAppendTime;
    const attributes = logAppendTime ? this.attributes | flag : this.attributes & ~flag;
    this.bytes.writeUInt16BE(attributes, this.offset + HeaderAt.attributes);
    this.#setInt64(HeaderAt.maxTimestamp, maxTimestamp);
    this.bytes.writeUInt32BE(this.#computeCrc(crcOf), this.offset + HeaderAt.crc);
  }
}

/** `sequence + delta` on the circle of 2^31 sequence numbers. */
export function addSequence(sequence: number, delta: number): number {
  return (sequence + delta) % 2 ** 31;
}

/** `sequence - delta` on the same circle. */
export function subtractSequence(sequence: number, delta: number): number {
  return (sequence - delta + 2 ** 31) % 2 ** 31;
}

/**
 * Checks a batch as far as its header goes: that it lies whole in `bytes[offset, end)`, and its magic, CRC and counts.
 * The records are left to RecordReader.
 */
export function checkBatch(bytes: Uint8Array, offset: number, end: number, crcOf: Crc32c = portableCrc32c): BatchFault {
  if (end - offset < HEADER_BYTES) return BatchFault.truncated;
  const batch = new RecordBatchView(bytes, offset);
  const { sizeBytes } = batch;
  if (batch.magic !== MAGIC) return BatchFault.magic;
  if (sizeBytes < HEADER_BYTES) return BatchFault.length;
  if (sizeBytes > end - offset) return BatchFault.truncated;
  if (!batch.hasValidCrc(crcOf)) return BatchFault.crc;
  return batch.recordsCount < 0 || batch.lastOffsetDelta < 0 ? BatchFault.count : BatchFault.none;
}
