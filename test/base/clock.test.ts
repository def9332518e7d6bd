import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock, threadClock } from '../../src/base/clock.ts';

test('a delay that is longer than the system can wait is not taken for none', async () => {
  const order: string[] = [];
  for (const clock of [systemClock, threadClock]) {
    const timers = [2 ** 31, Number.MAX_SAFE_INTEGER].map((ms) => clock.schedule(ms, () => order.push('too soon')));
    // The system would make the shortest of it: then they would come before this one.
    await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setTimeout(resolve, 1));
    for (const timer of timers) timer.cancel();
  }
  assert.deepEqual(order, []);
});
