import { loadAddon } from './addon.ts';
import type { MemoryId } from './log-store.ts';

/** What the process holds of the machine's memory, and giving some of it back. Needs the addon; any thread. */
export interface ProcessMemory {
  /**
   * Gives the whole pages of `[offset, offset + sizeBytes)` of a registered memory back to the system; they read as
   * zeros afterwards. Returns the bytes given back or a negative errno.
   */
  freePages(memory: MemoryId, offset: number, sizeBytes: number): number;
  /** Of the whole process; 0 when the system does not tell. */
  residentBytes(): number;
}

/** Undefined without the addon. */
export function openProcessMemory(): ProcessMemory | undefined {
  const addon = loadAddon()?.addon;
  return addon ? { freePages: addon.freePages, residentBytes: addon.residentBytes } : undefined;
}
