import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import snappy from '@napi-rs/snappy';
import fc from 'fast-check';
import { BatchFault } from '../../../src/native/log-store.ts';
import { BatchError } from '../../../src/protocol/records/batch-header.ts';
import { CompressionType, compress, decompress } from '../../../src/protocol/records/compression.ts';

const CODECS = Object.entries(CompressionType).filter(([name]) => name !== 'none');

function fails(fault: BatchFault) {
  return (error: unknown) => error instanceof BatchError && error.fault === fault;
}

for (const [name, type] of CODECS) {
  describe(name, () => {
    test('gives back what it took', () => {
      const block = fc.oneof(
        fc.uint8Array({ maxLength: 2000 }),
        fc
          .tuple(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.integer({ min: 1, max: 4000 }))
          .map(([bytes, times]) => Buffer.alloc(bytes.length * times, bytes)),
      );
      fc.assert(
        fc.property(block, (bytes) => {
          assert.equal(Buffer.compare(decompress(type, compress(type, bytes), bytes.length), bytes), 0);
        }),
        { numRuns: 40 },
      );
    });

    test('stops at the bound', () => {
      const bomb = compress(type, Buffer.alloc(8 << 20));
      assert.ok(bomb.length < 512 * 1024);
      assert.throws(() => decompress(type, bomb, (8 << 20) - 1), fails(BatchFault.tooLarge));
      assert.equal(decompress(type, bomb, 8 << 20).length, 8 << 20);
    });

    test('refuses damaged bytes', () => {
      const bytes = compress(type, Buffer.from('millrace '.repeat(500)));
      assert.throws(() => decompress(type, bytes.subarray(0, bytes.length - 10)), fails(BatchFault.compression));
      assert.throws(() => decompress(type, Buffer.alloc(40, 0xff)), fails(BatchFault.compression));
      assert.throws(() => decompress(type, new Uint8Array(0)), fails(BatchFault.compression));
    });
  });
}

describe('framings', () => {
  test('lz4 frames have independent blocks, as Kafka demands, and no content size', () => {
    const frame = compress(CompressionType.lz4, Buffer.from('abc'));
    assert.equal(frame.readUInt32LE(0), 0x184d2204);
    assert.equal(frame[4] >> 6, 1, 'version');
    assert.equal(frame[4] & 0x20, 0x20, 'independent blocks');
    assert.equal(frame[4] & 0x08, 0, 'no content size');
    assert.ok(frame[5] >> 4 >= 4 && frame[5] >> 4 <= 7, 'block size');
  });

  test('lz4 frames with linked blocks, checksums and a content size are read', () => {
    const frame = [
      '04224d185c404019010000000000',
      '11120100008f6d696c6c726163650800',
      'ff'.repeat(256),
      'e0506c726163651691bb95230000000f0800',
      'ff'.repeat(25),
      '41506c726163659b3301e4000000007a26f87c',
    ].join('');
    assert.equal(decompress(CompressionType.lz4, Buffer.from(frame, 'hex')).toString(), 'millrace'.repeat(9000));
  });

  test('snappy has the framing of snappy-java, in blocks of 32 KiB', () => {
    const bytes = Buffer.alloc(70_000, 'snap');
    const framed = compress(CompressionType.snappy, bytes);
    assert.equal(framed.subarray(0, 16).toString('hex'), '82534e41505059000000000100000001');
    let blocks = 0;
    for (let at = 16; at < framed.length; at += 4 + framed.readInt32BE(at)) blocks++;
    assert.equal(blocks, 3);
  });

  test('a bare snappy block is read', () => {
    const bytes = Buffer.from('bare '.repeat(100));
    assert.deepEqual(decompress(CompressionType.snappy, snappy.compressSync(bytes)), bytes);
  });

  test('levels of gzip and zstd', () => {
    const bytes = Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * i) % 251));
    for (const type of [CompressionType.gzip, CompressionType.zstd]) {
      for (const level of [1, 9]) assert.deepEqual(decompress(type, compress(type, bytes, level)), bytes);
    }
  });

  test('an unknown codec', () => {
    assert.throws(() => decompress(5, Buffer.from('x')), fails(BatchFault.compression));
  });
});
