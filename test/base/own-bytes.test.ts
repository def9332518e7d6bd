import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownBytes } from '../../src/base/own-bytes.ts';

test('a copy that is kept keeps nothing but itself', () => {
  const bytes = Buffer.from('orders');
  const own = ownBytes(bytes);
  assert.deepEqual(own, bytes);
  assert.equal(own.buffer.byteLength, bytes.length);
  bytes[0] = 0;
  assert.equal(own.toString(), 'orders');
});
