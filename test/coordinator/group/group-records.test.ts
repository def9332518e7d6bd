import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ZERO_UUID } from '../../../src/base/uuid.ts';
import {
  consumerGroupRecord,
  consumerMemberRecord,
  consumerRegexRecord,
  type GroupRecord,
  groupMetadataRecord,
  groupMetadataTombstone,
  groupRecordCodec,
  offsetRecord,
  offsetTombstone,
} from '../../../src/coordinator/group/group-records.ts';
import { GroupFixture } from './group-fixture.ts';

const hex = (bytes: Uint8Array | null): string | null => bytes && Buffer.from(bytes).toString('hex');
const key = { group: 'g', topic: 'orders', partition: 3 };
const topicId = 'AAECAwQFBgcICQoLDA0ODw';
const value = { offset: 258, leaderEpoch: 5, metadata: 'hi', commitTimestamp: 1, expireTimestamp: -1, topicId };

test('a committed offset in bytes: version 4 with the topic id, version 1 with an expiry', () => {
  const keyHex = '0001' + '000167' + '00066f7264657273' + '00000003';
  assert.deepEqual(groupRecordCodec.encode(offsetTombstone(key)).value, null);
  const latest = groupRecordCodec.encode(offsetRecord(key, value));
  assert.equal(hex(latest.key), keyHex);
  assert.equal(
    hex(latest.value),
    '0004' +
      '0000000000000102' +
      '00000005' +
      '036869' +
      '0000000000000001' +
      '010010' +
      '000102030405060708090a0b0c0d0e0f',
  );
  const expiring = groupRecordCodec.encode(offsetRecord(key, { ...value, expireTimestamp: 2 }));
  assert.equal(hex(expiring.value), '0001' + '0000000000000102' + '00026869' + '0000000000000001' + '0000000000000002');
});

test('a classic group in bytes: version 3', () => {
  const record = groupMetadataRecord('g', {
    protocolType: 'consumer',
    generation: 2,
    protocol: 'range',
    leader: 'm',
    currentStateTimestamp: 7,
    members: [
      {
        memberId: 'm',
        groupInstanceId: null,
        clientId: 'c',
        clientHost: '/h',
        rebalanceTimeout: 3,
        sessionTimeout: 4,
        subscription: Buffer.from([1]),
        assignment: Buffer.from([2, 3]),
      },
    ],
  });
  const { key: groupKey, value: groupValue } = groupRecordCodec.encode(record);
  assert.equal(hex(groupKey), '0002' + '000167');
  assert.equal(
    hex(groupValue),
    '0003' +
      '0008636f6e73756d6572' +
      '00000002' +
      '000572616e6765' +
      '00016d' +
      '0000000000000007' +
      '00000001' +
      '00016d' +
      'ffff' +
      '000163' +
      '00022f68' +
      '00000003' +
      '00000004' +
      '0000000101' +
      '000000020203',
  );
  assert.equal(groupRecordCodec.encode(groupMetadataTombstone('g')).value, null);
});

test('every kind of record is read as it was written', () => {
  const partitions = [{ topicId, partitions: [0, 2] }];
  const records: GroupRecord[] = [
    offsetRecord(key, value),
    offsetTombstone(key),
    groupMetadataTombstone('g'),
    consumerGroupRecord('consumerGroup', 'g', { epoch: 3, metadataHash: 9n }),
    consumerGroupRecord('consumerTarget', 'g', { assignmentEpoch: 3, assignmentTimestamp: 5 }),
    consumerGroupRecord('consumerTarget', 'g', null),
    consumerMemberRecord('consumerMember', 'g', 'm', {
      instanceId: null,
      rackId: 'r',
      clientId: 'c',
      clientHost: '/h',
      subscribedTopicNames: ['orders'],
      subscribedTopicRegex: '',
      rebalanceTimeoutMs: 1,
      serverAssignor: null,
      classicMemberMetadata: null,
    }),
    consumerMemberRecord('consumerTargetMember', 'g', 'm', { topicPartitions: partitions }),
    consumerMemberRecord('consumerCurrent', 'g', 'm', null),
    consumerRegexRecord('g', 'a.*', { topics: ['ab'], version: 1, timestamp: 2 }),
  ];
  for (const record of records) assert.deepEqual(groupRecordCodec.decode(groupRecordCodec.encode(record)), record);
});

test('old records are read: key type 0, values of all versions', () => {
  const oldKey = Buffer.from('0000' + '000167' + '00066f7264657273' + '00000003', 'hex');
  const read = (valueHex: string) => groupRecordCodec.decode({ key: oldKey, value: Buffer.from(valueHex, 'hex') });
  const expected = { ...value, leaderEpoch: -1, topicId: ZERO_UUID };
  const version0 = read('0000' + '0000000000000102' + '00026869' + '0000000000000001');
  assert.deepEqual(version0, { kind: 'offset', key, value: expected, version: 0 });
  const version3 = read('0003' + '0000000000000102' + '00000005' + '00026869' + '0000000000000001');
  assert.deepEqual(version3?.value, { ...expected, leaderEpoch: 5 });
});

test('what is not understood: unknown types are skipped, newer versions and broken bytes are not guessed at', () => {
  const decode = (keyHex: string, valueHex: string | null) =>
    groupRecordCodec.decode({
      key: Buffer.from(keyHex, 'hex'),
      value: valueHex === null ? null : Buffer.from(valueHex, 'hex'),
    });
  assert.equal(decode('03e7', '00'), null);
  assert.equal(decode('00', null), null);
  assert.equal(groupRecordCodec.decode({ key: null, value: null }), null);
  assert.throws(() => decode('0002000167', '0005'), /version 5/);
  assert.throws(() => decode('0002000167', '00'), /cut off in an int16/);
  assert.throws(() => decode('0002000167', '000300'));
  assert.throws(() => decode('00020005', null));
});

test('what the coordinator writes for a group that comes and goes', async () => {
  const fixture = await GroupFixture.start();
  const { ids } = await fixture.stableGroup(1);
  await fixture.leave(ids[0]);
  await fixture.coordinator.deleteGroups({ groupsNames: ['g'] }, fixture.context(3));
  const seen = fixture.log
    .batches(0)
    .flatMap((batch) => batch.records)
    .map((record) => groupRecordCodec.decode(record))
    .map(
      (record) =>
        record?.kind === 'classicGroup' &&
        record.value && [record.value.generation, record.value.protocolType, record.value.members.length],
    );
  assert.deepEqual(seen, [[0, '', 0], [1, 'consumer', 1], [2, 'consumer', 0], null]);
});
