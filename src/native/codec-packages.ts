/** Compression packages that are addons of their own: loaded when they are first used, since most brokers never do. Any thread. */
import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

export const snappy = () => load('@napi-rs/snappy') as typeof import('@napi-rs/snappy');
export const lz4 = () => load('lz4-napi') as typeof import('lz4-napi');
