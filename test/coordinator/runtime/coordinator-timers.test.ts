import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../src/base/manual-clock.ts';
import { CoordinatorTimers } from '../../../src/coordinator/runtime/coordinator-timers.ts';

test('a timer that is put off again and again costs one timer of the clock, and fires once at the last deadline', () => {
  const clock = new ManualClock();
  const timers = new CoordinatorTimers(clock);
  const fired: number[] = [];
  for (let beat = 0; beat < 100; beat++) {
    timers.schedule('session', 1_000, () => fired.push(clock.monotonicMs()));
    assert.equal(clock.pending, 1);
    clock.advance(300);
  }
  const lastBeatMs = clock.monotonicMs() - 300;
  clock.advance(10_000);
  assert.deepEqual(fired, [lastBeatMs + 1_000]);
  assert.equal(timers.size, 0);
  assert.equal(clock.pending, 0);
});

test('an earlier deadline, another key, a cancelled one', () => {
  const clock = new ManualClock();
  const timers = new CoordinatorTimers(clock);
  const fired: string[] = [];
  timers.schedule('a', 1_000, () => fired.push('late'));
  timers.schedule('a', 100, () => fired.push('early'));
  timers.schedule('b', 200, () => fired.push('b'));
  timers.schedule('c', 200, () => fired.push('c'));
  timers.cancel('c');
  timers.cancel('unknown');
  clock.advance(5_000);
  assert.deepEqual(fired, ['early', 'b']);
  timers.schedule('d', 1, () => timers.schedule('d', 1, () => fired.push('d')));
  clock.advance(2);
  assert.deepEqual(fired, ['early', 'b', 'd']);
  timers.schedule('e', 1, () => fired.push('e'));
  timers.cancelAll();
  clock.advance(10);
  assert.equal(fired.includes('e'), false);
  assert.equal(clock.pending, 0);
});
