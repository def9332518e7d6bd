import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { INTERNED_BYTES_MAX, internText, internUuid, type SliceBuffer } from '../../src/protocol/interned.ts';

describe('interned strings', () => {
  test('say what the bytes say, whatever was read before', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: INTERNED_BYTES_MAX }), { maxLength: 30 }), (many) => {
        for (const bytes of [...many, ...many]) {
          const buffer = Buffer.from([7, ...bytes, 7]) as SliceBuffer;
          assert.equal(internText(buffer, 1, 1 + bytes.length), Buffer.from(bytes).toString());
        }
      }),
    );
  });

  test('tell UUIDs apart that fall on one place', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat({ max: 3 }), (bytes, word) => {
        // Words that change places keep the hash.
        const other = Buffer.concat([bytes.subarray(word * 4), bytes.subarray(0, word * 4)]);
        for (const one of [Buffer.from(bytes), other, Buffer.from(bytes)]) {
          assert.equal(internUuid(one as SliceBuffer, 0), one.toString('base64url'));
        }
      }),
    );
  });
});
