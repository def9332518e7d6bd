/** What a thread does to itself. Needs the addon, does nothing without. */
import { loadAddon } from './addon.ts';

/**
 * For threads whose work has time (compaction, checks, moves): from now on the calling thread runs when the others leave
 * time, for as long as it lives.
 */
export function lowerThreadPriority(): void {
  loadAddon()?.addon.lowerPriority();
}

/**
 * Names the calling thread for the system's tools (`top -H`, perf), which show 15 bytes. Not for the main thread: it bears
 * the process's name.
 */
export function nameThread(name: string): void {
  loadAddon()?.addon.nameThread(name);
}
