import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Errno } from '../../src/native/file-space.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { StorageError } from '../../src/storage/storage-error.ts';
import { makeBatch, simpleBatch } from '../native/record-batches.ts';
import { FOLDER, LogFixture, NOW_MS } from './log-fixture.ts';

const at = (...timestamps: number[]): { timestamp: number; value: string }[] =>
  timestamps.map((timestamp) => ({ timestamp: NOW_MS + timestamp, value: 'x'.repeat(100) }));

describe('offsets by timestamp', () => {
  function filled(codec: number): LogFixture {
    const fixture = new LogFixture({ segmentBytes: 1000, indexIntervalBytes: 0 });
    fixture.append(makeBatch({ codec, records: at(0, 10, 5, 20) }));
    fixture.append(makeBatch({ codec, records: at(15, 30, 30) }));
    fixture.append(makeBatch({ codec, records: at(25, 26) }));
    fixture.append(makeBatch({ codec, records: at(40, 28) }));
    return fixture;
  }

  for (const codec of [0, 2, 4])
    test(`the first record at or behind the timestamp, codec ${codec}`, () => {
      const { log } = filled(codec);
      const offsetAt = (timestamp: number): number => log.offsetForTimestamp(NOW_MS + timestamp, 11)?.offset ?? -1;
      assert.deepEqual([-5, 0, 1, 6, 11, 20, 21, 30, 31, 40, 41].map(offsetAt), [0, 0, 1, 1, 3, 3, 5, 5, 9, 9, -1]);
      assert.deepEqual(log.offsetForTimestamp(NOW_MS + 6, 11), { offset: 1, timestamp: NOW_MS + 10, leaderEpoch: 0 });
      assert.deepEqual(log.maxTimestampOffset(11), { offset: 9, timestamp: NOW_MS + 40, leaderEpoch: 0 });
    });

  // A start takes it from the time index, where timestamps fall. A clean mark and a power failure might leave less of that.
  test('what leads to the greatest timestamp is durable when the log is closed', () => {
    for (const [rising, isSynced] of [
      [-1, true],
      [1, false],
    ] as const) {
      const fixture = new LogFixture({ indexIntervalBytes: 0 });
      for (let number = 0; number < 5; number++) fixture.append(simpleBatch(1, NOW_MS + number * rising));
      fixture.files.failWith('sync', Errno.EIO, `${FOLDER}/00000000000000000000.timeindex`);
      fixture.log.sync(() => {});
      if (isSynced) assert.throws(() => fixture.log.close(), StorageError);
      else fixture.log.close();
    }
  });

  test('a record at or above the readable end counts as none', () => {
    const { log } = filled(0);
    assert.equal(log.offsetForTimestamp(NOW_MS + 21, 6)?.offset, 5);
    assert.equal(log.offsetForTimestamp(NOW_MS + 21, 5), undefined);
    assert.equal(log.maxTimestampOffset(9), undefined);
  });

  test('records below the log start are passed over', () => {
    const { log } = filled(0);
    assert.equal(log.deleteRecords(6), ErrorCode.NONE);
    assert.equal(log.offsetForTimestamp(NOW_MS + 30, 11)?.offset, 6);
    assert.equal(log.offsetForTimestamp(NOW_MS, 11)?.offset, 6);
  });

  test('an empty log, and one without timestamps', () => {
    const fixture = new LogFixture();
    assert.equal(fixture.log.offsetForTimestamp(0, 0), undefined);
    assert.equal(fixture.log.maxTimestampOffset(0), undefined);
    fixture.append(makeBatch({ records: [{ timestamp: -1 }] }));
    assert.equal(fixture.log.offsetForTimestamp(0, 1), undefined);
    assert.equal(fixture.log.maxTimestampOffset(1), undefined);
  });

  test('the first of several records with the greatest timestamp, and LogAppendTime', () => {
    const fixture = new LogFixture();
    fixture.append(makeBatch({ codec: 1, records: at(0, 9, 9) }));
    fixture.append(simpleBatch(2, NOW_MS + 9));
    assert.equal(fixture.log.maxTimestampOffset(5)?.offset, 1);
    const stamped = new LogFixture({ messageTimestampType: 'LogAppendTime' });
    stamped.append(makeBatch({ records: at(-100, -50) }));
    assert.deepEqual(stamped.log.maxTimestampOffset(2), { offset: 0, timestamp: NOW_MS, leaderEpoch: 0 });
    assert.equal(stamped.log.offsetForTimestamp(NOW_MS, 2)?.offset, 0);
  });
});
