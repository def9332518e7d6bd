/**
 * LZ4 frame decompression with a bound on its output. (The lz4 package that compresses for us has none: a small batch
 * could make it allocate without end.)
 *
 *     magic 4 | FLG 1 | BD 1 | [content size 8] | header checksum 1 |
 *     { block size 4, top bit set when stored | bytes | [checksum 4] } ... | 0 4 | [content checksum 4]
 *
 * Header and block checksums are checked. The content's is not: the batch's own CRC covers the bytes.
 */

const MAGIC = 0x184d2204;
const FLAG_INDEPENDENT = 0x20;
const FLAG_BLOCK_CHECKSUM = 0x10;
const FLAG_CONTENT_SIZE = 0x08;
const FLAG_CONTENT_CHECKSUM = 0x04;
const FLAG_RESERVED = 0x02;
const FLAG_DICTIONARY = 0x01;
const BLOCK_STORED = 0x80000000;
const MATCH_BYTES_MIN = 4;
/** A length of a token that goes on in bytes behind it. */
const LENGTH_CONTINUES = 15;

/** The frame does not parse. */
export class Lz4FormatError extends Error {}
/** The frame holds more bytes than allowed. */
export class Lz4SizeError extends Error {}

class Output {
  bytes: Uint8Array;
  length = 0;
  readonly #max: number;

  constructor(guess: number, max: number) {
    this.bytes = new Uint8Array(Math.min(guess, max));
    this.#max = max;
  }

  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    if (needed > this.#max) throw new Lz4SizeError(`more than ${this.#max} bytes`);
    const grown = new Uint8Array(Math.min(this.#max, Math.max(needed, this.bytes.length * 2)));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}

interface Frame {
  readonly headerBytes: number;
  readonly blockBytesMax: number;
  readonly isIndependent: boolean;
  readonly hasBlockChecksums: boolean;
  readonly hasContentChecksum: boolean;
}

function readFrameHeader(source: Uint8Array, view: DataView): Frame {
  if (source.length < 7 || view.getUint32(0, true) !== MAGIC) throw new Lz4FormatError('no frame');
  const flags = source[4];
  if (flags >> 6 !== 1 || flags & (FLAG_RESERVED | FLAG_DICTIONARY))
    throw new Lz4FormatError('unknown frame version or a dictionary');
  const sizeCode = (source[5] >> 4) & 7;
  if (source[5] & 0x8f || sizeCode < 4) throw new Lz4FormatError('unknown block size');
  const checksumAt = flags & FLAG_CONTENT_SIZE ? 14 : 6;
  if (source[checksumAt] !== ((xxHash32(source, 4, checksumAt) >>> 8) & 0xff))
    throw new Lz4FormatError('the header checksum is wrong');
  return {
    headerBytes: checksumAt + 1,
    blockBytesMax: 1 << (8 + 2 * sizeCode),
    isIndependent: (flags & FLAG_INDEPENDENT) !== 0,
    hasBlockChecksums: (flags & FLAG_BLOCK_CHECKSUM) !== 0,
    hasContentChecksum: (flags & FLAG_CONTENT_CHECKSUM) !== 0,
  };
}

/** Whether the blocks of a frame stand for themselves: Java's consumers can read no others. */
export function hasIndependentBlocks(source: Uint8Array): boolean {
  return source.length > 4 && (source[4] & FLAG_INDEPENDENT) !== 0;
}

/** A frame as Java's clients wrote it before Kafka 0.10, who hashed its magic too, with the header checksum that it should have. */
export function mendHeaderChecksum(source: Uint8Array): Uint8Array {
  const mended = Uint8Array.from(source);
  const checksumAt = source[4] & FLAG_CONTENT_SIZE ? 14 : 6;
  if (checksumAt < mended.length) mended[checksumAt] = xxHash32(source, 4, checksumAt) >>> 8;
  return mended;
}

/** The content of a frame. Throws Lz4FormatError or Lz4SizeError. */
export function lz4FrameDecompress(source: Uint8Array, bytesMax: number): Uint8Array {
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const frame = readFrameHeader(source, view);
  const output = new Output(source.length * 3, bytesMax);
  let at = frame.headerBytes;
  for (;;) {
    if (at + 4 > source.length) throw new Lz4FormatError('frame without an end');
    const word = view.getUint32(at, true);
    at += 4;
    if (word === 0) break;
    const size = word & ~BLOCK_STORED;
    const trailer = frame.hasBlockChecksums ? 4 : 0;
    if (size > frame.blockBytesMax || at + size + trailer > source.length)
      throw new Lz4FormatError('block longer than its frame');
    if (frame.hasBlockChecksums && view.getUint32(at + size, true) !== xxHash32(source, at, at + size))
      throw new Lz4FormatError('the checksum of a block is wrong');
    const start = output.length;
    if (word & BLOCK_STORED) copyLiterals(source, at, size, output);
    else decompressBlock(source, at, at + size, output, frame.isIndependent ? start : 0);
    if (output.length - start > frame.blockBytesMax) throw new Lz4FormatError('block larger than the frame says');
    at += size + trailer;
  }
  if (source.length - at !== (frame.hasContentChecksum ? 4 : 0)) throw new Lz4FormatError('bytes behind the frame');
  return output.bytes.subarray(0, output.length);
}

/** Matches may reach back to `matchStart` of the output. */
function decompressBlock(source: Uint8Array, start: number, end: number, output: Output, matchStart: number): void {
  let at = start;
  while (at < end) {
    const token = source[at++];
    let literals = token >> 4;
    if (literals === LENGTH_CONTINUES) {
      const more = lengthBytes(source, at, end);
      literals += lengthOf(source, at, more);
      at += more;
    }
    if (at + literals > end) throw new Lz4FormatError('literals cut off');
    copyLiterals(source, at, literals, output);
    at += literals;
    if (at === end) return;
    if (at + 2 > end) throw new Lz4FormatError('match offset cut off');
    const distance = source[at] | (source[at + 1] << 8);
    at += 2;
    let matched = token & 15;
    if (matched === LENGTH_CONTINUES) {
      const more = lengthBytes(source, at, end);
      matched += lengthOf(source, at, more);
      at += more;
    }
    if (distance === 0 || distance > output.length - matchStart) throw new Lz4FormatError('match before the start');
    copyMatch(output, distance, matched + MATCH_BYTES_MIN);
  }
  throw new Lz4FormatError('block ends behind a match');
}

/** Bytes from `at` on that go on with a length: the last one is the first that is not 255. */
function lengthBytes(source: Uint8Array, at: number, end: number): number {
  let last = at;
  while (last < end && source[last] === 255) last++;
  if (last >= end) throw new Lz4FormatError('length cut off');
  return last - at + 1;
}

function lengthOf(source: Uint8Array, at: number, bytes: number): number {
  return (bytes - 1) * 255 + source[at + bytes - 1];
}

function copyLiterals(source: Uint8Array, at: number, count: number, output: Output): void {
  output.reserve(count);
  output.bytes.set(source.subarray(at, at + count), output.length);
  output.length += count;
}

function copyMatch(output: Output, distance: number, count: number): void {
  output.reserve(count);
  const { bytes } = output;
  let to = output.length;
  if (distance >= count) bytes.copyWithin(to, to - distance, to - distance + count);
  // An overlapping match repeats what it has just written.
  else for (const stop = to + count; to < stop; to++) bytes[to] = bytes[to - distance];
  output.length += count;
}

const PRIME_1 = 2654435761;
const PRIME_2 = 2246822519;
const PRIME_3 = 3266489917;
const PRIME_4 = 668265263;
const PRIME_5 = 374761393;

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));
const little32 = (bytes: Uint8Array, at: number): number =>
  bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);

/** xxHash32 of `bytes[start, end)` with seed 0, as an unsigned number. */
function xxHash32(bytes: Uint8Array, start: number, end: number): number {
  let hash = PRIME_5;
  let at = start;
  if (end - start >= 16) {
    const lanes = Int32Array.of(PRIME_1 + PRIME_2, PRIME_2, 0, -PRIME_1);
    for (; end - at >= 16; at += 16)
      for (let lane = 0; lane < 4; lane++) {
        const mixed = lanes[lane] + Math.imul(little32(bytes, at + lane * 4), PRIME_2);
        lanes[lane] = Math.imul(rotate(mixed, 13), PRIME_1);
      }
    hash = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);
  }
  hash = (hash + end - start) | 0;
  for (; end - at >= 4; at += 4) {
    const mixed = hash + Math.imul(little32(bytes, at), PRIME_3);
    hash = Math.imul(rotate(mixed, 17), PRIME_4);
  }
  for (; at < end; at++) hash = Math.imul(rotate(hash + Math.imul(bytes[at], PRIME_5), 11), PRIME_1);
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return (hash ^ (hash >>> 16)) >>> 0;
}
