import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { test } from 'node:test';
import { Errno } from '../../src/native/file-space.ts';
import { BatchFault, PlanSlot, SegmentSlot } from '../../src/native/log-store.ts';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import { describeStores, type LogStoreFixture, OPTIONS } from './log-store-fixture.ts';
import { simpleBatch } from './record-batches.ts';

/** Makes syncs of a file fail, whoever opens it for that. */
function failSyncsOf({ store: { files }, folder }: LogStoreFixture, name: string): void {
  const path = `${folder}/${name}`;
  if (files instanceof MemoryFileSpace) {
    files.failWith('sync', Errno.EIO, path);
  } else {
    files.unlink(path);
    symlinkSync(name, path);
  }
}

describeStores('rebuilding and syncing', (t) => {
  test('rebuild makes lost indexes anew', () => {
    t.store.roll(t.log, 0);
    t.append(
      0,
      Array.from({ length: 30 }, (_, at) => simpleBatch(5, 1000 + at, 400)),
    );
    t.store.roll(t.log, 150);
    t.store.closeLog(t.log);
    const index = t.fileBytes('00000000000000000000.index');
    const timeIndex = t.fileBytes('00000000000000000000.timeindex');
    assert.ok(index.length > 0);
    t.store.files.unlink(`${t.folder}/00000000000000000000.index`);
    t.store.files.unlink(`${t.folder}/00000000000000000000.timeindex`);
    t.log = t.store.openLog(t.folder, OPTIONS);
    t.store.state(t.log, 0, t.state);
    assert.equal(t.state[SegmentSlot.offsetIndexEntries], -1);
    assert.equal(t.state[SegmentSlot.timeIndexEntries], -1);
    const scan = t.store.rebuild(t.log, 0);
    assert.deepEqual(scan, {
      validBytes: 30 * simpleBatch(5, 1, 400).length,
      nextOffset: 150,
      fault: 0,
      batches: 30,
    });
    t.store.state(t.log, 0, t.state);
    assert.equal(t.state[SegmentSlot.offsetIndexEntries], index.length / 8);
    assert.equal(t.store.syncNow(t.log), 0);
    t.store.closeLog(t.log);
    assert.deepEqual(t.fileBytes('00000000000000000000.index'), index);
    assert.deepEqual(t.fileBytes('00000000000000000000.timeindex'), timeIndex);
    t.log = t.store.openLog(t.folder, OPTIONS);
  });

  test('rebuild makes indexes right whatever the files say', () => {
    t.store.roll(t.log, 0);
    // More entries than an engine writes at a time.
    const batches = Array.from({ length: 600 }, (_, at) => simpleBatch(1, 1000 + at, 600));
    for (let at = 0; at < batches.length; at += 10) t.append(at, batches.slice(at, at + 10));
    t.store.closeLog(t.log);
    const log = `${t.folder}/00000000000000000000`;
    const right = ['.index', '.timeindex'].map((suffix) => Buffer.from(t.fileBytes(`00000000000000000000${suffix}`)));
    assert.ok(right[0].length > 8 * 70);
    const spoiled = (bytes: Buffer, at: number): Buffer => {
      const copy = Buffer.from(bytes);
      copy[at] ^= 1;
      return copy;
    };
    const found: ((bytes: Buffer) => Buffer)[] = [
      (bytes) => bytes,
      (bytes) => spoiled(bytes, 3),
      (bytes) => spoiled(bytes, bytes.length - 1),
      (bytes) => bytes.subarray(0, 0),
      (bytes) => bytes.subarray(0, 48),
      (bytes) => bytes.subarray(0, bytes.length - 5),
      (bytes) => Buffer.concat([bytes, bytes.subarray(0, 24)]),
      (bytes) => Buffer.concat([bytes, Buffer.alloc(4800)]),
    ];
    for (const [number, make] of found.entries()) {
      for (const [at, suffix] of ['.index', '.timeindex'].entries())
        assert.equal(t.store.files.writeFileAtomic(log + suffix, make(right[at])), 0);
      t.log = t.store.openLog(t.folder, OPTIONS);
      const scan = t.store.rebuild(t.log, 0);
      assert.ok(typeof scan !== 'number' && scan.fault === BatchFault.none && scan.nextOffset === 600);
      assert.equal(t.store.positionOf(t.log, 0, 599), 599 * batches[0].length);
      t.store.closeLog(t.log);
      for (const [at, suffix] of ['.index', '.timeindex'].entries())
        assert.deepEqual(t.fileBytes(`00000000000000000000${suffix}`), right[at], `${suffix} of case ${number}`);
    }
    // An index of fewer entries, as behind a cut of the log.
    const half = t.fileBytes('00000000000000000000.log').subarray(0, 300 * batches[0].length);
    assert.equal(t.store.files.writeFileAtomic(`${log}.log`, half), 0);
    t.log = t.store.openLog(t.folder, OPTIONS);
    t.store.rebuild(t.log, 0);
    t.store.closeLog(t.log);
    const index = t.fileBytes('00000000000000000000.index');
    assert.ok(index.length > 0 && index.length < right[0].length);
    assert.deepEqual(index, right[0].subarray(0, index.length));
    t.log = t.store.openLog(t.folder, OPTIONS);
  });

  test('an index that leads to a wrong place costs a longer walk and no records', () => {
    t.store.roll(t.log, 0);
    const batches = Array.from({ length: 60 }, (_, at) => simpleBatch(2, 1000 + at, 900));
    for (const [at, batch] of batches.entries()) t.append(at * 2, [batch]);
    t.store.roll(t.log, 120);
    t.append(120, [simpleBatch(1, 2000)]);
    t.store.closeLog(t.log);
    const path = `${t.folder}/00000000000000000000.index`;
    const right = t.fileBytes('00000000000000000000.index');
    const entries = right.length / 8;
    assert.ok(entries > 5);
    const size = batches[0].length;
    const later = 59 * size;
    for (const wrong of [later, later + 100, 100, -1])
      for (const entry of [1, entries - 1]) {
        const spoiled = Buffer.from(right);
        spoiled.writeInt32BE(wrong, entry * 8 + 4);
        t.store.files.writeFileAtomic(path, spoiled);
        t.log = t.store.openLog(t.folder, OPTIONS);
        for (let offset = 0; offset < 120; offset++) {
          const what = `offset ${offset}, entry ${entry} leads to ${wrong}`;
          assert.equal(t.store.positionOf(t.log, 0, offset), (offset >> 1) * size, what);
          // The bound lies where the index is wrong, too.
          assert.equal(t.store.planRead(t.log, 0, 1e6, offset + 1, t.plan, 0), 0, what);
          assert.equal(t.plan[PlanSlot.sizeBytes], Math.max((offset + 1) >> 1, 1) * size, what);
          t.store.release(t.plan[PlanSlot.file]);
          assert.equal(t.store.planRead(t.log, offset, size, 121, t.plan, 0), 0, what);
          assert.equal(t.plan[PlanSlot.baseOffset], offset & ~1, what);
          t.store.release(t.plan[PlanSlot.file]);
        }
        t.store.state(t.log, 0, t.state);
        assert.equal(t.state[SegmentSlot.nextOffset], 120);
        if (entry === entries - 1) assert.equal(t.state[SegmentSlot.offsetIndexEntries], -1);
        t.store.closeLog(t.log);
      }
    t.log = t.store.openLog(t.folder, OPTIONS);
  });

  // A stop that syncs log by log does so before the last entries are written, and a power failure may follow.
  test('indexes without their last entries, or with zeros for them, cost a longer walk only', () => {
    t.store.roll(t.log, 0);
    for (let at = 0; at < 60; at++) t.append(at, [simpleBatch(1, 1000 + at, 900)]);
    t.store.closeLog(t.log);
    const path = `${t.folder}/00000000000000000000`;
    const [offsets, times] = ['.index', '.timeindex'].map((suffix) => t.fileBytes(`00000000000000000000${suffix}`));
    const without = (bytes: Buffer, lostBytes: number): Buffer[] => {
      const cut = bytes.subarray(0, bytes.length - lostBytes);
      return [cut, Buffer.concat([cut, Buffer.alloc(lostBytes)])];
    };
    for (const lostOffsets of [0, 1, 5])
      for (const lostTimes of [0, 1, 5])
        for (const index of without(offsets, lostOffsets * 8))
          for (const timeIndex of without(times, lostTimes * 12)) {
            t.store.files.writeFileAtomic(`${path}.index`, index);
            t.store.files.writeFileAtomic(`${path}.timeindex`, timeIndex);
            t.log = t.store.openLog(t.folder, OPTIONS);
            assert.equal(t.store.state(t.log, -1, t.state), 0);
            assert.equal(t.state[SegmentSlot.nextOffset], 60);
            assert.equal(t.state[SegmentSlot.maxTimestamp], 1059);
            assert.equal(t.state[SegmentSlot.offsetOfMaxTimestamp], 59);
            for (const offset of [0, 31, 59])
              assert.equal(t.store.positionOf(t.log, 0, offset), (offset * t.state[SegmentSlot.sizeBytes]) / 60);
            t.store.closeLog(t.log);
          }
    t.log = t.store.openLog(t.folder, OPTIONS);
  });

  test('rebuild finds a torn tail and truncate cuts it', () => {
    t.store.roll(t.log, 0);
    const batches = [simpleBatch(5, 1000), simpleBatch(5, 1001), simpleBatch(5, 1002)];
    t.append(0, batches);
    t.store.closeLog(t.log);
    const path = `${t.folder}/00000000000000000000.log`;
    const whole = t.fileBytes('00000000000000000000.log');
    const size = batches[0].length;
    const cases: [Buffer, BatchFault][] = [
      [whole.subarray(0, 2 * size + 70), BatchFault.truncated],
      [whole.subarray(0, 2 * size + 20), BatchFault.truncated],
      [Buffer.from(whole), BatchFault.crc],
      [Buffer.concat([whole.subarray(0, 2 * size), Buffer.alloc(size)]), BatchFault.magic],
    ];
    cases[2][0][whole.length - 1] ^= 1;
    for (const [bytes, fault] of cases) {
      assert.equal(t.store.files.writeFileAtomic(path, bytes), 0);
      t.log = t.store.openLog(t.folder, OPTIONS);
      assert.deepEqual(t.store.rebuild(t.log, 0), { validBytes: 2 * size, nextOffset: 10, fault, batches: 2 });
      assert.equal(t.fileBytes('00000000000000000000.log').length, bytes.length);
      assert.equal(t.store.truncate(t.log, 10), 0);
      assert.equal(t.fileBytes('00000000000000000000.log').length, 2 * size);
      assert.equal(t.append(10, [simpleBatch(1, 2000)]), 11);
      t.store.closeLog(t.log);
    }
    t.log = t.store.openLog(t.folder, OPTIONS);
  });

  test('rebuild finds a base offset that cannot be, which no CRC covers', () => {
    t.store.roll(t.log, 0);
    const batches = [simpleBatch(5, 1000), simpleBatch(5, 1001)];
    t.append(0, batches);
    t.store.closeLog(t.log);
    const bytes = t.fileBytes('00000000000000000000.log');
    const size = batches[0].length;
    // Last offsets behind 2^63 and before it, behind what an index can hold, and before the first batch's.
    for (const baseOffset of [2n ** 63n - 1n, 2n ** 63n - 5n, 2n ** 31n, 2n ** 31n - 4n, 4n, -1n, -(2n ** 63n)]) {
      bytes.writeBigInt64BE(baseOffset, size);
      assert.equal(t.store.files.writeFileAtomic(`${t.folder}/00000000000000000000.log`, Buffer.from(bytes)), 0);
      t.log = t.store.openLog(t.folder, OPTIONS);
      const found = { validBytes: size, nextOffset: 5, fault: BatchFault.count, batches: 1 };
      assert.deepEqual(t.store.rebuild(t.log, 0), found, `${baseOffset}`);
      assert.equal(t.store.truncate(t.log, 5), 0);
      t.store.closeLog(t.log);
    }
    t.log = t.store.openLog(t.folder, OPTIONS);
  });

  test('a file whose name is no offset is no segment', () => {
    t.store.roll(t.log, 0);
    t.append(0, [simpleBatch(5, 1000)]);
    t.store.closeLog(t.log);
    for (const name of ['09223372036854775807', '99999999999999999999', '00009007199254740993'])
      assert.equal(t.store.files.writeFileAtomic(`${t.folder}/${name}.log`, Buffer.alloc(0)), 0);
    t.log = t.store.openLog(t.folder, OPTIONS);
    assert.deepEqual(t.store.segments(t.log), [0]);
    assert.equal(t.append(5, [simpleBatch(1, 1000)]), 6);
  });

  test('sync calls back later, in both forms with success', async () => {
    t.store.roll(t.log, 0);
    t.append(0, [simpleBatch(5, 1000)]);
    let called = false;
    const result = await new Promise<number>((resolve) => {
      t.store.sync(t.log, (value) => {
        called = true;
        resolve(value);
      });
      assert.equal(called, false);
    });
    assert.equal(result, 0);
    t.append(5, [simpleBatch(5, 1000)]);
    t.store.roll(t.log, 10);
    assert.equal(t.store.syncNow(t.log), 0);
  });

  // The records of a closed segment may all be durable before it is closed: acks=all, and then a batch that has no room.
  test('a closed segment whose records had been synced before has its indexes synced', async () => {
    const sync = (): Promise<number> => new Promise((resolve) => t.store.sync(t.log, resolve));
    for (const [at, suffix] of ['.index', '.timeindex'].entries()) {
      const baseOffset = at * 10;
      t.store.roll(t.log, baseOffset);
      assert.equal(await sync(), 0);
      for (let offset = baseOffset; offset < baseOffset + 10; offset++) t.append(offset, [simpleBatch(1, 1000, 3000)]);
      assert.equal(await sync(), 0);
      t.store.roll(t.log, baseOffset + 10);
      failSyncsOf(t, `${String(baseOffset).padStart(20, '0')}${suffix}`);
      assert.ok((await sync()) < 0, suffix);
      t.store.remove(t.log, baseOffset);
    }
  });

  // Where they rise, a walk from the end of the offset index meets the greatest one, however little of the others is there.
  test('a stop makes the time index durable where timestamps fall', async () => {
    const sync = (): Promise<number> => new Promise((resolve) => t.store.sync(t.log, resolve));
    const appendAll = (timestampOf: (at: number) => number): void => {
      const { baseOffset, nextOffset } = SegmentSlot;
      t.store.roll(t.log, t.state[nextOffset]);
      t.store.state(t.log, -1, t.state);
      for (let at = 0; at < 10; at++) t.append(t.state[baseOffset] + at, [simpleBatch(1, timestampOf(at), 3000)]);
    };
    const reopened = (): number => {
      t.reopen();
      t.store.state(t.log, -1, t.state);
      return t.state[SegmentSlot.maxTimestamp];
    };
    appendAll((at) => 1000 + at);
    assert.equal(t.store.finishIndexes(t.log), false);
    appendAll((at) => 1000 - at);
    assert.equal(await sync(), 0);
    assert.equal(t.store.finishIndexes(t.log), true);
    assert.equal(await sync(), 0);
    assert.equal(t.store.finishIndexes(t.log), false, 'it is durable now');
    assert.equal(reopened(), 1000);
    assert.equal(t.store.finishIndexes(t.log), false, 'nothing was written');
    for (const syncNow of [false, true]) {
      appendAll((at) => 1000 - at);
      assert.equal(await sync(), 0);
      assert.equal(t.store.finishIndexes(t.log), true);
      failSyncsOf(t, `${String(t.state[SegmentSlot.baseOffset]).padStart(20, '0')}.timeindex`);
      assert.ok((syncNow ? t.store.syncNow(t.log) : await sync()) < 0);
      t.store.roll(t.log, t.state[SegmentSlot.nextOffset]);
      t.store.remove(t.log, t.state[SegmentSlot.baseOffset]);
    }
  });

  test('of many logs that are synced together each is told once, round after round', async () => {
    const logs = Array.from({ length: 24 }, (_, at) => {
      const log = t.store.openLog(`${t.folder}-${at}`, OPTIONS);
      assert.ok(log > 0);
      t.store.roll(log, 0);
      return log;
    });
    const { log } = t;
    for (let round = 0; round < 4; round++) {
      const told = logs.map(() => 0);
      await Promise.all(
        logs.map(async (one, at) => {
          t.log = one;
          t.append(round, [simpleBatch(1, 1000)]);
          if (at % 8 === 0) t.store.roll(one, round + 1);
          const result = await new Promise<number>((resolve) => {
            t.store.sync(one, (value) => {
              told[at]++;
              resolve(value);
            });
          });
          assert.equal(result, 0);
        }),
      );
      assert.deepEqual(new Set(told), new Set([1]));
    }
    for (const one of logs) t.store.closeLog(one);
    t.log = log;
  });
});
