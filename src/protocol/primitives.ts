/**
 * Kafka's primitive types on the wire: `Reader` takes them from bytes, `Writer` appends them to a growing buffer. Any
 * thread; the generated codecs (codec-compiler.ts) and the record batch code call these.
 *
 *   int8 .. int64, float64   big-endian            uvarint   7 bits a byte, low bits first, high bit = more follows
 *   uuid                     16 bytes              varint    zigzag of 32 bits as uvarint
 *                                                  varlong   zigzag of 64 bits as uvarint
 *              classic                  compact (flexible versions)       null
 *   string     int16 n, n bytes         uvarint n + 1, n bytes            n = -1 / uvarint 0
 *   bytes      int32 n, n bytes         uvarint n + 1, n bytes            n = -1 / uvarint 0
 *   array      int32 n, n elements      uvarint n + 1, n elements         n = -1 / uvarint 0
 *
 * Any n below 0 is read as null. A string has at most 32767 bytes, in its compact form too.
 *
 * Numbers of 64 bits are doubles: exact to 2^53, rounded beyond.
 */
import { uuidToBytes, ZERO_UUID } from '../base/uuid.ts';
import { INTERNED_BYTES_MAX, internText, internUuid, type SliceBuffer } from './interned.ts';
import { ProtocolError } from './protocol-error.ts';

const TWO_32 = 2 ** 32;
const TWO_63 = 2 ** 63;
const STRING_BYTES_MAX = 32767;
/** Longest string that is encoded character by character; above it the call into C++ is cheaper. */
const SHORT_STRING_BYTES = 24;
/** Each character needs at most 3 bytes, so up to this many the compact length fits one byte. */
const ONE_BYTE_LENGTH_CHARS = 42;

/**
 * Most structs, strings and byte strings that arrays of one message may hold together. A byte of input can claim an
 * element of some hundred bytes of heap, so this, not the frame's size, bounds what a hostile frame can make us build.
 */
const DECODED_ELEMENTS_MAX = 4_000_000;

export const EMPTY_BYTES: Uint8Array = new Uint8Array(0);

/** The same bytes as a Buffer, without copying. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Reads from `bytes[offset, end)`. Every method throws a `malformed` ProtocolError rather than leave the range. */
export class Reader {
  readonly bytes: SliceBuffer;
  offset: number;
  readonly end: number;
  #elementsLeft: number;

  constructor(bytes: Uint8Array, offset = 0, end = bytes.length, elementsMax = DECODED_ELEMENTS_MAX) {
    if (offset < 0 || offset > end || end > bytes.length) {
      throw new ProtocolError('malformed', `no range [${offset}, ${end}) in ${bytes.length} bytes`);
    }
    this.bytes = asBuffer(bytes) as SliceBuffer;
    this.offset = offset;
    this.end = end;
    this.#elementsLeft = elementsMax;
  }

  remaining(): number {
    return this.end - this.offset;
  }

  fail(what: string): never {
    throw new ProtocolError('malformed', `${what} at byte ${this.offset} of ${this.end}`);
  }

  int8(): number {
    const at = this.offset;
    if (at >= this.end) this.fail('cut off in an int8');
    this.offset = at + 1;
    return (this.bytes[at] << 24) >> 24;
  }

  uint8(): number {
    const at = this.offset;
    if (at >= this.end) this.fail('cut off in a uint8');
    this.offset = at + 1;
    return this.bytes[at];
  }

  bool(): boolean {
    return this.uint8() !== 0;
  }

  int16(): number {
    const at = this.offset;
    if (this.end - at < 2) this.fail('cut off in an int16');
    this.offset = at + 2;
    return ((this.bytes[at] << 24) >> 16) | this.bytes[at + 1];
  }

  uint16(): number {
    const at = this.offset;
    if (this.end - at < 2) this.fail('cut off in a uint16');
    this.offset = at + 2;
    return (this.bytes[at] << 8) | this.bytes[at + 1];
  }

  int32(): number {
    const at = this.offset;
    if (this.end - at < 4) this.fail('cut off in an int32');
    this.offset = at + 4;
    const bytes = this.bytes;
    return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  int64(): number {
    const at = this.offset;
    if (this.end - at < 8) this.fail('cut off in an int64');
    const high = this.int32();
    const low = this.int32();
    return high * TWO_32 + (low >>> 0);
  }

  bigint64(): bigint {
    const at = this.offset;
    if (this.end - at < 8) this.fail('cut off in an int64');
    this.offset = at + 8;
    return this.bytes.readBigInt64BE(at);
  }

  float64(): number {
    const at = this.offset;
    if (this.end - at < 8) this.fail('cut off in a float64');
    this.offset = at + 8;
    return this.bytes.readDoubleBE(at);
  }

  uuid(): string {
    const at = this.offset;
    if (this.end - at < 16) this.fail('cut off in a uuid');
    this.offset = at + 16;
    return internUuid(this.bytes, at);
  }

  /** Up to 32 bits; a fifth byte may hold 4 bits. */
  uvarint(): number {
    const bytes = this.bytes;
    let at = this.offset;
    if (at < this.end && bytes[at] < 0x80) {
      this.offset = at + 1;
      return bytes[at];
    }
    let value = 0;
    for (let shift = 0; shift <= 28; shift += 7) {
      if (at >= this.end) this.fail('cut off in a varint');
      const byte = bytes[at++];
      if (shift === 28 && byte > 0x0f) this.fail('varint of more than 32 bits');
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.offset = at;
        return value >>> 0;
      }
    }
    return this.fail('varint of more than 5 bytes');
  }

  varint(): number {
    const zigzag = this.uvarint();
    return (zigzag >>> 1) ^ -(zigzag & 1);
  }

  varlong(): number {
    const bytes = this.bytes;
    let at = this.offset;
    if (at >= this.end) this.fail('cut off in a varlong');
    let byte = bytes[at++];
    const sign = byte & 1;
    // The zigzag value is gathered without its lowest bit (the sign), so that it stays exact to 2^53.
    let half = (byte & 0x7f) >>> 1;
    for (let unit = 64; byte >= 0x80; unit *= 128) {
      if (at >= this.end) this.fail('cut off in a varlong');
      byte = bytes[at++];
      if (at - this.offset === 10 && byte > 1) this.fail('varlong of more than 64 bits');
      half += (byte & 0x7f) * unit;
    }
    this.offset = at;
    return sign === 0 ? half : -half - 1;
  }

  /** `length` bytes of UTF-8; what is not UTF-8 becomes U+FFFD. */
  text(length: number): string {
    const at = this.offset;
    const end = at + length;
    if (length < 0 || end > this.end) this.fail(`string of ${length} bytes does not fit`);
    this.offset = end;
    return length > INTERNED_BYTES_MAX ? this.bytes.utf8Slice(at, end) : internText(this.bytes, at, end);
  }

  string(): string {
    return this.text(this.int16());
  }

  nullableString(): string | null {
    const length = this.int16();
    return length < 0 ? null : this.text(length);
  }

  /** Of a compact string, byte string or array; below 0 for null. As in Kafka it has 32 bits, with a sign. */
  compactLength(): number {
    return (this.uvarint() - 1) | 0;
  }

  compactStringLength(): number {
    const length = this.compactLength();
    if (length > STRING_BYTES_MAX) this.fail(`string of ${length} bytes`);
    return length;
  }

  compactString(): string {
    return this.text(this.compactStringLength());
  }

  compactNullableString(): string | null {
    const length = this.compactStringLength();
    return length < 0 ? null : this.text(length);
  }

  /** A view, not a copy. */
  view(length: number): Uint8Array {
    const at = this.offset;
    if (length < 0 || length > this.end - at) this.fail(`${length} bytes do not fit`);
    this.offset = at + length;
    return this.bytes.subarray(at, at + length);
  }

  byteString(): Uint8Array {
    return this.view(this.int32());
  }

  nullableByteString(): Uint8Array | null {
    const length = this.int32();
    return length < 0 ? null : this.view(length);
  }

  compactByteString(): Uint8Array {
    return this.view(this.compactLength());
  }

  compactNullableByteString(): Uint8Array | null {
    const length = this.compactLength();
    return length < 0 ? null : this.view(length);
  }

  #count(count: number, elementBytesMin: number, boxed: boolean): number {
    if (count < 0) return -1;
    if (count * elementBytesMin > this.end - this.offset) this.fail(`array of ${count} elements does not fit`);
    if (boxed && (this.#elementsLeft -= count) < 0) this.fail('too many array elements in one message');
    return count;
  }

  /** Checked against the bytes left, given each element's least size; -1 stands for null. */
  arrayLength(elementBytesMin: number, boxed: boolean): number {
    return this.#count(this.int32(), elementBytesMin, boxed);
  }

  compactArrayLength(elementBytesMin: number, boxed: boolean): number {
    return this.#count(this.compactLength(), elementBytesMin, boxed);
  }

  skip(length: number): void {
    if (length < 0 || length > this.end - this.offset) this.fail(`${length} bytes to skip do not fit`);
    this.offset += length;
  }

  /** Start of a tagged field's value; returns where it must end. */
  taggedEnd(size: number): number {
    if (size > this.end - this.offset) this.fail(`tagged field of ${size} bytes does not fit`);
    return this.offset + size;
  }
}

function uvarintSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5;
}

/** Appends to a buffer that grows by doubling. Throws an `unencodable` ProtocolError for values outside their type. */
export class Writer {
  buffer: SliceBuffer;
  offset = 0;

  constructor(initialBytes = 512) {
    this.buffer = Buffer.allocUnsafeSlow(initialBytes) as SliceBuffer;
  }

  /** A view of what was written; valid until the writer is used again. */
  written(): Buffer {
    return this.buffer.subarray(0, this.offset);
  }

  /** A copy of what was written. */
  copy(start = 0): Buffer {
    const length = this.offset - start;
    const copy = Buffer.allocUnsafe(length);
    this.buffer.copy(copy, 0, start, this.offset);
    return copy;
  }

  /** Lets go of a buffer larger than `bytesMax`; what was written is lost. */
  shrink(bytesMax: number): void {
    this.offset = 0;
    if (this.buffer.length > bytesMax) this.buffer = Buffer.allocUnsafeSlow(4096) as SliceBuffer;
  }

  fail(type: string, value: unknown): never {
    throw new ProtocolError('unencodable', `not ${type}: ${String(value).slice(0, 80)}`);
  }

  reserve(length: number): void {
    const needed = this.offset + length;
    if (needed <= this.buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2)) as SliceBuffer;
    this.buffer.copy(grown, 0, 0, this.offset);
    this.buffer = grown;
  }

  int8(value: number): void {
    if ((value << 24) >> 24 !== value) this.fail('an int8', value);
    this.reserve(1);
    this.buffer[this.offset++] = value;
  }

  bool(value: boolean): void {
    if (typeof value !== 'boolean') this.fail('a bool', value);
    this.reserve(1);
    this.buffer[this.offset++] = value ? 1 : 0;
  }

  int16(value: number): void {
    if ((value << 16) >> 16 !== value) this.fail('an int16', value);
    this.#int16(value);
  }

  uint16(value: number): void {
    if ((value & 0xffff) !== value) this.fail('a uint16', value);
    this.#int16(value);
  }

  #int16(value: number): void {
    this.reserve(2);
    const buffer = this.buffer;
    const at = this.offset;
    buffer[at] = value >>> 8;
    buffer[at + 1] = value;
    this.offset = at + 2;
  }

  int32(value: number): void {
    if ((value | 0) !== value) this.fail('an int32', value);
    this.#int32(value);
  }

  uint32(value: number): void {
    if (value >>> 0 !== value) this.fail('a uint32', value);
    this.#int32(value);
  }

  #int32(value: number): void {
    this.reserve(4);
    const buffer = this.buffer;
    const at = this.offset;
    buffer[at] = value >>> 24;
    buffer[at + 1] = value >>> 16;
    buffer[at + 2] = value >>> 8;
    buffer[at + 3] = value;
    this.offset = at + 4;
  }

  /** Values beyond the range of 64 bits become its end, so that 2^63 stands for Java's Long.MAX_VALUE. */
  int64(value: number): void {
    if (!Number.isInteger(value)) this.fail('an int64', value);
    if (value >= TWO_63) {
      this.#int32(0x7fffffff);
      this.#int32(-1);
    } else if (value < -TWO_63) {
      this.#int32(-0x80000000);
      this.#int32(0);
    } else {
      const high = Math.floor(value / TWO_32);
      this.#int32(high);
      this.#int32(value - high * TWO_32);
    }
  }

  bigint64(value: bigint): void {
    if (typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value) this.fail('an int64', value);
    this.int64(0);
    this.buffer.writeBigInt64BE(value, this.offset - 8);
  }

  float64(value: number): void {
    if (typeof value !== 'number') this.fail('a float64', value);
    this.reserve(8);
    this.offset = this.buffer.writeDoubleBE(value, this.offset);
  }

  uuid(value: string): void {
    this.reserve(16);
    if (value === ZERO_UUID) {
      this.buffer.fill(0, this.offset, this.offset + 16);
    } else {
      if (typeof value !== 'string' || value.length !== 22) this.fail('a uuid', value);
      this.buffer.set(this.#uuidBytes(value), this.offset);
    }
    this.offset += 16;
  }

  #uuidBytes(value: string): Uint8Array {
    try {
      return uuidToBytes(value);
    } catch {
      return this.fail('a uuid', value);
    }
  }

  uvarint(value: number): void {
    if (value >>> 0 !== value) this.fail('a uint32', value);
    this.reserve(5);
    this.#uvarint(value);
  }

  /** The room must have been reserved. */
  #uvarint(value: number): void {
    const buffer = this.buffer;
    let at = this.offset;
    while (value >= 0x80) {
      buffer[at++] = value | 0x80;
      value >>>= 7;
    }
    buffer[at++] = value;
    this.offset = at;
  }

  varint(value: number): void {
    if ((value | 0) !== value) this.fail('an int32', value);
    this.uvarint(((value << 1) ^ (value >> 31)) >>> 0);
  }

  varlong(value: number): void {
    if (!Number.isInteger(value)) this.fail('an int64', value);
    if (value >= -0x40000000 && value < 0x40000000) {
      this.varint(value);
      return;
    }
    this.reserve(10);
    const buffer = this.buffer;
    let at = this.offset;
    const half = Math.min(value < 0 ? -(value + 1) : value, Number.MAX_SAFE_INTEGER);
    buffer[at++] = (half % 64) * 2 + (value < 0 ? 1 : 0) + 0x80;
    let rest = Math.floor(half / 64);
    while (rest >= 0x80) {
      buffer[at++] = (rest % 128) + 0x80;
      rest = Math.floor(rest / 128);
    }
    buffer[at++] = rest;
    this.offset = at;
  }

  /** Writes the characters at the current place when all are ASCII; the room must have been reserved. */
  #ascii(text: string): boolean {
    const buffer = this.buffer;
    const at = this.offset;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) return false;
      buffer[at + i] = code;
    }
    this.offset = at + text.length;
    return true;
  }

  #text(text: string): void {
    if (text.length > SHORT_STRING_BYTES || !this.#ascii(text)) {
      this.offset += this.buffer.utf8Write(text, this.offset);
    }
  }

  string(text: string): void {
    if (typeof text !== 'string') this.fail('a string', text);
    if (text.length > STRING_BYTES_MAX) this.fail(`a string of at most ${STRING_BYTES_MAX} bytes`, text);
    this.reserve(2 + text.length * 3);
    const lengthAt = this.offset;
    this.offset = lengthAt + 2;
    this.#text(text);
    const length = this.offset - lengthAt - 2;
    if (length > STRING_BYTES_MAX) this.fail(`a string of at most ${STRING_BYTES_MAX} bytes`, text);
    this.buffer[lengthAt] = length >>> 8;
    this.buffer[lengthAt + 1] = length;
  }

  nullableString(text: string | null): void {
    if (text === null) this.#int16(-1);
    else this.string(text);
  }

  compactString(text: string): void {
    if (typeof text !== 'string') this.fail('a string', text);
    if (text.length <= ONE_BYTE_LENGTH_CHARS) {
      this.reserve(1 + text.length * 3);
      const lengthAt = this.offset;
      this.offset = lengthAt + 1;
      this.#text(text);
      this.buffer[lengthAt] = this.offset - lengthAt;
      return;
    }
    const length = Buffer.byteLength(text, 'utf8');
    if (length > STRING_BYTES_MAX) this.fail(`a string of at most ${STRING_BYTES_MAX} bytes`, text);
    this.uvarint(length + 1);
    this.reserve(length);
    this.#text(text);
  }

  compactNullableString(text: string | null): void {
    if (text === null) this.uvarint(0);
    else this.compactString(text);
  }

  raw(bytes: Uint8Array): void {
    if (!(bytes instanceof Uint8Array)) this.fail('bytes', bytes);
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.offset);
    this.offset += bytes.length;
  }

  byteString(bytes: Uint8Array): void {
    if (!(bytes instanceof Uint8Array)) this.fail('bytes', bytes);
    this.#int32(bytes.length);
    this.raw(bytes);
  }

  nullableByteString(bytes: Uint8Array | null): void {
    if (bytes === null) this.#int32(-1);
    else this.byteString(bytes);
  }

  compactByteString(bytes: Uint8Array): void {
    if (!(bytes instanceof Uint8Array)) this.fail('bytes', bytes);
    this.uvarint(bytes.length + 1);
    this.raw(bytes);
  }

  compactNullableByteString(bytes: Uint8Array | null): void {
    if (bytes === null) this.uvarint(0);
    else this.compactByteString(bytes);
  }

  /** The length of `array`, which is null only where the field may be. */
  arrayLength(array: readonly unknown[] | null): void {
    this.#int32(array === null ? -1 : array.length);
  }

  compactArrayLength(array: readonly unknown[] | null): void {
    this.uvarint(array === null ? 0 : array.length + 1);
  }

  /** Opens a value that is preceded by its size as a uvarint; returns the mark for `endSized`. */
  beginSized(): number {
    this.reserve(1);
    this.offset += 1;
    return this.offset;
  }

  endSized(mark: number): void {
    this.#endSized(mark, this.offset - mark);
  }

  /** Like `endSized`, the size being a varint (zigzag), as before records. */
  endVarintSized(mark: number): void {
    this.#endSized(mark, (this.offset - mark) * 2);
  }

  #endSized(mark: number, size: number): void {
    const extra = uvarintSize(size) - 1;
    if (extra > 0) {
      this.reserve(extra);
      this.buffer.copyWithin(mark + extra, mark, this.offset);
    }
    const end = this.offset + extra;
    this.offset = mark - 1;
    this.#uvarint(size);
    this.offset = end;
  }
}
