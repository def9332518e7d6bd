/** Which connections must go when memory for requests is short: frames that have begun and do not end. I/O thread. */
import type { Connection } from '../../network/connection.ts';

/** A frame that stalls this long while the arena is full loses its connection, so that others can go on. */
const STALLED_FRAME_MS = 5_000;

export interface StalledFrames {
  /** Their clients send no more. */
  readonly silent: readonly Connection[];
  /** One of several that wait for room which only they could give. */
  readonly deadlocked: Connection | undefined;
}

export function stalledFrames(connections: Iterable<Connection>, nowMs: number): StalledFrames {
  const stalled = [...connections].filter(
    ({ midFrame, lastReceivedMs }) => midFrame && nowMs - lastReceivedMs > STALLED_FRAME_MS,
  );
  const silent = stalled.filter(({ paused }) => !paused);
  return { silent, deadlocked: silent.length === 0 && stalled.length > 1 ? stalled[0] : undefined };
}
