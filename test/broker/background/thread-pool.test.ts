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

const WORKER = `export default (order) => {
  order.port.close();
  if (order.number === -2) process.exit();
  return order.number === -1 ? new Promise(() => {}) : order.number * 2;
};`;
/** An order that does not end by itself, and one that ends its thread. */
const ENDLESS = -1;
const FATAL = -2;

let folder: string;
let pool: ThreadPool<{ number: number; port: MessagePort }, number>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-pool-'));
  const worker = join(folder, 'worker.mjs');
  writeFileSync(worker, WORKER);
  pool = new ThreadPool(pathToFileURL(worker));
});

afterEach(async () => {
  await pool.close();
  rmSync(folder, { recursive: true });
});

function double(number: number, threads = 2): Promise<number> {
  const { port1, port2 } = new MessageChannel();
  return pool.run({ number, port: port2 }, threads).finally(() => port1.close());
}

test('a pool gives outcomes, of more orders than it has threads', async () => {
  assert.deepEqual(await Promise.all([1, 2, 3].map((number) => double(number))), [2, 4, 6]);
});

test('orders are carried out in turn', async () => {
  const outcomes: number[] = [];
  const one = async (number: number): Promise<void> => void outcomes.push(await double(number, 1));
  await Promise.all([1, 2, 3, 4, 5].map(one));
  assert.deepEqual(outcomes, [2, 4, 6, 8, 10]);
});

test('another number of threads takes effect when nothing runs', { timeout: 30_000 }, async () => {
  await double(1, 1);
  let isOver = false;
  const over = (): void => {
    isOver = true;
  };
  const endless = double(ENDLESS).then(over, over);
  assert.equal(await double(2), 4);
  assert.equal(isOver, false);
  await pool.close();
  await endless;
});

test('the end of a pool is told to orders on threads and to those that wait', { timeout: 30_000 }, async () => {
  await double(1);
  const orders = Promise.allSettled([ENDLESS, ENDLESS, 2].map((number) => double(number)));
  await pool.close();
  assert.deepEqual(
    (await orders).map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  );
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

  test('but where there is one, orders go on with it', { timeout: 30_000 }, async () => {
    await double(1);
    setFault(Fault.thread, true);
    assert.deepEqual(await Promise.all([2, 3, 4].map((number) => double(number))), [4, 6, 8]);
    const orders = await Promise.allSettled([5, FATAL, 6, 7].map((number) => double(number)));
    setFault(Fault.thread, false);
    assert.deepEqual(
      orders.map(({ status }) => status),
      ['fulfilled', 'rejected', 'rejected', 'rejected'],
    );
  });
});
