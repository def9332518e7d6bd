import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contextTag, DerTag, writeDer, writeOid } from '../../src/security/der.ts';
import { readPkcs12 } from '../../src/security/pkcs12-store.ts';

const { sequence, octetString, integer } = DerTag;

/** A store of nothing, sealed with so many rounds. */
function sealedWith(iterations: number): Buffer {
  const safes = writeDer(octetString, writeDer(sequence));
  const count = Buffer.alloc(4);
  count.writeUInt32BE(iterations);
  const digest = writeDer(
    sequence,
    writeDer(sequence, writeOid('2.16.840.1.101.3.4.2.1')),
    writeDer(octetString, Buffer.alloc(32)),
  );
  return writeDer(
    sequence,
    writeDer(integer, Buffer.of(3)),
    writeDer(sequence, writeOid('1.2.840.113549.1.7.1'), writeDer(contextTag(0), safes)),
    writeDer(sequence, digest, writeDer(octetString, Buffer.alloc(8)), writeDer(integer, count)),
  );
}

test('a store that asks for more hashing than any tool does is refused, and holds no start up', () => {
  assert.throws(() => readPkcs12(sealedWith(20_000_000), 'x'), /asks for 20000000 rounds/);
  assert.throws(() => readPkcs12(sealedWith(0), 'x'), /asks for 0 rounds/);
  assert.throws(() => readPkcs12(sealedWith(1), 'x'), /its password is wrong/);
});
