import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../../src/base/manual-clock.ts';
import {
  HANDSHAKES_PER_TURN,
  type Handshake,
  SILENT_HANDSHAKE_MS,
  TlsHandshakes,
} from '../../src/network/tls-handshakes.ts';

class Recorded implements Handshake {
  silent = false;
  started = 0;
  timedOut = 0;
  onTimeout: () => void = () => this.timedOut++;

  start(): void {
    this.started++;
  }
}

const make = (count: number): Recorded[] => Array.from({ length: count }, () => new Recorded());

describe('the bound on handshakes', () => {
  test('only so many run at once; of the others, who came last is next', () => {
    const handshakes = new TlsHandshakes({ underWayMax: 2, timeoutMs: 100 }, new ManualClock());
    const all = make(5);
    for (const one of all) handshakes.enter(one);
    assert.deepEqual([handshakes.underWay, handshakes.waiting], [2, 3]);
    const started = () => all.map((one) => one.started);
    assert.deepEqual(started(), [1, 1, 0, 0, 0]);
    handshakes.leave(all[1]);
    handshakes.leave(all[1]);
    assert.deepEqual(started(), [1, 1, 0, 0, 1]);
    // One that waits goes away.
    handshakes.leave(all[3]);
    handshakes.leave(all[0]);
    assert.deepEqual(started(), [1, 1, 1, 0, 1]);
    for (const one of all) handshakes.leave(one);
    assert.deepEqual([handshakes.underWay, handshakes.waiting], [0, 0]);
  });

  test('while others wait, those that say nothing lose their places soon; without others they have their time', () => {
    const clock = new ManualClock();
    const handshakes = new TlsHandshakes({ underWayMax: 3, timeoutMs: 10_000 }, clock);
    const all = make(6);
    for (const one of all) {
      one.onTimeout = () => {
        one.timedOut++;
        handshakes.leave(one);
      };
    }
    for (const one of all.slice(0, 2)) one.silent = true;
    for (const one of all.slice(0, 3)) handshakes.enter(one);
    clock.advance(2 * SILENT_HANDSHAKE_MS);
    assert.equal(handshakes.underWay, 3);
    handshakes.enter(all[3]);
    clock.advance(SILENT_HANDSHAKE_MS);
    // One place was wanted, and one was freed.
    assert.deepEqual(
      all.map(({ timedOut }) => timedOut),
      [1, 0, 0, 0, 0, 0],
    );
    assert.equal(all[3].started, 1);
    for (const one of all.slice(4)) handshakes.enter(one);
    clock.advance(SILENT_HANDSHAKE_MS);
    // Only the silent one goes; who speaks keeps its place.
    assert.deepEqual(
      all.map(({ timedOut }) => timedOut),
      [1, 1, 0, 0, 0, 0],
    );
    assert.deepEqual([handshakes.underWay, handshakes.waiting, all[5].started], [3, 1, 1]);
  });

  test('only a few start in one turn, and none is forgotten', () => {
    const clock = new ManualClock();
    const handshakes = new TlsHandshakes({ underWayMax: 100, timeoutMs: 10_000 }, clock);
    const all = make(2 * HANDSHAKES_PER_TURN + 1);
    for (const one of all) handshakes.enter(one);
    const started = () => all.reduce((sum, one) => sum + one.started, 0);
    assert.equal(started(), HANDSHAKES_PER_TURN);
    clock.advance(1);
    assert.equal(started(), 2 * HANDSHAKES_PER_TURN);
    clock.advance(1);
    assert.equal(started(), all.length);
    for (const one of all) handshakes.leave(one);
    clock.advance(SILENT_HANDSHAKE_MS);
    assert.equal(clock.pending, 0);
  });

  test('each has its time from its own start, and gives its place up when that is over', () => {
    const clock = new ManualClock();
    const handshakes = new TlsHandshakes({ underWayMax: 1, timeoutMs: 100 }, clock);
    const [first, second] = make(2);
    first.onTimeout = () => {
      first.timedOut++;
      handshakes.leave(first);
    };
    handshakes.enter(first);
    handshakes.enter(second);
    clock.advance(99);
    assert.deepEqual([first.timedOut, second.started], [0, 0]);
    clock.advance(1);
    assert.deepEqual([first.timedOut, second.started, second.timedOut], [1, 1, 0]);
    clock.advance(99);
    assert.equal(second.timedOut, 0);
    handshakes.leave(second);
    clock.advance(SILENT_HANDSHAKE_MS);
    assert.equal(second.timedOut, 0);
    assert.equal(clock.pending, 0);
  });
});
