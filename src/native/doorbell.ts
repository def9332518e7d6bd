import { loadAddon } from './addon.ts';

/**
 * Wakes a thread from any other thread of the process, by a number that can be handed around. Rings before the callback
 * has begun are one; what was published before a ring is visible in the callback. Needs the addon; elsewhere there is none.
 */
export type DoorbellId = number;

export interface Doorbells {
  /** A bell of this thread, whose event loop it does not keep from ending. */
  create(ringing: () => void): DoorbellId;
  /** (any thread) False when the bell is gone. */
  ring(bell: DoorbellId): boolean;
  /** (the bell's thread) */
  close(bell: DoorbellId): void;
}

/** Undefined without the addon. */
export function openDoorbells(): Doorbells | undefined {
  const loaded = loadAddon();
  if (!loaded) return undefined;
  const { addon } = loaded;
  return { create: addon.createDoorbell, ring: addon.ring, close: addon.closeDoorbell };
}
