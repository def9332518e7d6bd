/** Keys from passwords as PKCS#12 derives them (RFC 7292, appendix B). Pure. */
import { createHash } from 'node:crypto';

/** What the derived bytes are for. */
export const KdfPurpose = { key: 1, iv: 2, mac: 3 } as const;

export function pkcs12Kdf(
  hash: string,
  purpose: number,
  password: string,
  salt: Uint8Array,
  iterations: number,
  sizeBytes: number,
): Buffer {
  const blockBytes = hash === 'sha384' || hash === 'sha512' ? 128 : 64;
  const secret = Buffer.from(`${password}\0`, 'utf16le').swap16();
  const diversifier = Buffer.alloc(blockBytes, purpose);
  const input = Buffer.concat([repeated(salt, blockBytes), repeated(secret, blockBytes)]);
  const derived: Buffer[] = [];
  for (let bytes = 0; bytes < sizeBytes; ) {
    let digest = createHash(hash).update(diversifier).update(input).digest();
    for (let i = 1; i < iterations; i++) digest = createHash(hash).update(digest).digest();
    derived.push(digest);
    bytes += digest.length;
    const addend = Buffer.alloc(blockBytes);
    for (let at = 0; at < blockBytes; at++) addend[at] = digest[at % digest.length];
    for (let start = 0; start < input.length; start += blockBytes) addOnePlus(input, start, addend);
  }
  return Buffer.concat(derived).subarray(0, sizeBytes);
}

/** Fills whole blocks with the bytes, over and over. */
function repeated(bytes: Uint8Array, blockBytes: number): Buffer {
  const filled = Buffer.alloc(Math.ceil(bytes.length / blockBytes) * blockBytes);
  for (let at = 0; at < filled.length; at++) filled[at] = bytes[at % bytes.length];
  return filled;
}

/** A block of `input` as one large number: plus `addend`, plus 1. */
function addOnePlus(input: Buffer, start: number, addend: Buffer): void {
  let carry = 1;
  for (let at = addend.length - 1; at >= 0; at--) {
    const sum = input[start + at] + addend[at] + carry;
    input[start + at] = sum & 0xff;
    carry = sum >> 8;
  }
}
