import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { PLAN_STRIDE, PlanSlot } from '../../src/native/log-store.ts';
import { OUTPUT_PART_STRIDE, openSocketOutput, setFilePart } from '../../src/native/socket-output.ts';
import { canFail, Fault, runFailing, setFault } from './failing-calls.ts';
import { appendBatches, nativeStore, skip, syncTogether, temporaryFolder } from './native-fixture.ts';
import { simpleBatch } from './record-batches.ts';

const OPTIONS = { indexIntervalBytes: 4096, indexBytesMax: 1 << 20 };

test('threads that the system refuses, in a process of their own', { skip: skip || canFail }, (t) => {
  const run = runFailing(import.meta.filename);
  if (!run) return t.skip('no compiler');
  assert.equal(run.status, 0, run.output);
});

/** Runs `body` while no thread can be made. */
async function withoutThreads<T>(body: () => T | Promise<T>): Promise<T> {
  setFault(Fault.thread, true);
  try {
    return await body();
  } finally {
    setFault(Fault.thread, false);
  }
}

// The engine's threads stay once they are there, so the order of the tests counts.
describe('no thread of the engine can be made', { skip: skip || !canFail }, () => {
  test('who asks for syncs carries them out', async () => {
    const { folder, dispose } = temporaryFolder();
    const store = nativeStore();
    store.setInlineSyncMax(0);
    const logs = [0, 1, 2].map((at) => store.openLog(`${folder}/s-${at}`, OPTIONS));
    for (const log of logs) store.roll(log, 0);
    for (const log of logs) appendBatches(store, log, 0, [simpleBatch(1, 0)]);
    setFault(Fault.dataOfFile, true);
    assert.deepEqual(await withoutThreads(() => syncTogether(store, logs)), [0, -5, 0]);
    setFault(Fault.dataOfFile, false);
    // By a thread again as soon as one can be made.
    for (const log of logs) appendBatches(store, log, 1, [simpleBatch(1, 0)]);
    assert.deepEqual(await syncTogether(store, logs), [0, 0, 0]);
    for (const log of logs) store.closeLog(log);
    dispose();
  });

  test('outputs are refused with an error', async () => {
    await withoutThreads(() => assert.throws(openSocketOutput, /no thread can be made/));
  });

  test('files that must be read first are sent all the same', async () => {
    const { folder, dispose } = temporaryFolder();
    const store = nativeStore();
    const log = store.openLog(`${folder}/t-0`, OPTIONS);
    store.roll(log, 0);
    appendBatches(store, log, 0, [simpleBatch(1, 0, 3_000_000)]);
    const plan = new Float64Array(PLAN_STRIDE);
    assert.equal(store.planRead(log, 0, 1 << 30, 64, plan, 0), 0);
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'connection');
    const theirs = connect((server.address() as { port: number }).port, '127.0.0.1');
    const [ours] = (await accepted) as [Socket];
    ours.pause();
    const outputs = openSocketOutput()!;
    const parts = new Float64Array(OUTPUT_PART_STRIDE);
    setFilePart(parts, 0, plan[PlanSlot.file], plan[PlanSlot.position], plan[PlanSlot.sizeBytes], false);
    let receivedBytes = 0;
    theirs.on('data', (bytes) => {
      receivedBytes += bytes.length;
    });
    await withoutThreads(async () => {
      const settled = Promise.withResolvers<number>();
      const output = outputs.attach((ours as unknown as { _handle: { fd: number } })._handle.fd, settled.resolve);
      outputs.send(output, parts, 1);
      assert.equal(await settled.promise, 0);
      outputs.detach(output);
    });
    ours.end();
    await once(theirs, 'end');
    assert.equal(receivedBytes, plan[PlanSlot.sizeBytes]);
    store.closeLog(log);
    theirs.destroy();
    server.close();
    dispose();
  });
});
