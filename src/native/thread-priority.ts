import { loadAddon } from './addon.ts';

/**
 * For threads whose work has time (compaction, checks, moves): from now on the calling thread runs when the others leave
 * time, for as long as it lives. Needs the addon, does nothing without.
 */
export function lowerThreadPriority(): void {
  loadAddon()?.addon.lowerPriority();
}
