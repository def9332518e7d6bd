import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Errno } from '../../src/native/file-space.ts';
import {
  APPEND_STRIDE,
  AppendSlot,
  BATCH_STRIDE,
  BatchFault,
  BatchSlot,
  type LogHandle,
  type LogStore,
  PLAN_STRIDE,
  PlanSlot,
  PlanStatus,
  SEGMENT_STRIDE,
  SegmentSlot,
} from '../../src/native/log-store.ts';
import { adapters, codecsOf } from './adapters.ts';
import { encodeRecords, makeBatch, simpleBatch } from './record-batches.ts';

const OPTIONS = { indexIntervalBytes: 4096, indexBytesMax: 1 << 20 };
const POLICY = { decompressedBytesMax: 1 << 20 };

interface Patch {
  readonly epoch?: number;
  readonly appendTimeMs?: number;
  readonly maxTimestamp?: number;
}

for (const adapter of adapters)
  describe(`log store: ${adapter.name}`, () => {
    let store: LogStore;
    let folder: string;
    let dispose: () => void;
    let log: LogHandle;
    const state = new Float64Array(SEGMENT_STRIDE);
    const plan = new Float64Array(PLAN_STRIDE);

    beforeEach(() => {
      ({ store, folder, dispose } = adapter.open());
      folder = `${folder}/t-0`;
      log = store.openLog(folder, OPTIONS);
      assert.ok(log >= 0);
    });
    afterEach(() => dispose());

    /** Appends batches with ascending offsets from `baseOffset` on, in one call; returns the next offset. */
    function append(baseOffset: number, batches: readonly Uint8Array[], patch: Patch = {}): number {
      const memory = Buffer.concat(batches);
      const shared = new Uint8Array(new SharedArrayBuffer(memory.length));
      shared.set(memory);
      const id = store.registerMemory(shared);
      const list = new Float64Array(batches.length * APPEND_STRIDE);
      let at = 0;
      let offset = baseOffset;
      batches.forEach((batch, index) => {
        const slot = index * APPEND_STRIDE;
        list[slot + AppendSlot.memoryId] = id;
        list[slot + AppendSlot.offset] = at;
        list[slot + AppendSlot.sizeBytes] = batch.length;
        list[slot + AppendSlot.baseOffset] = offset;
        list[slot + AppendSlot.appendTimeMs] = patch.appendTimeMs ?? -1;
        list[slot + AppendSlot.maxTimestamp] = patch.maxTimestamp ?? -1;
        at += batch.length;
        offset += Buffer.from(batch).readInt32BE(23) + 1;
      });
      assert.equal(store.append(log, patch.epoch ?? 0, list, batches.length, state), 0);
      store.releaseMemory(id);
      return offset;
    }

    function fileBytes(name: string): Buffer {
      const bytes = store.files.readFile(`${folder}/${name}`);
      if (typeof bytes === 'number') assert.fail(`${name}: ${bytes}`);
      return Buffer.from(bytes);
    }

    function names(): string[] {
      const entries = store.files.list(folder);
      if (typeof entries === 'number') assert.fail(`${entries}`);
      return entries.map((entry) => entry.name).filter((name) => !name.includes('.deleted'));
    }

    function readPlan(): Buffer {
      const bytes = Buffer.alloc(plan[PlanSlot.sizeBytes]);
      const got = store.readPlanned(plan[PlanSlot.file], plan[PlanSlot.position], bytes, 0, bytes.length);
      assert.equal(got, bytes.length);
      return bytes;
    }

    function reopen(): void {
      store.closeLog(log);
      log = store.openLog(folder, OPTIONS);
      assert.ok(log >= 0);
    }

    test('crc32c of the standard check string and in the middle of bytes', () => {
      const bytes = Buffer.from('__123456789__');
      assert.equal(store.crc32c(bytes, 2, 11), 0xe3069283);
      assert.equal(store.crc32c(bytes, 2, 2), 0);
    });

    describe('validate', () => {
      const out = new Float64Array(BATCH_STRIDE + 3);
      function validate(bytes: Uint8Array, policy = POLICY): BatchFault {
        const padded = new Uint8Array(new SharedArrayBuffer(bytes.length + 7));
        padded.set(bytes, 7);
        const id = store.registerMemory(padded);
        const fault = store.validate(id, 7, bytes.length, policy, out, 3);
        store.releaseMemory(id);
        return fault;
      }
      const slot = (name: keyof typeof BatchSlot): number => out[3 + BatchSlot[name]];

      test('gives the facts of a good batch', () => {
        const batch = makeBatch({
          attributes: 0x10,
          producerId: 5_000_000_000,
          producerEpoch: 3,
          baseSequence: 77,
          baseTimestamp: 1_700_000_000_000,
          records: [
            { timestamp: 1_700_000_000_000, key: 'a', value: 'x', headers: [['h', null]] },
            { timestamp: 1_700_000_000_500, value: null },
            { timestamp: 1_699_999_999_000, key: '', value: 'y' },
            { timestamp: 1_700_000_000_500, key: 'b', value: 'z' },
          ],
        });
        assert.equal(validate(batch), BatchFault.none);
        assert.equal(slot('sizeBytes'), batch.length);
        assert.equal(slot('baseOffset'), 0);
        assert.equal(slot('lastOffsetDelta'), 3);
        assert.equal(slot('attributes'), 0x10);
        assert.equal(slot('baseTimestamp'), 1_700_000_000_000);
        assert.equal(slot('maxTimestamp'), 1_700_000_000_500);
        assert.equal(slot('producerId'), 5_000_000_000);
        assert.equal(slot('producerEpoch'), 3);
        assert.equal(slot('baseSequence'), 77);
        assert.equal(slot('recordsCount'), 4);
        assert.equal(slot('recordsMaxTimestamp'), 1_700_000_000_500);
        assert.equal(slot('recordsMinTimestamp'), 1_699_999_999_000);
        assert.equal(slot('maxTimestampDelta'), 1);
        assert.equal(slot('keylessCount'), 1);
        assert.equal(slot('deltasInOrder'), 1);
        assert.equal(slot('recordsBytes'), batch.length - 61);
      });

      test('walks the records of every codec', () => {
        for (const codec of codecsOf(store)) {
          const records = Array.from({ length: 50 }, (_, at) => ({ timestamp: 1000 + at, value: 'v'.repeat(at) }));
          const batch = makeBatch({ codec, records, maxTimestamp: 9 });
          assert.equal(validate(batch), BatchFault.none, `codec ${codec}`);
          assert.equal(slot('recordsMaxTimestamp'), 1049);
          assert.equal(slot('keylessCount'), 50);
          assert.equal(slot('recordsBytes'), encodeRecords(records, 1000).length);
        }
      });

      test('says when offset deltas are out of order', () => {
        assert.equal(validate(makeBatch({ records: [{ offsetDelta: 1 }, { offsetDelta: 0 }] })), BatchFault.none);
        assert.equal(slot('deltasInOrder'), 0);
      });

      test('finds each fault', () => {
        const good = simpleBatch(3, 1000);
        assert.equal(validate(good.subarray(0, 60)), BatchFault.truncated);
        assert.equal(validate(good.subarray(0, good.length - 1)), BatchFault.truncated);
        assert.equal(validate(simpleBatch(3, 1000, 10, { magic: 1 })), BatchFault.magic);
        const short = Buffer.from(good);
        short.writeInt32BE(48, 8);
        assert.equal(validate(short), BatchFault.length);
        const broken = Buffer.from(good);
        broken[broken.length - 1] ^= 1;
        assert.equal(validate(broken), BatchFault.crc);
        assert.equal(validate(simpleBatch(3, 1000, 10, { recordsCount: 2 })), BatchFault.count);
        assert.equal(validate(simpleBatch(3, 1000, 10, { recordsCount: 0, lastOffsetDelta: -1 })), BatchFault.count);
        assert.equal(validate(simpleBatch(3, 1000, 10, { recordsCount: 4, lastOffsetDelta: 3 })), BatchFault.records);
        assert.equal(validate(simpleBatch(3, 1000, 10, { recordsCount: 2, lastOffsetDelta: 1 })), BatchFault.records);
        const recordsBytes = Uint8Array.from([...encodeRecords([{}], 1000), 0]);
        assert.equal(validate(makeBatch({ records: [{}], recordsBytes })), BatchFault.records);
        assert.equal(validate(simpleBatch(3, 1000, 10, { attributes: 5 })), BatchFault.compression);
        for (const codec of codecsOf(store))
          assert.equal(validate(simpleBatch(3, 1000, 10, { attributes: codec })), BatchFault.compression, `${codec}`);
      });

      test('never decompresses more than allowed', () => {
        for (const codec of codecsOf(store)) {
          const batch = simpleBatch(1, 1000, 300_000, { codec });
          assert.ok(batch.length < 30_000);
          assert.equal(validate(batch, { decompressedBytesMax: 200_000 }), BatchFault.tooLarge, `codec ${codec}`);
          assert.equal(validate(batch, { decompressedBytesMax: 400_000 }), BatchFault.none, `codec ${codec}`);
        }
      });
    });

    test('an empty folder has no segment; the first roll makes one', () => {
      assert.deepEqual(store.segments(log), []);
      assert.equal(store.planRead(log, 0, 100, 100, plan, 0), PlanStatus.outOfRange);
      assert.equal(store.roll(log, 7), 0);
      assert.deepEqual(store.segments(log), [7]);
      assert.equal(store.state(log, -1, state), 0);
      assert.deepEqual([...state].slice(0, 6), [7, 0, 7, -1, 7, -1]);
      assert.deepEqual(names(), [
        '00000000000000000007.index',
        '00000000000000000007.log',
        '00000000000000000007.timeindex',
      ]);
      assert.equal(store.planRead(log, 7, 100, 7, plan, 0), PlanStatus.atEnd);
      assert.equal(store.planRead(log, 6, 100, 7, plan, 0), PlanStatus.outOfRange);
      assert.equal(store.planRead(log, 8, 100, 9, plan, 0), PlanStatus.outOfRange);
    });

    test('append patches offset and epoch and nothing else', () => {
      store.roll(log, 0);
      const batches = [simpleBatch(3, 1000), simpleBatch(1, 1001)];
      assert.equal(append(0, batches, { epoch: 6 }), 4);
      const expected = Buffer.concat(batches);
      expected.writeInt32BE(6, 12);
      expected.writeInt32BE(6, batches[0].length + 12);
      expected.writeBigInt64BE(3n, batches[0].length);
      assert.deepEqual(fileBytes('00000000000000000000.log'), expected);
      assert.equal(state[SegmentSlot.sizeBytes], expected.length);
      assert.equal(state[SegmentSlot.nextOffset], 4);
      assert.equal(state[SegmentSlot.maxTimestamp], 1001);
      assert.equal(state[SegmentSlot.offsetOfMaxTimestamp], 3);
      assert.equal(state[SegmentSlot.firstBatchTimestamp], 1000);
    });

    test('append stamps LogAppendTime or a corrected greatest timestamp', () => {
      store.roll(log, 0);
      append(0, [simpleBatch(2, 1000)], { appendTimeMs: 5000 });
      append(2, [simpleBatch(2, 1000)], { maxTimestamp: 4000 });
      const bytes = fileBytes('00000000000000000000.log');
      const stamped = bytes.subarray(0, bytes.length / 2);
      const corrected = bytes.subarray(bytes.length / 2);
      assert.equal(stamped.readBigInt64BE(35), 5000n);
      assert.equal(stamped.readInt16BE(21), 8);
      assert.equal(stamped.readBigInt64BE(27), 1000n);
      assert.equal(stamped.readUInt32BE(17), store.crc32c(stamped, 21, stamped.length));
      assert.equal(corrected.readBigInt64BE(35), 4000n);
      assert.equal(corrected.readInt16BE(21), 0);
      assert.equal(corrected.readUInt32BE(17), store.crc32c(corrected, 21, corrected.length));
      assert.equal(state[SegmentSlot.maxTimestamp], 5000);
    });

    test('index entries name the last offset of a batch and its position, one per interval', () => {
      store.roll(log, 100);
      const batches = Array.from({ length: 12 }, (_, at) => simpleBatch(2, 1000 + at, 1000));
      append(100, batches);
      store.closeLog(log);
      const size = batches[0].length;
      // An entry goes in once more than 4096 bytes lie behind the last one.
      const index = fileBytes('00000000000000000100.index');
      const entries = Array.from({ length: index.length / 8 }, (_, at) => [
        index.readInt32BE(at * 8),
        index.readInt32BE(at * 8 + 4),
      ]);
      const every = Math.floor(4096 / size) + 1;
      const expected = [];
      for (let at = every; at < 12; at += every) expected.push([at * 2 + 1, at * size]);
      assert.deepEqual(entries, expected);
      const times = fileBytes('00000000000000000100.timeindex');
      const timeEntries = Array.from({ length: times.length / 12 }, (_, at) => [
        Number(times.readBigInt64BE(at * 12)),
        times.readInt32BE(at * 12 + 8),
      ]);
      const expectedTimes = expected.map(([relative]) => [1000 + (relative - 1) / 2, relative]);
      if (expectedTimes.at(-1)![0] !== 1011) expectedTimes.push([1011, 23]);
      assert.deepEqual(timeEntries, expectedTimes);
      log = store.openLog(folder, OPTIONS);
    });

    test('planRead serves from the batch that contains the offset, up to the bound', () => {
      store.roll(log, 0);
      const batches = Array.from({ length: 40 }, (_, at) => simpleBatch(5, 1000 + at, 100));
      append(0, batches);
      const size = batches[0].length;
      for (const offset of [0, 4, 5, 57, 199]) {
        assert.equal(store.planRead(log, offset, 1 << 20, 200, plan, 0), PlanStatus.ok);
        const batch = Math.floor(offset / 5);
        assert.equal(plan[PlanSlot.position], batch * size);
        assert.equal(plan[PlanSlot.sizeBytes], (40 - batch) * size);
        assert.equal(plan[PlanSlot.firstBatchBytes], size);
        assert.equal(plan[PlanSlot.baseOffset], batch * 5);
        assert.equal(plan[PlanSlot.segmentBaseOffset], 0);
        const bytes = readPlan();
        assert.equal(Number(bytes.readBigInt64BE(0)), batch * 5);
        store.release(plan[PlanSlot.file]);
      }
      assert.equal(store.planRead(log, 200, 1 << 20, 200, plan, 0), PlanStatus.atEnd);
      assert.equal(store.planRead(log, 50, 1 << 20, 50, plan, 0), PlanStatus.atEnd);
      assert.equal(store.planRead(log, 201, 1 << 20, 300, plan, 0), PlanStatus.outOfRange);
      assert.equal(store.planRead(log, 50, 1 << 20, 75, plan, 0), PlanStatus.ok);
      assert.equal(plan[PlanSlot.sizeBytes], 5 * size);
      store.release(plan[PlanSlot.file]);
      assert.equal(store.planRead(log, 50, 10, 75, plan, 0), PlanStatus.ok);
      assert.equal(plan[PlanSlot.sizeBytes], 10);
      assert.equal(plan[PlanSlot.firstBatchBytes], size);
      store.release(plan[PlanSlot.file]);
    });

    test('planRead writes at the given place and crosses a gap between segments', () => {
      store.roll(log, 0);
      append(0, [simpleBatch(5, 1000)]);
      store.roll(log, 10);
      append(10, [simpleBatch(5, 1000)]);
      const out = new Float64Array(PLAN_STRIDE + 2);
      assert.equal(store.planRead(log, 6, 1000, 15, out, 2), PlanStatus.ok);
      assert.equal(out[2 + PlanSlot.baseOffset], 10);
      assert.equal(out[2 + PlanSlot.segmentBaseOffset], 10);
      store.release(out[2 + PlanSlot.file]);
      assert.equal(store.planRead(log, 6, 1000, 10, out, 2), PlanStatus.atEnd);
    });

    test('a plan outlives the removal of its segment', () => {
      store.roll(log, 0);
      append(0, [simpleBatch(5, 1000)]);
      store.roll(log, 5);
      append(5, [simpleBatch(5, 2000)]);
      assert.equal(store.planRead(log, 0, 1000, 10, plan, 0), PlanStatus.ok);
      assert.equal(store.remove(log, 0), 0);
      assert.deepEqual(store.segments(log), [5]);
      assert.equal(Number(readPlan().readBigInt64BE(0)), 0);
      store.release(plan[PlanSlot.file]);
      assert.equal(store.planRead(log, 0, 1000, 10, plan, 0), PlanStatus.outOfRange);
      const entries = store.files.list(folder);
      assert.ok(Array.isArray(entries));
      assert.ok(entries.some(({ name }) => name === '00000000000000000000.log.deleted'));
      assert.ok(!entries.some(({ name }) => name === '00000000000000000000.log'));
      assert.ok(store.remove(log, 0) < 0);
    });

    /** Makes files of a cleaned segment out of another segment's; returns the bytes of its log. */
    function writeCleaned(baseOffset: number, batches: readonly Uint8Array[]): Buffer {
      const { files } = store;
      const bytes = Buffer.concat(batches);
      const name = String(baseOffset).padStart(20, '0');
      assert.equal(files.writeFileAtomic(`${folder}/${name}.log.cleaned`, bytes), 0);
      assert.equal(files.writeFileAtomic(`${folder}/${name}.index.cleaned`, Buffer.alloc(0)), 0);
      const times = Buffer.alloc(12);
      times.writeBigInt64BE(BigInt(1000), 0);
      times.writeInt32BE(batches.length - 1, 8);
      assert.equal(files.writeFileAtomic(`${folder}/${name}.timeindex.cleaned`, times), 0);
      return bytes;
    }

    test('a cleaned segment takes the place of several, under those who read them', () => {
      store.roll(log, 0);
      append(0, [simpleBatch(5, 1000)]);
      store.roll(log, 5);
      append(5, [simpleBatch(5, 2000)]);
      store.roll(log, 10);
      append(10, [simpleBatch(5, 3000)]);
      store.roll(log, 15);
      append(15, [simpleBatch(5, 4000)]);
      assert.equal(store.planRead(log, 5, 1000, 20, plan, 0), PlanStatus.ok);
      const { files } = store;
      assert.equal(files.writeFileAtomic(`${folder}/00000000000000000005.txnindex`, Buffer.alloc(34)), 0);
      const bytes = writeCleaned(0, [simpleBatch(1, 1000, 10, { baseOffset: 2 })]);
      assert.equal(store.replace(log, [0, 5]), 0);
      assert.deepEqual(store.segments(log), [0, 10, 15]);
      // The plan from before still reads the old bytes.
      assert.equal(Number(readPlan().readBigInt64BE(0)), 5);
      store.release(plan[PlanSlot.file]);
      assert.equal(store.state(log, 0, state), 0);
      assert.equal(state[SegmentSlot.sizeBytes], bytes.length);
      assert.equal(state[SegmentSlot.nextOffset], 3);
      assert.equal(state[SegmentSlot.maxTimestamp], 1000);
      assert.equal(store.planRead(log, 0, 1000, 20, plan, 0), PlanStatus.ok);
      assert.equal(plan[PlanSlot.baseOffset], 2);
      assert.deepEqual(readPlan(), bytes);
      store.release(plan[PlanSlot.file]);
      // What was cleaned away is a gap.
      assert.equal(store.planRead(log, 3, 1000, 20, plan, 0), PlanStatus.ok);
      assert.equal(plan[PlanSlot.baseOffset], 10);
      store.release(plan[PlanSlot.file]);
      const entries = files.list(folder);
      assert.ok(Array.isArray(entries));
      const found = entries.map(({ name }) => name);
      assert.ok(found.includes('00000000000000000005.txnindex.deleted'));
      assert.ok(found.includes('00000000000000000000.log.deleted'));
      assert.ok(!found.some((name) => /cleaned|swap/.test(name) || name === '00000000000000000005.log'));
      assert.equal(append(20, [simpleBatch(1, 5000)]), 21);
      assert.equal(store.syncNow(log), 0);
      store.closeLog(log);
      log = store.openLog(folder, OPTIONS);
      assert.deepEqual(store.segments(log), [0, 10, 15]);
      assert.deepEqual(fileBytes('00000000000000000000.log'), bytes);
    });

    test('an emptied segment is passed over', () => {
      store.roll(log, 0);
      append(0, [simpleBatch(5, 1000)]);
      store.roll(log, 5);
      append(5, [simpleBatch(5, 2000)]);
      writeCleaned(0, []);
      assert.equal(store.replace(log, [0]), 0);
      assert.equal(store.planRead(log, 0, 1000, 10, plan, 0), PlanStatus.ok);
      assert.equal(plan[PlanSlot.baseOffset], 5);
      store.release(plan[PlanSlot.file]);
      assert.equal(store.state(log, 0, state), 0);
      assert.equal(state[SegmentSlot.nextOffset], 0);
    });

    test('only consecutive closed segments are replaced, and only by files that are there', () => {
      store.roll(log, 0);
      for (const offset of [0, 5, 10, 15]) {
        store.roll(log, offset);
        append(offset, [simpleBatch(5, 1000)]);
      }
      assert.equal(store.replace(log, [0]), Errno.ENOENT);
      writeCleaned(0, [simpleBatch(1, 1000)]);
      assert.equal(store.replace(log, [0, 10]), Errno.ENOENT);
      assert.equal(store.replace(log, [0, 5, 10, 15]), Errno.ENOENT);
      assert.equal(store.replace(log, [3]), Errno.ENOENT);
      assert.equal(store.replace(log, []), Errno.ENOENT);
      assert.deepEqual(store.segments(log), [0, 5, 10, 15]);
      assert.equal(store.replace(log, [0, 5, 10]), 0);
      assert.deepEqual(store.segments(log), [0, 15]);
    });

    test('reopening finds the same state, in the active and in older segments', () => {
      store.roll(log, 0);
      append(
        0,
        Array.from({ length: 30 }, (_, at) => simpleBatch(5, 1000 + (at % 17), 200)),
      );
      store.roll(log, 150);
      append(
        150,
        Array.from({ length: 30 }, (_, at) => simpleBatch(5, 1000 + ((at * 7) % 19), 200)),
      );
      const before = [0, 150].map((base) => {
        assert.equal(store.state(log, base, state), 0);
        return [...state].slice(0, 6);
      });
      reopen();
      assert.deepEqual(store.segments(log), [0, 150]);
      const after = [0, 150].map((base) => {
        assert.equal(store.state(log, base, state), 0);
        return [...state].slice(0, 6);
      });
      assert.deepEqual(after, before);
      append(300, [simpleBatch(1, 5000)]);
      assert.equal(state[SegmentSlot.nextOffset], 301);
      assert.equal(store.planRead(log, 300, 1000, 301, plan, 0), PlanStatus.ok);
      assert.equal(plan[PlanSlot.baseOffset], 300);
      store.release(plan[PlanSlot.file]);
    });

    test('roll refuses a base offset that is not higher', () => {
      store.roll(log, 10);
      append(10, [simpleBatch(5, 1000)]);
      assert.ok(store.roll(log, 10) < 0);
      assert.ok(store.roll(log, 9) < 0);
      assert.deepEqual(store.segments(log), [10]);
    });

    test('truncate cuts at the batch that contains the offset and drops later segments', () => {
      store.roll(log, 0);
      const batches = Array.from({ length: 30 }, (_, at) => simpleBatch(5, 1000 + at, 400));
      append(0, batches);
      store.roll(log, 150);
      append(150, batches);
      assert.equal(store.truncate(log, 172), 0);
      store.state(log, -1, state);
      assert.deepEqual([...state].slice(0, 6), [150, 4 * batches[0].length, 170, 1003, 169, 1000]);
      append(170, [simpleBatch(1, 1500)]);
      assert.equal(store.truncate(log, 20), 0);
      assert.deepEqual(store.segments(log), [0]);
      store.state(log, -1, state);
      assert.equal(state[SegmentSlot.nextOffset], 20);
      assert.equal(state[SegmentSlot.maxTimestamp], 1003);
      assert.equal(fileBytes('00000000000000000000.log').length, 4 * batches[0].length);
      assert.equal(names().length, 3);
      reopen();
      store.state(log, -1, state);
      assert.equal(state[SegmentSlot.nextOffset], 20);
      assert.equal(append(20, batches), 170);
      for (const offset of [0, 19, 20, 99, 169]) {
        assert.equal(store.planRead(log, offset, 1000, 170, plan, 0), PlanStatus.ok);
        assert.equal(plan[PlanSlot.baseOffset], Math.floor(offset / 5) * 5);
        store.release(plan[PlanSlot.file]);
      }
      assert.equal(store.truncate(log, 170), 0);
      store.state(log, -1, state);
      assert.equal(state[SegmentSlot.nextOffset], 170);
      assert.equal(store.truncate(log, 0), 0);
      store.state(log, -1, state);
      assert.deepEqual([...state].slice(0, 6), [0, 0, 0, -1, 0, -1]);
    });

    test('reset drops everything', () => {
      store.roll(log, 0);
      append(0, [simpleBatch(5, 1000)]);
      store.roll(log, 5);
      assert.equal(store.reset(log, 1234), 0);
      assert.deepEqual(store.segments(log), [1234]);
      assert.equal(names().length, 3);
      assert.equal(append(1234, [simpleBatch(2, 1000)]), 1236);
    });

    test('readHeaders, positionOf, positionOfTimestamp and readAt', () => {
      store.roll(log, 0);
      const batches = Array.from({ length: 30 }, (_, at) => simpleBatch(5, 1000 + (at ^ 1) * 10, 400));
      append(0, batches, { epoch: 3 });
      const size = batches[0].length;
      const headers = new Float64Array(4 * BATCH_STRIDE);
      assert.equal(store.readHeaders(log, 0, size * 28, headers), 2);
      assert.equal(headers[BatchSlot.position], size * 28);
      assert.equal(headers[BATCH_STRIDE + BatchSlot.baseOffset], 145);
      assert.equal(headers[BATCH_STRIDE + BatchSlot.sizeBytes], size);
      assert.equal(headers[BATCH_STRIDE + BatchSlot.partitionLeaderEpoch], 3);
      assert.equal(headers[BATCH_STRIDE + BatchSlot.recordsCount], 5);
      assert.equal(store.readHeaders(log, 0, 0, headers), 4);
      assert.equal(store.readHeaders(log, 0, size * 30, headers), 0);
      assert.equal(store.positionOf(log, 0, 77), 15 * size);
      assert.equal(store.positionOf(log, 0, 150), -1);
      // Timestamps go 1010, 1000, 1030, 1020 ...
      assert.equal(store.positionOfTimestamp(log, 0, 0), 0);
      assert.equal(store.positionOfTimestamp(log, 0, 1011), 2 * size);
      assert.equal(store.positionOfTimestamp(log, 0, 1290), 28 * size);
      assert.equal(store.positionOfTimestamp(log, 0, 1291), -1);
      const target = new Uint8Array(8);
      assert.equal(store.readAt(log, 0, 15 * size, target, 8), 8);
      assert.equal(Number(Buffer.from(target).readBigInt64BE(0)), 75);
      assert.equal(store.readAt(log, 0, 30 * size - 3, target, 8), 3);
    });

    test('rebuild makes lost indexes anew', () => {
      store.roll(log, 0);
      append(
        0,
        Array.from({ length: 30 }, (_, at) => simpleBatch(5, 1000 + at, 400)),
      );
      store.roll(log, 150);
      store.closeLog(log);
      const index = fileBytes('00000000000000000000.index');
      const timeIndex = fileBytes('00000000000000000000.timeindex');
      assert.ok(index.length > 0);
      store.files.unlink(`${folder}/00000000000000000000.index`);
      store.files.unlink(`${folder}/00000000000000000000.timeindex`);
      log = store.openLog(folder, OPTIONS);
      store.state(log, 0, state);
      assert.equal(state[SegmentSlot.offsetIndexEntries], -1);
      assert.equal(state[SegmentSlot.timeIndexEntries], -1);
      const scan = store.rebuild(log, 0);
      assert.deepEqual(scan, {
        validBytes: 30 * simpleBatch(5, 1, 400).length,
        nextOffset: 150,
        fault: 0,
        batches: 30,
      });
      store.state(log, 0, state);
      assert.equal(state[SegmentSlot.offsetIndexEntries], index.length / 8);
      assert.equal(store.syncNow(log), 0);
      store.closeLog(log);
      assert.deepEqual(fileBytes('00000000000000000000.index'), index);
      assert.deepEqual(fileBytes('00000000000000000000.timeindex'), timeIndex);
      log = store.openLog(folder, OPTIONS);
    });

    test('rebuild finds a torn tail and truncate cuts it', () => {
      store.roll(log, 0);
      const batches = [simpleBatch(5, 1000), simpleBatch(5, 1001), simpleBatch(5, 1002)];
      append(0, batches);
      store.closeLog(log);
      const path = `${folder}/00000000000000000000.log`;
      const whole = fileBytes('00000000000000000000.log');
      const size = batches[0].length;
      const cases: [Buffer, BatchFault][] = [
        [whole.subarray(0, 2 * size + 70), BatchFault.truncated],
        [whole.subarray(0, 2 * size + 20), BatchFault.truncated],
        [Buffer.from(whole), BatchFault.crc],
        [Buffer.concat([whole.subarray(0, 2 * size), Buffer.alloc(size)]), BatchFault.magic],
      ];
      cases[2][0][whole.length - 1] ^= 1;
      for (const [bytes, fault] of cases) {
        assert.equal(store.files.writeFileAtomic(path, bytes), 0);
        log = store.openLog(folder, OPTIONS);
        assert.deepEqual(store.rebuild(log, 0), { validBytes: 2 * size, nextOffset: 10, fault, batches: 2 });
        assert.equal(fileBytes('00000000000000000000.log').length, bytes.length);
        assert.equal(store.truncate(log, 10), 0);
        assert.equal(fileBytes('00000000000000000000.log').length, 2 * size);
        assert.equal(append(10, [simpleBatch(1, 2000)]), 11);
        store.closeLog(log);
      }
      log = store.openLog(folder, OPTIONS);
    });

    test('sync calls back later, in both forms with success', async () => {
      store.roll(log, 0);
      append(0, [simpleBatch(5, 1000)]);
      let called = false;
      const result = await new Promise<number>((resolve) => {
        store.sync(log, (value) => {
          called = true;
          resolve(value);
        });
        assert.equal(called, false);
      });
      assert.equal(result, 0);
      append(5, [simpleBatch(5, 1000)]);
      store.roll(log, 10);
      assert.equal(store.syncNow(log), 0);
    });

    test('a wrong handle, memory or place throws', () => {
      assert.throws(() => store.segments(987654));
      assert.throws(() => store.validate(987654, 0, 10, POLICY, new Float64Array(BATCH_STRIDE), 0));
      const id = store.registerMemory(new Uint8Array(new SharedArrayBuffer(100)));
      assert.throws(() => store.validate(id, 50, 60, POLICY, new Float64Array(BATCH_STRIDE), 0));
      store.releaseMemory(id);
      assert.throws(() => store.release(987654));
    });

    test('the file space keeps small files', () => {
      const { files } = store;
      const path = `${folder}/small`;
      assert.equal(files.readFile(path), Errno.ENOENT);
      assert.equal(files.writeFileAtomic(path, Buffer.from('one')), 0);
      assert.equal(files.writeFileAtomic(path, Buffer.from('two')), 0);
      assert.equal(Buffer.from(files.readFile(path) as Uint8Array).toString(), 'two');
      assert.equal(files.rename(path, `${path}.2`), 0);
      assert.equal(files.unlink(path), Errno.ENOENT);
      assert.equal(files.lock(`${folder}/.lock`), 0);
      assert.equal(files.lock(`${folder}/.lock`), Errno.EAGAIN);
      assert.equal(files.unlock(`${folder}/.lock`), 0);
      assert.equal(files.lock(`${folder}/.lock`), 0);
      assert.equal(files.unlock(`${folder}/.lock`), 0);
      assert.equal(files.makeFolder(`${folder}/a/b`), 0);
      assert.equal(files.rename(`${folder}/a`, `${folder}/c`), 0);
      assert.deepEqual(files.list(`${folder}/c`), [{ name: 'b', isFolder: true }]);
      assert.equal(files.removeFolder(`${folder}/c`), 0);
      assert.equal(files.list(`${folder}/c`), Errno.ENOENT);
    });
  });
