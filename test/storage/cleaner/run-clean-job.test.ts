import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { portableCrc32c } from '../../../src/protocol/records/batch-header.ts';
import { runCleanJob } from '../../../src/storage/cleaner/run-clean-job.ts';
import { CompactedLog } from './cleaner-fixture.ts';

/** About 1 MiB in four segments, of which nearly all is obsolete. */
async function largeLog(): Promise<CompactedLog> {
  const log = new CompactedLog({ segmentBytes: 1 << 18 });
  for (let at = 0; at < 32; at++) log.put([['k', 'x'.repeat(32_000)]]);
  log.log.roll();
  log.put([['last', 'x']]);
  await log.sync();
  return log;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the pace of a cleaning', () => {
  test('it takes as long as its bytes take at log.cleaner.io.max.bytes.per.second', async () => {
    const log = await largeLog();
    const context = {
      files: log.files,
      crc32c: portableCrc32c,
      mapBytesMax: 1 << 20,
      mapLoad: 0.9,
      bufferBytes: 65_536,
    };
    const startMs = log.clock.monotonicMs();
    let done = false;
    const cleaning = runCleanJob(
      log.log.cleanJob(undefined),
      context,
      { clock: log.clock, bytesPerSecond: 1 << 20 },
      async (group) => log.log.swapCleaned(group),
    ).finally(() => {
      done = true;
    });
    for (; !done; await settled()) log.clock.advance(10);
    const { bytesRead, bytesWritten, isComplete } = await cleaning;
    assert.equal(isComplete, true);
    const expectedMs = ((bytesRead + bytesWritten) / (1 << 20)) * 1_000;
    const tookMs = log.clock.monotonicMs() - startMs;
    assert.ok(Math.abs(tookMs - expectedMs) < 500, `${tookMs} ms where ${expectedMs} are expected`);
    assert.equal(log.data().length, 2);
  });

  test('it can be ended while it sleeps, and leaves nothing', async () => {
    const log = await largeLog();
    const context = {
      files: log.files,
      crc32c: portableCrc32c,
      mapBytesMax: 1 << 20,
      mapLoad: 0.9,
      bufferBytes: 65_536,
    };
    const ending = new AbortController();
    const pace = { clock: log.clock, bytesPerSecond: 1, signal: ending.signal };
    const cleaning = runCleanJob(log.log.cleanJob(undefined), context, pace, async () => assert.fail('swapped'));
    await settled();
    ending.abort();
    await assert.rejects(cleaning, { name: 'AbortError' });
    assert.ok(!log.names().some((name) => name.includes('cleaned')));
    assert.equal(log.data().length, 33);
  });
});
