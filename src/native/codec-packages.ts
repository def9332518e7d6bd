/** Compression that is not there from the start: addons that are loaded when they are first used, since most brokers never do. Any thread. */
import { createRequire } from 'node:module';
import zlib from 'node:zlib';

const load = createRequire(import.meta.url);

export const snappy = () => load('@napi-rs/snappy') as typeof import('@napi-rs/snappy');
export const lz4 = () => load('lz4-napi') as typeof import('lz4-napi');

/** Node's own; a broker inside a test may run on a Node that does not have it yet. */
export const hasZstd = zlib.zstdCompressSync !== undefined;

export function zstd(): Pick<typeof zlib, 'zstdCompressSync' | 'zstdDecompressSync'> {
  if (!hasZstd) throw new Error(`zstd needs Node 22.15, this is ${process.version}`);
  return zlib;
}
