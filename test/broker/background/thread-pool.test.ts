import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { ThreadPool } from '../../../src/broker/background/thread-pool.ts';
import { canFail, Fault, runFailing, setFault } from '../../native/failing-calls.ts';

const DOUBLE = 'export default (order) => { order.port.close(); return order.number * 2; };';

let folder: string;
let pool: ThreadPool<{ number: number; port: MessagePort }, number>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-pool-'));
  const worker = join(folder, 'double.mjs');
  writeFileSync(worker, DOUBLE);
  pool = new ThreadPool(pathToFileURL(worker));
});

afterEach(async () => {
  await pool.close();
  rmSync(folder, { recursive: true });
});

function double(number: number): Promise<number> {
  const { port1, port2 } = new MessageChannel();
  return pool.run({ number, port: port2 }, 2).finally(() => port1.close());
}

test('a pool gives outcomes, of more orders than it has threads', async () => {
  assert.deepEqual(await Promise.all([1, 2, 3].map(double)), [2, 4, 6]);
});

test('threads that the system refuses, in a process of their own', { skip: canFail }, (t) => {
  const outcome = runFailing(import.meta.filename);
  if (!outcome) return t.skip('no compiler');
  assert.equal(outcome.status, 0, outcome.output);
});

describe('an order without a thread fails', { skip: !canFail }, () => {
  for (const next of ['the next order', 'the end'])
    test(`and leaves nothing to ${next}`, async () => {
      setFault(Fault.thread, true);
      await assert.rejects(double(1), { code: 'ERR_WORKER_INIT_FAILED' });
      await assert.rejects(double(2), { code: 'ERR_WORKER_INIT_FAILED' });
      setFault(Fault.thread, false);
      if (next === 'the next order') assert.equal(await double(3), 6);
      await pool.close();
      await setImmediate();
    });
});
