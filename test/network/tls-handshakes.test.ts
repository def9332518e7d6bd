import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../../src/base/manual-clock.ts';
import { type Handshake, TlsHandshakes } from '../../src/network/tls-handshakes.ts';

class Recorded implements Handshake {
  started = 0;
  timedOut = 0;
  onTimeout: () => void = () => this.timedOut++;

  start(): void {
    this.started++;
  }
}

const make = (count: number): Recorded[] => Array.from({ length: count }, () => new Recorded());

describe('the bound on handshakes', () => {
  test('only so many run at once; the others follow in their order', () => {
    const handshakes = new TlsHandshakes({ underWayMax: 2, timeoutMs: 100 }, new ManualClock());
    const all = make(5);
    for (const one of all) handshakes.enter(one);
    assert.deepEqual([handshakes.underWay, handshakes.waiting], [2, 3]);
    const started = () => all.map((one) => one.started);
    assert.deepEqual(started(), [1, 1, 0, 0, 0]);
    handshakes.leave(all[1]);
    handshakes.leave(all[1]);
    assert.deepEqual(started(), [1, 1, 1, 0, 0]);
    // One that waits goes away.
    handshakes.leave(all[3]);
    handshakes.leave(all[0]);
    assert.deepEqual(started(), [1, 1, 1, 0, 1]);
    for (const one of all) handshakes.leave(one);
    assert.deepEqual([handshakes.underWay, handshakes.waiting], [0, 0]);
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
    clock.advance(1000);
    assert.equal(second.timedOut, 0);
    assert.equal(clock.pending, 0);
  });
});
