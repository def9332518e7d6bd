import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BatchFault } from '../../../src/native/log-store.ts';
import { type BatchOptions, buildBatch, type RecordInput } from '../../../src/protocol/records/batch-builder.ts';
import {
  addSequence,
  BATCH_HEADER_BYTES,
  BatchError,
  BatchHeaderAt,
  checkBatch,
  RecordBatchView,
  subtractSequence,
} from '../../../src/protocol/records/batch-header.ts';
import { CompressionType } from '../../../src/protocol/records/compression.ts';
import {
  buildEndTxnMarkerBatch,
  ControlRecordType,
  controlRecordType,
  parseEndTxnMarker,
} from '../../../src/protocol/records/control-records.ts';
import { type LogRecord, readRecords } from '../../../src/protocol/records/record-reader.ts';
import { recordBatches } from '../../../src/protocol/records/stored-batches.ts';

/** Two records in every codec, as Apache Kafka 4.3.1 wrote them. */
const KAFKA_BATCHES = {
  none: '00000000000000070000006f00000004024e9669000000000000010000018bcfe568000000018bcfe5680500000000000003e8000300000014000000025e000000026b506d696c6c6d696c6c6d696c6c6d696c6c6d696c6c6d696c6c6d696c6c6d696c6c6d696c6c6d696c6c001a000a0201010402680278026e01',
  gzip:
    '00000000000000070000006100000004024ae1e88d0001000000010000018bcfe568000000018bcfe5680500000000000003e80003000000140000000' +
    '21f8b08000000000000ff8b63606060ca0ec8cdccc9210633483170313132b23065305530e531020064d608013e000000',
  snappy:
    '000000000000000700000065000000040255241e2b0002000000010000018bcfe568000000018bcfe5680500000000000003e80003000000140000000282534e41505059000000000100000001000000203e285e000000026b506d696c6c8e040038001a000a0201010402680278026e01',
  lz4: '0000000000000007000000600000000402e6611e550003000000010000018bcfe568000000018bcfe5680500000000000003e80003000000140000000204224d1860408220000000bf5e000000026b506d696c6c040011f000001a000a0201010402680278026e0100000000',
  zstd: '00000000000000070000005d0000000402688112580004000000010000018bcfe568000000018bcfe5680500000000000003e80003000000140000000228b52ffd0058040100d05e000000026b506d696c6c001a000a0201010402680278026e010100279d17010000',
};

const KAFKA_RECORDS: RecordInput[] = [
  { timestamp: 1700000000000, key: 'k', value: 'mill'.repeat(10) },
  {
    timestamp: 1700000000005,
    headers: [
      { key: 'h', value: 'x' },
      { key: 'n', value: null },
    ],
  },
];
const KAFKA_OPTIONS: BatchOptions = {
  baseOffset: 7,
  partitionLeaderEpoch: 4,
  producerId: 1000,
  producerEpoch: 3,
  baseSequence: 20,
};

const text = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString());

function plain(record: LogRecord) {
  const headers = record.headers.map(({ key, value }) => [key, text(value)]);
  return { ...record, key: text(record.key), value: text(record.value), headers };
}

describe('record batches as Kafka writes them', () => {
  for (const [codec, hex] of Object.entries(KAFKA_BATCHES)) {
    test(`${codec} is read`, () => {
      const bytes = Buffer.from(hex, 'hex');
      assert.equal(checkBatch(bytes, 0, bytes.length), BatchFault.none);
      const [batch, ...rest] = recordBatches(bytes);
      assert.equal(rest.length, 0);
      assert.equal(batch.compression, CompressionType[codec as keyof typeof CompressionType]);
      assert.equal(batch.baseOffset, 7);
      assert.equal(batch.lastOffset, 8);
      assert.equal(batch.partitionLeaderEpoch, 4);
      assert.equal(batch.producerId, 1000);
      assert.equal(batch.producerEpoch, 3);
      assert.equal(batch.lastSequence, 21);
      assert.equal(batch.baseTimestamp, 1700000000000);
      assert.equal(batch.maxTimestamp, 1700000000005);
      assert.deepEqual(readRecords(batch).map(plain), [
        { offset: 7, timestamp: 1700000000000, sequence: 20, key: 'k', value: 'mill'.repeat(10), headers: [] },
        {
          offset: 8,
          timestamp: 1700000000005,
          sequence: 21,
          key: null,
          value: null,
          headers: [
            ['h', 'x'],
            ['n', null],
          ],
        },
      ]);
    });
  }

  test('the uncompressed one is written byte for byte', () => {
    assert.equal(buildBatch(KAFKA_RECORDS, KAFKA_OPTIONS).toString('hex'), KAFKA_BATCHES.none);
  });

  test('a commit marker is written byte for byte', () => {
    const marker = { producerId: 7, producerEpoch: 2, commit: true, coordinatorEpoch: 11, timestamp: 1234567 };
    const bytes = buildEndTxnMarkerBatch(marker, { baseOffset: 50, partitionLeaderEpoch: 9 });
    const expected =
      '000000000000003200000042000000090276fce288003000000000000000000012d687000000000012d6870000000000000007' +
      '0002ffffffff000000012000000008000000010c00000000000b00';
    assert.equal(bytes.toString('hex'), expected);
    const batch = new RecordBatchView(bytes);
    assert.ok(batch.isControl && batch.isTransactional);
    const [record] = readRecords(batch);
    assert.equal(controlRecordType(record.key), ControlRecordType.commit);
    assert.deepEqual(parseEndTxnMarker(record.value!), { coordinatorEpoch: 11 });
  });
});

const field = fc.option(fc.uint8Array({ maxLength: 200 }), { nil: null });
const arbitraryRecord = fc.record({
  timestamp: fc.integer({ min: -1, max: 4_000_000_000_000 }),
  key: field,
  value: field,
  headers: fc.array(fc.record({ key: fc.string({ unit: 'grapheme', maxLength: 8 }), value: field }), { maxLength: 3 }),
});

describe('building and reading', () => {
  for (const [name, compression] of Object.entries(CompressionType)) {
    test(`records come back from a ${name} batch`, () => {
      fc.assert(
        fc.property(fc.array(arbitraryRecord, { minLength: 1, maxLength: 20 }), (records) => {
          const bytes = buildBatch(records, {
            baseOffset: 2 ** 40,
            compression,
            baseSequence: 2 ** 31 - 3,
            producerId: 1,
          });
          assert.equal(checkBatch(bytes, 0, bytes.length), BatchFault.none);
          const batch = new RecordBatchView(bytes);
          assert.equal(batch.maxTimestamp, Math.max(...records.map(({ timestamp }) => timestamp)));
          assert.equal(batch.lastSequence, addSequence(2 ** 31 - 3, records.length - 1));
          const read = readRecords(batch);
          assert.equal(read.length, records.length);
          read.forEach((record, i) => {
            assert.equal(record.offset, 2 ** 40 + i);
            assert.equal(record.timestamp, records[i].timestamp);
            assert.equal(record.sequence, addSequence(2 ** 31 - 3, i));
            assert.equal(text(record.key), text(records[i].key));
            assert.equal(text(record.value), text(records[i].value));
            assert.deepEqual(
              record.headers.map(({ key, value }) => [key, text(value)]),
              records[i].headers.map(({ key, value }) => [key, text(value)]),
            );
          });
        }),
        { numRuns: 20 },
      );
    });
  }

  test('log append time is the timestamp of every record', () => {
    const batch = new RecordBatchView(buildBatch([{ timestamp: 5 }, { timestamp: 9 }], { logAppendTimeMs: 77 }));
    assert.ok(batch.isLogAppendTime);
    assert.deepEqual(
      readRecords(batch).map(({ timestamp }) => timestamp),
      [77, 77],
    );
  });

  test('offsets may have gaps, and only rise', () => {
    const records = [
      { timestamp: 50, offset: 12, value: 'a' },
      { timestamp: 60, offset: 15, value: null },
    ];
    const batch = new RecordBatchView(buildBatch(records, { baseOffset: 10 }));
    assert.deepEqual([batch.baseOffset, batch.lastOffset, batch.recordsCount], [10, 15, 2]);
    assert.deepEqual(
      readRecords(batch).map(({ offset, timestamp }) => [offset, timestamp]),
      [
        [12, 50],
        [15, 60],
      ],
    );
    assert.throws(
      () =>
        buildBatch([
          { timestamp: 1, offset: 3 },
          { timestamp: 1, offset: 3 },
        ]),
      /does not rise/,
    );
  });

  test('there is no batch without records', () => {
    assert.throws(() => buildBatch([]), /without records/);
  });

  test('sequences go round at 2^31', () => {
    assert.equal(addSequence(2 ** 31 - 1, 1), 0);
    assert.equal(addSequence(5, 0), 5);
    assert.equal(subtractSequence(0, 1), 2 ** 31 - 1);
    assert.equal(subtractSequence(9, 4), 5);
  });

  test('the type of a control record', () => {
    assert.equal(controlRecordType(null), -1);
    assert.equal(controlRecordType(new Uint8Array(3)), -1);
    assert.equal(controlRecordType(Buffer.from('ffff0001', 'hex')), -1);
    assert.equal(controlRecordType(Buffer.from('0001000109', 'hex')), 1);
  });
});

describe('patching in place', () => {
  test('a new timestamp renews the CRC', () => {
    const bytes = buildBatch([{ timestamp: 1, value: 'v' }]);
    const batch = new RecordBatchView(bytes);
    batch.setMaxTimestamp(true, 99);
    assert.ok(batch.isLogAppendTime);
    assert.equal(batch.maxTimestamp, 99);
    assert.ok(batch.hasValidCrc());
    batch.setMaxTimestamp(false, 98);
    assert.ok(!batch.isLogAppendTime && batch.hasValidCrc());
    assert.equal(checkBatch(bytes, 0, bytes.length), BatchFault.none);
  });
});

function faultOf(run: () => unknown): BatchFault {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof BatchError, String((error as Error).stack));
    return error.fault;
  }
  return BatchFault.none;
}

describe('batches that lie', () => {
  const good = buildBatch(KAFKA_RECORDS, KAFKA_OPTIONS);

  test('several batches are walked, a last one that is cut off is left out', () => {
    const bytes = Buffer.concat([good, good, good.subarray(0, 80)]);
    assert.equal([...recordBatches(bytes)].length, 2);
    assert.equal([...recordBatches(bytes.subarray(0, good.length - 1))].length, 0);
    assert.equal([...recordBatches(new Uint8Array(10))].length, 0);
  });

  test('headers that cannot be one', () => {
    const magic = Buffer.from(good);
    magic[BatchHeaderAt.magic] = 3;
    assert.equal(
      faultOf(() => [...recordBatches(magic)]),
      BatchFault.magic,
    );
    assert.equal(checkBatch(magic, 0, magic.length), BatchFault.magic);
    for (const length of [-1, 0, 48, -0x80000000]) {
      const bytes = Buffer.from(good);
      bytes.writeInt32BE(length, BatchHeaderAt.length);
      assert.equal(
        faultOf(() => [...recordBatches(bytes)]),
        BatchFault.length,
      );
      assert.equal(checkBatch(bytes, 0, bytes.length), BatchFault.length);
    }
    assert.equal(checkBatch(good, 0, good.length - 1), BatchFault.truncated);
    assert.equal(checkBatch(good, 0, 60), BatchFault.truncated);
    const crc = Buffer.from(good);
    crc[good.length - 1] ^= 1;
    assert.equal(checkBatch(crc, 0, crc.length), BatchFault.crc);
  });

  test('a false count of records', () => {
    for (const count of [0, 1, 3, 0x7fffffff]) {
      const bytes = Buffer.from(good);
      bytes.writeInt32BE(count, BatchHeaderAt.recordsCount);
      assert.equal(
        faultOf(() => readRecords(new RecordBatchView(bytes))),
        BatchFault.records,
        String(count),
      );
    }
    const negative = Buffer.from(good);
    negative.writeInt32BE(-1, BatchHeaderAt.recordsCount);
    assert.equal(
      faultOf(() => readRecords(new RecordBatchView(negative))),
      BatchFault.count,
    );
  });

  test('any changed byte of the records ends in records or a fault', () => {
    for (const [codec, hex] of Object.entries(KAFKA_BATCHES)) {
      const original = Buffer.from(hex, 'hex');
      for (let at = BATCH_HEADER_BYTES; at < original.length; at++) {
        for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
          const bytes = Buffer.from(original);
          bytes[at] = value;
          const fault = faultOf(() => readRecords(new RecordBatchView(bytes), { decompressedBytesMax: 1 << 16 }));
          const allowed: BatchFault[] = [BatchFault.none, BatchFault.records];
          if (codec !== 'none') allowed.push(BatchFault.compression, BatchFault.tooLarge);
          assert.ok(allowed.includes(fault), `${codec} ${at} ${value}: ${fault}`);
        }
      }
    }
  });

  test('random records end in a fault', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 100 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 0, max: 7 }),
        (records, count, codec) => {
          const bytes = Buffer.concat([good.subarray(0, BATCH_HEADER_BYTES), records]);
          bytes.writeInt32BE(bytes.length - 12, BatchHeaderAt.length);
          bytes.writeInt32BE(count, BatchHeaderAt.recordsCount);
          bytes.writeInt16BE(codec, BatchHeaderAt.attributes);
          faultOf(() => readRecords(new RecordBatchView(bytes), { decompressedBytesMax: 1 << 16 }));
        },
      ),
      { numRuns: 500 },
    );
  });
});
