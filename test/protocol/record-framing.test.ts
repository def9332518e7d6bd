import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { consumerProtocolSubscription } from '../../src/protocol/persisted/consumer-protocol/consumer-protocol-subscription.ts';
import { groupRecords } from '../../src/protocol/persisted/group/group-records.ts';
import { offsetCommitKey, offsetCommitValue } from '../../src/protocol/persisted/group/offset-commit.ts';
import { metadataRecordSchema, metadataRecords } from '../../src/protocol/persisted/metadata/metadata-records.ts';
import { topicRecord } from '../../src/protocol/persisted/metadata/topic-record.ts';
import {
  coordinatorRecordType,
  decodeCoordinatorKey,
  decodeCoordinatorValue,
  decodeMetadataRecord,
  decodeRemoteLogMetadataRecord,
  decodeVersioned,
  encodeCoordinatorKey,
  encodeCoordinatorValue,
  encodeMetadataRecord,
  encodeRemoteLogMetadataRecord,
  encodeVersioned,
} from '../../src/protocol/persisted/record-framing.ts';
import { shareRecords } from '../../src/protocol/persisted/share/share-records.ts';
import { remoteLogMetadataRecords } from '../../src/protocol/persisted/storage/remote-log-metadata-records.ts';
import { transactionRecords } from '../../src/protocol/persisted/transaction/transaction-records.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';

const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAg';

describe('record framing', () => {
  test('metadata records begin with frame version, type and version', () => {
    const bytes = encodeMetadataRecord(topicRecord, { name: 'a', topicId: TOPIC_ID }, 0);
    assert.equal(bytes.toString('hex'), `010200${'0261'}${'00'.repeat(15)}02${'00'}`);
    const record = decodeMetadataRecord(bytes, metadataRecordSchema);
    assert.equal(record.schema, topicRecord);
    assert.equal(record.version, 0);
    assert.deepEqual(record.value, { name: 'a', topicId: TOPIC_ID });
  });

  test('metadata records of another frame, unknown type or version are refused', () => {
    for (const hex of ['00020002', '01060000', '01020100', '', '01']) {
      assert.throws(() => decodeMetadataRecord(Buffer.from(hex, 'hex'), metadataRecordSchema), ProtocolError, hex);
    }
  });

  test('every metadata record is found by its type', () => {
    for (const schema of metadataRecords) {
      const bytes = encodeMetadataRecord(schema, {}, schema.versions.max);
      assert.equal(decodeMetadataRecord(bytes, metadataRecordSchema).schema, schema);
    }
    assert.equal(new Set(metadataRecords.map(({ apiKey }) => apiKey)).size, 27);
  });

  test('remote log metadata records have no frame version', () => {
    for (const schema of remoteLogMetadataRecords) {
      const bytes = encodeRemoteLogMetadataRecord(schema, {}, 0);
      assert.deepEqual([...bytes.subarray(0, 2)], [schema.apiKey, 0]);
      const record = decodeRemoteLogMetadataRecord(bytes, (type) => remoteLogMetadataRecords[type]);
      assert.equal(record.schema, schema);
    }
  });

  test('coordinator records: type before the key, version before the value', () => {
    const key = { group: 'g', topic: 't', partition: 3 };
    const keyBytes = encodeCoordinatorKey(offsetCommitKey, key);
    assert.equal(keyBytes.toString('hex'), '0001' + '000167' + '000174' + '00000003');
    assert.equal(coordinatorRecordType(keyBytes), 1);
    assert.deepEqual(decodeCoordinatorKey(offsetCommitKey, keyBytes), key);
    for (let version = 0; version <= 4; version++) {
      const value = encodeCoordinatorValue(
        offsetCommitValue,
        { offset: 9, metadata: 'm', commitTimestamp: 5 },
        version,
      );
      assert.equal(value.readInt16BE(0), version);
      assert.equal(decodeCoordinatorValue(offsetCommitValue, value).offset, 9);
    }
  });

  test('coordinator bytes of another type or a later version are refused', () => {
    const key = encodeCoordinatorKey(offsetCommitKey, { group: 'g' });
    key[1] = 2;
    assert.throws(() => decodeCoordinatorKey(offsetCommitKey, key), ProtocolError);
    assert.equal(coordinatorRecordType(new Uint8Array(1)), -1);
    const value = encodeCoordinatorValue(offsetCommitValue, {}, 4);
    value[1] = 5;
    assert.throws(
      () => decodeCoordinatorValue(offsetCommitValue, value),
      (error) => error instanceof ProtocolError && error.reason === 'unsupported-version',
    );
  });

  test('the record lists of the coordinators agree with their schemas', () => {
    for (const list of [groupRecords, transactionRecords, shareRecords]) {
      for (const { type, key, value } of list) {
        assert.equal(key.apiKey, type);
        assert.equal(value.apiKey, type);
        assert.equal(key.kind, 'coordinator-key');
        assert.equal(value.kind, 'coordinator-value');
        assert.deepEqual(key.versions, { min: 0, max: 0 });
      }
      assert.equal(new Set(list.map(({ type }) => type)).size, list.length);
    }
  });

  test('a consumer protocol version of the future is read as the last known', () => {
    const bytes = encodeVersioned(consumerProtocolSubscription, { topics: ['t'], rackId: 'r' }, 3);
    bytes[1] = 9;
    assert.equal(decodeVersioned(consumerProtocolSubscription, bytes, true).rackId, 'r');
    assert.throws(() => decodeVersioned(consumerProtocolSubscription, bytes), ProtocolError);
    bytes[0] = 0xff;
    assert.throws(() => decodeVersioned(consumerProtocolSubscription, bytes, true), ProtocolError);
  });
});
