import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startFailure } from '../../../src/broker/start-failure.ts';
import { startEarly, takeWorker } from '../../../src/broker/threads/broker-workers.ts';
import { canFail, Fault, runFailing, setFault } from '../../native/failing-calls.ts';

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
});
