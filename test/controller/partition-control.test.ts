import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorName } from '../../src/protocol/errors.ts';
import {
  creatable,
  createRequest,
  FOLDER,
  heartbeat,
  LATEST,
  openController,
  registration,
  type Setup,
  startBroker,
  startedController,
} from './controller-setup.ts';

const DIRECTORY_2 = 'kFEQHMYUSESEJwc_WQ6BtA';
const DIRECTORY_3 = 's0ITIwL5Snu0x2Y6T5d-Dg';

async function grownError(
  setup: Setup,
  count: number,
  assignments: number[][] | null = null,
  name = 'a',
): Promise<string> {
  const topic = { name, count, assignments: assignments?.map((brokerIds) => ({ brokerIds })) ?? null };
  const request = { topics: [topic], timeoutMs: 5000, validateOnly: false };
  const { results } = await setup.controller.createPartitions(request, LATEST);
  return errorName(results[0].errorCode);
}

async function withTopic(numPartitions = 2): Promise<Setup & { brokerEpoch: number }> {
  const setup = await startedController();
  await setup.controller.createTopics(createRequest([creatable('a', { numPartitions })]), LATEST);
  return setup;
}

test('the number of partitions is a total that only grows', async () => {
  const setup = await withTopic();
  assert.equal(await grownError(setup, 2), 'INVALID_PARTITIONS');
  assert.equal(await grownError(setup, 1), 'INVALID_PARTITIONS');
  assert.equal(await grownError(setup, -1), 'INVALID_PARTITIONS');
  assert.equal(await grownError(setup, 3, null, 'zz'), 'UNKNOWN_TOPIC_OR_PARTITION');
  assert.equal(await grownError(setup, 20_000), 'POLICY_VIOLATION');
  assert.equal(await grownError(setup, 5), 'NONE');
  const { partitions } = setup.controller.image.topics.byName('a')!;
  assert.equal(partitions.length, 5);
  assert.ok(partitions.every((partition) => partition.leader === 1));
});

test('the partitions that one request adds count together', async () => {
  const setup = await startedController({ settings: { partitionsMax: 10_500 } });
  const { controller } = setup;
  const topics = ['a', 'b', 'c'].map((name) => creatable(name, { numPartitions: 1 }));
  await controller.createTopics(createRequest(topics), LATEST);
  const grow = async (...counts: number[]): Promise<string[]> => {
    const wanted = counts.map((count, index) => ({ name: topics[index].name, count, assignments: null }));
    const { results } = await controller.createPartitions(
      { topics: wanted, timeoutMs: 5000, validateOnly: true },
      LATEST,
    );
    return results.map(({ errorCode, errorMessage }) => `${errorName(errorCode)} ${errorMessage ?? ''}`);
  };
  const [first, second] = await grow(6_000, 5_000);
  assert.equal(first, 'NONE ');
  assert.match(second, /^POLICY_VIOLATION .* more than 10000 partitions/);
  await controller.createPartitions(
    { topics: [{ name: 'c', count: 4_000, assignments: null }], timeoutMs: 5000, validateOnly: false },
    LATEST,
  );
  assert.match((await grow(4_000, 4_000))[1], /^POLICY_VIOLATION .* room for 10500/);
});

test('assignments of new partitions', async () => {
  const setup = await withTopic();
  assert.equal(await grownError(setup, 4, [[1]]), 'INVALID_REPLICA_ASSIGNMENT');
  assert.equal(await grownError(setup, 3, [[2]]), 'INVALID_REPLICA_ASSIGNMENT');
  assert.equal(await grownError(setup, 3, [[]]), 'INVALID_REPLICA_ASSIGNMENT');
  assert.equal(await grownError(setup, 4, [[1], [1]]), 'NONE');
});

test('duplicates, validateOnly and permission to grow', async () => {
  const { controller } = await withTopic();
  const topic = { name: 'a', count: 3, assignments: null };
  const twice = { topics: [topic, topic], timeoutMs: 5000, validateOnly: false };
  const { results } = await controller.createPartitions(twice, LATEST);
  assert.deepEqual(
    results.map(({ errorCode }) => errorName(errorCode)),
    ['INVALID_REQUEST'],
  );
  const dry = { topics: [topic], timeoutMs: 5000, validateOnly: true };
  assert.equal((await controller.createPartitions(dry, LATEST)).results[0].errorCode, 0);
  const denied = await controller.createPartitions(dry, { ...LATEST, allows: () => false });
  assert.equal(errorName(denied.results[0].errorCode), 'TOPIC_AUTHORIZATION_FAILED');
  assert.equal(controller.image.topics.byName('a')?.partitions.length, 2);
});

test('elections are not needed while the preferred leader leads', async () => {
  const { controller } = await withTopic();
  const elect = async (electionType: number, topicPartitions: { topic: string; partitions: number[] }[] | null) => {
    const response = await controller.electLeaders({ electionType, topicPartitions, timeoutMs: 5000 }, LATEST);
    return response.replicaElectionResults.map(({ topic, partitionResult }) => [
      topic,
      ...partitionResult.map(({ partitionId, errorCode }) => `${partitionId} ${errorName(errorCode)}`),
    ]);
  };
  assert.deepEqual(await elect(0, [{ topic: 'a', partitions: [0, 7] }]), [
    ['a', '0 ELECTION_NOT_NEEDED', '7 UNKNOWN_TOPIC_OR_PARTITION'],
  ]);
  assert.deepEqual(await elect(1, [{ topic: 'zz', partitions: [0] }]), [['zz', '0 UNKNOWN_TOPIC_OR_PARTITION']]);
  assert.deepEqual(await elect(1, null), [['a']], 'asked for all, those that need none are not spoken of');
  const unknown = await controller.electLeaders({ electionType: 9, topicPartitions: null, timeoutMs: 5000 }, LATEST);
  assert.equal(errorName(unknown.errorCode), 'INVALID_REQUEST');
});

test('the preferred leader gets its partition back', async () => {
  const setup = await startedController();
  const { controller } = setup;
  const epoch2 = await startBroker(setup, { brokerId: 2, logDirs: [DIRECTORY_2, DIRECTORY_3] });
  const assignments = [{ partitionIndex: 0, brokerIds: [2, 1] }];
  await controller.createTopics(createRequest([creatable('a', { assignments })]), LATEST);
  const partition = () => controller.image.topics.byName('a')!.partitions[0];
  const offlineLogDirs = partition().directories.slice(0, 1);
  await controller.brokerHeartbeat(heartbeat(epoch2, { brokerId: 2, offlineLogDirs }));
  assert.deepEqual([partition().leader, partition().leaderEpoch], [1, 1], 'broker 2 lost the directory');
  const electPreferred = async (): Promise<string> => {
    const request = { electionType: 0, topicPartitions: [{ topic: 'a', partitions: [0] }], timeoutMs: 5000 };
    const { replicaElectionResults } = await controller.electLeaders(request, LATEST);
    return errorName(replicaElectionResults[0].partitionResult[0].errorCode);
  };
  assert.equal(await electPreferred(), 'PREFERRED_LEADER_NOT_AVAILABLE');
  await startBroker(setup, { brokerId: 2, logDirs: [DIRECTORY_2, DIRECTORY_3] });
  assert.equal(await electPreferred(), 'NONE');
  assert.deepEqual([partition().leader, partition().leaderEpoch], [2, 2]);
});

test('a replica whose directory is offline leads nothing, not even when there is no other', async () => {
  const { controller, brokerEpoch } = await startedController({ logDirs: [FOLDER, '/more'] });
  await controller.createTopics(createRequest([creatable('a', { numPartitions: 1 })]), LATEST);
  const partition = () => controller.image.topics.byName('a')!.partitions[0];
  await controller.brokerHeartbeat(heartbeat(brokerEpoch, { offlineLogDirs: partition().directories }));
  assert.equal(partition().leader, -1);
  const request = { electionType: 1, topicPartitions: [{ topic: 'a', partitions: [0] }], timeoutMs: 5000 };
  const { replicaElectionResults } = await controller.electLeaders(request, LATEST);
  assert.equal(errorName(replicaElectionResults[0].partitionResult[0].errorCode), 'ELIGIBLE_LEADERS_NOT_AVAILABLE');
  assert.equal(partition().leader, -1);
});

test('reassignments: what needs no copying is done, the rest refused', async () => {
  const setup = await startedController();
  const { controller } = setup;
  await startBroker(setup, { brokerId: 2, logDirs: [DIRECTORY_2] });
  const assignments = [[1, 2], [1]].map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds }));
  await controller.createTopics(
    createRequest([
      creatable('a', { assignments: [assignments[0]] }),
      creatable('b', { assignments: [{ ...assignments[1], partitionIndex: 0 }] }),
    ]),
    LATEST,
  );
  const move = async (name: string, replicas: number[] | null, allowReplicationFactorChange = true) => {
    const topics = [{ name, partitions: [{ partitionIndex: 0, replicas }] }];
    const response = await controller.alterPartitionReassignments(
      { timeoutMs: 5000, allowReplicationFactorChange, topics },
      LATEST,
    );
    return errorName(response.responses[0].partitions[0].errorCode);
  };
  assert.equal(await move('zz', [1]), 'UNKNOWN_TOPIC_OR_PARTITION');
  assert.equal(await move('a', null), 'NO_REASSIGNMENT_IN_PROGRESS');
  assert.equal(await move('a', [1, 2]), 'NONE');
  assert.equal(await move('a', []), 'INVALID_REPLICA_ASSIGNMENT');
  assert.equal(await move('a', [3]), 'INVALID_REPLICA_ASSIGNMENT');
  assert.equal(await move('b', [1, 2]), 'INVALID_REPLICA_ASSIGNMENT');
  assert.equal(await move('a', [1], false), 'INVALID_REPLICATION_FACTOR');
  const [directory1] = setup.directory.directoryIds.values();
  const partition = () => controller.image.topics.byName('a')!.partitions[0];
  assert.equal(await move('a', [2, 1]), 'NONE');
  assert.deepEqual(
    [partition().replicas, partition().directories, partition().leader],
    [[2, 1], [DIRECTORY_2, directory1], 1],
  );
  assert.equal(await move('a', [2]), 'NONE');
  assert.deepEqual(
    [partition().replicas, partition().isr, partition().leader, partition().leaderEpoch],
    [[2], [2], 2, 1],
  );
  const list = await controller.listPartitionReassignments({ timeoutMs: 5000, topics: null }, LATEST);
  assert.deepEqual([list.errorCode, list.topics], [0, []]);
});

test('a registration: epoch, amendment, and what is refused', async () => {
  const setup = await openController();
  const { controller } = setup;
  const offset = controller.image.lastOffset + 1;
  const request = registration(setup);
  const { brokerEpoch } = await controller.registerBroker(request);
  assert.equal(brokerEpoch, offset, 'the epoch is the offset of the registration');
  assert.ok(controller.image.cluster.broker(1)?.fenced);
  await controller.brokerHeartbeat(heartbeat(brokerEpoch));
  assert.equal(
    (await controller.registerBroker({ ...request, rack: 'r' })).brokerEpoch,
    brokerEpoch,
    'same incarnation',
  );
  assert.deepEqual(
    [controller.image.cluster.broker(1)?.fenced, controller.image.cluster.broker(1)?.rack],
    [false, 'r'],
  );
  const refused = async (fields: object) =>
    errorName((await controller.registerBroker({ ...request, ...fields })).errorCode);
  assert.equal(await refused({ clusterId: 'x' }), 'INCONSISTENT_CLUSTER_ID');
  assert.equal(await refused({ isMigratingZkBroker: true }), 'BROKER_ID_NOT_REGISTERED');
  assert.equal(await refused({ logDirs: [] }), 'INVALID_REGISTRATION');
  assert.equal(await refused({ logDirs: ['AAAAAAAAAAAAAAAAAAAAAA'] }), 'INVALID_REGISTRATION');
  assert.equal(await refused({ logDirs: [DIRECTORY_2, DIRECTORY_2] }), 'INVALID_REGISTRATION');
  assert.equal(await refused({ brokerId: 2 }), 'INVALID_REGISTRATION', "the directory is broker 1's");
  assert.equal(await refused({ features: [] }), 'UNSUPPORTED_VERSION');
});

test('heartbeats with a wrong epoch, and fencing', async () => {
  const { controller, brokerEpoch } = await startedController();
  const beat = async (epoch: number, fields: object = {}) => {
    const { errorCode, isFenced, shouldShutDown, isCaughtUp } = await controller.brokerHeartbeat(
      heartbeat(epoch, fields),
    );
    return [errorName(errorCode), isFenced, shouldShutDown, isCaughtUp];
  };
  assert.deepEqual(await beat(brokerEpoch + 1), ['STALE_BROKER_EPOCH', true, false, false]);
  assert.deepEqual(await beat(brokerEpoch, { brokerId: 9 }), ['BROKER_ID_NOT_REGISTERED', true, false, false]);
  assert.deepEqual(await beat(brokerEpoch), ['NONE', false, false, true]);
  assert.deepEqual(await beat(brokerEpoch, { wantFence: true }), ['NONE', true, false, true]);
  assert.deepEqual(await beat(brokerEpoch, { currentMetadataOffset: 0 }), ['NONE', true, false, false]);
  assert.deepEqual(await beat(brokerEpoch), ['NONE', false, false, true]);
  assert.deepEqual(await beat(brokerEpoch, { wantShutDown: true }), ['NONE', false, true, true]);
});

test('a broker that is gone is unregistered, and its partitions find another leader', async () => {
  const setup = await startedController();
  const { controller } = setup;
  await startBroker(setup, { brokerId: 2, logDirs: [DIRECTORY_2] });
  const assignments = [[2, 1], [2]].map((brokerIds) => [{ partitionIndex: 0, brokerIds }]);
  await controller.createTopics(
    createRequest([creatable('a', { assignments: assignments[0] }), creatable('b', { assignments: assignments[1] })]),
    LATEST,
  );
  const unregister = async (brokerId: number) =>
    errorName((await controller.unregisterBroker({ brokerId }, LATEST)).errorCode);
  assert.equal(await unregister(7), 'BROKER_ID_NOT_REGISTERED');
  assert.equal(await unregister(1), 'INVALID_REQUEST');
  assert.equal(await unregister(2), 'NONE');
  const [a, b] = ['a', 'b'].map((name) => controller.image.topics.byName(name)!.partitions[0]);
  assert.deepEqual([a.leader, a.isr], [1, [1]]);
  assert.deepEqual([b.leader, b.isr], [-1, [2]], 'the last in-sync replica is what one waits for');
  assert.equal(controller.image.cluster.broker(2), undefined);
});

test('an ISR is changed by the leader, at the epochs it knows', async () => {
  const setup = await startedController();
  const { controller, brokerEpoch } = setup;
  await startBroker(setup, { brokerId: 2, logDirs: [DIRECTORY_2] });
  await controller.createTopics(
    createRequest([creatable('a', { assignments: [{ partitionIndex: 0, brokerIds: [1, 2] }] })]),
    LATEST,
  );
  const topicId = controller.image.topics.idOf('a')!;
  const propose = async (newIsr: number[], fields: object = {}, brokerId = 1) => {
    const partition = {
      partitionIndex: 0,
      leaderEpoch: 0,
      newIsr: [] as number[],
      newIsrWithEpochs: newIsr.map((id) => ({ brokerId: id, brokerEpoch: -1 })),
      leaderRecoveryState: 0,
      partitionEpoch: controller.image.topics.partition(topicId, 0)!.partitionEpoch,
      ...fields,
    };
    const response = await controller.alterPartition({
      brokerId,
      brokerEpoch: brokerId === 1 ? brokerEpoch : controller.image.cluster.broker(2)!.epoch,
      topics: [{ topicId, partitions: [partition] }],
    });
    return errorName(response.errorCode || response.topics[0].partitions[0].errorCode);
  };
  assert.equal(await propose([1]), 'NONE');
  assert.deepEqual(controller.image.topics.partition(topicId, 0)?.isr, [1]);
  assert.equal(await propose([1, 2]), 'NONE');
  assert.equal(await propose([1], { partitionEpoch: 1 }), 'INVALID_UPDATE_VERSION');
  assert.equal(await propose([1], { partitionEpoch: 3 }), 'NOT_CONTROLLER');
  assert.equal(await propose([1], { leaderEpoch: 1 }), 'NOT_CONTROLLER');
  assert.equal(await propose([1], { leaderEpoch: -1 }), 'FENCED_LEADER_EPOCH');
  assert.equal(await propose([2], {}, 2), 'INVALID_REQUEST');
  assert.equal(await propose([2]), 'INVALID_REQUEST');
  assert.equal(await propose([]), 'INVALID_REQUEST');
  assert.equal(await propose([1, 1]), 'INVALID_REQUEST');
  assert.equal(await propose([1, 3]), 'INVALID_REQUEST');
  assert.equal(await propose([1], { leaderRecoveryState: 1 }), 'INVALID_REQUEST');
  assert.equal(
    await propose([1, 2], { newIsrWithEpochs: [1, 2].map((id) => ({ brokerId: id, brokerEpoch: 1 })) }),
    'INELIGIBLE_REPLICA',
  );
  assert.equal(await propose([1], { partitionIndex: 5 }), 'UNKNOWN_TOPIC_OR_PARTITION');
});

test('a leader that recovers is alone in its ISR until it has', async () => {
  const setup = await startedController();
  const { controller, brokerEpoch } = setup;
  const epoch2 = await startBroker(setup, { brokerId: 2, logDirs: [DIRECTORY_2, DIRECTORY_3] });
  const assignments = [{ partitionIndex: 0, brokerIds: [2, 1] }];
  await controller.createTopics(createRequest([creatable('a', { assignments })]), LATEST);
  const topicId = controller.image.topics.idOf('a')!;
  const partition = () => controller.image.topics.partition(topicId, 0)!;
  const propose = async (newIsr: number[], leaderRecoveryState: number, brokerId: number, epoch: number) => {
    const { leaderEpoch, partitionEpoch } = partition();
    const newIsrWithEpochs = newIsr.map((id) => ({ brokerId: id, brokerEpoch: -1 }));
    const wanted = {
      partitionIndex: 0,
      leaderEpoch,
      newIsr: [],
      newIsrWithEpochs,
      leaderRecoveryState,
      partitionEpoch,
    };
    const request = { brokerId, brokerEpoch: epoch, topics: [{ topicId, partitions: [wanted] }] };
    return errorName((await controller.alterPartition(request)).topics[0].partitions[0].errorCode);
  };
  assert.equal(await propose([2], 0, 2, epoch2), 'NONE');
  await controller.brokerHeartbeat(
    heartbeat(epoch2, { brokerId: 2, offlineLogDirs: partition().directories.slice(0, 1) }),
  );
  assert.equal(partition().leader, -1, 'only broker 2 was in sync');
  const request = { electionType: 1, topicPartitions: [{ topic: 'a', partitions: [0] }], timeoutMs: 5000 };
  const { replicaElectionResults } = await controller.electLeaders(request, LATEST);
  assert.equal(errorName(replicaElectionResults[0].partitionResult[0].errorCode), 'NONE');
  assert.deepEqual([partition().leader, partition().leaderRecoveryState], [1, 1]);
  assert.equal(await propose([1, 2], 1, 1, brokerEpoch), 'INVALID_REQUEST');
  assert.equal(await propose([1, 2], 0, 1, brokerEpoch), 'NONE');
  assert.deepEqual([partition().isr, partition().leaderRecoveryState], [[1, 2], 0]);
});

test('a broker says in which directories its replicas lie', async () => {
  const { controller, brokerEpoch } = await withTopic();
  const topicId = controller.image.topics.idOf('a')!;
  const assign = async (id: string, topic: string, partitionIndex: number) => {
    const request = {
      brokerId: 1,
      brokerEpoch,
      directories: [{ id, topics: [{ topicId: topic, partitions: [{ partitionIndex }] }] }],
    };
    return errorName((await controller.assignReplicasToDirs(request)).directories[0].topics[0].partitions[0].errorCode);
  };
  assert.equal(await assign(DIRECTORY_2, topicId, 0), 'NONE');
  assert.deepEqual(controller.image.topics.partition(topicId, 0)?.directories, [DIRECTORY_2]);
  assert.equal(await assign(DIRECTORY_2, topicId, 9), 'UNKNOWN_TOPIC_OR_PARTITION');
  assert.equal(await assign(DIRECTORY_2, DIRECTORY_2, 0), 'UNKNOWN_TOPIC_ID');
});

test('producer ids come in blocks of 1000 that nobody else gets', async () => {
  const { controller, brokerEpoch } = await startedController();
  const allocate = () => controller.allocateProducerIds({ brokerId: 1, brokerEpoch });
  const blocks = await Promise.all([allocate(), allocate(), allocate()]);
  assert.deepEqual(
    blocks.map(({ producerIdStart, producerIdLen }) => [producerIdStart, producerIdLen]),
    [
      [0, 1000],
      [1000, 1000],
      [2000, 1000],
    ],
  );
  const stale = await controller.allocateProducerIds({ brokerId: 1, brokerEpoch: brokerEpoch - 1 });
  assert.equal(errorName(stale.errorCode), 'STALE_BROKER_EPOCH');
});
