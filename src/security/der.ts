/**
 * DER, as far as stores of keys and certificates need it: reading with every length checked, and writing. Pure.
 *
 *     tag (1 byte) | length: 1 byte, or 0x80 + n and n bytes | content
 */

export const DerTag = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
} as const;

/** [n], constructed. */
export const contextTag = (number: number): number => 0xa0 + number;

class DerError extends Error {
  override readonly name = 'DerError';
}

/** One value, and its parts when they are asked for. */
export class DerValue {
  readonly tag: number;
  readonly content: Buffer;
  /** With tag and length. */
  readonly whole: Buffer;

  constructor(tag: number, content: Buffer, whole: Buffer) {
    this.tag = tag;
    this.content = content;
    this.whole = whole;
  }

  /** The values that the content consists of. */
  parts(): DerValue[] {
    const found: DerValue[] = [];
    for (let at = 0; at < this.content.length; ) {
      const value = readAt(this.content, at);
      found.push(value);
      at += value.whole.length;
    }
    return found;
  }

  /** The part at that place, which must have that tag. */
  part(index: number, tag: number): DerValue {
    const part = this.parts()[index];
    if (part?.tag !== tag) throw new DerError(`part ${index} is no ${tag.toString(16)}`);
    return part;
  }

  /** An OID in dots. */
  oid(): string {
    if (this.tag !== DerTag.oid || this.content.length === 0) throw new DerError('no object identifier');
    const numbers: number[] = [];
    let number = 0;
    for (const byte of this.content) {
      number = number * 128 + (byte & 0x7f);
      if (number > Number.MAX_SAFE_INTEGER) throw new DerError('an object identifier is too long');
      if (byte & 0x80) continue;
      numbers.push(number);
      number = 0;
    }
    const first = Math.min(Math.floor(numbers[0] / 40), 2);
    return [first, numbers[0] - first * 40, ...numbers.slice(1)].join('.');
  }

  /** A small number. */
  number(): number {
    if (this.tag !== DerTag.integer || this.content.length === 0 || this.content.length > 6) {
      throw new DerError('no small number');
    }
    return this.content.readIntBE(0, this.content.length);
  }
}

/** The one value that the bytes consist of; bytes behind it are passed over. */
export function readDer(bytes: Uint8Array): DerValue {
  return readAt(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
}

function readAt(bytes: Buffer, start: number): DerValue {
  if (start + 2 > bytes.length) throw new DerError('cut off');
  let at = start + 1;
  let length = bytes[at++];
  if (length >= 0x80) {
    const lengthBytes = length - 0x80;
    // 0x80 is an open end, which DER does not know.
    if (lengthBytes < 1 || lengthBytes > 4 || at + lengthBytes > bytes.length) throw new DerError('a bad length');
    length = bytes.readUIntBE(at, lengthBytes);
    at += lengthBytes;
  }
  if (length > bytes.length - at) throw new DerError('cut off');
  return new DerValue(bytes[start], bytes.subarray(at, at + length), bytes.subarray(start, at + length));
}

export function writeDer(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat(content);
  if (bytes.length < 0x80) return Buffer.concat([Buffer.of(tag, bytes.length), bytes]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  const significant = length.subarray(length.findIndex((byte) => byte !== 0));
  return Buffer.concat([Buffer.of(tag, 0x80 + significant.length), significant, bytes]);
}

export function writeOid(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((number) => {
    const groups = [number & 0x7f];
    for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return writeDer(DerTag.oid, Buffer.from(bytes));
}
