import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { OFFSET_MAP_ENTRY_BYTES, OffsetMap } from '../../../src/storage/cleaner/offset-map.ts';

describe('offset map', () => {
  test('knows the last offset of each key, as a Map does', () => {
    const puts = fc.array(fc.tuple(fc.uint8Array({ maxLength: 3 }), fc.nat(2 ** 50)), { maxLength: 200 });
    fc.assert(
      fc.property(puts, (list) => {
        const map = new OffsetMap(1 << 20, 200, 0.9);
        const model = new Map<string, number>();
        for (const [key, offset] of list) {
          assert.equal(map.put(key, offset), true);
          model.set(String(key), offset);
        }
        for (const [key] of list) assert.equal(map.get(key), model.get(String(key)));
        assert.equal(map.size, model.size);
        assert.equal(map.get(Buffer.from('not there')), -1);
      }),
    );
  });

  test('takes as many keys as its memory and load allow; known ones always', () => {
    const map = new OffsetMap(101 * OFFSET_MAP_ENTRY_BYTES, 1_000_000, 0.9);
    assert.equal(map.capacity, 90);
    let taken = 0;
    while (map.put(Buffer.from(`key${taken}`), taken)) taken++;
    assert.equal(taken, 90);
    assert.equal(map.put(Buffer.from('key7'), 1_000), true);
    assert.equal(map.get(Buffer.from('key7')), 1_000);
    assert.equal(map.get(Buffer.from('key90')), -1);
  });

  test('a map for few keys is small, and takes them all', () => {
    for (const keys of [0, 1, 5, 10, 100, 1_000]) {
      const map = new OffsetMap(2 ** 40, keys, 0.9);
      assert.ok(map.capacity >= keys, `${map.capacity} of ${keys}`);
      assert.ok(map.capacity <= keys + 30);
    }
  });
});
