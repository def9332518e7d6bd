import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ZERO_UUID } from '../../src/base/uuid.ts';
import {
  encodeControlBatch,
  encodeRecordBatch,
  METADATA_BATCH_BYTES_MAX,
  readBatches,
} from '../../src/metadata/metadata-batch.ts';
import { metadataRecord } from '../../src/metadata/metadata-records.ts';
import {
  encodeSnapshot,
  parseSnapshotFileName,
  readSnapshot,
  snapshotFileName,
} from '../../src/metadata/metadata-snapshot.ts';
import { crc32c } from '../../src/native/crc32c.ts';

const topic = (name: string) => metadataRecord('TopicRecord', { name, topicId: 'MPeiiBBiR3G4KPSAbEiozQ' });
const voter = { voterId: 1, voterDirectoryId: ZERO_UUID };

test('a LeaderChange is a control batch of 91 bytes, as KRaft leaders write it', () => {
  const data = { version: 0, leaderId: 1, voters: [voter], grantingVoters: [voter] };
  const batch = encodeControlBatch([{ type: 'LeaderChange', data }], { baseOffset: 497, epoch: 2, timestampMs: 5 });
  const body =
    '0020' + // attributes: control
    '00000000' + // last offset delta
    '0000000000000005'.repeat(2) + // base and max timestamp
    'ffffffffffffffff' + // producer id
    'ffff' + // producer epoch
    'ffffffff' + // base sequence
    '00000001' + // records
    '3a0000000800000002' + // length 29, attributes, deltas, key: version 0, type 2
    '26' + // value of 19 bytes: version, leader, voters, granting voters, tags
    '0000' +
    '00000001' +
    '020000000100' +
    '020000000100' +
    '00' +
    '00'; // no headers
  assert.equal(batch.subarray(21).toString('hex'), body);
  assert.equal(batch.length, 91);
  assert.equal(batch.subarray(0, 17).toString('hex'), '00000000000001f1' + '0000004f' + '00000002' + '02');
  assert.equal(batch.readUInt32BE(17), crc32c(batch, 21, batch.length));
});

test('batches are read back with their place, records and control records', () => {
  const records = [topic('a'), topic('b')];
  const bytes = Buffer.concat([
    encodeRecordBatch(records, { baseOffset: 10, epoch: 3, timestampMs: 77 }),
    encodeControlBatch([{ type: 'SnapshotFooter', data: { version: 0 } }], {
      baseOffset: 12,
      epoch: 3,
      timestampMs: 78,
    }),
  ]);
  const [first, second] = [...readBatches(bytes)];
  assert.deepEqual(first.records, records);
  assert.deepEqual([first.baseOffset, first.lastOffset, first.epoch, first.timestampMs], [10, 11, 3, 77]);
  assert.deepEqual(second.controls, [{ type: 'SnapshotFooter', data: { version: 0 } }]);
  assert.equal(first.sizeBytes + second.sizeBytes, bytes.length);
});

test('every flipped bit of a batch is noticed', () => {
  const good = encodeRecordBatch([topic('abc')], { baseOffset: 10, epoch: 3, timestampMs: 77 });
  for (let at = 8; at < good.length; at++) {
    if (at >= 12 && at < 16) continue; // The leader epoch lies outside the CRC.
    const bad = Buffer.from(good);
    bad[at] ^= 1;
    assert.throws(() => [...readBatches(bad)], `byte ${at}`);
  }
  for (let size = 1; size < good.length; size++) assert.throws(() => [...readBatches(good.subarray(0, size))]);
});

test('a batch larger than what raft reads in one piece is refused', () => {
  const value = 'x'.repeat(32_000);
  const resource = { resourceType: 2, resourceName: 'a' };
  const large = metadataRecord('ConfigRecord', { ...resource, name: 'n', value });
  const records = Array.from({ length: Math.ceil(METADATA_BATCH_BYTES_MAX / 32_000) }, () => large);
  assert.throws(() => encodeRecordBatch(records, { baseOffset: 0, epoch: 1, timestampMs: 0 }), RangeError);
});

test('snapshot names are told from other names', () => {
  assert.equal(snapshotFileName({ endOffset: 18, epoch: 1 }), '00000000000000000018-0000000001.checkpoint');
  assert.deepEqual(parseSnapshotFileName('00000000000000000018-0000000001.checkpoint'), { endOffset: 18, epoch: 1 });
  for (const name of ['bootstrap.checkpoint', '00000000000000000018-0000000001.checkpoint.part', '18-1.checkpoint']) {
    assert.equal(parseSnapshotFileName(name), null);
  }
});

test('a snapshot has a header, batches of at most 1024 records, and a footer', () => {
  const records = Array.from({ length: 2500 }, (_, index) => topic(`t${index}`));
  const parts = [...encodeSnapshot(records, { epoch: 4, lastContainedLogTimestampMs: 9, timestampMs: 10 })];
  const batches = readSnapshot(Buffer.concat(parts));
  assert.deepEqual(
    batches.map((batch) => [batch.baseOffset, batch.lastOffset, batch.epoch, batch.records.length]),
    [
      [0, 0, 4, 0],
      [1, 1024, 4, 1024],
      [1025, 2048, 4, 1024],
      [2049, 2500, 4, 452],
      [2501, 2501, 4, 0],
    ],
  );
  assert.deepEqual(
    batches.flatMap((batch) => batch.records),
    records,
  );
  assert.throws(() => readSnapshot(Buffer.concat(parts.slice(1))), /no header/);
  assert.throws(() => readSnapshot(Buffer.concat(parts.slice(0, -1))), /no footer/);
});
