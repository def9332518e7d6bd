import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BATCH_STRIDE, BatchFault, BatchSlot, PlanSlot, PlanStatus, SegmentSlot } from '../../src/native/log-store.ts';
import { describeStores, OPTIONS } from './log-store-fixture.ts';
import { compressedMessage, oldMessage, writeFile } from './old-messages.ts';
import { simpleBatch } from './record-batches.ts';

describeStores('messages older than batches', (t) => {
  /** The log anew, with one segment of these parts, and its scan. */
  const fill = (...parts: readonly Uint8Array[]) => {
    t.store.closeLog(t.log);
    writeFile(t.store.files, `${t.folder}/00000000000000000000.log`, parts);
    t.log = t.store.openLog(t.folder, OPTIONS);
    return t.store.rebuild(t.log, 0);
  };
  const plan = (offset: number) => t.store.planRead(t.log, offset, 1 << 30, 1e9, t.plan, 0);

  for (const magic of [0, 1] as const) {
    const short = oldMessage({ magic, offset: 0, timestamp: 5_000, value: '' });
    const long = oldMessage({ magic, offset: 1, timestamp: 4_000, value: Buffer.alloc(700_000, 'v') });
    const compressed = compressedMessage(magic, 2, 5, 6_000);
    const last = oldMessage({ magic, offset: 7, timestamp: 5_500, value: '' });
    const sizes = [short.length, long.length, compressed.length];
    const ends = sizes.map((_, at) => sizes.slice(0, at + 1).reduce((sum, size) => sum + size));
    const validBytes = ends[2] + last.length;

    test(`of format ${magic} are scanned, found and planned`, () => {
      assert.deepEqual(fill(short, long, compressed, last), {
        validBytes,
        nextOffset: 8,
        fault: BatchFault.none,
        batches: 4,
      });
      const check = () => {
        assert.equal(t.store.state(t.log, 0, t.state), 0);
        assert.equal(t.state[SegmentSlot.nextOffset], 8);
        assert.equal(t.state[SegmentSlot.maxTimestamp], magic === 1 ? 6_000 : -1);
        assert.equal(t.state[SegmentSlot.offsetOfMaxTimestamp], magic === 1 ? 6 : 0);
        assert.equal(t.state[SegmentSlot.firstBatchTimestamp], magic === 1 ? 5_000 : -1);
        for (const [offset, position] of [0, ends[0], ends[1], ends[1], ends[1], ends[1], ends[1], ends[2]].entries()) {
          assert.equal(plan(offset), PlanStatus.ok);
          assert.equal(t.plan[PlanSlot.position], position, `offset ${offset}`);
          assert.equal(t.plan[PlanSlot.sizeBytes], validBytes - position);
          assert.equal(
            t.plan[PlanSlot.firstBatchBytes],
            ([...ends, validBytes].find((end) => end > position) ?? 0) - position,
          );
          t.store.release(t.plan[PlanSlot.file]);
        }
        assert.equal(t.store.positionOfTimestamp(t.log, 0, 5_600), magic === 1 ? ends[1] : -1);
        const headers = new Float64Array(8 * BATCH_STRIDE);
        assert.equal(t.store.readHeaders(t.log, 0, 0, headers), 4);
        const wrapper = headers.subarray(2 * BATCH_STRIDE);
        const { position, sizeBytes, baseOffset, attributes, producerId, partitionLeaderEpoch } = BatchSlot;
        assert.deepEqual(
          [position, sizeBytes, baseOffset, attributes, producerId, partitionLeaderEpoch].map((slot) => wrapper[slot]),
          [ends[1], compressed.length, 6, 1, -1, -1],
        );
      };
      check();
      t.store.closeLog(t.log);
      t.log = t.store.openLog(t.folder, OPTIONS);
      check();
      const batch = simpleBatch(2, 7_000);
      assert.equal(t.append(8, [batch]), 10);
      assert.equal(plan(7), PlanStatus.ok);
      assert.equal(t.plan[PlanSlot.sizeBytes], last.length + batch.length);
      t.store.release(t.plan[PlanSlot.file]);
    });

    test(`of format ${magic} that are damaged or torn end a scan`, () => {
      const damaged = Buffer.from(long);
      damaged[damaged.length - 1] ^= 1;
      const small = oldMessage({ magic, offset: 1, value: '' });
      small.writeInt32BE(small.readInt32BE(8) - 1, 8);
      const torn = last.subarray(0, last.length - 1);
      for (const [tail, fault] of [
        [damaged, BatchFault.crc],
        [long.subarray(0, 600_000), BatchFault.truncated],
        [torn, BatchFault.truncated],
        [Buffer.concat([small, Buffer.alloc(100)]), BatchFault.magic],
        [short, BatchFault.count],
      ] as const)
        assert.deepEqual(fill(short, tail), { validBytes: short.length, nextOffset: 1, fault, batches: 1 });
    });
  }
});
