import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BATCH_STRIDE, BatchFault, BatchSlot } from '../../src/native/log-store.ts';
import { codecsOf } from './adapters.ts';
import { describeStores, POLICY } from './log-store-fixture.ts';
import { encodeRecords, makeBatch, simpleBatch } from './record-batches.ts';

describeStores('batches', (t) => {
  test('crc32c of the standard check string and in the middle of bytes', () => {
    const bytes = Buffer.from('__123456789__');
    assert.equal(t.store.crc32c(bytes, 2, 11), 0xe3069283);
    assert.equal(t.store.crc32c(bytes, 2, 2), 0);
  });

  describe('validate', () => {
    const out = new Float64Array(BATCH_STRIDE + 3);
    function validate(bytes: Uint8Array, policy = POLICY): BatchFault {
      const padded = new Uint8Array(new SharedArrayBuffer(bytes.length + 7));
      padded.set(bytes, 7);
      const id = t.store.registerMemory(padded);
      const fault = t.store.validate(id, 7, bytes.length, policy, out, 3);
      t.store.releaseMemory(id);
      return fault;
    }
    const slot = (name: keyof typeof BatchSlot): number => out[3 + BatchSlot[name]];

    test('gives the facts of a good batch', () => {
      const batch = makeBatch({
        attributes: 0x10,
        producerId: 5_000_000_000,
        producerEpoch: 3,
        baseSequence: 77,
        baseTimestamp: 1_700_000_000_000,
        records: [
          { timestamp: 1_700_000_000_000, key: 'a', value: 'x', headers: [['h', null]] },
          { timestamp: 1_700_000_000_500, value: null },
          { timestamp: 1_699_999_999_000, key: '', value: 'y' },
          { timestamp: 1_700_000_000_500, key: 'b', value: 'z' },
        ],
      });
      assert.equal(validate(batch), BatchFault.none);
      assert.equal(slot('sizeBytes'), batch.length);
      assert.equal(slot('baseOffset'), 0);
      assert.equal(slot('lastOffsetDelta'), 3);
      assert.equal(slot('attributes'), 0x10);
      assert.equal(slot('baseTimestamp'), 1_700_000_000_000);
      assert.equal(slot('maxTimestamp'), 1_700_000_000_500);
      assert.equal(slot('producerId'), 5_000_000_000);
      assert.equal(slot('producerEpoch'), 3);
      assert.equal(slot('baseSequence'), 77);
      assert.equal(slot('recordsCount'), 4);
      assert.equal(slot('recordsMaxTimestamp'), 1_700_000_000_500);
      assert.equal(slot('recordsMinTimestamp'), 1_699_999_999_000);
      assert.equal(slot('maxTimestampDelta'), 1);
      assert.equal(slot('keylessCount'), 1);
      assert.equal(slot('deltasInOrder'), 1);
      assert.equal(slot('recordsBytes'), batch.length - 61);
    });

    test('walks the records of every codec', () => {
      for (const codec of codecsOf(t.store)) {
        const records = Array.from({ length: 50 }, (_, at) => ({ timestamp: 1000 + at, value: 'v'.repeat(at) }));
        const batch = makeBatch({ codec, records, maxTimestamp: 9 });
        assert.equal(validate(batch), BatchFault.none, `codec ${codec}`);
        assert.equal(slot('recordsMaxTimestamp'), 1049);
        assert.equal(slot('keylessCount'), 50);
        assert.equal(slot('recordsBytes'), encodeRecords(records, 1000).length);
      }
    });

    test('says when offset deltas are out of order', () => {
      assert.equal(validate(makeBatch({ records: [{ offsetDelta: 1 }, { offsetDelta: 0 }] })), BatchFault.none);
      assert.equal(slot('deltasInOrder'), 0);
    });

    test('finds each fault', () => {
      const good = simpleBatch(3, 1000);
      assert.equal(validate(good.subarray(0, 60)), BatchFault.truncated);
      assert.equal(validate(good.subarray(0, good.length - 1)), BatchFault.truncated);
      assert.equal(validate(simpleBatch(3, 1000, 10, { magic: 1 })), BatchFault.magic);
      const short = Buffer.from(good);
      short.writeInt32BE(48, 8);
      assert.equal(validate(short), BatchFault.length);
      const broken = Buffer.from(good);
      broken[broken.length - 1] ^= 1;
      assert.equal(validate(broken), BatchFault.crc);
      assert.equal(validate(simpleBatch(3, 1000, 10, { recordsCount: 2 })), BatchFault.count);
      assert.equal(validate(simpleBatch(3, 1000, 10, { recordsCount: 0, lastOffsetDelta: -1 })), BatchFault.count);
      assert.equal(validate(simpleBatch(3, 1000, 10, { recordsCount: 4, lastOffsetDelta: 3 })), BatchFault.records);
      assert.equal(validate(simpleBatch(3, 1000, 10, { recordsCount: 2, lastOffsetDelta: 1 })), BatchFault.records);
      const recordsBytes = Uint8Array.from([...encodeRecords([{}], 1000), 0]);
      assert.equal(validate(makeBatch({ records: [{}], recordsBytes })), BatchFault.records);
      assert.equal(validate(simpleBatch(3, 1000, 10, { attributes: 5 })), BatchFault.compression);
      for (const codec of codecsOf(t.store))
        assert.equal(validate(simpleBatch(3, 1000, 10, { attributes: codec })), BatchFault.compression, `${codec}`);
    });

    test('never decompresses more than allowed', () => {
      for (const codec of codecsOf(t.store)) {
        const batch = simpleBatch(1, 1000, 300_000, { codec });
        assert.ok(batch.length < 30_000);
        assert.equal(validate(batch, { decompressedBytesMax: 200_000 }), BatchFault.tooLarge, `codec ${codec}`);
        assert.equal(validate(batch, { decompressedBytesMax: 400_000 }), BatchFault.none, `codec ${codec}`);
      }
    });
  });

  test('a wrong handle, memory or place throws', () => {
    assert.throws(() => t.store.segments(987654));
    assert.throws(() => t.store.validate(987654, 0, 10, POLICY, new Float64Array(BATCH_STRIDE), 0));
    const id = t.store.registerMemory(new Uint8Array(new SharedArrayBuffer(100)));
    assert.throws(() => t.store.validate(id, 50, 60, POLICY, new Float64Array(BATCH_STRIDE), 0));
    t.store.releaseMemory(id);
    assert.throws(() => t.store.release(987654));
  });
});
