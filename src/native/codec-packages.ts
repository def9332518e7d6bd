/** Compression that is not there from the start: addons that are loaded when they are first used, since most brokers never do. Any thread. */
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import zlib from 'node:zlib';

const load = createRequire(import.meta.url);
/** Of dlopen: the library stays when nobody uses it any more. */
const RTLD_NODELETE = process.platform === 'darwin' ? 0x80 : 0x1000;
const loaded = new Map<string, unknown>();

/**
 * The package's exports. Its library stays in the process: it leaves destructors with each thread that used it, which run
 * when a worker's end has already unloaded what that worker alone had loaded.
 */
function loadForGood(name: string): unknown {
  if (loaded.has(name)) return loaded.get(name);
  const before = new Set(Object.keys(load.cache));
  const exports = load(name);
  for (const path of Object.keys(load.cache))
    if (path.endsWith('.node') && !before.has(path))
      process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_LAZY | RTLD_NODELETE);
  loaded.set(name, exports);
  return exports;
}

export const snappy = () => loadForGood('@napi-rs/snappy') as typeof import('@napi-rs/snappy');
export const lz4 = () => loadForGood('lz4-napi') as typeof import('lz4-napi');

/** Node's own; a broker inside a test may run on a Node that does not have it yet. */
export const hasZstd = zlib.zstdCompressSync !== undefined;

export function zstd(): Pick<typeof zlib, 'zstdCompressSync' | 'zstdDecompressSync'> {
  if (!hasZstd) throw new Error(`zstd needs Node 22.15, this is ${process.version}`);
  return zlib;
}
