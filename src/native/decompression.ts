import { constants, gunzipSync } from 'node:zlib';
import { hasZstd, snappy, zstd } from './codec-packages.ts';
import { Lz4FormatError, Lz4SizeError, lz4FrameDecompress } from './lz4-frame.ts';

/**
 * Decompresses the records of a batch for the portable adapters, never into more than a given number of bytes.
 *
 * Snappy comes in snappy-java's framing: magic 8, version 4, compatible version 4, then { size 4, raw block } ...;
 * a bare block is taken too, as Kafka takes it.
 */

export const Codec = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;

/** The bytes do not decompress, or the codec is unknown. */
export class DecompressionError extends Error {}
/** The content is larger than allowed. */
export class DecompressedSizeError extends Error {}

const XERIAL_MAGIC = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00];
const XERIAL_HEADER_BYTES = 16;
/** The largest window that zstd's own decoders take without being asked. */
const ZSTD_WINDOW_LOG_MAX = 27;

/** See LogStore.codecAvailable. */
export function codecAvailable(codec: number): boolean {
  return codec === Codec.zstd ? hasZstd : codec >= Codec.none && codec < Codec.zstd;
}

/** Content of `bytes` under a codec of the batch attributes. Throws DecompressionError or DecompressedSizeError. */
export function decompress(codec: number, bytes: Uint8Array, bytesMax: number): Uint8Array {
  try {
    switch (codec) {
      case Codec.none:
        return bytes;
      case Codec.gzip:
        return gzipDecompress(bytes, bytesMax);
      case Codec.snappy:
        return snappyDecompress(bytes, bytesMax);
      case Codec.lz4:
        return lz4FrameDecompress(bytes, bytesMax);
      case Codec.zstd:
        return zstdDecompress(bytes, bytesMax);
    }
  } catch (error) {
    if (error instanceof DecompressedSizeError || error instanceof DecompressionError) throw error;
    if (error instanceof Lz4SizeError || (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE')
      throw new DecompressedSizeError(`decompresses to more than ${bytesMax} bytes`);
    const reason = error instanceof Lz4FormatError ? `lz4: ${error.message}` : String((error as Error).message);
    throw new DecompressionError(reason, { cause: error });
  }
  throw new DecompressionError(`unknown compression codec ${codec}`);
}

/** What zlib gives with `info`. */
interface Inflated {
  readonly buffer: Buffer;
  /** `bytesWritten`: bytes of the input that were used. */
  readonly engine: { readonly bytesWritten: number };
}

/** All members; bytes behind the last one are an error. */
function gzipDecompress(bytes: Uint8Array, bytesMax: number): Buffer {
  const { buffer, engine } = gunzipSync(bytes, { maxOutputLength: bytesMax, info: true }) as unknown as Inflated;
  if (engine.bytesWritten !== bytes.length) throw new DecompressionError('gzip: bytes behind the last member');
  return buffer;
}

/** All frames; the library stops behind the first. */
function zstdDecompress(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const params = { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX };
  const frames: Uint8Array[] = [];
  let left = bytesMax;
  if (bytes.length === 0) throw new DecompressionError('zstd: no frame');
  for (let at = 0; at < bytes.length; ) {
    // zlib refuses a bound of 0.
    const options = { maxOutputLength: Math.max(1, left), info: true, params };
    const { buffer, engine } = zstd().zstdDecompressSync(bytes.subarray(at), options) as unknown as Inflated;
    if (buffer.length > left) throw new DecompressedSizeError(`decompresses to more than ${bytesMax} bytes`);
    if (engine.bytesWritten <= 0) throw new DecompressionError('zstd: no frame');
    frames.push(buffer);
    left -= buffer.length;
    at += engine.bytesWritten;
  }
  return frames.length === 1 ? frames[0] : Buffer.concat(frames);
}

function isXerialHeader(bytes: Uint8Array, at: number): boolean {
  return bytes.length - at >= XERIAL_HEADER_BYTES && XERIAL_MAGIC.every((byte, index) => bytes[at + index] === byte);
}

function snappyDecompress(bytes: Uint8Array, bytesMax: number): Uint8Array {
  if (!isXerialHeader(bytes, 0)) return snappyBlock(bytes, bytesMax);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks: Uint8Array[] = [];
  let left = bytesMax;
  let at = XERIAL_HEADER_BYTES;
  while (at < bytes.length) {
    // Streams may be concatenated, each with its header.
    if (isXerialHeader(bytes, at)) {
      at += XERIAL_HEADER_BYTES;
      continue;
    }
    if (at + 4 > bytes.length) throw new DecompressionError('snappy: block size cut off');
    const size = view.getInt32(at);
    at += 4;
    if (size <= 0 || at + size > bytes.length) throw new DecompressionError('snappy: block longer than the records');
    const block = snappyBlock(bytes.subarray(at, at + size), left);
    left -= block.length;
    blocks.push(block);
    at += size;
  }
  return blocks.length === 1 ? blocks[0] : Buffer.concat(blocks);
}

/** One raw block; its declared size is checked before anything is allocated for it. */
function snappyBlock(bytes: Uint8Array, bytesMax: number): Uint8Array {
  let declared = 0;
  let at = 0;
  for (let scale = 1; ; scale *= 128) {
    if (at >= bytes.length || at === 5) throw new DecompressionError('snappy: no length');
    const byte = bytes[at++];
    declared += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
  }
  if (declared > bytesMax) throw new DecompressedSizeError(`decompresses to more than ${bytesMax} bytes`);
  return snappy().uncompressSync(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}
