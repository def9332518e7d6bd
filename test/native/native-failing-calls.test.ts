import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Errno } from '../../src/native/file-space.ts';
import type { LogHandle } from '../../src/native/log-store.ts';
import type { NativeLogStore } from '../../src/native/native-log-store.ts';
import { canFail, Fault, fileSystemSyncs, runFailing, setFault } from './failing-calls.ts';
import { appendBatches, nativeStore, skip, syncTogether, temporaryFolder } from './native-fixture.ts';
import { simpleBatch } from './record-batches.ts';

const OPTIONS = { indexIntervalBytes: 4096, indexBytesMax: 1 << 20 };
const LOGS = 6;
const ALL_GOOD = new Array(LOGS).fill(0);
const ONE_FAILED = [0, Errno.EIO, 0, 0, 0, 0];

test('calls that fail, in a process of their own', { skip: skip || canFail }, (t) => {
  const run = runFailing(import.meta.filename);
  if (!run) return t.skip('no compiler');
  assert.equal(run.status, 0, run.output);
});

describe('calls of the engine that fail', { skip: skip || !canFail }, () => {
  let store: NativeLogStore;
  let logs: LogHandle[];
  let folder: string;
  let dispose: () => void;
  let offset: number;

  beforeEach(async () => {
    const made = temporaryFolder();
    ({ folder, dispose } = made);
    store = nativeStore();
    logs = Array.from({ length: LOGS }, (_, at) => store.openLog(`${folder}/s-${at}`, OPTIONS));
    for (const log of logs) store.roll(log, 0);
    offset = 0;
    // Their folders, and how long it takes.
    for (let warm = 0; warm < 5; warm++) assert.deepEqual(await round(LOGS), ALL_GOOD);
  });
  afterEach(() => {
    for (const fault of Object.values(Fault)) setFault(fault, false);
    store.setInlineSyncMax(0);
    for (const log of logs) store.closeLog(log);
    dispose();
  });

  /** Appends to the first `count` logs and syncs them together; the results, in their order. */
  function round(count: number): Promise<number[]> {
    const next = offset + 1;
    for (const log of logs) assert.equal(appendBatches(store, log, offset, [simpleBatch(1, 0)]), next);
    offset = next;
    return syncTogether(store, logs.slice(0, count));
  }

  /** Until one of the rounds was synced as a file system; the results of that one. */
  async function wholeRound(count: number): Promise<number[]> {
    for (let again = 0; again < 1000; again++) {
      const before = fileSystemSyncs();
      const results = await round(count);
      if (fileSystemSyncs() !== before) return results;
    }
    return assert.fail('no file system was synced');
  }

  // By a thread of the engine, and by the one that asks.
  for (const [count, inlineUs] of [
    [LOGS, 0],
    [2, 1e6],
  ]) {
    const how = `${count} logs, ${inlineUs} us`;
    test(`a file of which a write failed earlier fails the sync of its own log, and of no other (${how})`, async () => {
      store.setInlineSyncMax(inlineUs);
      assert.deepEqual(await wholeRound(count), ALL_GOOD.slice(0, count));
      setFault(Fault.earlierWriteOfFile, true);
      assert.deepEqual(await wholeRound(count), ONE_FAILED.slice(0, count));
    });

    test(`where the file system fails, each file tells (${how})`, async () => {
      store.setInlineSyncMax(inlineUs);
      setFault(Fault.fileSystem, true);
      assert.deepEqual(await wholeRound(count), ALL_GOOD.slice(0, count));
      setFault(Fault.dataOfFile, true);
      assert.deepEqual(await wholeRound(count), ONE_FAILED.slice(0, count));
    });
  }

  test('a folder that cannot be read to its end opens no log', () => {
    const path = `${folder}/s-1`;
    store.closeLog(logs[1]);
    setFault(Fault.folder, true);
    assert.equal(store.openLog(path, OPTIONS), Errno.EIO);
    setFault(Fault.folder, false);
    logs[1] = store.openLog(path, OPTIONS);
    assert.deepEqual(store.segments(logs[1]), [0]);
  });

  // For good in this process, so it comes last.
  test('no other file system is synced as a whole', async () => {
    setFault(Fault.otherFileSystem, true);
    const before = fileSystemSyncs();
    setFault(Fault.earlierWriteOfFile, true);
    for (let again = 0; again < 50; again++) assert.deepEqual(await round(LOGS), ALL_GOOD);
    assert.equal(fileSystemSyncs(), before);
  });
});
