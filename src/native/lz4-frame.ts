/**
 * LZ4 frame decompression with a bound on its output. (The lz4 package that compresses for us has none: a small batch
 * could make it allocate without end.) Checksums are skipped: the batch's own CRC covers the bytes.
 *
 *     magic 4 | FLG 1 | BD 1 | [content size 8] | [dictionary id 4] | header checksum 1 |
 *     { block size 4, top bit set when stored | bytes | [checksum 4] } ... | 0 4 | [content checksum 4]
 */

const MAGIC = 0x184d2204;
const FLAG_BLOCK_CHECKSUM = 0x10;
const FLAG_CONTENT_SIZE = 0x08;
const FLAG_DICTIONARY = 0x01;
const BLOCK_STORED = 0x80000000;
const MATCH_BYTES_MIN = 4;

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

/** The content of a frame. Throws Lz4FormatError or Lz4SizeError. */
export function lz4FrameDecompress(source: Uint8Array, bytesMax: number): Uint8Array {
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  if (source.length < 7 || view.getUint32(0, true) !== MAGIC) throw new Lz4FormatError('no frame');
  const flags = source[4];
  if (flags >> 6 !== 1 || flags & FLAG_DICTIONARY) throw new Lz4FormatError('unknown frame version or a dictionary');
  let at = 6 + (flags & FLAG_CONTENT_SIZE ? 8 : 0) + 1;
  const output = new Output(source.length * 3, bytesMax);
  for (;;) {
    if (at + 4 > source.length) throw new Lz4FormatError('frame without an end');
    const word = view.getUint32(at, true);
    at += 4;
    if (word === 0) return output.bytes.subarray(0, output.length);
    const size = word & ~BLOCK_STORED;
    if (at + size > source.length) throw new Lz4FormatError('block longer than its frame');
    if (word & BLOCK_STORED) {
      output.reserve(size);
      output.bytes.set(source.subarray(at, at + size), output.length);
      output.length += size;
    } else decompressBlock(source, at, at + size, output);
    at += size + (flags & FLAG_BLOCK_CHECKSUM ? 4 : 0);
  }
}

function decompressBlock(source: Uint8Array, start: number, end: number, output: Output): void {
  let at = start;
  while (at < end) {
    const token = source[at++];
    let literals = token >> 4;
    if (literals === 15) {
      let more: number;
      do {
        if (at >= end) throw new Lz4FormatError('literal length cut off');
        more = source[at++];
        literals += more;
      } while (more === 255);
    }
    if (at + literals > end) throw new Lz4FormatError('literals cut off');
    output.reserve(literals);
    output.bytes.set(source.subarray(at, at + literals), output.length);
    output.length += literals;
    at += literals;
    if (at === end) return;
    if (at + 2 > end) throw new Lz4FormatError('match offset cut off');
    const distance = source[at] | (source[at + 1] << 8);
    at += 2;
    let matched = token & 15;
    if (matched === 15) {
      let more: number;
      do {
        if (at >= end) throw new Lz4FormatError('match length cut off');
        more = source[at++];
        matched += more;
      } while (more === 255);
    }
    copyMatch(output, distance, matched + MATCH_BYTES_MIN);
  }
}

function copyMatch(output: Output, distance: number, count: number): void {
  if (distance === 0 || distance > output.length) throw new Lz4FormatError('match before the start');
  output.reserve(count);
  const { bytes } = output;
  let to = output.length;
  if (distance >= count) bytes.copyWithin(to, to - distance, to - distance + count);
  // An overlapping match repeats what it has just written.
  else for (const stop = to + count; to < stop; to++) bytes[to] = bytes[to - distance];
  output.length += count;
}
