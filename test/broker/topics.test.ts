// Topics, partitions, offsets, settings and coordinators, asked over sockets of a broker in this process.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { silentLogger } from '../../src/base/logger.ts';
import { ZERO_UUID } from '../../src/base/uuid.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { produceRequest, produceResponse } from '../../src/protocol/messages/00-produce.ts';
import { fetchRequest, fetchResponse } from '../../src/protocol/messages/01-fetch.ts';
import { listOffsetsRequest, listOffsetsResponse } from '../../src/protocol/messages/02-list-offsets.ts';
import { metadataRequest, metadataResponse } from '../../src/protocol/messages/03-metadata.ts';
import { findCoordinatorRequest, findCoordinatorResponse } from '../../src/protocol/messages/10-find-coordinator.ts';
import { createTopicsRequest, createTopicsResponse } from '../../src/protocol/messages/19-create-topics.ts';
import { deleteTopicsRequest, deleteTopicsResponse } from '../../src/protocol/messages/20-delete-topics.ts';
import { deleteRecordsRequest, deleteRecordsResponse } from '../../src/protocol/messages/21-delete-records.ts';
import {
  offsetForLeaderEpochRequest,
  offsetForLeaderEpochResponse,
} from '../../src/protocol/messages/23-offset-for-leader-epoch.ts';
import { describeConfigsRequest, describeConfigsResponse } from '../../src/protocol/messages/32-describe-configs.ts';
import { describeLogDirsRequest, describeLogDirsResponse } from '../../src/protocol/messages/35-describe-log-dirs.ts';
import { createPartitionsRequest, createPartitionsResponse } from '../../src/protocol/messages/37-create-partitions.ts';
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../src/protocol/messages/44-incremental-alter-configs.ts';
import { buildBatch, type RecordInput } from '../../src/protocol/records/batch-builder.ts';
import { startTestBroker, type TestBroker } from '../../src/testing/test-broker.ts';
import { RawClient } from './raw-client.ts';

const NOW_MS = 1_700_000_000_000;
let broker: TestBroker;
let client: RawClient;
const logged: string[] = [];

before(async () => {
  const logger = {
    ...silentLogger,
    error: (details: object, message: string) => logged.push(`${message} ${JSON.stringify(details)}`),
  };
  broker = await startTestBroker({ logger });
  client = await RawClient.connect(broker.port);
});

after(async () => {
  client?.close();
  await broker?.stop();
  assert.deepEqual(logged, []);
});

async function create(name: string, numPartitions = 1, configs: Record<string, string> = {}): Promise<string> {
  const { topics } = await client.ask(createTopicsRequest, createTopicsResponse, 7, {
    topics: [
      {
        name,
        numPartitions,
        replicationFactor: 1,
        assignments: [],
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
      },
    ],
    timeoutMs: 1000,
  });
  assert.equal(topics[0].errorCode, ErrorCode.NONE, `${topics[0].errorMessage}`);
  return topics[0].topicId;
}

async function remove(name: string): Promise<void> {
  const body = { topics: [{ name }], timeoutMs: 1000 };
  const { responses } = await client.ask(deleteTopicsRequest, deleteTopicsResponse, 6, body);
  assert.equal(responses[0].errorCode, ErrorCode.NONE);
}

async function produce(name: string, records: readonly RecordInput[], index = 0) {
  const partitionData = [{ index, records: buildBatch(records) }];
  const { responses } = await client.ask(produceRequest, produceResponse, 9, {
    acks: -1,
    topicData: [{ name, partitionData }],
  });
  return responses[0].partitionResponses[0];
}

const numbered = (count: number, fromMs = NOW_MS): RecordInput[] =>
  Array.from({ length: count }, (_, index) => ({ value: `${index}`, timestamp: fromMs + index }));

async function fetch(
  topic: string,
  fetchOffset: number,
  { partition = 0, maxWaitMs = 0, on = client, currentLeaderEpoch = -1 } = {},
) {
  const partitions = [{ partition, fetchOffset, partitionMaxBytes: 1_000_000, currentLeaderEpoch }];
  const body = { maxWaitMs, minBytes: 1, maxBytes: 1_000_000, topics: [{ topic, partitions }] };
  const { responses } = await on.ask(fetchRequest, fetchResponse, 12, body);
  return responses[0].partitions[0];
}

async function listOffset(
  name: string,
  timestamp: number,
  { version = 11, isolationLevel = 0, partitionIndex = 0, currentLeaderEpoch = -1 } = {},
) {
  const { topics } = await client.ask(listOffsetsRequest, listOffsetsResponse, version, {
    replicaId: -1,
    isolationLevel,
    topics: [{ name, partitions: [{ partitionIndex, timestamp, currentLeaderEpoch }] }],
  });
  const { errorCode, offset, timestamp: found, leaderEpoch } = topics[0].partitions[0];
  return { errorCode, offset, timestamp: found, leaderEpoch };
}

async function metadataOf(name: string) {
  const { topics } = await client.ask(metadataRequest, metadataResponse, 12, {
    topics: [{ name, topicId: ZERO_UUID }],
    allowAutoTopicCreation: false,
  });
  return topics[0];
}

describe('metadata', () => {
  test('tells of broker, controller, cluster and partitions', async () => {
    const id = await create('described', 3);
    const answer = await client.ask(metadataRequest, metadataResponse, 13, {
      topics: [{ name: 'described', topicId: ZERO_UUID }],
      includeTopicAuthorizedOperations: true,
    });
    assert.deepEqual(answer.brokers, [{ nodeId: 1, host: '127.0.0.1', port: broker.port, rack: null }]);
    assert.equal(answer.controllerId, 1);
    assert.equal(answer.clusterId, broker.clusterId);
    assert.equal(answer.topics[0].topicId, id);
    assert.equal(answer.topics[0].isInternal, false);
    assert.notEqual(answer.topics[0].topicAuthorizedOperations, -0x80000000);
    assert.deepEqual(
      answer.topics[0].partitions.map(({ partitionIndex }) => partitionIndex),
      [0, 1, 2],
    );
    assert.deepEqual(answer.topics[0].partitions[2], {
      errorCode: 0,
      partitionIndex: 2,
      leaderId: 1,
      leaderEpoch: 0,
      replicaNodes: [1],
      isrNodes: [1],
      offlineReplicas: [],
    });
  });

  test('names all topics, none, or those that are asked for, by each version’s rules', async () => {
    await create('all-1');
    const names = async (version: number, topics: { name: string }[] | null): Promise<(string | null)[]> =>
      (await client.ask(metadataRequest, metadataResponse, version, { topics })).topics.map(({ name }) => name);
    assert.ok((await names(0, [])).includes('all-1'));
    assert.ok((await names(1, null)).includes('all-1'));
    assert.deepEqual(await names(1, []), []);
    assert.deepEqual(await names(9, [{ name: 'all-1' }]), ['all-1']);
  });

  test('finds topics by id', async () => {
    const topicId = await create('by-id');
    const ask = async (topics: { topicId: string; name: string | null }[]) =>
      (await client.ask(metadataRequest, metadataResponse, 12, { topics })).topics;
    const [found] = await ask([{ topicId, name: null }]);
    assert.deepEqual([found.name, found.topicId, found.errorCode], ['by-id', topicId, 0]);
    const [unknown] = await ask([{ topicId: 'zzzzzzzzzzzzzzzzzzzzzA', name: null }]);
    assert.equal(unknown.errorCode, ErrorCode.UNKNOWN_TOPIC_ID);
  });

  test('creates what is unknown only when both sides allow it, and refuses impossible names', async () => {
    const ask = async (name: string, allowAutoTopicCreation: boolean) =>
      (await client.ask(metadataRequest, metadataResponse, 8, { topics: [{ name }], allowAutoTopicCreation }))
        .topics[0];
    assert.equal((await ask('not-there', false)).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    const created = await ask('made', true);
    assert.deepEqual([created.errorCode, created.partitions.length], [0, 1]);
    for (const name of ['', '.', '..', 'a b', 'ü', 'x'.repeat(250)]) {
      assert.equal((await ask(name, true)).errorCode, ErrorCode.INVALID_TOPIC_EXCEPTION, name);
    }
  });

  test('does not tell why a creation failed: its client asked for metadata', async () => {
    const ask = async (name: string) =>
      (await client.ask(metadataRequest, metadataResponse, 8, { topics: [{ name }] })).topics[0].errorCode;
    await create('alike.1');
    for (const name of ['alike_1', '__cluster_metadata']) {
      assert.equal(await ask(name), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, name);
    }
  });
});

describe('topics', () => {
  test('created, deleted and created again: another id, an empty log, offsets from 0', async () => {
    const ids = new Set<string>();
    for (let round = 0; round < 4; round++) {
      ids.add(await create('phoenix', 2));
      assert.equal((await produce('phoenix', numbered(round + 1), 1)).baseOffset, 0);
      assert.equal((await listOffset('phoenix', -1, { partitionIndex: 1 })).offset, round + 1);
      await remove('phoenix');
      assert.equal((await metadataOf('phoenix')).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
      assert.equal((await produce('phoenix', numbered(1))).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
      assert.equal((await fetch('phoenix', 0)).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
      assert.equal((await listOffset('phoenix', -1)).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    }
    assert.equal(ids.size, 4);
  });

  test('by id, the topic of before is unknown though its name is there again', async () => {
    const oldId = await create('namesake');
    await remove('namesake');
    const newId = await create('namesake');
    const records = buildBatch(numbered(1));
    const send = async (topicId: string) => {
      const topicData = [{ topicId, partitionData: [{ index: 0, records }] }];
      const { responses } = await client.ask(produceRequest, produceResponse, 13, { acks: 1, topicData });
      assert.equal(responses[0].topicId, topicId);
      return responses[0].partitionResponses[0].errorCode;
    };
    assert.deepEqual([await send(oldId), await send(newId)], [ErrorCode.UNKNOWN_TOPIC_ID, ErrorCode.NONE]);
    const read = async (topicId: string) => {
      const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }];
      const body = { maxWaitMs: 0, minBytes: 0, maxBytes: 1000, topics: [{ topicId, partitions }] };
      const { responses } = await client.ask(fetchRequest, fetchResponse, 13, body);
      assert.equal(responses[0].topicId, topicId);
      return responses[0].partitions[0].errorCode;
    };
    assert.deepEqual([await read(oldId), await read(newId)], [ErrorCode.UNKNOWN_TOPIC_ID, ErrorCode.NONE]);
  });

  test('a fetch that waits is told when its topic goes', async () => {
    await create('short-lived');
    const waiting = await RawClient.connect(broker.port);
    const answer = fetch('short-lived', 0, { maxWaitMs: 600_000, on: waiting });
    await metadataOf('short-lived');
    await remove('short-lived');
    assert.equal((await answer).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    waiting.close();
  });

  test('partitions are added: the old ones keep their records, the new ones work at once', async () => {
    await create('growing', 1);
    await produce('growing', numbered(3));
    const waiting = await RawClient.connect(broker.port);
    const answer = fetch('growing', 3, { maxWaitMs: 600_000, on: waiting });
    const grow = async (count: number) => {
      const body = { topics: [{ name: 'growing', count, assignments: null }], timeoutMs: 1000 };
      return (await client.ask(createPartitionsRequest, createPartitionsResponse, 3, body)).results[0].errorCode;
    };
    assert.equal(await grow(4), ErrorCode.NONE);
    assert.equal(await grow(4), ErrorCode.INVALID_PARTITIONS);
    assert.equal(await grow(2), ErrorCode.INVALID_PARTITIONS);
    assert.equal((await metadataOf('growing')).partitions.length, 4);
    for (const partition of [1, 2, 3]) assert.equal((await produce('growing', numbered(1), partition)).baseOffset, 0);
    assert.equal((await produce('growing', numbered(1))).baseOffset, 3);
    assert.equal((await answer).records!.length > 0, true);
    assert.equal((await produce('growing', numbered(1), 4)).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    waiting.close();
  });

  test('numbers that no broker can serve are refused', async () => {
    const ask = async (numPartitions: number, replicationFactor: number) => {
      const topics = [{ name: 'impossible', numPartitions, replicationFactor, assignments: [], configs: [] }];
      return (await client.ask(createTopicsRequest, createTopicsResponse, 7, { topics })).topics[0].errorCode;
    };
    assert.equal(await ask(0, 1), ErrorCode.INVALID_PARTITIONS);
    assert.equal(await ask(-2, 1), ErrorCode.INVALID_PARTITIONS);
    assert.equal(await ask(1, 2), ErrorCode.INVALID_REPLICATION_FACTOR);
    assert.notEqual(await ask(2 ** 31 - 1, 1), ErrorCode.NONE);
    assert.notEqual(await ask(1_000_000, 1), ErrorCode.NONE);
    const body = { topics: [{ name: 'growing', count: 2 ** 31 - 1, assignments: null }], timeoutMs: 1000 };
    const { results } = await client.ask(createPartitionsRequest, createPartitionsResponse, 3, body);
    assert.notEqual(results[0].errorCode, ErrorCode.NONE);
    assert.equal((await metadataOf('growing')).partitions.length, 4);
  });

  test('internal topics take no batches but from admin tools', async () => {
    await client.ask(findCoordinatorRequest, findCoordinatorResponse, 3, { key: 'g', keyType: 0 });
    const topicData = [{ name: '__consumer_offsets', partitionData: [{ index: 0, records: buildBatch(numbered(1)) }] }];
    const { responses } = await client.ask(produceRequest, produceResponse, 9, { acks: 1, topicData });
    assert.equal(responses[0].partitionResponses[0].errorCode, ErrorCode.INVALID_TOPIC_EXCEPTION);
    assert.equal((await metadataOf('__consumer_offsets')).isInternal, true);
  });
});

describe('list offsets', () => {
  test('finds by every special timestamp and by time, each from its version on', async () => {
    await create('times');
    assert.deepEqual(await listOffset('times', -1), { errorCode: 0, offset: 0, timestamp: -1, leaderEpoch: 0 });
    assert.deepEqual(await listOffset('times', -3), { errorCode: 0, offset: -1, timestamp: -1, leaderEpoch: -1 });
    await produce('times', numbered(5));
    await produce('times', [
      { value: 'late', timestamp: NOW_MS + 1000 },
      { value: 'early', timestamp: NOW_MS + 10 },
    ]);
    const found = async (timestamp: number, version = 11) => {
      const { errorCode, offset, timestamp: at } = await listOffset('times', timestamp, { version });
      assert.equal(errorCode, 0);
      return [offset, at];
    };
    assert.deepEqual(await found(-1), [7, -1]);
    assert.deepEqual(await found(-2), [0, -1]);
    assert.deepEqual(await found(-3), [5, NOW_MS + 1000]);
    assert.deepEqual(await found(-4), [0, -1]);
    assert.deepEqual(await found(-5), [-1, -1]);
    assert.deepEqual(await found(-6), [-1, -1]);
    assert.deepEqual(await found(0), [0, NOW_MS]);
    assert.deepEqual(await found(NOW_MS + 3), [3, NOW_MS + 3]);
    assert.deepEqual(await found(NOW_MS + 5), [5, NOW_MS + 1000]);
    assert.deepEqual(await found(NOW_MS + 5000), [-1, -1]);
    assert.deepEqual(await found(-1, 1), [7, -1]);
    for (const [timestamp, since] of [
      [-3, 7],
      [-4, 8],
      [-5, 9],
      [-6, 11],
    ]) {
      assert.equal(
        (await listOffset('times', timestamp, { version: since - 1 })).errorCode,
        ErrorCode.UNSUPPORTED_VERSION,
      );
      assert.equal((await listOffset('times', timestamp, { version: since })).errorCode, 0);
    }
    assert.equal((await listOffset('times', -7)).errorCode, ErrorCode.UNSUPPORTED_VERSION);
  });

  test('checks partition, leader epoch and repetition', async () => {
    await create('checked');
    const errors = async (extra: object) => (await listOffset('checked', -1, extra)).errorCode;
    assert.equal(await errors({ partitionIndex: 1 }), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    assert.equal(await errors({ partitionIndex: -1 }), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    assert.equal(await errors({ currentLeaderEpoch: 1 }), ErrorCode.UNKNOWN_LEADER_EPOCH);
    assert.equal(await errors({ currentLeaderEpoch: 0 }), ErrorCode.NONE);
    const partitions = [
      { partitionIndex: 0, timestamp: -1 },
      { partitionIndex: 0, timestamp: -2 },
    ];
    const { topics } = await client.ask(listOffsetsRequest, listOffsetsResponse, 5, {
      replicaId: -1,
      topics: [{ name: 'checked', partitions }],
    });
    assert.deepEqual(
      topics[0].partitions.map(({ errorCode }) => errorCode),
      [ErrorCode.INVALID_REQUEST],
    );
  });
});

describe('records', () => {
  test('deleted records are gone for readers, and the start is told', async () => {
    await create('trimmed');
    for (let i = 0; i < 10; i++) await produce('trimmed', numbered(1));
    const drop = async (offset: number, topic = 'trimmed', partitionIndex = 0) => {
      const body = { topics: [{ name: topic, partitions: [{ partitionIndex, offset }] }], timeoutMs: 1000 };
      const { topics } = await client.ask(deleteRecordsRequest, deleteRecordsResponse, 2, body);
      return [topics[0].partitions[0].errorCode, topics[0].partitions[0].lowWatermark];
    };
    assert.deepEqual(await drop(4), [0, 4]);
    assert.deepEqual(await drop(2), [0, 4]);
    assert.deepEqual(await drop(11), [ErrorCode.OFFSET_OUT_OF_RANGE, -1]);
    assert.deepEqual(await drop(1, 'trimmed', 9), [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1]);
    assert.equal((await listOffset('trimmed', -2)).offset, 4);
    assert.equal((await fetch('trimmed', 3)).errorCode, ErrorCode.OFFSET_OUT_OF_RANGE);
    const answer = await fetch('trimmed', 4);
    assert.deepEqual([answer.errorCode, answer.logStartOffset, answer.highWatermark], [0, 4, 10]);
    assert.deepEqual(await drop(-1), [0, 10]);
    await create('kept', 1, { 'cleanup.policy': 'compact' });
    assert.deepEqual(await drop(0, 'kept'), [ErrorCode.POLICY_VIOLATION, -1]);
  });

  test('a fetch with a leader epoch of another time is told', async () => {
    await create('epochs');
    assert.equal((await fetch('epochs', 0, { currentLeaderEpoch: 5 })).errorCode, ErrorCode.UNKNOWN_LEADER_EPOCH);
    await produce('epochs', numbered(2));
    const partitions = [{ partition: 0, leaderEpoch: 0, currentLeaderEpoch: -1 }];
    const { topics } = await client.ask(offsetForLeaderEpochRequest, offsetForLeaderEpochResponse, 4, {
      topics: [{ topic: 'epochs', partitions }],
    });
    assert.deepEqual([topics[0].partitions[0].leaderEpoch, topics[0].partitions[0].endOffset], [0, 2]);
  });
});

describe('settings', () => {
  async function alter(resourceType: number, resourceName: string, name: string, value: string | null, operation = 0) {
    const configs = [{ name, configOperation: operation, value }];
    const body = { resources: [{ resourceType, resourceName, configs }], validateOnly: false };
    const { responses } = await client.ask(incrementalAlterConfigsRequest, incrementalAlterConfigsResponse, 1, body);
    return responses[0].errorCode;
  }

  async function described(resourceType: number, resourceName: string, name: string) {
    const body = { resources: [{ resourceType, resourceName, configurationKeys: [name] }], includeSynonyms: true };
    const { results } = await client.ask(describeConfigsRequest, describeConfigsResponse, 4, body);
    const [config] = results[0].configs;
    return { errorCode: results[0].errorCode, value: config?.value, source: config?.configSource };
  }

  test('of a topic take effect on the partition’s worker at once', async () => {
    await create('limited');
    const large = [{ value: 'x'.repeat(3000), timestamp: NOW_MS }];
    assert.equal((await produce('limited', large)).errorCode, ErrorCode.NONE);
    assert.equal(await alter(2, 'limited', 'max.message.bytes', '1000'), ErrorCode.NONE);
    assert.deepEqual(await described(2, 'limited', 'max.message.bytes'), { errorCode: 0, value: '1000', source: 1 });
    assert.equal((await produce('limited', large)).errorCode, ErrorCode.MESSAGE_TOO_LARGE);
    assert.equal(await alter(2, 'limited', 'max.message.bytes', null, 1), ErrorCode.NONE);
    assert.equal((await produce('limited', large)).errorCode, ErrorCode.NONE);
    assert.equal(await alter(2, 'limited', 'max.message.bytes', 'many'), ErrorCode.INVALID_CONFIG);
  });

  test('of the broker take effect on topics without their own', async () => {
    await create('default-limits');
    await create('own-limits', 1, { 'max.message.bytes': '100000' });
    const large = [{ value: 'x'.repeat(3000), timestamp: NOW_MS }];
    assert.equal(await alter(4, '', 'message.max.bytes', '2000'), ErrorCode.NONE);
    assert.equal((await produce('default-limits', large)).errorCode, ErrorCode.MESSAGE_TOO_LARGE);
    assert.equal((await produce('own-limits', large)).errorCode, ErrorCode.NONE);
    assert.equal(await alter(4, '', 'message.max.bytes', null, 1), ErrorCode.NONE);
    assert.equal((await produce('default-limits', large)).errorCode, ErrorCode.NONE);
  });

  test('of the broker and of topics are described with their source', async () => {
    await create('sourced', 1, { 'retention.ms': '5000' });
    assert.deepEqual(await described(2, 'sourced', 'retention.ms'), { errorCode: 0, value: '5000', source: 1 });
    assert.equal((await described(2, 'sourced', 'segment.bytes')).source, 5);
    assert.equal((await described(4, '1', 'log.dirs')).value, '/millrace');
    assert.equal((await described(2, 'nobody', 'retention.ms')).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  });
});

describe('where things are', () => {
  test('coordinators are found one by one and many at once', async () => {
    const one = await client.ask(findCoordinatorRequest, findCoordinatorResponse, 3, { key: 'group', keyType: 0 });
    assert.deepEqual([one.errorCode, one.nodeId, one.host, one.port], [0, 1, '127.0.0.1', broker.port]);
    const body = { keyType: 1, coordinatorKeys: ['a', 'b', ''] };
    const { coordinators } = await client.ask(findCoordinatorRequest, findCoordinatorResponse, 4, body);
    assert.deepEqual(
      coordinators.map(({ key, nodeId, port, errorCode }) => [key, nodeId, port, errorCode]),
      ['a', 'b', ''].map((key) => [key, 1, broker.port, 0]),
    );
    const strange = await client.ask(findCoordinatorRequest, findCoordinatorResponse, 4, {
      keyType: 7,
      coordinatorKeys: ['a'],
    });
    assert.equal(strange.coordinators[0].errorCode, ErrorCode.INVALID_REQUEST);
  });

  test('log directories tell sizes of partitions', async () => {
    await create('sized', 2);
    await produce('sized', numbered(10));
    const body = { topics: [{ topic: 'sized', partitions: [0, 1] }] };
    const { results } = await client.ask(describeLogDirsRequest, describeLogDirsResponse, 4, body);
    assert.equal(results[0].logDir, '/millrace');
    const sizes = results[0].topics[0].partitions.map(({ partitionSize }) => partitionSize);
    assert.ok(sizes[0] > 60);
    assert.equal(sizes[1], 0);
  });
});
