import { loadAddon } from './addon.ts';

/**
 * Gives back memory that only the start needed: free memory of the C heap, and pages of program code, which come back
 * from the page cache when they run again. Needs the addon, does nothing without. Any thread.
 */
export function trimProcess(): void {
  loadAddon()?.addon.trimProcess();
}
