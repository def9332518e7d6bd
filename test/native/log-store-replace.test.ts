import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Errno } from '../../src/native/file-space.ts';
import { PlanSlot, PlanStatus, SegmentSlot } from '../../src/native/log-store.ts';
import { describeStores, OPTIONS } from './log-store-fixture.ts';
import { simpleBatch } from './record-batches.ts';

describeStores('replacing segments', (t) => {
  /** Makes files of a cleaned segment out of another segment's; returns the bytes of its log. */
  function writeCleaned(baseOffset: number, batches: readonly Uint8Array[]): Buffer {
    const { files } = t.store;
    const bytes = Buffer.concat(batches);
    const name = String(baseOffset).padStart(20, '0');
    assert.equal(files.writeFileAtomic(`${t.folder}/${name}.log.cleaned`, bytes), 0);
    assert.equal(files.writeFileAtomic(`${t.folder}/${name}.index.cleaned`, Buffer.alloc(0)), 0);
    const times = Buffer.alloc(12);
    times.writeBigInt64BE(BigInt(1000), 0);
    times.writeInt32BE(batches.length - 1, 8);
    assert.equal(files.writeFileAtomic(`${t.folder}/${name}.timeindex.cleaned`, times), 0);
    return bytes;
  }

  test('a cleaned segment takes the place of several, under those who read them', () => {
    t.store.roll(t.log, 0);
    t.append(0, [simpleBatch(5, 1000)]);
    t.store.roll(t.log, 5);
    t.append(5, [simpleBatch(5, 2000)]);
    t.store.roll(t.log, 10);
    t.append(10, [simpleBatch(5, 3000)]);
    t.store.roll(t.log, 15);
    t.append(15, [simpleBatch(5, 4000)]);
    assert.equal(t.store.planRead(t.log, 5, 1000, 20, t.plan, 0), PlanStatus.ok);
    const { files } = t.store;
    assert.equal(files.writeFileAtomic(`${t.folder}/00000000000000000005.txnindex`, Buffer.alloc(34)), 0);
    const bytes = writeCleaned(0, [simpleBatch(1, 1000, 10, { baseOffset: 2 })]);
    assert.equal(t.store.replace(t.log, [0, 5]), 0);
    assert.deepEqual(t.store.segments(t.log), [0, 10, 15]);
    // The plan from before still reads the old bytes.
    assert.equal(Number(t.readPlan().readBigInt64BE(0)), 5);
    t.store.release(t.plan[PlanSlot.file]);
    assert.equal(t.store.state(t.log, 0, t.state), 0);
    assert.equal(t.state[SegmentSlot.sizeBytes], bytes.length);
    assert.equal(t.state[SegmentSlot.nextOffset], 3);
    assert.equal(t.state[SegmentSlot.maxTimestamp], 1000);
    assert.equal(t.store.planRead(t.log, 0, 1000, 20, t.plan, 0), PlanStatus.ok);
    assert.equal(t.plan[PlanSlot.baseOffset], 2);
    assert.deepEqual(t.readPlan(), bytes);
    t.store.release(t.plan[PlanSlot.file]);
    // What was cleaned away is a gap.
    assert.equal(t.store.planRead(t.log, 3, 1000, 20, t.plan, 0), PlanStatus.ok);
    assert.equal(t.plan[PlanSlot.baseOffset], 10);
    t.store.release(t.plan[PlanSlot.file]);
    const entries = files.list(t.folder);
    assert.ok(Array.isArray(entries));
    const found = entries.map(({ name }) => name);
    assert.ok(found.includes('00000000000000000005.txnindex.deleted'));
    assert.ok(found.includes('00000000000000000000.log.deleted'));
    assert.ok(!found.some((name) => /cleaned|swap/.test(name) || name === '00000000000000000005.log'));
    assert.equal(t.append(20, [simpleBatch(1, 5000)]), 21);
    assert.equal(t.store.syncNow(t.log), 0);
    t.store.closeLog(t.log);
    t.log = t.store.openLog(t.folder, OPTIONS);
    assert.deepEqual(t.store.segments(t.log), [0, 10, 15]);
    assert.deepEqual(t.fileBytes('00000000000000000000.log'), bytes);
  });

  test('an emptied segment is passed over', () => {
    t.store.roll(t.log, 0);
    t.append(0, [simpleBatch(5, 1000)]);
    t.store.roll(t.log, 5);
    t.append(5, [simpleBatch(5, 2000)]);
    writeCleaned(0, []);
    assert.equal(t.store.replace(t.log, [0]), 0);
    assert.equal(t.store.planRead(t.log, 0, 1000, 10, t.plan, 0), PlanStatus.ok);
    assert.equal(t.plan[PlanSlot.baseOffset], 5);
    t.store.release(t.plan[PlanSlot.file]);
    assert.equal(t.store.state(t.log, 0, t.state), 0);
    assert.equal(t.state[SegmentSlot.nextOffset], 0);
  });

  test('only consecutive closed segments are replaced, and only by files that are there', () => {
    t.store.roll(t.log, 0);
    for (const offset of [0, 5, 10, 15]) {
      t.store.roll(t.log, offset);
      t.append(offset, [simpleBatch(5, 1000)]);
    }
    assert.equal(t.store.replace(t.log, [0]), Errno.ENOENT);
    writeCleaned(0, [simpleBatch(1, 1000)]);
    assert.equal(t.store.replace(t.log, [0, 10]), Errno.ENOENT);
    assert.equal(t.store.replace(t.log, [0, 5, 10, 15]), Errno.ENOENT);
    assert.equal(t.store.replace(t.log, [3]), Errno.ENOENT);
    assert.equal(t.store.replace(t.log, []), Errno.ENOENT);
    assert.deepEqual(t.store.segments(t.log), [0, 5, 10, 15]);
    assert.equal(t.store.replace(t.log, [0, 5, 10]), 0);
    assert.deepEqual(t.store.segments(t.log), [0, 15]);
  });
});
