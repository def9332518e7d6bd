import assert from 'node:assert/strict';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { PLAN_STRIDE, PlanSlot, PlanStatus, SegmentSlot } from '../../src/native/log-store.ts';
import type { NativeLogStore } from '../../src/native/native-log-store.ts';
import { appendBatches, nativeStore, skip, state, temporaryFolder } from './native-fixture.ts';
import { simpleBatch } from './record-batches.ts';

/** Every batch is larger than the interval, so each but the first gets an entry. */
const OPTIONS = { indexIntervalBytes: 500, indexBytesMax: 64 * 1024 };
const BASE = '00000000000000000000';

describe('index files of the addon', { skip }, () => {
  let store: NativeLogStore;
  let folder: string;
  let dispose: () => void;
  let log: number;
  const plan = new Float64Array(PLAN_STRIDE);

  beforeEach(() => {
    const made = temporaryFolder();
    store = nativeStore();
    folder = `${made.folder}/t-0`;
    dispose = made.dispose;
    log = store.openLog(folder, OPTIONS);
    assert.equal(store.roll(log, 0), 0);
  });
  afterEach(() => {
    store.closeLog(log);
    dispose();
  });

  function reopen(): void {
    store.closeLog(log);
    log = store.openLog(folder, OPTIONS);
  }

  /** `count` batches of two records and 1,000 bytes or so, one call each; timestamps rise by ten. */
  function fill(count: number, from = 0): number {
    const size = simpleBatch(2, 0, 480).length;
    for (let at = from; at < from + count; at++) appendBatches(store, log, at * 2, [simpleBatch(2, at * 10, 480)]);
    return size;
  }

  function checkLookups(count: number, size: number): void {
    for (let at = 0; at < count; at++) {
      assert.equal(store.positionOf(log, 0, at * 2 + 1), at * size);
      assert.equal(store.positionOfTimestamp(log, 0, at * 10 - 3), at * size);
      assert.equal(store.planRead(log, at * 2, size, count * 2, plan, 0), PlanStatus.ok);
      assert.equal(plan[PlanSlot.position], at * size);
      store.release(plan[PlanSlot.file]);
    }
  }

  test('entries as Kafka writes them, byte for byte', () => {
    const size = fill(4);
    reopen();
    const index = Buffer.alloc(3 * 8);
    const times = Buffer.alloc(3 * 12);
    for (let at = 1; at < 4; at++) {
      index.writeInt32BE(at * 2 + 1, (at - 1) * 8);
      index.writeInt32BE(at * size, (at - 1) * 8 + 4);
      times.writeBigInt64BE(BigInt(at * 10), (at - 1) * 12);
      times.writeInt32BE(at * 2 + 1, (at - 1) * 12 + 8);
    }
    assert.deepEqual(readFileSync(`${folder}/${BASE}.index`), index);
    assert.deepEqual(readFileSync(`${folder}/${BASE}.timeindex`), times);
  });

  test('look-ups agree while entries are pending, written, and after reopening', () => {
    const size = fill(300);
    checkLookups(300, size);
    assert.ok(statSync(`${folder}/${BASE}.index`).size >= 256 * 8, 'groups of entries are written on the way');
    store.state(log, -1, state);
    assert.equal(state[SegmentSlot.offsetIndexEntries], 299);
    reopen();
    store.state(log, -1, state);
    assert.equal(state[SegmentSlot.offsetIndexEntries], 299);
    assert.equal(statSync(`${folder}/${BASE}.index`).size, 299 * 8);
    checkLookups(300, size);
    fill(20, 300);
    checkLookups(320, size);
  });

  test('entries that could not be written are not taken for written', () => {
    fill(70);
    renameSync(`${folder}/${BASE}.timeindex`, `${folder}/aside`);
    mkdirSync(`${folder}/${BASE}.timeindex`);
    appendBatches(store, log, 140, [simpleBatch(2, 1_000_000, 480)]);
    for (let at = 71; at < 200; at++) appendBatches(store, log, at * 2, [simpleBatch(2, 0, 480)]);
    rmdirSync(`${folder}/${BASE}.timeindex`);
    renameSync(`${folder}/aside`, `${folder}/${BASE}.timeindex`);
    assert.equal(store.roll(log, 400), 0);
    reopen();
    store.state(log, 0, state);
    assert.equal(state[SegmentSlot.maxTimestamp], 1_000_000);
    assert.equal(state[SegmentSlot.offsetOfMaxTimestamp], 141);
  });

  test('an index of many pages', () => {
    const size = simpleBatch(1, 0, 500).length;
    for (let at = 0; at < 3000; at += 100)
      appendBatches(
        store,
        log,
        at,
        Array.from({ length: 100 }, (_, batch) => simpleBatch(1, at + batch, 500)),
      );
    store.roll(log, 5000);
    for (let offset = 0; offset < 3000; offset += 7) {
      assert.equal(store.positionOf(log, 0, offset), offset * size);
      assert.equal(store.positionOfTimestamp(log, 0, offset), offset * size);
    }
    assert.equal(store.positionOf(log, 0, 3000), -1);
    assert.equal(store.positionOfTimestamp(log, 0, 3000), -1);
  });

  test('files that were sized in advance and never trimmed end at their zeros', () => {
    const size = fill(50);
    store.closeLog(log);
    truncateSync(`${folder}/${BASE}.index`, 64 * 1024);
    truncateSync(`${folder}/${BASE}.timeindex`, 5461 * 12);
    log = store.openLog(folder, OPTIONS);
    store.state(log, -1, state);
    assert.equal(state[SegmentSlot.offsetIndexEntries], 49);
    assert.equal(state[SegmentSlot.timeIndexEntries], 49);
    assert.equal(state[SegmentSlot.nextOffset], 100);
    assert.equal(state[SegmentSlot.maxTimestamp], 490);
    checkLookups(50, size);
    fill(100, 50);
    reopen();
    assert.equal(statSync(`${folder}/${BASE}.index`).size, 149 * 8);
    checkLookups(150, size);
  });

  test('a lost tail of an index, as after a crash, only makes it sparser', () => {
    const size = fill(50);
    store.closeLog(log);
    truncateSync(`${folder}/${BASE}.index`, 10 * 8);
    truncateSync(`${folder}/${BASE}.timeindex`, 10 * 12);
    log = store.openLog(folder, OPTIONS);
    store.state(log, -1, state);
    assert.equal(state[SegmentSlot.nextOffset], 100);
    assert.equal(state[SegmentSlot.maxTimestamp], 490);
    assert.equal(state[SegmentSlot.offsetOfMaxTimestamp], 99);
    checkLookups(50, size);
  });

  test('impossible indexes are not used and are made anew', () => {
    const size = fill(50);
    reopen();
    const good = readFileSync(`${folder}/${BASE}.index`);
    for (const bad of [good.subarray(0, 13), Buffer.alloc(16, 0x7f), Buffer.alloc(8, 0xff)]) {
      store.closeLog(log);
      writeFileSync(`${folder}/${BASE}.index`, bad.length === 13 ? bad : Buffer.concat([good, bad]));
      log = store.openLog(folder, OPTIONS);
      store.state(log, -1, state);
      assert.equal(state[SegmentSlot.offsetIndexEntries], -1);
      assert.equal(state[SegmentSlot.nextOffset], 100);
      checkLookups(50, size);
      const scan = store.rebuild(log, 0);
      assert.ok(typeof scan === 'object' && scan.batches === 50);
      assert.deepEqual(readFileSync(`${folder}/${BASE}.index`), good);
      checkLookups(50, size);
    }
  });

  test('truncation cuts pending and written entries', () => {
    const size = fill(200);
    for (const batches of [190, 130, 128, 60, 1, 0]) {
      assert.equal(store.truncate(log, batches * 2), 0);
      store.state(log, -1, state);
      assert.equal(state[SegmentSlot.sizeBytes], batches * size);
      assert.equal(state[SegmentSlot.nextOffset], batches * 2);
      assert.equal(state[SegmentSlot.maxTimestamp], batches > 0 ? (batches - 1) * 10 : -1);
      assert.equal(state[SegmentSlot.offsetIndexEntries], Math.max(0, batches - 1));
      checkLookups(batches, size);
    }
    fill(10);
    checkLookups(10, size);
  });

  test('entries stop at the capacity, with a place left for the closing time entry', () => {
    store.setOptions(log, { indexIntervalBytes: 500, indexBytesMax: 48 });
    const size = fill(20);
    checkLookups(20, size);
    assert.equal(store.roll(log, 40), 0);
    assert.equal(statSync(`${folder}/${BASE}.index`).size, 48);
    const times = readFileSync(`${folder}/${BASE}.timeindex`);
    assert.equal(times.length, 48);
    assert.equal(times.readBigInt64BE(36), 190n);
    assert.equal(times.readInt32BE(44), 39);
    checkLookups(20, size);
  });

  test('a full or torn segment refuses batches', () => {
    fill(2);
    store.closeLog(log);
    const path = `${folder}/${BASE}.log`;
    writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(70)]));
    log = store.openLog(folder, OPTIONS);
    assert.equal(appendBatches(store, log, 4, [simpleBatch(1, 0)]), -117);
    store.rebuild(log, 0);
    assert.equal(appendBatches(store, log, 4, [simpleBatch(1, 0)]), -117);
    store.truncate(log, 4);
    assert.equal(appendBatches(store, log, 4, [simpleBatch(1, 0)]), 5);
    assert.equal(appendBatches(store, log, 0x7ffffff0, [simpleBatch(100, 0)]), -75);
    assert.throws(() => appendBatches(store, log, 4, [simpleBatch(1, 0)]), RangeError);
    assert.equal(readdirSync(folder).length, 3);
  });

  test('a follower keeps the epochs of the batches', () => {
    appendBatches(store, log, 0, [simpleBatch(1, 0, 10, { partitionLeaderEpoch: 7 })], -1);
    appendBatches(store, log, 1, [simpleBatch(1, 0, 10, { partitionLeaderEpoch: 7 })], 9);
    const bytes = readFileSync(`${folder}/${BASE}.log`);
    assert.equal(bytes.readInt32BE(12), 7);
    assert.equal(bytes.readInt32BE(bytes.length / 2 + 12), 9);
  });
});
