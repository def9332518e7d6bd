import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PlanSlot, PlanStatus, SegmentSlot } from '../../src/native/log-store.ts';
import { describeStores } from './log-store-fixture.ts';
import { simpleBatch } from './record-batches.ts';

describeStores('rolling and cutting', (t) => {
  test('reopening finds the same state, in the active and in older segments', () => {
    t.store.roll(t.log, 0);
    t.append(
      0,
      Array.from({ length: 30 }, (_, at) => simpleBatch(5, 1000 + (at % 17), 200)),
    );
    t.store.roll(t.log, 150);
    t.append(
      150,
      Array.from({ length: 30 }, (_, at) => simpleBatch(5, 1000 + ((at * 7) % 19), 200)),
    );
    const before = [0, 150].map((base) => {
      assert.equal(t.store.state(t.log, base, t.state), 0);
      return [...t.state].slice(0, 6);
    });
    t.reopen();
    assert.deepEqual(t.store.segments(t.log), [0, 150]);
    const after = [0, 150].map((base) => {
      assert.equal(t.store.state(t.log, base, t.state), 0);
      return [...t.state].slice(0, 6);
    });
    assert.deepEqual(after, before);
    t.append(300, [simpleBatch(1, 5000)]);
    assert.equal(t.state[SegmentSlot.nextOffset], 301);
    assert.equal(t.store.planRead(t.log, 300, 1000, 301, t.plan, 0), PlanStatus.ok);
    assert.equal(t.plan[PlanSlot.baseOffset], 300);
    t.store.release(t.plan[PlanSlot.file]);
  });

  test('roll refuses a base offset that is not higher', () => {
    t.store.roll(t.log, 10);
    t.append(10, [simpleBatch(5, 1000)]);
    assert.ok(t.store.roll(t.log, 10) < 0);
    assert.ok(t.store.roll(t.log, 9) < 0);
    assert.deepEqual(t.store.segments(t.log), [10]);
  });

  test('truncate cuts at the batch that contains the offset and drops later segments', () => {
    t.store.roll(t.log, 0);
    const batches = Array.from({ length: 30 }, (_, at) => simpleBatch(5, 1000 + at, 400));
    t.append(0, batches);
    t.store.roll(t.log, 150);
    t.append(150, batches);
    assert.equal(t.store.truncate(t.log, 172), 0);
    t.store.state(t.log, -1, t.state);
    assert.deepEqual([...t.state].slice(0, 6), [150, 4 * batches[0].length, 170, 1003, 169, 1000]);
    t.append(170, [simpleBatch(1, 1500)]);
    assert.equal(t.store.truncate(t.log, 20), 0);
    assert.deepEqual(t.store.segments(t.log), [0]);
    t.store.state(t.log, -1, t.state);
    assert.equal(t.state[SegmentSlot.nextOffset], 20);
    assert.equal(t.state[SegmentSlot.maxTimestamp], 1003);
    assert.equal(t.fileBytes('00000000000000000000.log').length, 4 * batches[0].length);
    assert.equal(t.names().length, 3);
    t.reopen();
    t.store.state(t.log, -1, t.state);
    assert.equal(t.state[SegmentSlot.nextOffset], 20);
    assert.equal(t.append(20, batches), 170);
    for (const offset of [0, 19, 20, 99, 169]) {
      assert.equal(t.store.planRead(t.log, offset, 1000, 170, t.plan, 0), PlanStatus.ok);
      assert.equal(t.plan[PlanSlot.baseOffset], Math.floor(offset / 5) * 5);
      t.store.release(t.plan[PlanSlot.file]);
    }
    assert.equal(t.store.truncate(t.log, 170), 0);
    t.store.state(t.log, -1, t.state);
    assert.equal(t.state[SegmentSlot.nextOffset], 170);
    assert.equal(t.store.truncate(t.log, 0), 0);
    t.store.state(t.log, -1, t.state);
    assert.deepEqual([...t.state].slice(0, 6), [0, 0, 0, -1, 0, -1]);
  });

  test('reset drops everything', () => {
    t.store.roll(t.log, 0);
    t.append(0, [simpleBatch(5, 1000)]);
    t.store.roll(t.log, 5);
    assert.equal(t.store.reset(t.log, 1234), 0);
    assert.deepEqual(t.store.segments(t.log), [1234]);
    assert.equal(t.names().length, 3);
    assert.equal(t.append(1234, [simpleBatch(2, 1000)]), 1236);
  });
});
