import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConfigResource, ConfigResourceType, configKey } from '../../src/metadata/configs-image.ts';
import { imageDelta, wholeImageDelta } from '../../src/metadata/image-delta.ts';
import { imageRecords } from '../../src/metadata/image-records.ts';
import { MetadataDelta } from '../../src/metadata/metadata-delta.ts';
import { MetadataImage } from '../../src/metadata/metadata-image.ts';
import { type MetadataRecord, metadataRecord } from '../../src/metadata/metadata-records.ts';
import { MetadataReplayer } from '../../src/metadata/metadata-replayer.ts';
import { DIRECTORY_MIGRATING, type TopicImage } from '../../src/metadata/topics-image.ts';
import { imageContent } from './image-content.ts';

const T1 = 'MPeiiBBiR3G4KPSAbEiozQ';
const T2 = 's0ITIwL5Snu0x2Y6T5d-Dg';
const DIRECTORY = 'zkR31YwXRGvfXOzsamaNpg';

const topic = (name: string, topicId: string) => metadataRecord('TopicRecord', { name, topicId });
const partition = (topicId: string, partitionId: number, replicas = [1]) =>
  metadataRecord(
    'PartitionRecord',
    {
      partitionId,
      topicId,
      replicas,
      isr: replicas,
      leader: replicas[0],
      leaderEpoch: 0,
      partitionEpoch: 0,
      directories: replicas.map(() => DIRECTORY),
    },
    2,
  );
const topicConfig = (resourceName: string, name: string, value: string | null) =>
  metadataRecord('ConfigRecord', { resourceType: ConfigResourceType.TOPIC, resourceName, name, value });
const broker = (brokerId: number, brokerEpoch: number) =>
  metadataRecord('RegisterBrokerRecord', { brokerId, brokerEpoch, incarnationId: T1, logDirs: [DIRECTORY] }, 4);

function replay(image: MetadataImage, ...records: MetadataRecord[]): MetadataDelta {
  const delta = new MetadataDelta();
  for (const record of records) image.replay(record, delta);
  return delta;
}

const created = (delta: MetadataDelta): TopicImage[] =>
  [...delta.topics.values()].flatMap(({ before, after }) => (before || !after ? [] : after));

/** The topic's settings on both sides of the delta. */
function settings(delta: MetadataDelta, name: string): { before: object; after: object } {
  const change = delta.configs.get(configKey(ConfigResourceType.TOPIC, name));
  const textsOf = (resource: ConfigResource | null | undefined) => Object.fromEntries(resource?.values ?? []);
  return { before: textsOf(change?.before), after: textsOf(change?.after) };
}

test('a topic is found by name and id, with its partitions', () => {
  const image = new MetadataImage();
  const delta = replay(image, topic('a', T1), partition(T1, 0), partition(T1, 1));
  assert.equal(image.topics.byName('a'), image.topics.get(T1));
  assert.equal(image.topics.byName('a')?.partitions.length, 2);
  assert.equal(image.topics.partitionCount, 2);
  assert.deepEqual(
    created(delta).map(({ name }) => name),
    ['a'],
  );
  assert.deepEqual(
    delta.replicaChanges(1).map((change) => [change.partition, change.before, change.after?.leader]),
    [
      [0, null, 1],
      [1, null, 1],
    ],
  );
  assert.deepEqual(delta.replicaChanges(2), []);
});

test('a change keeps what it does not name and raises the epochs', () => {
  const image = new MetadataImage();
  replay(image, topic('a', T1), partition(T1, 0, [1, 2]), partition(T1, 1, [2, 1]));
  const before = image.topics.get(T1)!;
  const change = { partitionId: 0, topicId: T1, isr: [2], leader: 2 };
  const delta = replay(image, metadataRecord('PartitionChangeRecord', change, 2));
  const after = image.topics.get(T1)!;
  assert.deepEqual(
    { ...after.partitions[0] },
    { ...before.partitions[0], isr: [2], leader: 2, leaderEpoch: 1, partitionEpoch: 1 },
  );
  assert.equal(before.partitions[0].leader, 1, 'values that were handed out do not change');
  assert.equal(after.partitions[1], before.partitions[1], 'what did not change is shared');
  assert.deepEqual(
    delta.replicaChanges(1).map((it) => [it.partition, it.before?.leader, it.after?.leader]),
    [[0, 1, 2]],
  );
});

test('a leader that is named again raises the leader epoch, an ISR alone does not', () => {
  const image = new MetadataImage();
  replay(image, topic('a', T1), partition(T1, 0));
  replay(image, metadataRecord('PartitionChangeRecord', { partitionId: 0, topicId: T1, leader: 1 }, 2));
  replay(image, metadataRecord('PartitionChangeRecord', { partitionId: 0, topicId: T1, isr: [] }, 2));
  const { leader, leaderEpoch, partitionEpoch, isr } = image.topics.partition(T1, 0)!;
  assert.deepEqual([leader, leaderEpoch, partitionEpoch, isr], [1, 1, 2, []]);
});

test('partitions written before directories existed count as migrating', () => {
  const image = new MetadataImage();
  const record = {
    partitionId: 0,
    topicId: T1,
    replicas: [1, 2],
    isr: [1],
    leader: 1,
    leaderEpoch: 0,
    partitionEpoch: 0,
  };
  replay(image, topic('a', T1), metadataRecord('PartitionRecord', record, 0));
  assert.deepEqual(image.topics.partition(T1, 0)?.directories, [DIRECTORY_MIGRATING, DIRECTORY_MIGRATING]);
});

test('a removed topic takes its settings and its collision with it', () => {
  const image = new MetadataImage();
  replay(image, topic('a.b', T1), partition(T1, 0), topicConfig('a.b', 'retention.ms', '1'));
  assert.equal(image.topics.collidingWith('a_b'), 'a.b');
  const delta = replay(image, metadataRecord('RemoveTopicRecord', { topicId: T1 }));
  assert.equal(image.topics.byName('a.b'), undefined);
  assert.equal(image.topics.collidingWith('a_b'), undefined);
  assert.equal(image.topics.partitionCount, 0);
  assert.equal(image.configs.topic('a.b').size, 0);
  assert.deepEqual(
    delta.deletedTopics().map(({ name }) => name),
    ['a.b'],
  );
  assert.deepEqual(settings(delta, 'a.b'), { before: { 'retention.ms': '1' }, after: {} });
  assert.ok(delta.replicaChanges(1)[0].topicDeleted);
});

test('a topic that is deleted and made again within one delta is two changes', () => {
  const image = new MetadataImage();
  replay(image, topic('a', T1), partition(T1, 0));
  const delta = replay(image, metadataRecord('RemoveTopicRecord', { topicId: T1 }), topic('a', T2), partition(T2, 0));
  assert.deepEqual(
    delta.deletedTopics().map(({ id }) => id),
    [T1],
  );
  assert.deepEqual(
    created(delta).map(({ id }) => id),
    [T2],
  );
  assert.equal(image.topics.byName('a')?.id, T2);
});

test('a setting that is set twice in one delta shows its first and last value', () => {
  const image = new MetadataImage();
  replay(image, topicConfig('a', 'x', '1'));
  const delta = replay(image, topicConfig('a', 'x', '2'), topicConfig('a', 'x', '1'), topicConfig('a', 'y', '3'));
  assert.deepEqual(settings(delta, 'a'), { before: { x: '1' }, after: { x: '1', y: '3' } });
  replay(image, topicConfig('a', 'x', null), topicConfig('a', 'y', null));
  assert.deepEqual([...image.configs.resources()], []);
});

test('registration, fencing and directories of a broker', () => {
  const image = new MetadataImage();
  replay(image, broker(1, 7));
  assert.ok(!image.cluster.isActive(1));
  const change = (fields: object) =>
    metadataRecord('BrokerRegistrationChangeRecord', { brokerId: 1, brokerEpoch: 7, ...fields }, 3);
  replay(image, change({ fenced: -1, cordonedLogDirs: [] }));
  assert.ok(image.cluster.isActive(1));
  assert.deepEqual(image.cluster.broker(1)?.cordonedLogDirs, []);
  assert.deepEqual(image.cluster.broker(1)?.logDirs, [DIRECTORY], 'an empty list means unchanged');
  replay(image, change({ inControlledShutdown: 1 }));
  assert.ok(!image.cluster.isActive(1));
  replay(image, metadataRecord('FenceBrokerRecord', { id: 1, epoch: 7 }));
  assert.ok(image.cluster.broker(1)?.fenced);
  replay(image, metadataRecord('UnfenceBrokerRecord', { id: 1, epoch: 7 }));
  assert.ok(!image.cluster.broker(1)?.fenced);
  assert.throws(() => replay(image, metadataRecord('FenceBrokerRecord', { id: 1, epoch: 6 })), /epoch is 7/);
  assert.throws(() => replay(image, metadataRecord('FenceBrokerRecord', { id: 2, epoch: 6 })), /not registered/);
  replay(image, metadataRecord('UnregisterBrokerRecord', { brokerId: 1, brokerEpoch: 7 }));
  assert.equal([...image.cluster.brokers()].length, 0);
});

test('features, producer ids, quotas, credentials, tokens and ACLs', () => {
  const image = new MetadataImage();
  const acl = {
    id: T1,
    resourceType: 2,
    resourceName: 'a',
    patternType: 3,
    principal: 'User:x',
    host: '*',
    operation: 3,
    permissionType: 3,
  };
  const entity = [
    { entityType: 'user', entityName: 'u' },
    { entityType: 'client-id', entityName: null },
  ];
  replay(
    image,
    metadataRecord('FeatureLevelRecord', { name: 'metadata.version', featureLevel: 30 }),
    metadataRecord('FeatureLevelRecord', { name: 'group.version', featureLevel: 1 }),
    metadataRecord('FeatureLevelRecord', { name: 'group.version', featureLevel: 0 }),
    metadataRecord('ProducerIdsRecord', { brokerId: 1, brokerEpoch: 7, nextProducerId: 2000 }),
    metadataRecord('ClientQuotaRecord', { entity, key: 'producer_byte_rate', value: 5 }),
    metadataRecord('ClientQuotaRecord', { entity: entity.toReversed(), key: 'consumer_byte_rate', value: 6 }),
    metadataRecord('UserScramCredentialRecord', { name: 'u', mechanism: 1, salt: Buffer.from('s'), iterations: 4096 }),
    metadataRecord('DelegationTokenRecord', { owner: 'User:u', tokenId: 't' }),
    metadataRecord('AccessControlEntryRecord', acl),
  );
  assert.deepEqual([...image.features], [['metadata.version', 30]]);
  assert.equal(image.nextProducerId, 2000);
  assert.deepEqual(
    [...image.clientQuotas.of(entity)],
    [
      ['producer_byte_rate', 5],
      ['consumer_byte_rate', 6],
    ],
  );
  assert.equal([...image.clientQuotas.entities()].length, 1, 'the order of the parts does not matter');
  const copy = new MetadataImage();
  replay(copy, ...imageRecords(image));
  assert.deepEqual(imageContent(copy), imageContent(image));
  replay(
    image,
    metadataRecord('ClientQuotaRecord', { entity, key: 'producer_byte_rate', remove: true }),
    metadataRecord('ClientQuotaRecord', { entity, key: 'consumer_byte_rate', remove: true }),
    metadataRecord('RemoveUserScramCredentialRecord', { name: 'u', mechanism: 1 }),
    metadataRecord('RemoveDelegationTokenRecord', { tokenId: 't' }),
    metadataRecord('RemoveAccessControlEntryRecord', { id: T1 }),
  );
  assert.equal([...image.clientQuotas.entities()].length, 0);
  assert.equal(image.scramCredentials.size + image.delegationTokens.size + image.acls.size, 0);
});

test('records that contradict the image are refused', () => {
  const image = new MetadataImage();
  replay(image, topic('a', T1));
  const broken: MetadataRecord[] = [
    partition(T2, 0),
    partition(T1, -1),
    partition(T1, 2_000_000),
    metadataRecord('PartitionChangeRecord', { partitionId: 0, topicId: T1, leader: 1 }, 2),
    metadataRecord('RemoveTopicRecord', { topicId: T2 }),
    metadataRecord('BeginTransactionRecord', {}),
  ];
  for (const record of broken) assert.throws(() => replay(image, record), RangeError, record.kind);
});

test('records of a transaction take effect at its end, or never', () => {
  const replayer = new MetadataReplayer(new MetadataImage());
  const { topics } = replayer.image;
  replayer.replay([metadataRecord('BeginTransactionRecord', { name: 'x' }), topic('a', T1)], 1, 1);
  assert.equal(topics.size, 0);
  assert.ok(replayer.inTransaction);
  assert.ok(replayer.takeDelta().isEmpty);
  replayer.replay([partition(T1, 0), metadataRecord('EndTransactionRecord', {})], 3, 1);
  assert.equal(topics.partitionCount, 1);
  const delta = replayer.takeDelta();
  assert.deepEqual([delta.topics.size, delta.lastOffset, delta.lastEpoch], [1, 3, 1]);
  replayer.replay([metadataRecord('BeginTransactionRecord', {}), topic('b', T2)], 5, 1);
  replayer.replay([metadataRecord('AbortTransactionRecord', { reason: 'y' })], 6, 2);
  assert.equal(topics.size, 1);
  assert.ok(!replayer.inTransaction);
  assert.throws(() => replayer.replay([metadataRecord('EndTransactionRecord', {})], 7, 2), /never began/);
});

test('the delta between two images, and from nothing to one', () => {
  const before = new MetadataImage();
  replay(before, topic('a', T1), partition(T1, 0), topicConfig('a', 'x', '1'), broker(1, 7));
  const after = new MetadataImage();
  replay(after, topic('a', T1), partition(T1, 0), partition(T1, 1), topicConfig('a', 'x', '1'), broker(2, 9));
  const delta = imageDelta(before, after);
  assert.deepEqual(
    delta
      .replicaChanges(1)
      .map((change) => change.partition)
      .includes(1),
    true,
  );
  assert.equal(delta.configs.size, 0, 'equal content is no change');
  assert.deepEqual(
    [...delta.brokers].map(([id, { before: was, after: is }]) => [id, was !== null, is !== null]),
    [
      [2, false, true],
      [1, true, false],
    ],
  );
  const whole = wholeImageDelta(after);
  assert.equal(created(whole).length, 1);
  assert.equal(whole.replicaChanges(1).length, 2);
});
