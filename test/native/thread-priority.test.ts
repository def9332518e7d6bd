import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { skip } from './native-fixture.ts';

const MODULE = new URL('../../src/native/thread-priority.ts', import.meta.url).href;

/** The nice value in the text of a thread's stat file. */
const niceOf = (stat: string): number => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);

test('a thread that lowers its priority lowers no other', { skip }, async () => {
  const before = niceOf(readFileSync('/proc/thread-self/stat', 'latin1'));
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
     import(${JSON.stringify(MODULE)}).then(({ lowerThreadPriority }) => {
       lowerThreadPriority();
       parentPort.postMessage(require('node:fs').readFileSync('/proc/thread-self/stat', 'latin1'));
     });`,
    { eval: true },
  );
  const [stat] = (await once(worker, 'message')) as [string];
  assert.ok(niceOf(stat) > before);
  assert.equal(niceOf(readFileSync('/proc/thread-self/stat', 'latin1')), before);
  await worker.terminate();
});
