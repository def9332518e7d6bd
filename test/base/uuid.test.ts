import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomUuid, uuidToBytes } from '../../src/base/uuid.ts';

test('a new UUID never begins with a dash, which tools would take for an option', () => {
  const draws = [Buffer.alloc(16, 0xf8), Buffer.alloc(16, 0xfb), Buffer.alloc(16, 0xfc)];
  const random = { bytes: () => draws.shift() ?? assert.fail('one draw too many'), below: () => 0 };
  const uuid = randomUuid(random);
  assert.equal(uuid[0], '_');
  assert.deepEqual(draws, []);
});

test('a new UUID is of version 4, and what is none is refused', () => {
  const bytes = uuidToBytes(randomUuid({ bytes: () => Buffer.alloc(16, 0x5a), below: () => 0 }));
  assert.deepEqual([bytes[6] >> 4, bytes[8] >> 6], [4, 2]);
  for (const text of ['', 'AAAA', `${'A'.repeat(24)}`]) assert.throws(() => uuidToBytes(text), RangeError);
});
