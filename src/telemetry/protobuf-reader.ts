/**
 * Reads the wire format of Protocol Buffers: enough for OTLP. Never allocates by a declared size; every field is checked
 * against the bytes that are there. Pure; any thread.
 *
 *     message   { tag, value } ...      tag: varint field << 3 | wire type
 *     wire type 0 varint   1 eight bytes   2 length (varint) and bytes   5 four bytes
 */

export class ProtobufError extends Error {}

export const WireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const VARINT_BYTES_MAX = 10;
const TWO_32 = 2 ** 32;

export class ProtobufReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;
  /** Of the field that `next` found. */
  field = 0;
  wireType = 0;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  /** Moves to the next field; its value must then be read or skipped. False at the end. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const tag = this.varint();
    this.field = Math.floor(tag / 8);
    this.wireType = tag % 8;
    if (this.field === 0 || tag >= TWO_32) throw new ProtobufError('no such field number');
    return true;
  }

  /** Unsigned; beyond 2^53 rounded. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < VARINT_BYTES_MAX; count++) {
      if (this.#at >= this.#end) throw new ProtobufError('cut off');
      const byte = this.#bytes[this.#at++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new ProtobufError('varint too long');
  }

  /** Two's complement of 64 bits; beyond 2^53 rounded. */
  signedVarint(): number {
    const start = this.#at;
    const value = this.varint();
    if (value < 2 ** 63) return value;
    // Rounded, a small negative number would be lost: its bits are read once more.
    this.#at = start;
    let bits = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      bits |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, bits));
    }
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  /** Unsigned 64 bits; beyond 2^53 rounded. */
  fixed64(): number {
    const at = this.#take(8);
    return this.#bytes.readUInt32LE(at + 4) * TWO_32 + this.#bytes.readUInt32LE(at);
  }

  signedFixed64(): number {
    const at = this.#take(8);
    return this.#bytes.readInt32LE(at + 4) * TWO_32 + this.#bytes.readUInt32LE(at);
  }

  /** The first `bytesMax` bytes of a text: what is longer is cut before it becomes a string. */
  string(bytesMax: number): string {
    const length = this.#length();
    const start = this.#take(length);
    return this.#bytes.toString('utf8', start, start + Math.min(length, bytesMax));
  }

  /** A reader of the embedded message. */
  message(): ProtobufReader {
    const length = this.#length();
    const start = this.#take(length);
    return new ProtobufReader(this.#bytes, start, this.#at);
  }

  /** Elements of eight bytes, packed or one of them; hands each to `each`, which reads it. */
  packed64(each: (reader: ProtobufReader) => void): void {
    if (this.wireType === WireType.fixed64) {
      each(this);
      return;
    }
    const inner = this.message();
    while (inner.#at < inner.#end) each(inner);
  }

  /** Throws unless the field is of this wire type. */
  expect(wireType: number): this {
    if (this.wireType !== wireType) throw new ProtobufError(`field ${this.field} has wire type ${this.wireType}`);
    return this;
  }

  skip(): void {
    switch (this.wireType) {
      case WireType.varint:
        this.varint();
        break;
      case WireType.fixed64:
        this.#take(8);
        break;
      case WireType.bytes:
        this.#take(this.#length());
        break;
      case WireType.fixed32:
        this.#take(4);
        break;
      default:
        throw new ProtobufError(`wire type ${this.wireType} is not known`);
    }
  }

  #length(): number {
    if (this.wireType !== WireType.bytes) throw new ProtobufError(`field ${this.field} has wire type ${this.wireType}`);
    return this.varint();
  }

  /** Where `length` bytes begin, which are passed over. */
  #take(length: number): number {
    const start = this.#at;
    if (length > this.#end - start) throw new ProtobufError('cut off');
    this.#at = start + length;
    return start;
  }
}
