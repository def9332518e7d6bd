import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import snappy from '@napi-rs/snappy';
import { compressFrameSync } from 'lz4-napi';
import { seededRandom } from '../../src/base/random.ts';
import { crc32c as portableCrc32c } from '../../src/native/crc32c.ts';
import { BATCH_STRIDE, BatchFault, BatchSlot } from '../../src/native/log-store.ts';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import { SegmentedLogStore } from '../../src/native/segmented-log-store.ts';
import { nativeStore, sharedBytes, skip } from './native-fixture.ts';
import { encodeRecords, makeBatch, type TestRecord } from './record-batches.ts';

const BYTES_MAX = 2 << 20;

describe('validation in the addon', { skip }, () => {
  const store = skip ? undefined! : nativeStore();
  const portable = new SegmentedLogStore(new MemoryFileSpace(() => 0));
  const memory = sharedBytes(2 << 20);
  const memoryId = skip ? 0 : store.registerMemory(memory);
  const portableId = portable.registerMemory(memory);
  const out = new Float64Array(BATCH_STRIDE);

  function validate(batch: Uint8Array, decompressedBytesMax = BYTES_MAX): BatchFault {
    memory.set(batch, 3);
    return store.validate(memoryId, 3, batch.length, { decompressedBytesMax }, out, 0);
  }

  /** A batch whose compressed records are the given bytes, with length and CRC in order. */
  function withBody(codec: number, body: Uint8Array, count: number): Buffer {
    const batch = Buffer.concat([makeBatch({ records: [{}] }).subarray(0, 61), body]);
    batch.writeInt32BE(batch.length - 12, 8);
    batch.writeInt16BE(codec, 21);
    batch.writeInt32BE(count - 1, 23);
    batch.writeInt32BE(count, 57);
    batch.writeUInt32BE(portableCrc32c(batch, 21, batch.length), 17);
    return batch;
  }

  const random = seededRandom(7);
  /** Half noise, half repetition. */
  function recordsOf(count: number, valueBytesMax: number): TestRecord[] {
    return Array.from({ length: count }, (_, at) => ({
      timestamp: 1000 + at,
      value: at % 2 ? random.bytes(random.below(valueBytesMax)) : Buffer.alloc(random.below(valueBytesMax), 'abcdefg'),
    }));
  }

  test('crc32c is that of the portable code for every length and place', () => {
    const bytes = random.bytes(30_000);
    for (let length = 0; length < 300; length++)
      assert.equal(store.crc32c(bytes, 5, 5 + length), portableCrc32c(bytes, 5, 5 + length), `${length} bytes`);
    for (const length of [767, 768, 769, 4096, 12_287, 12_288, 12_289, 13_056, 24_577, 29_990])
      for (const start of [0, 1, 3, 8])
        assert.equal(store.crc32c(bytes, start, start + length), portableCrc32c(bytes, start, start + length));
    assert.equal(store.crc32c(new Uint8Array(32), 0, 32), 0x8a9136aa);
    assert.equal(store.crc32c(new Uint8Array(32).fill(0xff), 0, 32), 0x62a8ab43);
    assert.throws(() => store.crc32c(bytes, 0, bytes.length + 1));
    assert.throws(() => store.crc32c(bytes, 5, 4));
  });

  test('every codec is available here', () => {
    for (const codec of [0, 1, 2, 3, 4]) assert.equal(store.codecAvailable(codec), true, `codec ${codec}`);
    assert.equal(store.codecAvailable(5), false);
  });

  test('what the usual libraries compress is read, small and large', () => {
    for (const [count, bytesMax] of [
      [1, 10],
      [20, 300],
      [300, 2000],
    ]) {
      const records = recordsOf(count, bytesMax);
      for (const codec of [1, 2, 3, 4]) {
        const batch = makeBatch({ codec, records });
        assert.equal(validate(batch), BatchFault.none, `codec ${codec}, ${count} records`);
        assert.equal(out[BatchSlot.recordsBytes], encodeRecords(records, 1000).length);
        assert.equal(out[BatchSlot.recordsMaxTimestamp], 999 + count);
      }
    }
  });

  test('variants of the formats', () => {
    const records = recordsOf(200, 1000);
    const bytes = encodeRecords(records, 1000);
    const half = bytes.length >> 1;
    const halves = [bytes.subarray(0, half), bytes.subarray(half)];
    const framing = Buffer.from('82534e4150505900000000010000000100', 'hex').subarray(0, 16);
    const block = (part: Uint8Array): Buffer => {
      const packed = snappy.compressSync(Buffer.from(part));
      const size = Buffer.alloc(4);
      size.writeInt32BE(packed.length);
      return Buffer.concat([size, packed]);
    };
    const good: [string, number, Uint8Array][] = [
      ['gzip members', 1, Buffer.concat(halves.map((part) => gzipSync(part)))],
      ['gzip, stored', 1, gzipSync(bytes, { level: 0 })],
      ['snappy, bare', 2, snappy.compressSync(Buffer.from(bytes))],
      ['snappy, blocks', 2, Buffer.concat([framing, ...halves.map(block)])],
      ['snappy, streams', 2, Buffer.concat(halves.flatMap((part) => [framing, block(part)]))],
      ['zstd frames', 4, Buffer.concat(halves.map((part) => zstdCompressSync(part)))],
      ['zstd, large window', 4, zstdCompressSync(bytes, { params: { [constants.ZSTD_c_windowLog]: 26 } })],
      ['zstd, no size', 4, zstdCompressSync(bytes, { params: { [constants.ZSTD_c_contentSizeFlag]: 0 } })],
    ];
    for (const [name, codec, body] of good) assert.equal(validate(withBody(codec, body, 200)), BatchFault.none, name);
    const frame = compressFrameSync(Buffer.from(bytes));
    const linked = Buffer.from(frame);
    linked[4] &= ~0x20;
    const bad: [string, number, Uint8Array][] = [
      ['gzip, cut', 1, gzipSync(bytes).subarray(0, -9)],
      ['gzip, rest', 1, Buffer.concat([gzipSync(bytes), Buffer.from([1, 2, 3])])],
      ['zlib instead', 1, Buffer.from([0x78, 0x9c, 3, 0, 0, 0, 0, 1])],
      ['snappy, cut', 2, Buffer.concat([framing, block(bytes)]).subarray(0, -1)],
      ['snappy, length without bytes', 2, Buffer.from([0xff, 0xff, 0x01, 0])],
      ['snappy, empty', 2, new Uint8Array(0)],
      ['lz4, cut', 3, frame.subarray(0, -4)],
      ['lz4, linked blocks', 3, linked],
      ['lz4, rest', 3, Buffer.concat([frame, frame])],
      ['lz4, raw block', 3, frame.subarray(11)],
      ['zstd, cut', 4, zstdCompressSync(bytes).subarray(0, -1)],
      ['zstd, rest', 4, Buffer.concat([zstdCompressSync(bytes), Buffer.from([1])])],
      ['zstd, empty', 4, new Uint8Array(0)],
    ];
    for (const [name, codec, body] of bad)
      assert.equal(validate(withBody(codec, body, 200)), BatchFault.compression, name);
  });

  test('a bomb is stopped at the bound, and the bound itself is allowed', () => {
    const records = [{ timestamp: 1000, value: Buffer.alloc(400_000) }];
    const size = encodeRecords(records, 1000).length;
    for (const codec of [1, 2, 3, 4]) {
      const batch = makeBatch({ codec, records });
      assert.equal(validate(batch, size), BatchFault.none, `codec ${codec}`);
      assert.equal(validate(batch, size - 1), BatchFault.tooLarge, `codec ${codec}`);
      assert.equal(validate(batch, 0), BatchFault.tooLarge, `codec ${codec}`);
    }
  });

  test('hostile records: lengths and counts that lie', () => {
    const varint = (value: number): number[] => {
      const bytes = [];
      let left = (value << 1) ^ (value >> 31);
      for (left >>>= 0; left > 127; left >>>= 7) bytes.push((left & 127) | 128);
      return [...bytes, left];
    };
    const record = (...body: number[]): Uint8Array => Uint8Array.from([...varint(body.length), ...body]);
    const MAX = 0x7fffffff;
    const cases: [string, Uint8Array][] = [
      ['no bytes', new Uint8Array(0)],
      ['length without an end', Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
      ['negative length', Uint8Array.from(varint(-5))],
      ['huge length', Uint8Array.from(varint(MAX))],
      ['empty record', Uint8Array.from([0])],
      ['huge key', record(0, 0, 0, ...varint(MAX), 1, 1, 0)],
      ['key of -2', record(0, 0, 0, ...varint(-2), 1, 0)],
      ['huge value', record(0, 0, 0, 1, ...varint(MAX), 0)],
      ['huge header count', record(0, 0, 0, 1, 1, ...varint(MAX))],
      ['negative header count', record(0, 0, 0, 1, 1, 1)],
      ['null header key', record(0, 0, 0, 1, 1, 2, 1, 1)],
      ['a byte too many', record(0, 0, 0, 1, 1, 0, 0)],
      ['timestamp of eleven bytes', record(0, ...new Array(10).fill(0xff), 1, 0, 1, 1, 0)],
    ];
    for (const [name, body] of cases) assert.equal(validate(withBody(0, body, 1)), BatchFault.records, name);
    const fine = record(0, 0, 0, 1, 1, 0);
    assert.equal(validate(withBody(0, fine, 1)), BatchFault.none);
    assert.equal(validate(withBody(0, fine, MAX)), BatchFault.records);
  });

  test('broken batches are judged as the portable code judges them', () => {
    const seeds = [0, 1, 4].map((codec) => makeBatch({ codec, records: recordsOf(12, 40) }));
    const mine = new Float64Array(BATCH_STRIDE);
    const faults = new Set<number>();
    for (let round = 0; round < 6000; round++) {
      const batch = Buffer.from(seeds[round % seeds.length]);
      for (let change = random.below(4); change > 0; change--)
        batch[random.below(8) === 0 ? random.below(61) : 61 + random.below(batch.length - 61)] ^= 1 << random.below(8);
      if (round % 8) {
        batch.writeInt32BE(batch.length - 12, 8);
        batch[16] = 2;
        batch.writeUInt32BE(portableCrc32c(batch, 21, batch.length), 17);
      }
      const fault = validate(batch, 5000);
      mine.set(out);
      faults.add(fault);
      const expected = portable.validate(portableId, 3, batch.length, { decompressedBytesMax: 5000 }, out, 0);
      // Broken bytes that also promise too much may be refused for either.
      const either = fault === BatchFault.tooLarge && expected === BatchFault.compression;
      if (!either) assert.equal(fault, expected, `round ${round}: ${batch.toString('hex')}`);
      const exact = Math.abs(out[BatchSlot.baseTimestamp]) < 2 ** 52;
      if (fault === BatchFault.none && exact) assert.deepEqual(mine, out);
    }
    assert.ok(faults.size >= 6, `seen: ${[...faults]}`);
  });
});
