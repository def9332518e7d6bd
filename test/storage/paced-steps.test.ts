import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../../src/base/manual-clock.ts';
import { type PacedSteps, runPaced } from '../../src/storage/background/paced-steps.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** `count` steps of a thousand bytes. */
function* steps(count: number, log: string[] = []): PacedSteps<string> {
  try {
    for (let at = 0; at < count; at++) {
      log.push(`step ${at}`);
      yield 1_000;
    }
    return 'done';
  } finally {
    log.push('cleaned up');
  }
}

describe('paced steps', () => {
  test('take the time that their rate gives them, and no more', async () => {
    const clock = new ManualClock(0);
    const log: string[] = [];
    const { signal } = new AbortController();
    const result = runPaced(steps(3, log), { clock, bytesPerSecond: () => 2_000, signal });
    await settle();
    assert.equal(log.length, 1);
    clock.advance(499);
    await settle();
    assert.equal(log.length, 1);
    clock.advance(1);
    await settle();
    assert.deepEqual(log, ['step 0', 'step 1']);
    for (let at = 0; at < 2; at++) {
      clock.advance(500);
      await settle();
    }
    assert.equal(await result, 'done');
  });

  test('a raised rate counts at once', async () => {
    const clock = new ManualClock(0);
    const log: string[] = [];
    let rate = 1;
    const { signal } = new AbortController();
    const result = runPaced(steps(5, log), { clock, bytesPerSecond: () => rate, signal });
    await settle();
    rate = 1_000_000;
    clock.advance(1_000);
    await settle();
    assert.equal(await result, 'done');
  });

  test('end at once when they are told to, and clean up', async () => {
    const clock = new ManualClock(0);
    const log: string[] = [];
    const abort = new AbortController();
    const result = runPaced(steps(5, log), { clock, bytesPerSecond: () => 1, signal: abort.signal });
    await settle();
    abort.abort();
    await assert.rejects(result, { name: 'AbortError' });
    assert.deepEqual(log, ['step 0', 'cleaned up']);
  });

  test('a failing step ends them with its error', async () => {
    const clock = new ManualClock(0);
    const { signal } = new AbortController();
    // biome-ignore lint/correctness/useYield: it fails first.
    function* failing(): PacedSteps<void> {
      throw new RangeError('no');
    }
    await assert.rejects(runPaced(failing(), { clock, bytesPerSecond: () => 1, signal }), RangeError);
  });
});
