import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodePayload,
  encodeRecord,
  keyOf,
  murmur2,
  recordsPerBatch,
  sampleValue,
  variantCounts,
} from '../../bench/load/payload.ts';

test('murmur2 gives what the Java client gives', () => {
  for (const [text, hash] of [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ] as const) {
    assert.equal(murmur2(Buffer.from(text)), hash, text);
  }
});

test('a record is laid out as in a batch of magic 2', () => {
  assert.deepEqual([...encodeRecord(1, Buffer.from('k'), Buffer.from('vw'))], [18, 0, 0, 2, 2, 107, 4, 118, 119, 0]);
  assert.deepEqual([...encodeRecord(64, null, Buffer.alloc(0))], [14, 0, 0, 128, 1, 1, 0, 0]);
});

test('values have the asked size and are the same each time', () => {
  assert.equal(sampleValue(7, 1000).length, 1000);
  assert.deepEqual(sampleValue(7, 1000), sampleValue(7, 1000));
  assert.equal(sampleValue(0, 3).length, 3);
});

test('compressed batch sizes start at one record, end at a full batch and never jump far', () => {
  const counts = variantCounts(1000, 1.06);
  assert.equal(counts[0], 1);
  assert.equal(counts.at(-1), 1000);
  for (let i = 1; i < counts.length; i++)
    assert.ok(counts[i]! > counts[i - 1]! && counts[i]! <= counts[i - 1]! * 1.07 + 1);
  assert.deepEqual(variantCounts(1, 1.06), [1]);
});

test('a batch holds what fits and at least one record', () => {
  assert.equal(recordsPerBatch({ messageBytes: 100, batchBytes: 16384 }), 145);
  assert.equal(recordsPerBatch({ messageBytes: 100_000, batchBytes: 16384 }), 1);
});

test('with keys each partition has a group of its own, with only keys that hash to it', () => {
  const bytes = encodePayload({ partitions: 4, messageBytes: 10, keys: 20, codec: 'none', batchBytes: 500 });
  assert.equal(bytes.toString('latin1', 0, 4), 'MRPL');
  assert.deepEqual(
    [8, 12, 16, 20].map((at) => bytes.readUInt32LE(at)),
    [0, 4, 4, 20],
  );
  const text = bytes.toString('latin1');
  for (let key = 0; key < 20; key++) {
    assert.equal(bytes.readUInt32LE(24 + 16 + key * 4), (murmur2(keyOf(key)) & 0x7fffffff) % 4);
    assert.ok(text.includes(keyOf(key).toString('latin1')));
  }
});

test('too many prebuilt records are refused with advice', () => {
  const shape = { partitions: 20_000, messageBytes: 1000, keys: 1, codec: 'none', batchBytes: 100_000 } as const;
  assert.throws(() => encodePayload(shape), /fewer partitions with keys/);
});

test('a million keys and a batch of many small records are no matter', () => {
  const keyed = encodePayload({ partitions: 2, messageBytes: 10, keys: 1_000_000, codec: 'none', batchBytes: 500 });
  assert.ok(keyed.length > 4_000_000);
  const small = { partitions: 1, messageBytes: 0, keys: 0, codec: 'none', batchBytes: 4 * 2 ** 20 } as const;
  assert.ok(encodePayload(small).length > 2 ** 20);
});
