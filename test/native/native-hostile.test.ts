import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { type Addon, addonPath, loadAddon } from '../../src/native/addon.ts';
import { DAMAGE_STRIDE, PLAN_STRIDE, PlanSlot, SegmentSlot } from '../../src/native/log-store.ts';
import type { NativeLogStore } from '../../src/native/native-log-store.ts';
import { OUTPUT_PART_STRIDE, openSocketOutput, setFilePart, setMemoryPart } from '../../src/native/socket-output.ts';
import { appendBatches, nativeStore, sharedBytes, skip, state, temporaryFolder } from './native-fixture.ts';
import { simpleBatch } from './record-batches.ts';

/** What the addon does with arguments that no integer can hold, that are of another type, or that contradict each other. */

const OPTIONS = { indexIntervalBytes: 4096, indexBytesMax: 1 << 20 };
/** Doubles that offsets, lengths and handles cannot be. */
const IMPOSSIBLE = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -1,
  -1e300,
  1e300,
  2 ** 53,
  2 ** 63,
];

describe('hostile arguments to the addon', { skip }, () => {
  const { folder, dispose } = temporaryFolder();
  let store: NativeLogStore;
  let addon: Addon;
  let exchange: Float64Array;
  let logs = 0;

  before(() => {
    store = nativeStore();
    ({ addon, exchange } = loadAddon()!);
    openSocketOutput();
  });
  after(dispose);

  /** A new log with one segment. */
  function openLog(options = OPTIONS): number {
    const log = store.openLog(`${folder}/t-${logs++}`, options);
    assert.ok(log > 0);
    assert.equal(store.roll(log, 0), 0);
    return log;
  }

  test('what is no number is no descriptor, codec or handle', () => {
    for (const wrong of [undefined, null, '0', {}, [], true] as unknown as number[]) {
      assert.ok(addon.attachOutput(wrong) < 0);
      assert.equal(addon.codecAvailable(wrong), false);
      assert.equal(addon.ring(wrong), false);
      assert.throws(() => addon.crc32c(new Uint8Array(8), wrong, 4), RangeError);
      assert.throws(() => addon.outputPendingBytes(wrong), RangeError);
    }
    for (const wrong of [...IMPOSSIBLE, 5, 260]) assert.equal(addon.codecAvailable(wrong), false);
    for (const wrong of IMPOSSIBLE) assert.ok(addon.attachOutput(wrong) < 0);
  });

  test('a path that ends before its end is none', () => {
    assert.throws(() => store.openLog(`${folder}/a\0b`, OPTIONS), RangeError);
    assert.ok(addon.lockFile(`${folder}/a\0b`) < 0);
  });

  test('a thread that has not attached its exchange harms nobody', async () => {
    const source = `
      const addon = require(${JSON.stringify(addonPath())});
      let thrown = 0;
      for (const name of ['state', 'closeLog', 'planRead', 'validate', 'release', 'syncNow'])
        try { addon[name](); } catch { thrown++; }
      require('node:worker_threads').parentPort.postMessage(thrown);`;
    const [thrown] = await once(new Worker(source, { eval: true }), 'message');
    assert.equal(thrown, 6);
  });

  test('no place, offset or count in the exchange is followed out of range', () => {
    const log = openLog();
    appendBatches(store, log, 0, [simpleBatch(3, 1000)]);
    const memory = sharedBytes(100);
    const plan = new Float64Array(PLAN_STRIDE);
    for (const wrong of IMPOSSIBLE) {
      assert.throws(() => store.readPlanned(wrong, 0, memory, 0, 1), RangeError);
      assert.notEqual(store.planRead(log, wrong, wrong, wrong, plan, 0), 0);
      assert.ok(store.positionOf(log, 0, wrong) <= 0);
      assert.ok(store.positionOfTimestamp(log, 0, wrong) <= 0);
      assert.ok(store.remove(log, wrong) < 0);
      assert.ok(store.replace(log, [wrong, wrong]) < 0);
      store.setDamage(log, new Float64Array(DAMAGE_STRIDE).fill(wrong));
      store.setDamage(log, new Float64Array(0));
      exchange[0] = wrong;
      addon.setInlineSyncMax();
    }
    store.setInlineSyncMax(0);
    for (const wrong of [-5, 2 ** 53]) assert.ok(store.roll(log, wrong) < 0);
    assert.deepEqual(store.segments(log), [0]);
    store.closeLog(log);
  });

  test('an index that has no room for one entry gets none', () => {
    for (const indexBytesMax of [0, 4, 8, 11, -100]) {
      const log = openLog({ indexIntervalBytes: 0, indexBytesMax });
      for (let at = 0; at < 5; at++) appendBatches(store, log, at, [simpleBatch(1, 1000 + at)]);
      assert.equal(state[SegmentSlot.timeIndexEntries], 0, `${indexBytesMax}`);
      assert.ok(state[SegmentSlot.offsetIndexEntries] <= 1, `${indexBytesMax}`);
      store.closeLog(log);
    }
  });

  test('a segment does not take over how much of an earlier one was synced', async () => {
    const synced = (log: number): Promise<number> => new Promise((resolve) => store.sync(log, resolve));
    const large = simpleBatch(1, 1000, 1 << 20);
    const first = openLog();
    appendBatches(store, first, 0, [large, large, large, large]);
    assert.equal(await synced(first), 0);
    store.closeLog(first);
    const second = openLog();
    assert.equal(await synced(second), 0);
    appendBatches(store, second, 0, [large]);
    store.setInlineSyncMax(1e9);
    let done = false;
    const result = new Promise<number>((resolve) => {
      store.sync(second, (value) => {
        done = true;
        resolve(value);
      });
    });
    store.setInlineSyncMax(0);
    assert.equal(done, false, 'a megabyte is nothing to wait for on this thread');
    assert.equal(await result, 0);
    store.closeLog(second);
  });

  test('a file part whose hold an earlier part has given back fails the send', async () => {
    const log = openLog();
    appendBatches(store, log, 0, [simpleBatch(1, 1000, 100)]);
    const memory = sharedBytes(16 << 20);
    const id = store.registerMemory(memory);
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'connection');
    const theirs = connect((server.address() as { port: number }).port, '127.0.0.1');
    theirs.pause();
    const [ours] = await accepted;
    ours.pause();
    const plan = new Float64Array(PLAN_STRIDE);
    // The second time the socket takes no more when the part is looked at.
    for (const between of [0, memory.length]) {
      const output = openSocketOutput()!.attach(ours._handle.fd, () => {});
      assert.equal(store.planRead(log, 0, 1000, 1, plan, 0), 0);
      const parts = new Float64Array(3 * OUTPUT_PART_STRIDE);
      for (const at of [0, 2]) setFilePart(parts, at, plan[PlanSlot.file], 0, plan[PlanSlot.sizeBytes], true);
      setMemoryPart(parts, 1, id, 0, between);
      assert.equal(openSocketOutput()!.send(output, parts, 3), -22);
      openSocketOutput()!.detach(output);
    }
    ours.destroy();
    theirs.destroy();
    server.close();
    store.releaseMemory(id);
    store.closeLog(log);
  });
});
