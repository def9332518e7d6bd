import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ZERO_UUID } from '../../src/base/uuid.ts';
import { ErrorCode, errorName } from '../../src/protocol/errors.ts';
import {
  creatable,
  createRequest,
  LATEST,
  openController,
  registration,
  type Setup,
  startBroker,
  startedController,
  type TopicFields,
} from './controller-setup.ts';

async function createdError(setup: Setup, name: string, fields: TopicFields = {}): Promise<string> {
  const { topics } = await setup.controller.createTopics(createRequest([creatable(name, fields)]), LATEST);
  assert.equal(topics.length, 1);
  return errorName(topics[0].errorCode);
}

test('a topic with defaults, and the whole of its answer', async () => {
  const setup = await startedController();
  const configs = [{ name: 'retention.ms', value: '5000' }];
  const { topics } = await setup.controller.createTopics(createRequest([creatable('a', { configs })]), LATEST);
  const [created] = topics;
  const image = setup.controller.image.topics.byName('a')!;
  assert.equal(created.topicId, image.id);
  assert.deepEqual([created.errorCode, created.numPartitions, created.replicationFactor], [0, 2, 1]);
  const retention = created.configs!.find(({ name }) => name === 'retention.ms');
  assert.deepEqual(retention, {
    name: 'retention.ms',
    value: '5000',
    readOnly: false,
    configSource: 1,
    isSensitive: false,
  });
  assert.ok(created.configs!.length > 30);
  const [directory] = setup.directory.directoryIds.values();
  assert.deepEqual(image.partitions[1], {
    replicas: [1],
    directories: [directory],
    isr: [1],
    elr: [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
    leader: 1,
    leaderRecoveryState: 0,
    leaderEpoch: 0,
    partitionEpoch: 0,
  });
  assert.equal(setup.controller.image.configs.topic('a').get('retention.ms'), '5000');
});

test('names that cannot be created', async () => {
  const setup = await startedController();
  assert.equal(await createdError(setup, 'a.b'), 'NONE');
  assert.equal(await createdError(setup, 'a.b'), 'TOPIC_ALREADY_EXISTS');
  assert.equal(await createdError(setup, 'a_b'), 'INVALID_TOPIC_EXCEPTION');
  assert.equal(await createdError(setup, 'a b'), 'INVALID_TOPIC_EXCEPTION');
  assert.equal(await createdError(setup, ''), 'INVALID_TOPIC_EXCEPTION');
  assert.equal(await createdError(setup, '__cluster_metadata'), 'INVALID_REQUEST');
  assert.equal(await createdError(setup, '__consumer_offsets'), 'NONE');
});

test('a name that stands in the request twice is answered once, the others are created', async () => {
  const { controller } = await startedController();
  const { topics } = await controller.createTopics(
    createRequest(['a', 'b', 'a'].map((name) => creatable(name))),
    LATEST,
  );
  assert.deepEqual(
    topics.map(({ name, errorCode }) => [name, errorName(errorCode)]),
    [
      ['a', 'INVALID_REQUEST'],
      ['b', 'NONE'],
    ],
  );
  assert.deepEqual([...controller.image.topics.names()], ['b']);
});

test('two names of one request may collide, one must not with a topic that exists', async () => {
  const { controller } = await startedController();
  const { topics } = await controller.createTopics(
    createRequest(['x.y', 'x_y'].map((name) => creatable(name))),
    LATEST,
  );
  assert.deepEqual(
    topics.map(({ errorCode }) => errorName(errorCode)),
    ['NONE', 'NONE'],
  );
  const again = await controller.createTopics(createRequest([creatable('x.y_z'), creatable('x_y')]), LATEST);
  const third = await controller.createTopics(createRequest([creatable('x.y.z')]), LATEST);
  assert.deepEqual(
    [...again.topics, ...third.topics].map(({ errorCode }) => errorName(errorCode)),
    ['NONE', 'TOPIC_ALREADY_EXISTS', 'INVALID_TOPIC_EXCEPTION'],
  );
});

test('numbers of partitions and replicas', async () => {
  const setup = await startedController();
  assert.equal(await createdError(setup, 'a', { numPartitions: 0 }), 'INVALID_PARTITIONS');
  assert.equal(await createdError(setup, 'a', { numPartitions: -2 }), 'INVALID_PARTITIONS');
  assert.equal(await createdError(setup, 'a', { replicationFactor: 0 }), 'INVALID_REPLICATION_FACTOR');
  assert.equal(await createdError(setup, 'a', { replicationFactor: -2 }), 'INVALID_REPLICATION_FACTOR');
  assert.equal(await createdError(setup, 'a', { replicationFactor: 2 }), 'INVALID_REPLICATION_FACTOR');
  assert.equal(await createdError(setup, 'a', { numPartitions: 10_001 }), 'POLICY_VIOLATION');
  assert.equal(await createdError(setup, 'a', { numPartitions: 2_147_483_647 }), 'POLICY_VIOLATION');
  assert.equal(await createdError(setup, 'a', { numPartitions: 9_000, replicationFactor: 1 }), 'NONE');
  assert.equal(setup.controller.image.topics.byName('a')?.partitions.length, 9_000);
});

test('manual assignments', async () => {
  const setup = await startedController();
  const assign = (...brokerIds: number[][]) => ({
    assignments: brokerIds.map((ids, partitionIndex) => ({ partitionIndex, brokerIds: ids })),
  });
  assert.equal(await createdError(setup, 'a', { ...assign([1]), numPartitions: 1 }), 'INVALID_REQUEST');
  assert.equal(await createdError(setup, 'a', { ...assign([1]), replicationFactor: 1 }), 'INVALID_REQUEST');
  assert.equal(await createdError(setup, 'a', assign([])), 'INVALID_REPLICA_ASSIGNMENT');
  assert.equal(await createdError(setup, 'a', assign([2])), 'INVALID_REPLICA_ASSIGNMENT');
  assert.equal(await createdError(setup, 'a', assign([1, 1])), 'INVALID_REPLICA_ASSIGNMENT');
  const gap = { assignments: [0, 2].map((partitionIndex) => ({ partitionIndex, brokerIds: [1] })) };
  assert.equal(await createdError(setup, 'a', gap), 'INVALID_REPLICA_ASSIGNMENT');
  const twice = { assignments: [0, 0].map((partitionIndex) => ({ partitionIndex, brokerIds: [1] })) };
  assert.equal(await createdError(setup, 'a', twice), 'INVALID_REPLICA_ASSIGNMENT');
  assert.equal(await createdError(setup, 'a', assign([1], [1], [1])), 'NONE');
  assert.equal(setup.controller.image.topics.byName('a')?.partitions.length, 3);
});

test('replicas on other brokers: only active ones are in sync, and lists must be equally long', async () => {
  const setup = await startedController();
  await setup.controller.registerBroker(registration(setup, { brokerId: 2, logDirs: ['kFEQHMYUSESEJwc_WQ6BtA'] }));
  const uneven = [
    { partitionIndex: 0, brokerIds: [1, 2] },
    { partitionIndex: 1, brokerIds: [1] },
  ];
  assert.equal(await createdError(setup, 'a', { assignments: uneven }), 'INVALID_REPLICA_ASSIGNMENT');
  const fenced = [{ partitionIndex: 0, brokerIds: [2] }];
  assert.equal(await createdError(setup, 'a', { assignments: fenced }), 'INVALID_REPLICA_ASSIGNMENT');
  assert.equal(await createdError(setup, 'a', { replicationFactor: 2 }), 'NONE');
  const { replicas, isr, leader } = setup.controller.image.topics.byName('a')!.partitions[0];
  assert.deepEqual([replicas, isr, leader], [[1, 2], [1], 1]);
  await startBroker(setup, { brokerId: 2, logDirs: ['kFEQHMYUSESEJwc_WQ6BtA'] });
  assert.equal(await createdError(setup, 'b', { replicationFactor: 1, numPartitions: 4 }), 'NONE');
  const leaders = setup.controller.image.topics.byName('b')!.partitions.map((partition) => partition.leader);
  assert.deepEqual(leaders.toSorted(), [1, 1, 2, 2]);
});

test('without an active broker nothing can be created', async () => {
  const setup = await openController();
  assert.equal(await createdError(setup, 'a'), 'INVALID_REPLICATION_FACTOR');
});

test('settings are checked, and a null one is refused', async () => {
  const setup = await startedController();
  const withConfig = (name: string, value: string | null) => createdError(setup, 'a', { configs: [{ name, value }] });
  assert.equal(await withConfig('no.such.setting', '1'), 'INVALID_CONFIG');
  assert.equal(await withConfig('retention.ms', 'x'), 'INVALID_CONFIG');
  assert.equal(await withConfig('retention.ms', null), 'INVALID_CONFIG');
  assert.equal(await withConfig('cleanup.policy', 'compact,delete'), 'NONE');
});

test('validateOnly answers in full and creates nothing', async () => {
  const { controller } = await startedController();
  const before = controller.image.lastOffset;
  const { topics } = await controller.createTopics(createRequest([creatable('a'), creatable('b c')], true), LATEST);
  assert.deepEqual(
    topics.map(({ errorCode, numPartitions }) => [errorName(errorCode), numPartitions]),
    [
      ['NONE', 2],
      ['INVALID_TOPIC_EXCEPTION', -1],
    ],
  );
  assert.equal(controller.image.topics.size, 0);
  assert.equal(controller.image.lastOffset, before);
});

test('permission to create and to see the settings', async () => {
  const { controller } = await startedController();
  const context = {
    ...LATEST,
    allows: (operation: string, resource: string, name: string) =>
      resource === 'TOPIC' && operation === 'CREATE' && name === 'mine',
  };
  const request = createRequest([creatable('mine'), creatable('other')]);
  const { topics } = await controller.createTopics(request, context);
  assert.deepEqual(
    topics.map(({ errorCode }) => errorName(errorCode)),
    ['NONE', 'TOPIC_AUTHORIZATION_FAILED'],
  );
  assert.equal(errorName(topics[0].topicConfigErrorCode), 'TOPIC_AUTHORIZATION_FAILED');
  assert.deepEqual([topics[0].numPartitions, topics[0].configs], [-1, []]);
});

test('the mutation quota is asked for the number of partitions', async () => {
  const { controller } = await startedController();
  let left = 5;
  const takeMutations = (count: number) => {
    if (left < count) return false;
    left -= count;
    return true;
  };
  const request = createRequest([creatable('a', { numPartitions: 4 }), creatable('b')]);
  const { topics } = await controller.createTopics(request, { ...LATEST, takeMutations });
  assert.deepEqual(
    topics.map(({ errorCode }) => errorName(errorCode)),
    ['NONE', 'THROTTLING_QUOTA_EXCEEDED'],
  );
});

test('new replicas go to the log directory that holds fewest, never to a cordoned one', async () => {
  const logDirs = ['/data', '/data2', '/data3'];
  const setup = await openController({ logDirs });
  const [first, second, third] = logDirs.map((directory) => setup.directory.directoryIds.get(directory)!);
  const brokerEpoch = await startBroker(setup);
  await setup.controller.createTopics(createRequest([creatable('a', { numPartitions: 4 })]), LATEST);
  const placed = (name: string) =>
    setup.controller.image.topics.byName(name)!.partitions.map((it) => it.directories[0]);
  assert.deepEqual(placed('a'), [first, second, third, first]);
  const { heartbeat } = await import('./controller-setup.ts');
  await setup.controller.brokerHeartbeat(heartbeat(brokerEpoch, { cordonedLogDirs: [second] }));
  await setup.controller.createTopics(createRequest([creatable('b', { numPartitions: 3 })]), LATEST);
  assert.deepEqual(placed('b'), [third, first, third]);
});

test('topics are deleted by name and by id', async () => {
  const { controller } = await startedController();
  await controller.createTopics(createRequest(['a', 'b', 'c', 'd'].map((name) => creatable(name))), LATEST);
  const idOf = (name: string) => controller.image.topics.idOf(name)!;
  const byId = (topicId: string) => ({ name: null, topicId });
  const byName = (name: string) => ({ name, topicId: ZERO_UUID });
  const unknownId = 'AAAAAAAAAAAAAAAAAAAABB';
  const topics = [
    byId(idOf('a')),
    byName('b'),
    byName('zz'),
    byId(unknownId),
    byId(ZERO_UUID),
    { name: 'c', topicId: idOf('c') },
    byId(idOf('d')),
    byName('d'),
  ];
  const { responses } = await controller.deleteTopics({ topics, topicNames: [], timeoutMs: 5000 }, LATEST);
  const found = responses.map(({ name, topicId, errorCode }) => [name, topicId, errorName(errorCode)]);
  const expected = [
    ['a', topics[0].topicId, 'NONE'],
    ['b', responses.find(({ name }) => name === 'b')!.topicId, 'NONE'],
    ['zz', ZERO_UUID, 'UNKNOWN_TOPIC_OR_PARTITION'],
    [null, unknownId, 'UNKNOWN_TOPIC_ID'],
    [null, ZERO_UUID, 'INVALID_REQUEST'],
    ['c', topics[5].topicId, 'INVALID_REQUEST'],
    ['d', topics[6].topicId, 'INVALID_REQUEST'],
  ];
  const inOrder = (rows: unknown[]) => rows.map((row) => JSON.stringify(row)).toSorted();
  assert.deepEqual(inOrder(found), inOrder(expected));
  assert.deepEqual([...controller.image.topics.names()], ['c', 'd']);
});

test('old versions delete by name; a name that stands there twice is refused', async () => {
  const { controller } = await startedController();
  await controller.createTopics(createRequest(['a', 'b'].map((name) => creatable(name))), LATEST);
  const request = { topics: [], topicNames: ['a', 'b', 'b', 'zz'], timeoutMs: 5000 };
  const { responses } = await controller.deleteTopics(request, { ...LATEST, apiVersion: 5 });
  assert.deepEqual(Object.fromEntries(responses.map(({ name, errorCode }) => [name, errorName(errorCode)])), {
    a: 'NONE',
    b: 'INVALID_REQUEST',
    zz: 'UNKNOWN_TOPIC_OR_PARTITION',
  });
  assert.deepEqual([...controller.image.topics.names()], ['b']);
});

test('deletion that is switched off, by version', async () => {
  const { controller } = await startedController({ settings: { deleteTopicEnable: false } });
  await controller.createTopics(createRequest([creatable('a')]), LATEST);
  const remove = async (apiVersion: number) => {
    const request = { topics: [], topicNames: ['a'], timeoutMs: 5000 };
    return (await controller.deleteTopics(request, { ...LATEST, apiVersion })).responses[0].errorCode;
  };
  assert.equal(await remove(2), ErrorCode.INVALID_REQUEST);
  assert.equal(await remove(3), ErrorCode.TOPIC_DELETION_DISABLED);
  assert.equal(controller.image.topics.size, 1);
});

test('whoever may not see a topic learns neither its name nor that it exists', async () => {
  const { controller } = await startedController();
  await controller.createTopics(createRequest([creatable('hidden'), creatable('seen')]), LATEST);
  const [hidden, seen] = ['hidden', 'seen'].map((name) => controller.image.topics.idOf(name)!);
  const context = {
    ...LATEST,
    allows: (operation: string, _: string, name: string) => operation === 'DESCRIBE' && name === 'seen',
  };
  const topics = [
    { name: null, topicId: hidden },
    { name: null, topicId: seen },
    { name: 'hidden', topicId: ZERO_UUID },
    { name: 'nothing', topicId: ZERO_UUID },
  ];
  const { responses } = await controller.deleteTopics({ topics, topicNames: [], timeoutMs: 5000 }, context);
  assert.deepEqual(
    responses.map(({ name, topicId, errorCode }) => [name, topicId, errorName(errorCode)]),
    [
      [null, hidden, 'TOPIC_AUTHORIZATION_FAILED'],
      ['seen', seen, 'TOPIC_AUTHORIZATION_FAILED'],
      ['hidden', ZERO_UUID, 'TOPIC_AUTHORIZATION_FAILED'],
      ['nothing', ZERO_UUID, 'TOPIC_AUTHORIZATION_FAILED'],
    ],
  );
  assert.equal(controller.image.topics.size, 2);
});

test('no more partitions are created than there is room for', async () => {
  const setup = await startedController({ settings: { partitionsMax: 5 } });
  assert.equal(await createdError(setup, 'a', { numPartitions: 3 }), 'NONE');
  const both = [creatable('b', { numPartitions: 2 }), creatable('c', { numPartitions: 1 })];
  const { topics } = await setup.controller.createTopics(createRequest(both), LATEST);
  assert.deepEqual(
    topics.map(({ errorCode }) => errorName(errorCode)),
    ['NONE', 'POLICY_VIOLATION'],
  );
  assert.match(topics[1].errorMessage!, /room for 5/);
  const grown = [
    { name: 'a', count: 4, assignments: null },
    { name: 'b', count: 3, assignments: null },
  ];
  const request = { topics: grown, timeoutMs: 5000, validateOnly: false };
  const refused = await setup.controller.createPartitions(request, LATEST);
  assert.deepEqual(
    refused.results.map(({ errorCode }) => errorName(errorCode)),
    ['POLICY_VIOLATION', 'POLICY_VIOLATION'],
  );
  await setup.controller.deleteTopics({ topics: [], topicNames: ['b'], timeoutMs: 5000 }, LATEST);
  assert.equal(await createdError(setup, 'c', { numPartitions: 2 }), 'NONE');
});
