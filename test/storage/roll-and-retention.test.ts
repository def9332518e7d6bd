import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Errno } from '../../src/native/file-space.ts';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { AppendOrigin } from '../../src/storage/append-origin.ts';
import { AppendOutcome } from '../../src/storage/append-outcome.ts';
import { registerBatchMemory } from '../../src/storage/batch-memory.ts';
import { offsetFileName } from '../../src/storage/log-files.ts';
import { makeWayForDeleted } from '../../src/storage/log-retention.ts';
import type { LogState } from '../../src/storage/log-state.ts';
import { makeBatch, simpleBatch } from '../native/record-batches.ts';
import { LogFixture, NOW_MS } from './log-fixture.ts';

const BATCH_BYTES = simpleBatch(1, NOW_MS).length;
const DAY_MS = 86_400_000;

describe('rolling', () => {
  test('before a batch that does not fit, with a producer snapshot at the new base', () => {
    const fixture = new LogFixture({ segmentBytes: 3 * BATCH_BYTES });
    for (let batch = 0; batch < 3; batch++) fixture.appendRecords(1);
    assert.deepEqual(fixture.log.segments, [0]);
    fixture.appendRecords(1);
    assert.deepEqual(fixture.log.segments, [0, 3]);
    assert.ok(fixture.names().includes('00000000000000000003.snapshot'));
    assert.equal(fixture.log.logEndOffset, 4);
    assert.equal(fixture.records().length, 4);
  });

  test('staged batches that belong to the old segment are written into it', () => {
    const fixture = new LogFixture({ segmentBytes: 2 * BATCH_BYTES });
    const batches = Array.from({ length: 7 }, () => simpleBatch(1, NOW_MS));
    const memory = registerBatchMemory(fixture.store, Buffer.concat(batches));
    const outcomes = batches.map((_, index) => {
      const outcome = new AppendOutcome();
      fixture.log.stage(memory, index * BATCH_BYTES, BATCH_BYTES, AppendOrigin.client, outcome);
      return outcome;
    });
    fixture.log.write();
    assert.deepEqual(
      outcomes.map(({ baseOffset }) => baseOffset),
      [0, 1, 2, 3, 4, 5, 6],
    );
    assert.ok(outcomes.every(({ isPending, errorCode }) => !isPending && errorCode === ErrorCode.NONE));
    assert.deepEqual(fixture.log.segments, [0, 2, 4, 6]);
    assert.equal(fixture.log.rolledSinceSync, true);
  });

  test('by record time: the batch against the first batch of the segment', () => {
    const fixture = new LogFixture({ segmentMs: 1000, messageTimestampAfterMaxMs: DAY_MS });
    fixture.append(simpleBatch(1, NOW_MS));
    fixture.append(simpleBatch(1, NOW_MS + 1000));
    assert.deepEqual(fixture.log.segments, [0]);
    fixture.clock.advance(5000);
    fixture.append(simpleBatch(1, NOW_MS + 500));
    assert.deepEqual(fixture.log.segments, [0]);
    fixture.append(simpleBatch(1, NOW_MS + 1001));
    assert.deepEqual(fixture.log.segments, [0, 3]);
  });

  test('by the clock where records have no timestamps; never an empty segment', () => {
    const fixture = new LogFixture({ segmentMs: 1000 });
    const batch = (): Buffer => makeBatch({ records: [{ timestamp: -1 }] });
    fixture.clock.advance(5000);
    fixture.append(batch());
    assert.deepEqual(fixture.log.segments, [0, 0].slice(1));
    fixture.append(batch());
    assert.deepEqual(fixture.log.segments, [0, 1]);
    fixture.clock.advance(1000);
    fixture.append(batch());
    assert.deepEqual(fixture.log.segments, [0, 1]);
    fixture.clock.advance(1);
    fixture.append(batch());
    assert.deepEqual(fixture.log.segments, [0, 1, 3]);
  });

  test('earlier by a jitter', () => {
    const fixture = new LogFixture({ segmentMs: 10_000, segmentJitterMs: 5000, messageTimestampAfterMaxMs: DAY_MS });
    fixture.append(simpleBatch(1, NOW_MS));
    fixture.append(simpleBatch(1, NOW_MS + 10_000));
    assert.deepEqual(fixture.log.segments, [0, 1]);
  });

  test('when the offset index or the time index is full', () => {
    const offsets = new LogFixture({ indexIntervalBytes: 0, segmentIndexBytes: 8 * 10 });
    for (let batch = 0; batch < 30; batch++) offsets.appendRecords(1);
    // Of 80 bytes the time index holds 6 entries, the last of which is the closing one.
    for (let batch = 0; batch < 30; batch++) offsets.append(simpleBatch(1, NOW_MS + batch + 1));
    assert.ok(offsets.log.segments.length > 5);
    offsets.log.segments.forEach((base) => {
      const name = String(base).padStart(20, '0');
      if (base === offsets.log.segments.at(-1)) return;
      assert.ok(offsets.file(`${name}.index`).length <= 80);
      assert.ok(offsets.file(`${name}.timeindex`).length <= 72);
    });
    assert.equal(offsets.records().length, 60);
  });

  test('when the offset is too far from the base', () => {
    const fixture = new LogFixture();
    fixture.appendRecords(1);
    const far = registerBatchMemory(
      fixture.store,
      simpleBatch(1, NOW_MS, 10, { baseOffset: 2 ** 31, partitionLeaderEpoch: 0 }),
    );
    assert.equal(fixture.log.appendAsFollower(far, 0, BATCH_BYTES, 0), ErrorCode.NONE);
    assert.deepEqual(fixture.log.segments, [0, 2 ** 31]);
    assert.equal(fixture.log.logEndOffset, 2 ** 31 + 1);
  });

  test('a segment that cannot be made refuses the batch and changes nothing', () => {
    const fixture = new LogFixture({ segmentBytes: BATCH_BYTES });
    fixture.appendRecords(1);
    fixture.files.failWith('open', Errno.ENOSPC);
    assert.equal(fixture.appendRecords(1).errorCode, ErrorCode.KAFKA_STORAGE_ERROR);
    fixture.files.failWith('open', 0);
    assert.equal(fixture.log.logEndOffset, 1);
    assert.equal(fixture.appendRecords(1).baseOffset, 1);
  });
});

describe('a failed write', () => {
  test('fails all staged batches, forgets their sequences, and leaves the log usable', () => {
    const fixture = new LogFixture();
    const batch = (sequence: number): Buffer =>
      makeBatch({ producerId: 3, producerEpoch: 0, baseSequence: sequence, records: [{ timestamp: NOW_MS }] });
    fixture.append(batch(0));
    fixture.files.failWith('write', Errno.ENOSPC);
    const memory = registerBatchMemory(fixture.store, Buffer.concat([batch(1), batch(2), batch(2)]));
    const outcomes = [0, 1, 2].map((index) => {
      const outcome = new AppendOutcome();
      const size = memory.bytes.length / 3;
      fixture.log.stage(memory, index * size, size, AppendOrigin.client, outcome);
      assert.equal(outcome.isPending, true);
      return outcome;
    });
    assert.equal(outcomes[2].isDuplicate, true);
    fixture.log.write();
    for (const outcome of outcomes) {
      assert.equal(outcome.errorCode, ErrorCode.KAFKA_STORAGE_ERROR);
      assert.match(outcome.message ?? '', /ENOSPC/);
      assert.equal(outcome.baseOffset, -1);
    }
    fixture.files.failWith('write', 0);
    assert.equal(fixture.log.logEndOffset, 1);
    assert.equal(fixture.append(batch(2)).errorCode, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    assert.equal(fixture.append(batch(1)).baseOffset, 1);
    assert.equal(fixture.log.sizeBytes, 2 * batch(0).length);
    fixture.crash();
    assert.equal(fixture.log.logEndOffset, 2);
  });
});

describe('retention', () => {
  function segmented(config: object = {}): LogFixture {
    const fixture = new LogFixture({ segmentBytes: 2 * BATCH_BYTES, retentionMs: -1, ...config });
    for (let batch = 0; batch < 10; batch++) {
      fixture.clock.advance(1000);
      fixture.appendRecords(1);
    }
    assert.deepEqual(fixture.log.segments, [0, 2, 4, 6, 8]);
    return fixture;
  }

  test('by size: stays above the limit by less than a segment', () => {
    const fixture = segmented({ retentionBytes: 5 * BATCH_BYTES });
    assert.equal(fixture.log.deleteOldSegments(), 2);
    assert.deepEqual(fixture.log.segments, [4, 6, 8]);
    assert.equal(fixture.log.logStartOffset, 4);
    assert.equal(fixture.log.sizeBytes, 6 * BATCH_BYTES);
    assert.equal(fixture.log.deleteOldSegments(), 0);
  });

  test('by time: the greatest timestamp of a segment counts', () => {
    const fixture = segmented({ retentionMs: 6500 });
    // Now is 10 s; segments end at 2, 4, 6, 8 and 10 s.
    assert.equal(fixture.log.deleteOldSegments(), 1);
    assert.deepEqual(fixture.log.segments, [2, 4, 6, 8]);
  });

  test('a timestamp in the future keeps its segment and all behind it', () => {
    const fixture = new LogFixture({ segmentBytes: BATCH_BYTES, retentionMs: 1000 });
    fixture.append(simpleBatch(1, NOW_MS + 3_000_000));
    for (let batch = 0; batch < 3; batch++) fixture.appendRecords(1);
    fixture.clock.advance(100_000);
    assert.equal(fixture.log.deleteOldSegments(), 0);
  });

  test('the active segment goes too when it has expired; an empty one stays', () => {
    const fixture = segmented({ retentionMs: 1000 });
    fixture.clock.advance(5000);
    assert.equal(fixture.log.deleteOldSegments(), 5);
    assert.deepEqual(fixture.log.segments, [10]);
    assert.deepEqual([fixture.log.logStartOffset, fixture.log.logEndOffset], [10, 10]);
    assert.equal(fixture.log.deleteOldSegments(), 0);
    assert.equal(fixture.appendRecords(1).baseOffset, 10);
  });

  test('segments without timestamps go by the time of their last change', () => {
    const fixture = new LogFixture({ retentionMs: 1000 });
    fixture.append(makeBatch({ records: [{ timestamp: -1 }] }));
    fixture.clock.advance(1000);
    assert.equal(fixture.log.deleteOldSegments(), 0);
    fixture.clock.advance(1);
    assert.equal(fixture.log.deleteOldSegments(), 1);
  });

  test('nothing at or above the high watermark goes', () => {
    const fixture = segmented({ retentionMs: 1 });
    fixture.clock.advance(DAY_MS);
    fixture.log.setHighWatermark(5);
    assert.equal(fixture.log.deleteOldSegments(), 2);
    assert.deepEqual(fixture.log.segments, [4, 6, 8]);
  });

  test('DeleteRecords moves the log start; whole segments follow', () => {
    const fixture = segmented();
    assert.equal(fixture.log.deleteRecords(5), ErrorCode.NONE);
    assert.equal(fixture.log.logStartOffset, 5);
    assert.equal(fixture.log.deleteRecords(3), ErrorCode.NONE);
    assert.equal(fixture.log.logStartOffset, 5);
    assert.equal(fixture.log.deleteRecords(11), ErrorCode.OFFSET_OUT_OF_RANGE);
    assert.equal(fixture.log.deleteOldSegments(), 2);
    assert.deepEqual(fixture.log.segments, [4, 6, 8]);
    assert.equal(fixture.log.deleteRecords(-1), ErrorCode.NONE);
    assert.equal(fixture.log.logStartOffset, 10);
    assert.deepEqual(fixture.file('leader-epoch-checkpoint').toString(), '0\n1\n0 10\n');
    fixture.reopen();
    assert.equal(fixture.log.logStartOffset, 10);
  });

  test('policies: compact goes by log start only and takes no DeleteRecords, none does nothing', () => {
    const compact = segmented({ cleanupDelete: false, cleanupCompact: true, retentionMs: 1, retentionBytes: 1 });
    compact.clock.advance(DAY_MS);
    assert.equal(compact.log.deleteOldSegments(), 0);
    assert.equal(compact.log.deleteRecords(4), ErrorCode.POLICY_VIOLATION);
    assert.equal(compact.log.incrementLogStartOffset(4), ErrorCode.NONE);
    assert.equal(compact.log.deleteOldSegments(), 2);
    const none = segmented({ cleanupDelete: false, retentionMs: 1, retentionBytes: 1 });
    none.clock.advance(DAY_MS);
    none.log.incrementLogStartOffset(4);
    assert.equal(none.log.deleteOldSegments(), 0);
  });

  test('one that cannot be removed keeps neither those before it nor the next try', () => {
    const fixture = segmented({ retentionBytes: 5 * BATCH_BYTES, fileDeleteDelayMs: 5000 });
    fixture.files.failWith('rename', Errno.ENOSPC, '/data/t-0/00000000000000000002');
    assert.throws(() => fixture.log.deleteOldSegments(), /ENOSPC/);
    assert.deepEqual(fixture.log.segments, [2, 4, 6, 8]);
    assert.equal(fixture.log.logStartOffset, 2);
    assert.equal(fixture.log.sizeBytes, 8 * BATCH_BYTES);
    assert.equal(fixture.records().length, 8);
    fixture.clock.advance(5000);
    assert.ok(!fixture.names().some((name) => name.includes('.deleted')));
    fixture.files.failWith('rename', 0, '/data/t-0/00000000000000000002');
    assert.equal(fixture.log.deleteOldSegments(), 1);
    assert.deepEqual(fixture.log.segments, [4, 6, 8]);
  });

  test('files are renamed at once and vanish after the delay', () => {
    const fixture = segmented({ retentionBytes: 8 * BATCH_BYTES, fileDeleteDelayMs: 5000 });
    fixture.log.deleteOldSegments();
    assert.ok(fixture.names().includes('00000000000000000000.log.deleted'));
    assert.ok(!fixture.names().includes('00000000000000000000.log'));
    fixture.clock.advance(4999);
    assert.ok(fixture.names().includes('00000000000000000000.log.deleted'));
    fixture.clock.advance(1);
    assert.ok(!fixture.names().some((name) => name.includes('.deleted')));
  });

  test('making way for a segment looks at its own files only, however many wait', () => {
    const files = new MemoryFileSpace(() => NOW_MS);
    files.makeFolder('t-0');
    const waiting = Array.from({ length: 100 }, (_, baseOffset) => `t-0/${offsetFileName(baseOffset, '.log')}.deleted`);
    for (const path of waiting) files.writeFileAtomic(path, new Uint8Array(1));
    const pendingUnlinks = new Map(waiting.map((path) => [path, waiting]));
    const goThrough = (): never => assert.fail('all that waits is gone through');
    Object.assign(pendingUnlinks, { [Symbol.iterator]: goThrough, keys: goThrough, entries: goThrough });
    makeWayForDeleted({ folder: 't-0', files, pendingUnlinks } as unknown as LogState, 7);
    assert.equal(files.stat(waiting[7]), Errno.ENOENT);
    assert.equal(pendingUnlinks.size, 99);
    assert.equal(pendingUnlinks.has(waiting[7]), false);
  });

  test('a snapshot goes with its segment', () => {
    const fixture = segmented({ retentionBytes: 5 * BATCH_BYTES });
    fixture.log.deleteOldSegments();
    const snapshots = fixture.names().filter((name) => name.endsWith('.snapshot'));
    assert.deepEqual(
      snapshots.map((name) => Number.parseInt(name, 10)),
      [4, 6, 8],
    );
  });
});
