import { constants, gunzipSync, zstdDecompressSync } from 'node:zlib';
import snappy from '@napi-rs/snappy';
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

/** Content of `bytes` under a codec of the batch attributes. Throws DecompressionError or DecompressedSizeError. */
export function decompress(codec: number, bytes: Uint8Array, bytesMax: number): Uint8Array {
  try {
    switch (codec) {
      case Codec.none:
        return bytes;
      case Codec.gzip:
        return gunzipSync(bytes, { maxOutputLength: bytesMax });
      case Codec.snappy:
        return snappyDecompress(bytes, bytesMax);
      case Codec.lz4:
        return lz4FrameDecompress(bytes, bytesMax);
      case Codec.zstd:
        return zstdDecompressSync(bytes, {
          maxOutputLength: bytesMax,
          params: { [constants.ZSTD_d_windowLogMax]: 27 },
        });
    }
  } catch (error) {
    if (error instanceof DecompressedSizeError) throw error;
    if (error instanceof Lz4SizeError || (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE')
      throw new DecompressedSizeError(`decompresses to more than ${bytesMax} bytes`);
    const reason = error instanceof Lz4FormatError ? `lz4: ${error.message}` : String((error as Error).message);
    throw new DecompressionError(reason, { cause: error });
  }
  throw new DecompressionError(`unknown compression codec ${codec}`);
}

function snappyDecompress(bytes: Uint8Array, bytesMax: number): Uint8Array {
  if (!XERIAL_MAGIC.every((byte, at) => bytes[at] === byte)) return snappyBlock(bytes, bytesMax);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks: Uint8Array[] = [];
  let left = bytesMax;
  let at = XERIAL_HEADER_BYTES;
  while (at < bytes.length) {
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
  return snappy.uncompressSync(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}
