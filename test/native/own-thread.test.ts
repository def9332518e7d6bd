import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { skip } from './native-fixture.ts';

const MODULE = new URL('../../src/native/own-thread.ts', import.meta.url).href;

/** What a worker reads of itself below /proc after it has called a function of the module. */
async function after(call: string, file: string): Promise<string> {
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
     import(${JSON.stringify(MODULE)}).then((own) => {
       own.${call};
       parentPort.postMessage(require('node:fs').readFileSync('/proc/thread-self/${file}', 'latin1'));
     });`,
    { eval: true },
  );
  const [text] = (await once(worker, 'message')) as [string];
  await worker.terminate();
  return text;
}

const own = (file: string): string => readFileSync(`/proc/thread-self/${file}`, 'latin1');

/** The nice value in the text of a thread's stat file. */
const niceOf = (stat: string): number => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);

test('a thread that lowers its priority lowers no other', { skip }, async () => {
  const before = niceOf(own('stat'));
  assert.ok(niceOf(await after('lowerThreadPriority()', 'stat')) > before);
  assert.equal(niceOf(own('stat')), before);
});

test('a thread names itself and no other, by 15 bytes', { skip }, async () => {
  const before = own('comm');
  assert.equal(await after(`nameThread('storage-3')`, 'comm'), 'storage-3\n');
  assert.equal(await after(`nameThread('a name of more than that')`, 'comm'), 'a name of more \n');
  assert.equal(own('comm'), before);
});
