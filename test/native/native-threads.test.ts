import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { PLAN_STRIDE, PlanSlot, PlanStatus } from '../../src/native/log-store.ts';
import type { NativeLogStore } from '../../src/native/native-log-store.ts';
import { appendBatches, nativeStore, sharedBytes, skip, temporaryFolder } from './native-fixture.ts';
import { simpleBatch } from './record-batches.ts';

const OPTIONS = { indexIntervalBytes: 4096, indexBytesMax: 1 << 20 };
const STORE = new URL('../../src/native/native-log-store.ts', import.meta.url).href;

/** A worker with a store of its own; `body` may use `store`, `workerData` and `parentPort`. */
function storeWorker(body: string, workerData: unknown): Worker {
  const source = `
    const { workerData, parentPort } = require('node:worker_threads');
    import(${JSON.stringify(STORE)}).then(({ openNativeLogStore }) => {
      const store = openNativeLogStore();
      ${body}
    });`;
  return new Worker(source, { eval: true, workerData });
}

describe('the addon in several threads', { skip }, () => {
  let store: NativeLogStore;
  let folder: string;
  let dispose: () => void;
  const plan = new Float64Array(PLAN_STRIDE);

  beforeEach(() => {
    const made = temporaryFolder();
    store = nativeStore();
    folder = made.folder;
    dispose = made.dispose;
  });
  afterEach(() => dispose());

  test('another thread reads whole batches while the owner appends and rolls', async () => {
    const log = store.openLog(`${folder}/t-0`, OPTIONS);
    store.roll(log, 0);
    const BATCHES = 3000;
    const shared = new Int32Array(new SharedArrayBuffer(8));
    const reader = storeWorker(
      `const shared = new Int32Array(workerData.shared);
       const plan = new Float64Array(${PLAN_STRIDE});
       const bytes = Buffer.alloc(64 * 1024);
       let offset = 0;
       let plans = 0;
       while (offset < ${BATCHES}) {
         const status = store.planRead(workerData.log, offset, bytes.length, Atomics.load(shared, 0), plan, 0);
         if (status === ${PlanStatus.atEnd}) continue;
         if (status !== ${PlanStatus.ok}) throw new Error('status ' + status);
         const size = plan[${PlanSlot.sizeBytes}];
         if (store.readPlanned(plan[${PlanSlot.file}], plan[${PlanSlot.position}], bytes, 0, size) !== size)
           throw new Error('short');
         store.release(plan[${PlanSlot.file}]);
         plans++;
         for (let at = 0; at + 61 <= size && at + 12 + bytes.readInt32BE(at + 8) <= size; offset++) {
           if (Number(bytes.readBigInt64BE(at)) !== offset) throw new Error('offset ' + offset);
           const end = at + 12 + bytes.readInt32BE(at + 8);
           if (store.crc32c(bytes, at + 21, end) !== bytes.readUInt32BE(at + 17)) throw new Error('crc');
           at = end;
         }
       }
       parentPort.postMessage(plans);`,
      { log, shared: shared.buffer },
    );
    const end = once(reader, 'message');
    for (let offset = 0; offset < BATCHES; offset += 3) {
      if (offset % 600 === 300) assert.equal(store.roll(log, offset), 0);
      const batches = [0, 1, 2].map((at) => simpleBatch(1, offset + at, (offset * 7) % 900));
      assert.equal(appendBatches(store, log, offset, batches), offset + 3);
      Atomics.store(shared, 0, offset + 3);
    }
    const [plans] = (await end) as [number];
    assert.ok(plans > 0);
    await reader.terminate();
    store.closeLog(log);
  });

  test('a worker that ends with syncs under way takes nothing down', async () => {
    for (const how of ['exit', 'terminate']) {
      const worker = storeWorker(
        `const { SharedArrayBuffer } = globalThis;
         const bytes = new Uint8Array(new SharedArrayBuffer(workerData.batch.length));
         bytes.set(workerData.batch);
         const id = store.registerMemory(bytes);
         for (let log = 0; log < 40; log++) {
           const handle = store.openLog(workerData.folder + '/' + log, { indexIntervalBytes: 4096, indexBytesMax: 4096 });
           store.roll(handle, 0);
           store.append(handle, 0, Float64Array.of(id, 0, bytes.length, 0, -1, -1), 1, new Float64Array(16));
           store.sync(handle, () => {});
         }
         parentPort.postMessage('under way');
         if (workerData.how === 'exit') process.exit(0);
         else setInterval(() => {}, 1000);`,
        { how, folder: `${folder}/${how}`, batch: simpleBatch(10, 0, 1000) },
      );
      const exit = once(worker, 'exit');
      await once(worker, 'message').catch(() => {});
      await worker.terminate();
      await exit;
    }
  });

  test('a sync keeps its thread alive until it is answered, one after another', async () => {
    const worker = storeWorker(
      `const log = store.openLog(workerData, { indexIntervalBytes: 4096, indexBytesMax: 4096 });
       store.roll(log, 0);
       let answers = 0;
       const again = (result) => {
         if (result !== 0) throw new Error('sync ' + result);
         if (++answers < 5) store.sync(log, again);
         else parentPort.postMessage(answers);
       };
       store.sync(log, again);`,
      `${folder}/alive`,
    );
    // Both may be told in one turn.
    const exited = once(worker, 'exit');
    const [answers] = (await once(worker, 'message')) as [number];
    assert.equal(answers, 5);
    await exited;
  });

  test('a sync is answered once, whether its caller waits for it or a thread carries it out', async () => {
    const log = store.openLog(`${folder}/i-0`, OPTIONS);
    let offset = store.roll(log, 0);
    const syncAll = async (count: number): Promise<number> => {
      let atOnce = 0;
      for (let round = 0; round < count; round++) {
        offset = appendBatches(store, log, offset, [simpleBatch(1, 0)]);
        let answers = 0;
        const answered = new Promise<number>((resolve) => {
          store.sync(log, (result) => {
            answers++;
            resolve(result);
          });
        });
        atOnce += answers;
        assert.equal(await answered, 0);
        assert.equal(answers, 1);
      }
      return atOnce;
    };
    assert.equal(await syncAll(20), 0, 'nobody waits unless it is allowed');
    try {
      store.setInlineSyncMax(1e6);
      await syncAll(100);
    } finally {
      store.setInlineSyncMax(0);
    }
    store.closeLog(log);
  });

  test('an error in one answer does not lose the others', async () => {
    const worker = storeWorker(
      `const answers = [];
       process.on('uncaughtException', (error) => answers.push(error.message));
       const logs = [0, 1, 2].map((at) => {
         const log = store.openLog(workerData + at, { indexIntervalBytes: 4096, indexBytesMax: 4096 });
         store.roll(log, 0);
         return log;
       });
       logs.forEach((log, at) => store.sync(log, (result) => {
         answers.push(result);
         if (at === 0) throw new Error('from a callback');
       }));
       process.on('beforeExit', () => parentPort.postMessage(answers.sort()));`,
      `${folder}/e-`,
    );
    const [answers] = (await once(worker, 'message')) as [unknown[]];
    assert.deepEqual(answers, [0, 0, 0, 'from a callback']);
    await worker.terminate();
  });

  test('handles of closed logs and released memories are refused in every thread', async () => {
    const log = store.openLog(`${folder}/h-0`, OPTIONS);
    store.roll(log, 0);
    appendBatches(store, log, 0, [simpleBatch(1, 0)]);
    assert.equal(store.planRead(log, 0, 100, 1, plan, 0), PlanStatus.ok);
    store.closeLog(log);
    const again = store.openLog(`${folder}/h-1`, OPTIONS);
    assert.notEqual(again, log);
    for (const wrong of [log, 0, -1, 1.5e15, Number.NaN, Number.POSITIVE_INFINITY])
      assert.throws(() => store.planRead(wrong, 0, 1, 1, plan, 0), RangeError);
    const file = plan[PlanSlot.file];
    const byte = sharedBytes(1);
    assert.equal(store.readPlanned(file, 0, byte, 0, 1), 1, 'a plan outlives its log');
    store.release(file);
    assert.throws(() => store.release(file));
    assert.throws(() => store.readPlanned(file, 0, byte, 0, 1));
    store.closeLog(again);
  });
});
