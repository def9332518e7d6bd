import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { startFailure } from '../../../src/broker/start-failure.ts';
import { startEarly, takeWorker } from '../../../src/broker/threads/broker-workers.ts';
import { startTestBroker } from '../../../src/testing/test-broker.ts';
import { canFail, Fault, runFailing, setFault } from '../../native/failing-calls.ts';
import { skip } from '../../native/native-fixture.ts';

test('threads that the system refuses, in a process of their own', { skip: canFail }, (t) => {
  const run = runFailing(import.meta.filename);
  if (!run) return t.skip('no compiler');
  assert.equal(run.status, 0, run.output);
});

describe('no thread can be made', { skip: !canFail }, () => {
  test('who takes one is told what to do', () => {
    setFault(Fault.thread, true);
    startEarly();
    assert.throws(takeWorker, (error: Error) => /ulimit -u/.test(startFailure(error).fix ?? ''));
    setFault(Fault.thread, false);
  });

  test('a start that gets none leaves no file open', { skip }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-workers-'));
    try {
      setFault(Fault.thread, true);
      await assert.rejects(startTestBroker({ folder, engine: 'native' }), { code: 'ERR_WORKER_INIT_FAILED' });
      setFault(Fault.thread, false);
      assert.deepEqual(
        openFiles().filter((path) => path.startsWith(folder)),
        [],
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a start that gets some ends them', { skip, timeout: 30_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-workers-'));
    try {
      const begun = once(process, 'worker');
      startEarly();
      const [worker] = (await begun) as [Worker];
      const end = once(worker, 'exit');
      setFault(Fault.thread, true);
      const configs = { 'millrace.io.threads': 2 };
      await assert.rejects(startTestBroker({ folder, engine: 'native', configs }), { code: 'ERR_WORKER_INIT_FAILED' });
      setFault(Fault.thread, false);
      await end;
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** Of this process. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      // The one that lists them.
      return [];
    }
  });
}
