import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { RecordBatchView } from '../../src/protocol/records/batch-header.ts';
import { CompressionType } from '../../src/protocol/records/compression.ts';
import { readRecords } from '../../src/protocol/records/record-reader.ts';
import { AppendOrigin } from '../../src/storage/append-origin.ts';
import { makeBatch, simpleBatch } from '../native/record-batches.ts';
import { LogFixture, NOW_MS } from './log-fixture.ts';

const record = (timestamp = NOW_MS): { timestamp: number; key: string; value: string } => ({
  timestamp,
  key: 'k',
  value: 'v',
});

describe('append: what a leader refuses', () => {
  const cases: [string, Uint8Array, ErrorCode][] = [
    ['no bytes', new Uint8Array(0), ErrorCode.INVALID_RECORD],
    ['less than a batch', simpleBatch(1, NOW_MS).subarray(0, 70), ErrorCode.INVALID_RECORD],
    ['an older magic', simpleBatch(1, NOW_MS, 10, { magic: 1 }), ErrorCode.INVALID_RECORD],
    ['a magic that does not exist', simpleBatch(1, NOW_MS, 10, { magic: 3 }), ErrorCode.CORRUPT_MESSAGE],
    ['two batches', Buffer.concat([simpleBatch(1, NOW_MS), simpleBatch(1, NOW_MS)]), ErrorCode.INVALID_RECORD],
    ['a base offset', simpleBatch(1, NOW_MS, 10, { baseOffset: 5 }), ErrorCode.INVALID_RECORD],
    ['a wrong count', simpleBatch(2, NOW_MS, 10, { recordsCount: 3 }), ErrorCode.INVALID_RECORD],
    ['no records', makeBatch({ records: [], recordsCount: 0 }), ErrorCode.INVALID_RECORD],
    [
      'a count that the records belie',
      simpleBatch(2, NOW_MS, 10, { recordsCount: 3, lastOffsetDelta: 2 }),
      ErrorCode.INVALID_RECORD,
    ],
    ['a control batch', simpleBatch(1, NOW_MS, 10, { attributes: 0x20 }), ErrorCode.INVALID_RECORD],
    [
      'a producer without a sequence',
      simpleBatch(1, NOW_MS, 10, { producerId: 4, producerEpoch: 0 }),
      ErrorCode.INVALID_RECORD,
    ],
    ['an unknown codec', simpleBatch(1, NOW_MS, 10, { attributes: 6 }), ErrorCode.UNSUPPORTED_COMPRESSION_TYPE],
    ['records that do not decompress', simpleBatch(1, NOW_MS, 10, { attributes: 4 }), ErrorCode.INVALID_RECORD],
    [
      'LogAppendTime set by the client, without a time',
      simpleBatch(1, NOW_MS, 10, { attributes: 8, maxTimestamp: -1 }),
      ErrorCode.INVALID_TIMESTAMP,
    ],
    [
      'LogAppendTime set by the client, far ahead',
      simpleBatch(1, NOW_MS, 10, { attributes: 8, maxTimestamp: NOW_MS + 3_600_001 }),
      ErrorCode.INVALID_TIMESTAMP,
    ],
    ['a timestamp far ahead', simpleBatch(1, NOW_MS + 3_600_001), ErrorCode.INVALID_TIMESTAMP],
  ];
  for (const [what, bytes, errorCode] of cases)
    test(what, () => {
      const fixture = new LogFixture();
      const outcome = fixture.append(Buffer.from(bytes));
      assert.equal(outcome.errorCode, errorCode, outcome.message ?? '');
      assert.equal(outcome.baseOffset, -1);
      assert.equal(fixture.log.logEndOffset, 0);
    });

  test('a damaged batch', () => {
    const fixture = new LogFixture();
    const batch = simpleBatch(1, NOW_MS);
    batch[70] ^= 1;
    assert.equal(fixture.append(batch).errorCode, ErrorCode.CORRUPT_MESSAGE);
  });

  test('a batch above max.message.bytes, measured as sent, before its CRC is looked at', () => {
    const batch = simpleBatch(1, NOW_MS, 1000);
    assert.equal(
      new LogFixture({ maxMessageBytes: batch.length }).append(Buffer.from(batch)).errorCode,
      ErrorCode.NONE,
    );
    const small = new LogFixture({ maxMessageBytes: batch.length - 1 });
    batch[70] ^= 1;
    assert.equal(small.append(batch).errorCode, ErrorCode.MESSAGE_TOO_LARGE);
  });

  test('a batch above segment.bytes', () => {
    const batch = simpleBatch(1, NOW_MS, 1000);
    assert.equal(new LogFixture({ segmentBytes: batch.length }).append(Buffer.from(batch)).errorCode, ErrorCode.NONE);
    const small = new LogFixture({ segmentBytes: batch.length - 1 });
    assert.equal(small.append(batch).errorCode, ErrorCode.RECORD_LIST_TOO_LARGE);
  });

  test('torn bytes behind the batch are trimmed', () => {
    const fixture = new LogFixture();
    const batch = simpleBatch(1, NOW_MS);
    assert.equal(fixture.append(Buffer.concat([batch, batch.subarray(0, 30)])).errorCode, ErrorCode.NONE);
    assert.equal(fixture.log.sizeBytes, batch.length);
  });

  test('where the log starts is told with those errors with which Kafka tells it', () => {
    const fixture = new LogFixture({ maxMessageBytes: 500, segmentBytes: 400 }, { logStartOffset: 3 });
    const damaged = simpleBatch(1, NOW_MS);
    damaged[70] ^= 1;
    const expected: [string, Uint8Array, number][] = [
      ['no bytes', new Uint8Array(0), -1],
      ['two batches', Buffer.concat([simpleBatch(1, NOW_MS), simpleBatch(1, NOW_MS)]), -1],
      ['an older magic', simpleBatch(1, NOW_MS, 10, { magic: 1 }), -1],
      ['a magic that does not exist', simpleBatch(1, NOW_MS, 10, { magic: 3 }), -1],
      ['a damaged batch', damaged, -1],
      ['above max.message.bytes', simpleBatch(1, NOW_MS, 500), -1],
      ['above segment.bytes', simpleBatch(1, NOW_MS, 400), -1],
      ['a base offset', simpleBatch(1, NOW_MS, 10, { baseOffset: 5 }), 3],
      ['a control batch', simpleBatch(1, NOW_MS, 10, { attributes: 0x20 }), 3],
      ['a wrong count', simpleBatch(2, NOW_MS, 10, { recordsCount: 3 }), 3],
      ['a timestamp far ahead', simpleBatch(1, NOW_MS + 3_600_001), 3],
    ];
    const told = expected.map(([what, bytes]) => [what, fixture.append(Buffer.from(bytes)).logStartOffset]);
    assert.deepEqual(
      told,
      expected.map(([what, , start]) => [what, start]),
    );
  });

  test('records without keys in a compacted topic, named one by one', () => {
    const fixture = new LogFixture({ cleanupCompact: true });
    const records = [record(), { timestamp: NOW_MS, value: 'x' }, record(), { timestamp: NOW_MS }];
    const outcome = fixture.append(makeBatch({ records }));
    assert.equal(outcome.errorCode, ErrorCode.INVALID_RECORD);
    assert.deepEqual(
      outcome.recordErrors.map(({ index }) => index),
      [1, 3],
    );
    assert.match(outcome.recordErrors[0].message, /without a key/);
    assert.equal(fixture.append(makeBatch({ records: [record()] })).errorCode, ErrorCode.NONE);
  });

  test('timestamps out of range, named one by one, compressed or not; INVALID_TIMESTAMP wins', () => {
    for (const codec of [0, 1, 2, 3, 4]) {
      const fixture = new LogFixture({ cleanupCompact: true, messageTimestampBeforeMaxMs: 1000 });
      const records = [record(NOW_MS - 1001), record(NOW_MS - 1000), { timestamp: NOW_MS }, record(NOW_MS + 3_600_001)];
      const outcome = fixture.append(makeBatch({ codec, records }));
      assert.equal(outcome.errorCode, ErrorCode.INVALID_TIMESTAMP);
      assert.deepEqual(
        outcome.recordErrors.map(({ index }) => index),
        [0, 2, 3],
      );
      assert.match(outcome.recordErrors[0].message, /outside of \[1699999999000, 1700003600000\]/);
    }
  });

  test('records without a timestamp are taken, and a false greatest timestamp is corrected', () => {
    const fixture = new LogFixture({ messageTimestampBeforeMaxMs: 1000 });
    const batch = makeBatch({ records: [{ timestamp: -1, value: 'x' }], maxTimestamp: 4711 });
    assert.equal(fixture.append(batch).errorCode, ErrorCode.NONE);
    const [stored] = fixture.read(0);
    assert.equal(stored.maxTimestamp, -1);
    assert.equal(stored.hasValidCrc(), true);
  });

  test('internal appends may hold control batches', () => {
    const fixture = new LogFixture();
    const outcome = fixture.append(simpleBatch(1, NOW_MS, 10, { attributes: 0x20 }), AppendOrigin.coordinator);
    assert.equal(outcome.errorCode, ErrorCode.NONE);
  });
});

describe('append: what is stored', () => {
  test('offset and epoch are patched, the rest stays byte for byte', () => {
    const fixture = new LogFixture({}, { leaderEpoch: 5 });
    fixture.appendRecords(3);
    const batch = makeBatch({ codec: 4, records: [record(), record()] });
    const expected = Buffer.from(batch);
    expected.writeBigInt64BE(3n, 0);
    expected.writeInt32BE(5, 12);
    fixture.append(batch);
    assert.deepEqual(fixture.read(3)[0].batchBytes(), expected);
  });

  test('a false greatest timestamp is corrected', () => {
    const fixture = new LogFixture();
    fixture.append(makeBatch({ records: [record(NOW_MS - 5), record(NOW_MS - 9)], maxTimestamp: NOW_MS + 100 }));
    const [stored] = fixture.read(0);
    assert.equal(stored.maxTimestamp, NOW_MS - 5);
    assert.equal(stored.hasValidCrc(), true);
  });

  test('LogAppendTime set by the client becomes CreateTime, with the greatest timestamp as it was sent', () => {
    for (const codec of [0, 1, 4])
      for (const maxTimestamp of [NOW_MS - 9, NOW_MS, NOW_MS + 100]) {
        const fixture = new LogFixture({ messageTimestampBeforeMaxMs: 10 });
        // The records' own timestamps are of no interest.
        const records = [record(NOW_MS - 5000), record(NOW_MS)];
        const outcome = fixture.append(makeBatch({ codec, records, attributes: 8, maxTimestamp }));
        assert.deepEqual([outcome.errorCode, outcome.logAppendTimeMs], [ErrorCode.NONE, -1]);
        const [stored] = fixture.read(0);
        assert.deepEqual(
          [stored.isLogAppendTime, stored.maxTimestamp, stored.baseTimestamp, stored.hasValidCrc()],
          [false, maxTimestamp, NOW_MS - 5000, true],
        );
      }
  });

  test('LogAppendTime set by the client is refused where the topic has that type', () => {
    const fixture = new LogFixture({ messageTimestampType: 'LogAppendTime' });
    const outcome = fixture.append(simpleBatch(2, NOW_MS, 10, { attributes: 8 }));
    assert.equal(outcome.errorCode, ErrorCode.INVALID_TIMESTAMP);
    assert.deepEqual(
      outcome.recordErrors.map(({ index }) => index),
      [0, 1],
    );
  });

  test('LogAppendTime set by the client, recompressed: the records get the time of the batch', () => {
    const fixture = new LogFixture({ compressionType: 'gzip' });
    const records = [record(NOW_MS - 5000), record(NOW_MS)];
    const outcome = fixture.append(makeBatch({ records, attributes: 8, maxTimestamp: NOW_MS - 9 }));
    assert.equal(outcome.errorCode, ErrorCode.NONE);
    const [stored] = fixture.read(0);
    assert.deepEqual([stored.isLogAppendTime, stored.maxTimestamp, stored.hasValidCrc()], [false, NOW_MS - 9, true]);
    assert.deepEqual(
      [...readRecords(stored)].map(({ timestamp }) => timestamp),
      [NOW_MS - 9, NOW_MS - 9],
    );
  });

  test('LogAppendTime stamps the batch and leaves the records', () => {
    for (const codec of [0, 4]) {
      const fixture = new LogFixture({ messageTimestampType: 'LogAppendTime', messageTimestampBeforeMaxMs: 10 });
      const outcome = fixture.append(makeBatch({ codec, records: [record(5), record(7)] }));
      assert.deepEqual([outcome.errorCode, outcome.logAppendTimeMs], [ErrorCode.NONE, NOW_MS]);
      const [stored] = fixture.read(0);
      assert.deepEqual([stored.isLogAppendTime, stored.maxTimestamp, stored.baseTimestamp], [true, NOW_MS, 5]);
      assert.equal(stored.hasValidCrc(), true);
    }
  });

  test('records are recompressed where the topic wants another codec', () => {
    const records = [record(), { ...record(NOW_MS + 5), headers: [['h', 'x'] as const, ['n', null] as const] }];
    const targets = { uncompressed: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;
    for (const [compressionType, target] of Object.entries(targets))
      for (const codec of [0, 1, 2, 3, 4]) {
        const fixture = new LogFixture({ compressionType: compressionType as keyof typeof targets });
        const batch = makeBatch({ codec, records, producerId: 8, producerEpoch: 1, baseSequence: 0 });
        const expected = readRecords(new RecordBatchView(Buffer.from(batch)));
        assert.equal(fixture.append(batch).errorCode, ErrorCode.NONE);
        const [stored] = fixture.read(0);
        assert.equal(stored.compression, target);
        assert.deepEqual(readRecords(stored), expected);
        assert.deepEqual([stored.producerId, stored.producerEpoch, stored.baseSequence], [8, 1, 0]);
        assert.equal(stored.hasValidCrc(), true);
      }
  });

  test('a recompressed batch is measured again', () => {
    const batch = simpleBatch(1, NOW_MS, 5000, { codec: CompressionType.zstd });
    const fixture = new LogFixture({ compressionType: 'uncompressed', maxMessageBytes: 1000 });
    assert.equal(fixture.append(batch).errorCode, ErrorCode.MESSAGE_TOO_LARGE);
    assert.equal(fixture.log.logEndOffset, 0);
  });

  test('control batches are not recompressed', () => {
    const fixture = new LogFixture({ compressionType: 'zstd' });
    fixture.append(simpleBatch(1, NOW_MS, 10, { attributes: 0x20 }), AppendOrigin.coordinator);
    assert.equal(fixture.read(0)[0].compression, 0);
  });

  test('recompressed under LogAppendTime', () => {
    const fixture = new LogFixture({ compressionType: 'gzip', messageTimestampType: 'LogAppendTime' });
    fixture.append(makeBatch({ records: [record(5), record(7)] }));
    const [stored] = fixture.read(0);
    assert.deepEqual([stored.isLogAppendTime, stored.maxTimestamp, stored.compression], [true, NOW_MS, 1]);
    assert.deepEqual(
      readRecords(stored).map(({ timestamp }) => timestamp),
      [NOW_MS, NOW_MS],
    );
  });

  test('offset deltas out of order are set right', () => {
    for (const codec of [0, 3]) {
      const fixture = new LogFixture();
      fixture.appendRecords(2);
      const records = [
        { ...record(), value: 'a', offsetDelta: 4 },
        { ...record(), value: 'b', offsetDelta: 1 },
      ];
      assert.equal(fixture.append(makeBatch({ codec, records })).errorCode, ErrorCode.NONE);
      assert.deepEqual(fixture.records(2), [
        { offset: 2, value: 'a' },
        { offset: 3, value: 'b' },
      ]);
      assert.equal(fixture.read(2)[0].compression, codec);
    }
  });
});
