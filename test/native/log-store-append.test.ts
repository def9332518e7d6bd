import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderAt } from '../../src/native/batch-header.ts';
import { PlanStatus, SegmentSlot } from '../../src/native/log-store.ts';
import { describeStores, OPTIONS } from './log-store-fixture.ts';
import { simpleBatch } from './record-batches.ts';

describeStores('appending', (t) => {
  test('an empty folder has no segment; the first roll makes one', () => {
    assert.deepEqual(t.store.segments(t.log), []);
    assert.equal(t.store.planRead(t.log, 0, 100, 100, t.plan, 0), PlanStatus.outOfRange);
    assert.equal(t.store.roll(t.log, 7), 0);
    assert.deepEqual(t.store.segments(t.log), [7]);
    assert.equal(t.store.state(t.log, -1, t.state), 0);
    assert.deepEqual([...t.state].slice(0, 6), [7, 0, 7, -1, 7, -1]);
    assert.deepEqual(t.names(), [
      '00000000000000000007.index',
      '00000000000000000007.log',
      '00000000000000000007.timeindex',
    ]);
    assert.equal(t.store.planRead(t.log, 7, 100, 7, t.plan, 0), PlanStatus.atEnd);
    assert.equal(t.store.planRead(t.log, 6, 100, 7, t.plan, 0), PlanStatus.outOfRange);
    assert.equal(t.store.planRead(t.log, 8, 100, 9, t.plan, 0), PlanStatus.outOfRange);
  });

  test('the greatest timestamp of 64 bits is written as it is', () => {
    t.store.roll(t.log, 0);
    t.append(0, [simpleBatch(1, 1000)], { maxTimestamp: 2 ** 63 });
    const written = t.fileBytes('00000000000000000000.log');
    assert.equal(written.readBigInt64BE(HeaderAt.maxTimestamp), 2n ** 63n - 1n);
    assert.equal(written.readUInt32BE(HeaderAt.crc), t.store.crc32c(written, HeaderAt.attributes, written.length));
  });

  test('the state tells when the file changed last, after an append and a cut too', () => {
    const changedMs = (): number => {
      assert.equal(t.store.state(t.log, -1, t.state), 0);
      return t.state[SegmentSlot.modifiedMs];
    };
    const age = (): void => void t.store.files.setModified(`${t.folder}/00000000000000000000.log`, 1_000_000);
    t.store.roll(t.log, 0);
    age();
    assert.equal(changedMs(), 1_000_000);
    t.append(0, [simpleBatch(1, 0), simpleBatch(1, 0)]);
    assert.ok(changedMs() > 1_000_000);
    t.store.closeLog(t.log);
    age();
    t.log = t.store.openLog(t.folder, OPTIONS);
    assert.equal(changedMs(), 1_000_000);
    t.store.truncate(t.log, 1);
    assert.ok(changedMs() > 1_000_000);
  });

  test('append patches offset and epoch and nothing else', () => {
    t.store.roll(t.log, 0);
    const batches = [simpleBatch(3, 1000), simpleBatch(1, 1001)];
    assert.equal(t.append(0, batches, { epoch: 6 }), 4);
    const expected = Buffer.concat(batches);
    expected.writeInt32BE(6, 12);
    expected.writeInt32BE(6, batches[0].length + 12);
    expected.writeBigInt64BE(3n, batches[0].length);
    assert.deepEqual(t.fileBytes('00000000000000000000.log'), expected);
    assert.equal(t.state[SegmentSlot.sizeBytes], expected.length);
    assert.equal(t.state[SegmentSlot.nextOffset], 4);
    assert.equal(t.state[SegmentSlot.maxTimestamp], 1001);
    assert.equal(t.state[SegmentSlot.offsetOfMaxTimestamp], 3);
    assert.equal(t.state[SegmentSlot.firstBatchTimestamp], 1000);
  });

  test('append stamps LogAppendTime or a corrected greatest timestamp', () => {
    t.store.roll(t.log, 0);
    t.append(0, [simpleBatch(2, 1000)], { appendTimeMs: 5000 });
    t.append(2, [simpleBatch(2, 1000)], { maxTimestamp: 4000 });
    const bytes = t.fileBytes('00000000000000000000.log');
    const stamped = bytes.subarray(0, bytes.length / 2);
    const corrected = bytes.subarray(bytes.length / 2);
    assert.equal(stamped.readBigInt64BE(35), 5000n);
    assert.equal(stamped.readInt16BE(21), 8);
    assert.equal(stamped.readBigInt64BE(27), 1000n);
    assert.equal(stamped.readUInt32BE(17), t.store.crc32c(stamped, 21, stamped.length));
    assert.equal(corrected.readBigInt64BE(35), 4000n);
    assert.equal(corrected.readInt16BE(21), 0);
    assert.equal(corrected.readUInt32BE(17), t.store.crc32c(corrected, 21, corrected.length));
    assert.equal(t.state[SegmentSlot.maxTimestamp], 5000);
  });

  test('index entries name the last offset of a batch and its position, one per interval', () => {
    t.store.roll(t.log, 100);
    const batches = Array.from({ length: 12 }, (_, at) => simpleBatch(2, 1000 + at, 1000));
    t.append(100, batches);
    t.store.closeLog(t.log);
    const size = batches[0].length;
    // An entry goes in once more than 4096 bytes lie behind the last one.
    const index = t.fileBytes('00000000000000000100.index');
    const entries = Array.from({ length: index.length / 8 }, (_, at) => [
      index.readInt32BE(at * 8),
      index.readInt32BE(at * 8 + 4),
    ]);
    const every = Math.floor(4096 / size) + 1;
    const expected = [];
    for (let at = every; at < 12; at += every) expected.push([at * 2 + 1, at * size]);
    assert.deepEqual(entries, expected);
    const times = t.fileBytes('00000000000000000100.timeindex');
    const timeEntries = Array.from({ length: times.length / 12 }, (_, at) => [
      Number(times.readBigInt64BE(at * 12)),
      times.readInt32BE(at * 12 + 8),
    ]);
    const expectedTimes = expected.map(([relative]) => [1000 + (relative - 1) / 2, relative]);
    if (expectedTimes.at(-1)![0] !== 1011) expectedTimes.push([1011, 23]);
    assert.deepEqual(timeEntries, expectedTimes);
    t.log = t.store.openLog(t.folder, OPTIONS);
  });
});
