/**
 * Java's own key store format, JKS. Keys in it are hidden by a keyed XOR that only Java has; the whole is sealed with a
 * digest over the password. Pure.
 *
 *     0xfeedfeed | version 1 or 2 | count | entries | SHA-1(password, "Mighty Aphrodite", all before)
 *     key entry      1 | alias | date (8) | length, EncryptedPrivateKeyInfo | count, certificates
 *     trusted entry  2 | alias | date (8) | certificate
 *     certificate    type (version 2) | length, DER              alias and type: length (2), modified UTF-8
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { DerTag, readDer } from './der.ts';
import { type StoredKey, StoreFault, type StoreParts } from './store-parts.ts';

const MAGIC = 0xfeedfeed;
const KEY_ENTRY = 1;
const TRUSTED_ENTRY = 2;
const DIGEST_BYTES = 20;
const DATE_BYTES = 8;
/** Object identifier of the XOR. */
const JAVA_KEY_PROTECTION = '1.3.6.1.4.1.42.2.17.1.1';

export const isJks = (bytes: Buffer): boolean => bytes.length >= 4 && bytes.readUInt32BE(0) === MAGIC;

/** Throws a StoreFault. Without a password the seal is not checked, as Java does it. */
export function readJks(bytes: Buffer, password: string | null): StoreParts {
  if (bytes.length < 12 + DIGEST_BYTES) throw new StoreFault('it is cut off');
  const body = bytes.subarray(0, bytes.length - DIGEST_BYTES);
  if (password !== null) {
    const digest = createHash('sha1').update(utf16(password)).update('Mighty Aphrodite').update(body).digest();
    if (!timingSafeEqual(digest, bytes.subarray(body.length))) throw new StoreFault('its password is wrong', true);
  }
  const cursor = new Cursor(body, 4);
  const version = cursor.int32();
  if (version !== 1 && version !== 2) throw new StoreFault(`it has version ${version}`);
  const keys: StoredKey[] = [];
  const trusted: Buffer[] = [];
  for (let left = cursor.int32(); left > 0; left--) {
    const kind = cursor.int32();
    cursor.take(cursor.int16());
    cursor.take(DATE_BYTES);
    if (kind === KEY_ENTRY) {
      const hidden = cursor.take(cursor.int32());
      const chain: Buffer[] = [];
      for (let certificates = cursor.int32(); certificates > 0; certificates--)
        chain.push(certificate(cursor, version));
      keys.push({ chain, pkcs8: (keyPassword) => revealKey(hidden, keyPassword ?? ''), encrypted: false });
    } else if (kind === TRUSTED_ENTRY) {
      trusted.push(certificate(cursor, version));
    } else {
      throw new StoreFault(`it holds an entry of kind ${kind}`);
    }
  }
  return { keys, trusted };
}

function certificate(cursor: Cursor, version: number): Buffer {
  if (version === 2) cursor.take(cursor.int16());
  return cursor.take(cursor.int32());
}

/** salt (20) | key XOR stream | SHA-1(password, key); the stream is SHA-1(password, what came before it), from the salt on. */
function revealKey(info: Buffer, password: string): Buffer {
  const [algorithm, content] = readDer(info).parts();
  if (algorithm?.part(0, DerTag.oid).oid() !== JAVA_KEY_PROTECTION || content?.tag !== DerTag.octetString) {
    throw new StoreFault('its key is protected in an unknown way');
  }
  const hidden = content.content;
  if (hidden.length < 2 * DIGEST_BYTES) throw new StoreFault('its key is cut off');
  const secret = utf16(password);
  const key = Buffer.from(hidden.subarray(DIGEST_BYTES, hidden.length - DIGEST_BYTES));
  let stream = hidden.subarray(0, DIGEST_BYTES);
  for (let at = 0; at < key.length; at++) {
    if (at % DIGEST_BYTES === 0) stream = createHash('sha1').update(secret).update(stream).digest();
    key[at] ^= stream[at % DIGEST_BYTES];
  }
  const check = createHash('sha1').update(secret).update(key).digest();
  if (timingSafeEqual(check, hidden.subarray(hidden.length - DIGEST_BYTES))) return key;
  throw new StoreFault("its key's password is wrong", true);
}

function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}

class Cursor {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  int16(): number {
    return this.take(2).readUInt16BE(0);
  }

  int32(): number {
    return this.take(4).readUInt32BE(0);
  }

  take(sizeBytes: number): Buffer {
    if (sizeBytes > this.#bytes.length - this.#at) throw new StoreFault('it is cut off');
    const taken = this.#bytes.subarray(this.#at, this.#at + sizeBytes);
    this.#at += sizeBytes;
    return taken;
  }
}
