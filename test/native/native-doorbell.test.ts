import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { openDoorbells } from '../../src/native/doorbell.ts';
import { skip } from './native-fixture.ts';

const MODULE = new URL('../../src/native/doorbell.ts', import.meta.url).href;

function worker(body: string, workerData: unknown): Worker {
  const source = `
    const { workerData, parentPort } = require('node:worker_threads');
    import(${JSON.stringify(MODULE)}).then(({ openDoorbells }) => {
      const bells = openDoorbells();
      ${body}
    });`;
  return new Worker(source, { eval: true, workerData });
}

describe('doorbells', { skip }, () => {
  const bells = skip ? undefined! : openDoorbells()!;

  // A bell does not keep the process from ending while a test waits for it.
  let alive: NodeJS.Timeout;
  before(() => void (alive = setInterval(() => {}, 60_000)));
  after(() => clearInterval(alive));

  test('rings before the callback are one, rings after it are another', async () => {
    let calls = 0;
    let called: () => void = () => {};
    const bell = bells.create(() => {
      calls++;
      called();
    });
    const first = new Promise<void>((resolve) => {
      called = resolve;
    });
    for (let ring = 0; ring < 100; ring++) assert.equal(bells.ring(bell), true);
    await first;
    assert.equal(calls, 1);
    const second = new Promise<void>((resolve) => {
      called = resolve;
    });
    bells.ring(bell);
    await second;
    assert.equal(calls, 2);
    bells.close(bell);
    assert.equal(bells.ring(bell), false);
    assert.throws(() => bells.close(bell));
  });

  test('a worker rings, and what it published before is seen', async () => {
    const ROUNDS = 2000;
    const shared = new Int32Array(new SharedArrayBuffer(8));
    let seen = 0;
    let done: () => void = () => {};
    const finished = new Promise<void>((resolve) => {
      done = resolve;
    });
    const bell = bells.create(() => {
      seen = Atomics.load(shared, 0);
      if (seen === ROUNDS) done();
    });
    const ringer = worker(
      `const shared = new Int32Array(workerData.memory);
       for (let round = 1; round <= ${ROUNDS}; round++) {
         Atomics.store(shared, 0, round);
         bells.ring(workerData.bell);
       }`,
      { memory: shared.buffer, bell },
    );
    // Both may be told in one turn, this one first.
    const exited = once(ringer, 'exit');
    await finished;
    await exited;
    bells.close(bell);
  });

  test('a bell goes with its thread, also when the thread is terminated', async () => {
    const owner = worker(
      `setInterval(() => {}, 60_000);
       const bell = bells.create(() => {});
       parentPort.postMessage(bell);`,
      {},
    );
    const [bell] = (await once(owner, 'message')) as [number];
    assert.equal(bells.ring(bell), true);
    await owner.terminate();
    assert.equal(bells.ring(bell), false);
  });

  test('a bell does not keep its thread from ending', async () => {
    const owner = worker('bells.create(() => {});', {});
    const [code] = (await once(owner, 'exit')) as [number];
    assert.equal(code, 0);
  });
});
