import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CleaningRests } from '../../../src/broker/cleaner/cleaning-rests.ts';

describe('rests of logs that could not be cleaned', () => {
  test('each failure in a row doubles the rest, up to an hour', () => {
    const rests = new CleaningRests();
    const restMs: number[] = [];
    let nowMs = 0;
    for (let failure = 0; failure < 12; failure++) {
      rests.failed('a-0', nowMs, 15_000);
      const fromMs = nowMs;
      while (rests.isResting('a-0', nowMs)) nowMs += 1000;
      restMs.push(nowMs - fromMs);
    }
    assert.deepEqual(restMs.slice(0, 4), [15_000, 30_000, 60_000, 120_000]);
    assert.equal(restMs.at(-1), 3_600_000);
    assert.equal(rests.isResting('b-0', 0), false);
  });

  test('a success ends it', () => {
    const rests = new CleaningRests();
    rests.failed('a-0', 0, 100);
    rests.succeeded('a-0');
    assert.equal(rests.isResting('a-0', 0), false);
    rests.failed('a-0', 1000, 100);
    assert.equal(rests.isResting('a-0', 1100), false);
  });

  test('nothing is kept of logs that are gone, and a new log of that name has not failed', () => {
    const rests = new CleaningRests();
    for (let topic = 0; topic < 1000; topic++) rests.failed(`gone${topic}-0`, 0, 100);
    rests.failed('stays-0', 0, 100);
    rests.keepOnly(new Set(['stays-0', 'new-0']));
    assert.equal(rests.size, 1);
    assert.equal(rests.isResting('stays-0', 50), true);
    assert.equal(rests.isResting('gone7-0', 50), false);
  });
});
