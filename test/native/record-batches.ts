import { gzipSync, zstdCompressSync } from 'node:zlib';
import snappy from '@napi-rs/snappy';
import { compressFrameSync } from 'lz4-napi';
import { crc32c } from '../../src/native/crc32c.ts';

/** Builds record batches by hand, so that tests of the storage engine do not rest on the code they test. */

export interface TestRecord {
  readonly timestamp?: number;
  readonly offsetDelta?: number;
  readonly key?: string | null;
  readonly value?: string | Uint8Array | null;
  readonly headers?: readonly (readonly [string, string | null])[];
}

export interface TestBatch {
  readonly baseOffset?: number;
  readonly partitionLeaderEpoch?: number;
  readonly magic?: number;
  readonly codec?: number;
  /** Further attribute bits. */
  readonly attributes?: number;
  readonly lastOffsetDelta?: number;
  readonly baseTimestamp?: number;
  readonly maxTimestamp?: number;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly recordsCount?: number;
  readonly records: readonly TestRecord[];
  /** Bytes in place of what the records make (before compression). */
  readonly recordsBytes?: Uint8Array;
}

export function varint(value: number): number[] {
  let left = value >= 0 ? BigInt(value) * 2n : BigInt(-value) * 2n - 1n;
  const bytes: number[] = [];
  for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  bytes.push(Number(left));
  return bytes;
}

function field(value: string | Uint8Array | null | undefined): number[] {
  if (value === null || value === undefined) return varint(-1);
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return [...varint(bytes.length), ...bytes];
}

export function encodeRecords(records: readonly TestRecord[], baseTimestamp: number): Uint8Array {
  const parts = records.map((record, at) => {
    const body = [
      0,
      ...varint((record.timestamp ?? baseTimestamp) - baseTimestamp),
      ...varint(record.offsetDelta ?? at),
      ...field(record.key),
      ...field(record.value),
      ...varint(record.headers?.length ?? 0),
      ...(record.headers ?? []).flatMap(([key, value]) => [...field(key), ...field(value)]),
    ];
    return Uint8Array.from([...varint(body.length), ...body]);
  });
  return Buffer.concat(parts);
}

export function compressRecords(codec: number, bytes: Uint8Array): Uint8Array {
  switch (codec) {
    case 1:
      return gzipSync(bytes);
    case 2: {
      const block = snappy.compressSync(bytes);
      const header = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0]);
      header.writeInt32BE(block.length, 16);
      return Buffer.concat([header, block]);
    }
    case 3:
      return compressFrameSync(Buffer.from(bytes));
    case 4:
      return zstdCompressSync(bytes);
    default:
      return bytes;
  }
}

export function makeBatch(batch: TestBatch): Buffer {
  const timestamps = batch.records.map((record) => record.timestamp ?? batch.baseTimestamp ?? 1000);
  const baseTimestamp = batch.baseTimestamp ?? timestamps[0] ?? -1;
  const codec = batch.codec ?? 0;
  const body = compressRecords(codec, batch.recordsBytes ?? encodeRecords(batch.records, baseTimestamp));
  const bytes = Buffer.alloc(61 + body.length);
  bytes.writeBigInt64BE(BigInt(batch.baseOffset ?? 0), 0);
  bytes.writeInt32BE(bytes.length - 12, 8);
  bytes.writeInt32BE(batch.partitionLeaderEpoch ?? -1, 12);
  bytes.writeInt8(batch.magic ?? 2, 16);
  bytes.writeInt16BE((batch.attributes ?? 0) | codec, 21);
  bytes.writeInt32BE(batch.lastOffsetDelta ?? batch.records.length - 1, 23);
  bytes.writeBigInt64BE(BigInt(baseTimestamp), 27);
  bytes.writeBigInt64BE(BigInt(batch.maxTimestamp ?? Math.max(-1, ...timestamps)), 35);
  bytes.writeBigInt64BE(BigInt(batch.producerId ?? -1), 43);
  bytes.writeInt16BE(batch.producerEpoch ?? -1, 51);
  bytes.writeInt32BE(batch.baseSequence ?? -1, 53);
  bytes.writeInt32BE(batch.recordsCount ?? batch.records.length, 57);
  bytes.set(body, 61);
  bytes.writeUInt32BE(crc32c(bytes, 21, bytes.length), 17);
  return bytes;
}

/** A batch of `count` small records, all with one timestamp. */
export function simpleBatch(count: number, timestamp: number, valueBytes = 10, extra: Partial<TestBatch> = {}): Buffer {
  const value = Buffer.alloc(valueBytes, 0x61);
  return makeBatch({ records: Array.from({ length: count }, () => ({ timestamp, key: 'k', value })), ...extra });
}
