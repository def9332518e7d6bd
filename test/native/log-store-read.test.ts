import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BATCH_STRIDE, BatchSlot, PLAN_STRIDE, PlanSlot, PlanStatus } from '../../src/native/log-store.ts';
import { describeStores } from './log-store-fixture.ts';
import { simpleBatch } from './record-batches.ts';

describeStores('reading', (t) => {
  test('planRead serves from the batch that contains the offset, up to the bound', () => {
    t.store.roll(t.log, 0);
    const batches = Array.from({ length: 40 }, (_, at) => simpleBatch(5, 1000 + at, 100));
    t.append(0, batches);
    const size = batches[0].length;
    for (const offset of [0, 4, 5, 57, 199]) {
      assert.equal(t.store.planRead(t.log, offset, 1 << 20, 200, t.plan, 0), PlanStatus.ok);
      const batch = Math.floor(offset / 5);
      assert.equal(t.plan[PlanSlot.position], batch * size);
      assert.equal(t.plan[PlanSlot.sizeBytes], (40 - batch) * size);
      assert.equal(t.plan[PlanSlot.firstBatchBytes], size);
      assert.equal(t.plan[PlanSlot.baseOffset], batch * 5);
      assert.equal(t.plan[PlanSlot.segmentBaseOffset], 0);
      const bytes = t.readPlan();
      assert.equal(Number(bytes.readBigInt64BE(0)), batch * 5);
      t.store.release(t.plan[PlanSlot.file]);
    }
    assert.equal(t.store.planRead(t.log, 200, 1 << 20, 200, t.plan, 0), PlanStatus.atEnd);
    assert.equal(t.store.planRead(t.log, 50, 1 << 20, 50, t.plan, 0), PlanStatus.atEnd);
    assert.equal(t.store.planRead(t.log, 201, 1 << 20, 300, t.plan, 0), PlanStatus.outOfRange);
    assert.equal(t.store.planRead(t.log, 50, 1 << 20, 75, t.plan, 0), PlanStatus.ok);
    assert.equal(t.plan[PlanSlot.sizeBytes], 5 * size);
    t.store.release(t.plan[PlanSlot.file]);
    assert.equal(t.store.planRead(t.log, 50, 10, 75, t.plan, 0), PlanStatus.ok);
    assert.equal(t.plan[PlanSlot.sizeBytes], 10);
    assert.equal(t.plan[PlanSlot.firstBatchBytes], size);
    t.store.release(t.plan[PlanSlot.file]);
  });

  test('planRead writes at the given place and crosses a gap between segments', () => {
    t.store.roll(t.log, 0);
    t.append(0, [simpleBatch(5, 1000)]);
    t.store.roll(t.log, 10);
    t.append(10, [simpleBatch(5, 1000)]);
    const out = new Float64Array(PLAN_STRIDE + 2);
    assert.equal(t.store.planRead(t.log, 6, 1000, 15, out, 2), PlanStatus.ok);
    assert.equal(out[2 + PlanSlot.baseOffset], 10);
    assert.equal(out[2 + PlanSlot.segmentBaseOffset], 10);
    t.store.release(out[2 + PlanSlot.file]);
    assert.equal(t.store.planRead(t.log, 6, 1000, 10, out, 2), PlanStatus.atEnd);
  });

  test('a plan outlives the removal of its segment', () => {
    t.store.roll(t.log, 0);
    t.append(0, [simpleBatch(5, 1000)]);
    t.store.roll(t.log, 5);
    t.append(5, [simpleBatch(5, 2000)]);
    assert.equal(t.store.planRead(t.log, 0, 1000, 10, t.plan, 0), PlanStatus.ok);
    assert.equal(t.store.remove(t.log, 0), 0);
    assert.deepEqual(t.store.segments(t.log), [5]);
    assert.equal(Number(t.readPlan().readBigInt64BE(0)), 0);
    t.store.release(t.plan[PlanSlot.file]);
    assert.equal(t.store.planRead(t.log, 0, 1000, 10, t.plan, 0), PlanStatus.outOfRange);
    const entries = t.store.files.list(t.folder);
    assert.ok(Array.isArray(entries));
    assert.ok(entries.some(({ name }) => name === '00000000000000000000.log.deleted'));
    assert.ok(!entries.some(({ name }) => name === '00000000000000000000.log'));
    assert.ok(t.store.remove(t.log, 0) < 0);
  });

  test('readHeaders, positionOf, positionOfTimestamp and readAt', () => {
    t.store.roll(t.log, 0);
    const batches = Array.from({ length: 30 }, (_, at) => simpleBatch(5, 1000 + (at ^ 1) * 10, 400));
    t.append(0, batches, { epoch: 3 });
    const size = batches[0].length;
    const headers = new Float64Array(4 * BATCH_STRIDE);
    assert.equal(t.store.readHeaders(t.log, 0, size * 28, headers), 2);
    assert.equal(headers[BatchSlot.position], size * 28);
    assert.equal(headers[BATCH_STRIDE + BatchSlot.baseOffset], 145);
    assert.equal(headers[BATCH_STRIDE + BatchSlot.sizeBytes], size);
    assert.equal(headers[BATCH_STRIDE + BatchSlot.partitionLeaderEpoch], 3);
    assert.equal(headers[BATCH_STRIDE + BatchSlot.recordsCount], 5);
    assert.equal(t.store.readHeaders(t.log, 0, 0, headers), 4);
    assert.equal(t.store.readHeaders(t.log, 0, size * 30, headers), 0);
    assert.equal(t.store.positionOf(t.log, 0, 77), 15 * size);
    assert.equal(t.store.positionOf(t.log, 0, 150), -1);
    // Timestamps go 1010, 1000, 1030, 1020 ...
    assert.equal(t.store.positionOfTimestamp(t.log, 0, 0), 0);
    assert.equal(t.store.positionOfTimestamp(t.log, 0, 1011), 2 * size);
    assert.equal(t.store.positionOfTimestamp(t.log, 0, 1290), 28 * size);
    assert.equal(t.store.positionOfTimestamp(t.log, 0, 1291), -1);
    const target = new Uint8Array(8);
    assert.equal(t.store.readAt(t.log, 0, 15 * size, target, 8), 8);
    assert.equal(Number(Buffer.from(target).readBigInt64BE(0)), 75);
    assert.equal(t.store.readAt(t.log, 0, 30 * size - 3, target, 8), 3);
  });
});
