/** Which connections must go when memory for requests is short: frames that have begun and do not end. I/O thread. */
import type { Connection } from '../../network/connection.ts';
import type { ClientState } from './client-state.ts';

/** A frame that stalls this long while the arena is full loses its connection, so that others can go on. */
const STALLED_FRAME_MS = 5_000;
/** Whose frame does not come on by this much in that time has stalled: a byte now and then would hold its memory for days. */
const PROGRESS_BYTES_MIN = 64 * 1024;

export interface StalledFrames {
  /** Their clients send no more, or next to nothing. */
  readonly silent: readonly Connection[];
  /** One of several that wait for room which only they could give. */
  readonly deadlocked: Connection | undefined;
}

/** To be called now and then: a client has the whole time from when it was last seen without an unfinished frame. */
export function noteProgress(client: ClientState, nowMs: number): void {
  const { midFrame, paused, receivedBytes } = client.connection;
  if (midFrame && !paused && receivedBytes - client.progressBytes < PROGRESS_BYTES_MIN) return;
  client.progressBytes = receivedBytes;
  client.progressMs = nowMs;
}

export function stalledFrames(clients: Iterable<ClientState>, nowMs: number): StalledFrames {
  const silent: Connection[] = [];
  const waiting: Connection[] = [];
  for (const { connection, progressMs } of clients) {
    if (!connection.midFrame) continue;
    if (connection.paused) {
      if (nowMs - connection.lastReceivedMs > STALLED_FRAME_MS) waiting.push(connection);
    } else if (nowMs - progressMs > STALLED_FRAME_MS) {
      silent.push(connection);
    }
  }
  return { silent, deadlocked: silent.length === 0 && waiting.length > 1 ? waiting[0] : undefined };
}
