/**
 * The compression codecs of record batches and telemetry, in the framing that Kafka's clients use. Any thread; all
 * calls are synchronous.
 *
 * - gzip: one member or several. zstd: one frame.
 * - lz4: frames with independent blocks, as Java's reader wants them; linked blocks are read too.
 * - snappy: snappy-java's framing of 32 KiB blocks, big-endian sizes; bare blocks are read too.
 */
import { constants, gzipSync } from 'node:zlib';
import { lz4, snappy, zstd } from '../../native/codec-packages.ts';
import {
  DecompressedSizeError,
  DecompressionError,
  decompress as decompressBounded,
} from '../../native/decompression.ts';
import { BatchFault } from '../../native/log-store.ts';
import { asBuffer } from '../primitives.ts';
import { BatchError } from './batch-header.ts';

/** Numbers as in the attributes of a batch. */
export const CompressionType = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;
export type CompressionType = (typeof CompressionType)[keyof typeof CompressionType];

/** How far records may grow when they are decompressed, where the caller has no limit of its own. */
export const DECOMPRESSED_BYTES_MAX = 128 * 1024 * 1024;
/** The same for what lies in a log: its size was judged when it was appended. */
export const STORED_BYTES_MAX = 2 ** 31 - 1;

/** Levels as in `compression.gzip.level` and `compression.zstd.level`; lz4 and snappy have one level here. */
const COMPRESSION_LEVELS = {
  gzip: { min: 1, max: 9, default: -1 },
  zstd: { min: -131072, max: 22, default: 3 },
} as const;

const XERIAL_HEADER = Buffer.from('82534e4150505900' + '00000001' + '00000001', 'hex');
const XERIAL_BLOCK_BYTES = 32 * 1024;

/** `level` counts for gzip and zstd; their default is taken without it. */
export function compress(type: CompressionType, bytes: Uint8Array, level?: number): Buffer {
  switch (type) {
    case CompressionType.none:
      return asBuffer(bytes);
    case CompressionType.gzip:
      return gzipSync(bytes, { level: level ?? COMPRESSION_LEVELS.gzip.default });
    case CompressionType.snappy:
      return compressXerial(asBuffer(bytes));
    case CompressionType.lz4:
      return lz4().compressFrameSync(asBuffer(bytes));
    case CompressionType.zstd:
      return zstd().zstdCompressSync(bytes, {
        params: { [constants.ZSTD_c_compressionLevel]: level ?? COMPRESSION_LEVELS.zstd.default },
      });
  }
}

function compressXerial(bytes: Buffer): Buffer {
  const parts: Buffer[] = [XERIAL_HEADER];
  for (let at = 0; at < bytes.length; at += XERIAL_BLOCK_BYTES) {
    const block = snappy().compressSync(bytes.subarray(at, at + XERIAL_BLOCK_BYTES));
    const size = Buffer.allocUnsafe(4);
    size.writeInt32BE(block.length);
    parts.push(size, block);
  }
  return Buffer.concat(parts);
}

/**
 * The content, at most `decompressedBytesMax` bytes. Throws a BatchError with the fault `compression` (damaged, or no
 * such codec) or `tooLarge`.
 */
export function decompress(
  type: number,
  bytes: Uint8Array,
  decompressedBytesMax: number = DECOMPRESSED_BYTES_MAX,
): Buffer {
  try {
    return asBuffer(decompressBounded(type, bytes, Math.max(1, decompressedBytesMax)));
  } catch (error) {
    if (error instanceof DecompressedSizeError) throw new BatchError(BatchFault.tooLarge, error.message);
    if (error instanceof DecompressionError) throw new BatchError(BatchFault.compression, error.message);
    throw error;
  }
}
