import { loadAddon } from './addon.ts';
import { crc32c } from './crc32c.ts';

/** CRC-32C of `bytes[start, end)` by the processor where the addon is there, in TypeScript elsewhere. Any thread. */
export function openCrc32c(): (bytes: Uint8Array, start: number, end: number) => number {
  const addon = loadAddon()?.addon;
  return addon
    ? (bytes, start, end) => addon.crc32c(bytes, start, end)
    : (bytes, start, end) => crc32c(bytes, start, end);
}
