import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ClientState } from '../../../src/broker/io/client-state.ts';
import { noteProgress, stalledFrames } from '../../../src/broker/io/stalled-frames.ts';
import type { Connection } from '../../../src/network/connection.ts';

interface FrameState {
  midFrame: boolean;
  paused: boolean;
  receivedBytes: number;
  lastReceivedMs: number;
}

/** A client in the middle of a frame, and the means to let it send. */
function makeClient(state: Partial<FrameState> = {}) {
  const frame: FrameState = { midFrame: true, paused: false, receivedBytes: 0, lastReceivedMs: 0, ...state };
  const client = new ClientState(frame as unknown as Connection);
  const send = (bytes: number, nowMs: number): void => {
    frame.receivedBytes += bytes;
    frame.lastReceivedMs = nowMs;
  };
  return { client, frame, send };
}

/** Sweeps every second from `fromMs` on; returns when a frame was first found to have stalled, -1 when never. */
function stallsAt({ client }: ReturnType<typeof makeClient>, untilMs: number, each: (nowMs: number) => void): number {
  for (let nowMs = 1000; nowMs <= untilMs; nowMs += 1000) {
    each(nowMs);
    noteProgress(client, nowMs);
    if (stalledFrames([client], nowMs).silent.length > 0) return nowMs;
  }
  return -1;
}

describe('stalled frames', () => {
  test('a client that sends no more has stalled after five seconds', () => {
    assert.equal(
      stallsAt(makeClient(), 60_000, () => {}),
      6000,
    );
  });

  test('a byte a second does not hold the memory of a frame', () => {
    const client = makeClient();
    assert.equal(
      stallsAt(client, 60_000, (nowMs) => client.send(1, nowMs)),
      6000,
    );
  });

  test('a slow client that comes on may go on', () => {
    const client = makeClient();
    assert.equal(
      stallsAt(client, 60_000, (nowMs) => client.send(16_384, nowMs)),
      -1,
    );
  });

  test('a client without an unfinished frame may be silent, and has the whole time for its next frame', () => {
    const client = makeClient({ midFrame: false });
    const stalledMs = stallsAt(client, 60_000, (nowMs) => {
      client.frame.midFrame = nowMs > 30_000;
    });
    assert.equal(stalledMs, 36_000);
  });

  test('who waits for room is not silent, and has the whole time once there is some', () => {
    const client = makeClient({ paused: true });
    const stalledMs = stallsAt(client, 60_000, (nowMs) => {
      client.frame.paused = nowMs <= 30_000;
    });
    assert.equal(stalledMs, 36_000);
  });

  test('of several that only wait for one another one goes, unless a silent one can', () => {
    const waiting = [makeClient({ paused: true }), makeClient({ paused: true })].map(({ client }) => client);
    assert.equal(stalledFrames(waiting.slice(1), 6000).deadlocked, undefined);
    assert.equal(stalledFrames(waiting, 5000).deadlocked, undefined);
    assert.equal(stalledFrames(waiting, 6000).deadlocked, waiting[0].connection);
    const { client } = makeClient();
    assert.equal(stalledFrames([...waiting, client], 6000).deadlocked, undefined);
  });
});
