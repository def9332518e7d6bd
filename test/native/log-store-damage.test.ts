import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAMAGE_STRIDE, PlanSlot, PlanStatus } from '../../src/native/log-store.ts';
import { describeStores, OPTIONS } from './log-store-fixture.ts';
import { simpleBatch } from './record-batches.ts';

const BATCH = simpleBatch(2, 1000);

describeStores('damage and preallocation', (t) => {
  /** Ten batches of two records, then one in a segment of its own. */
  function fill(): void {
    t.store.roll(t.log, 0);
    t.append(
      0,
      Array.from({ length: 10 }, () => BATCH),
    );
    t.store.roll(t.log, 20);
    t.append(20, [BATCH]);
  }

  function damage(...batches: number[]): void {
    const list = new Float64Array(batches.length * DAMAGE_STRIDE);
    batches.forEach((batch, at) => {
      const positions = [batch * BATCH.length, (batch + 1) * BATCH.length];
      list.set([0, ...positions, batch * 2, batch * 2 + 2], at * DAMAGE_STRIDE);
    });
    t.store.setDamage(t.log, list);
  }

  /** Position and size of what a reader gets from an offset on, or the status. */
  function plan(offset: number, upperOffset = 22, maxBytes = 1 << 20): number | [number, number] {
    const status = t.store.planRead(t.log, offset, maxBytes, upperOffset, t.plan, 0);
    if (status !== PlanStatus.ok) return status;
    t.store.release(t.plan[PlanSlot.file]);
    return [t.plan[PlanSlot.position] / BATCH.length, t.plan[PlanSlot.sizeBytes] / BATCH.length];
  }

  test('readers get what lies before damage and behind it, and are told of it', () => {
    fill();
    damage(3, 7);
    assert.deepEqual(plan(0), [0, 3]);
    assert.deepEqual(plan(5), [2, 1]);
    assert.deepEqual(plan(0, 4), [0, 2]);
    assert.deepEqual(plan(0, 22, BATCH.length), [0, 1]);
    assert.equal(plan(6), PlanStatus.damaged);
    assert.equal(plan(7), PlanStatus.damaged);
    assert.deepEqual(plan(8), [4, 3]);
    assert.deepEqual(plan(8, 12), [4, 2]);
    assert.equal(plan(15), PlanStatus.damaged);
    assert.deepEqual(plan(16), [8, 2]);
    assert.deepEqual(plan(20), [0, 1]);
    damage();
    assert.deepEqual(plan(0), [0, 10]);
  });

  test('damage at both ends of a segment', () => {
    fill();
    damage(0, 9);
    assert.equal(plan(0), PlanStatus.damaged);
    assert.deepEqual(plan(2), [1, 8]);
    assert.equal(plan(18), PlanStatus.damaged);
    assert.deepEqual(plan(20), [0, 1]);
  });

  test('no rotten header is walked over, whatever it says', () => {
    fill();
    const path = `${t.folder}/00000000000000000000.log`;
    const file = t.store.files.open(path, false);
    // A length that would have the walk skip the rest.
    assert.equal(t.store.files.write(file, 3 * BATCH.length + 8, [Buffer.from([0x7f, 0, 0, 0])], 1), 0);
    t.store.files.close(file);
    t.reopen();
    damage(3);
    assert.deepEqual(plan(4), [2, 1]);
    assert.deepEqual(plan(8), [4, 6]);
    assert.deepEqual(plan(19), [9, 1]);
    assert.throws(() => t.store.setDamage(987654, new Float64Array(0)));
  });

  test('bytes that are no batch are told to readers, who are not led past the rest of the segment', () => {
    fill();
    const path = `${t.folder}/00000000000000000000.log`;
    const file = t.store.files.open(path, false);
    // Too short for a header, then longer than the file.
    for (const length of [0, 0x7f000000]) {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(length);
      assert.equal(t.store.files.write(file, 3 * BATCH.length + 8, [bytes], 1), 0);
      t.reopen();
      assert.deepEqual(plan(2, 22, BATCH.length), [1, 1]);
      assert.equal(plan(6), PlanStatus.damaged);
      assert.equal(plan(15), PlanStatus.damaged);
      assert.deepEqual(plan(20), [0, 1]);
      const bounded = plan(2, 16);
      assert.ok(Array.isArray(bounded) && bounded[0] + bounded[1] <= 3, `${bounded}`);
    }
    t.store.files.close(file);
  });

  test('a preallocated segment is cut to its own size when it is closed', () => {
    if (t.store.kind === 'memory') return;
    const preallocateBytes = 100_000;
    t.store.setOptions(t.log, { ...OPTIONS, preallocateBytes });
    const size = (offset: number): number => t.fileBytes(`${offset}`.padStart(20, '0').concat('.log')).length;
    t.store.roll(t.log, 0);
    assert.equal(size(0), preallocateBytes);
    t.append(0, [BATCH, BATCH]);
    assert.equal(size(0), preallocateBytes);
    assert.deepEqual(plan(0, 4), [0, 2]);
    t.store.roll(t.log, 4);
    assert.equal(size(0), 2 * BATCH.length);
    assert.equal(size(4), preallocateBytes);
    t.append(4, [BATCH]);
    t.reopen();
    assert.equal(size(4), BATCH.length);
    assert.equal(t.append(6, [BATCH]), 8);
    assert.deepEqual(plan(4, 8), [0, 2]);
  });

  test('what a kill leaves of a preallocated segment is cut by recovery', () => {
    if (t.store.kind === 'memory') return;
    t.store.setOptions(t.log, { ...OPTIONS, preallocateBytes: 100_000 });
    t.store.roll(t.log, 0);
    t.append(0, [BATCH, BATCH]);
    // Another process would find the file as it is now.
    const other = t.store.openLog(t.folder, OPTIONS);
    const scan = t.store.rebuild(other, 0);
    assert.ok(typeof scan !== 'number');
    assert.deepEqual([scan.validBytes, scan.nextOffset], [2 * BATCH.length, 4]);
    assert.equal(t.store.truncate(other, 4), 0);
    assert.equal(t.fileBytes('00000000000000000000.log').length, 2 * BATCH.length);
    t.store.closeLog(other);
  });
});
