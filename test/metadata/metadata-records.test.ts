import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeMetadataRecord, encodeMetadataRecord, metadataRecord } from '../../src/metadata/metadata-records.ts';
import { ProtocolError } from '../../src/protocol/codec.ts';

const TOPIC_ID = 'MPeiiBBiR3G4KPSAbEiozQ';

test('a record value is a frame of version 1, type, version and the record', () => {
  const record = metadataRecord('FeatureLevelRecord', { name: 'group.version', featureLevel: 1 });
  const bytes = encodeMetadataRecord(record);
  assert.equal(bytes.toString('hex'), '010c000e67726f75702e76657273696f6e000100');
  assert.deepEqual(decodeMetadataRecord(bytes), record);
});

test('absent fields take their default, and fields that the version lacks are not kept', () => {
  const record = metadataRecord('PartitionChangeRecord', { partitionId: 3, topicId: TOPIC_ID, isr: [1] }, 2);
  assert.equal(record.kind, 'PartitionChangeRecord');
  assert.deepEqual(record.data, {
    partitionId: 3,
    topicId: TOPIC_ID,
    isr: [1],
    leader: -2,
    replicas: null,
    removingReplicas: null,
    addingReplicas: null,
    leaderRecoveryState: -1,
    directories: null,
    eligibleLeaderReplicas: null,
    lastKnownElr: null,
  });
});

test('a damaged or unknown value is refused with a reason', () => {
  const good = encodeMetadataRecord(metadataRecord('TopicRecord', { name: 'a', topicId: TOPIC_ID }));
  const cases: [Uint8Array, RegExp][] = [
    [Buffer.alloc(0), /./],
    [Buffer.from([2, 2, 0]), /frame version 2/],
    [Buffer.from([1, 99, 0]), /type 99/],
    [Buffer.from([1, 2, 7]), /TopicRecord has no version 7/],
    [good.subarray(0, good.length - 3), /./],
    [Buffer.concat([good, Buffer.from([0])]), /1 bytes behind TopicRecord/],
  ];
  for (const [bytes, reason] of cases) {
    assert.throws(
      () => decodeMetadataRecord(bytes),
      (error) => error instanceof ProtocolError && reason.test(error.message),
    );
  }
});
