import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { LogHandle } from '../../src/native/log-store.ts';
import type { NativeLogStore } from '../../src/native/native-log-store.ts';
import { appendBatches, nativeStore, skip, syncTogether, temporaryFolder } from './native-fixture.ts';
import { simpleBatch } from './record-batches.ts';

const OPTIONS = { indexIntervalBytes: 4096, indexBytesMax: 1 << 20 };
/** More than the asking thread ever syncs itself. */
const LOGS = 6;

describe('syncs that are asked for together', { skip }, () => {
  let store: NativeLogStore;
  let logs: LogHandle[];
  let dispose: () => void;
  let offset: number;

  beforeEach(() => {
    const made = temporaryFolder();
    dispose = made.dispose;
    store = nativeStore();
    logs = Array.from({ length: LOGS }, (_, at) => store.openLog(`${made.folder}/s-${at}`, OPTIONS));
    for (const log of logs) store.roll(log, 0);
    offset = 0;
  });
  afterEach(() => {
    store.setInlineSyncMax(0);
    for (const log of logs) store.closeLog(log);
    dispose();
  });

  /** Appends to the first `count` logs and syncs them together; resolves when all have been answered. */
  function round(count: number): Promise<number[]> {
    const next = offset + 1;
    for (const log of logs) assert.equal(appendBatches(store, log, offset, [simpleBatch(1, 0)]), next);
    offset = next;
    return syncTogether(store, logs.slice(0, count));
  }

  test('each is answered once, on whichever thread they are carried out', async () => {
    for (const inlineUs of [0, 1e6]) {
      store.setInlineSyncMax(inlineUs);
      for (let again = 0; again < 20; again++) {
        for (let count = 1; count <= LOGS; count++) {
          assert.deepEqual(await round(count), new Array(count).fill(0), `${count} logs, ${inlineUs} us`);
        }
      }
    }
  });

  test('what an answer asks for begins too', async () => {
    store.setInlineSyncMax(1e6);
    for (let again = 0; again < 20; again++) {
      await round(2);
      const second = new Promise<number>((resolve) => {
        store.together(() => store.sync(logs[0], () => store.sync(logs[1], resolve)));
      });
      assert.equal(await second, 0);
    }
  });

  test('a wrong handle and work that fails keep no other from being synced', async () => {
    const answers: Promise<number>[] = [];
    assert.throws(
      () =>
        store.together(() => {
          answers.push(new Promise((resolve) => store.sync(logs[0], resolve)));
          assert.throws(() => store.sync(-1, () => assert.fail('an answer for a wrong handle')), RangeError);
          answers.push(new Promise((resolve) => store.sync(logs[1], resolve)));
          throw new Error('from the work');
        }),
      /from the work/,
    );
    assert.deepEqual(await Promise.all(answers), [0, 0]);
    assert.deepEqual(await round(LOGS), new Array(LOGS).fill(0), 'nothing is collected any more');
  });

  test('logs with nothing to sync are answered', async () => {
    await round(LOGS);
    assert.deepEqual(await syncTogether(store, logs), new Array(LOGS).fill(0));
    assert.deepEqual(await syncTogether(store, logs.slice(0, 1)), [0]);
  });
});
