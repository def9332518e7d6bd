// Requests that no well-behaved client sends, over a socket: what is asked for does not exist, is empty, is named twice or
// contradicts itself. Each answer is the one that Apache Kafka 4.3 gives.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { silentLogger } from '../../src/base/logger.ts';
import { ZERO_UUID } from '../../src/base/uuid.ts';
import { errorName } from '../../src/protocol/errors.ts';
import { produceRequest, produceResponse } from '../../src/protocol/messages/00-produce.ts';
import { fetchRequest, fetchResponse } from '../../src/protocol/messages/01-fetch.ts';
import { listOffsetsRequest, listOffsetsResponse } from '../../src/protocol/messages/02-list-offsets.ts';
import { metadataRequest, metadataResponse } from '../../src/protocol/messages/03-metadata.ts';
import { offsetCommitRequest, offsetCommitResponse } from '../../src/protocol/messages/08-offset-commit.ts';
import { findCoordinatorRequest, findCoordinatorResponse } from '../../src/protocol/messages/10-find-coordinator.ts';
import { describeGroupsRequest, describeGroupsResponse } from '../../src/protocol/messages/15-describe-groups.ts';
import { createTopicsRequest, createTopicsResponse } from '../../src/protocol/messages/19-create-topics.ts';
import { deleteRecordsRequest, deleteRecordsResponse } from '../../src/protocol/messages/21-delete-records.ts';
import {
  addPartitionsToTxnRequest,
  addPartitionsToTxnResponse,
} from '../../src/protocol/messages/24-add-partitions-to-txn.ts';
import { writeTxnMarkersRequest, writeTxnMarkersResponse } from '../../src/protocol/messages/27-write-txn-markers.ts';
import { describeConfigsRequest, describeConfigsResponse } from '../../src/protocol/messages/32-describe-configs.ts';
import { describeLogDirsRequest, describeLogDirsResponse } from '../../src/protocol/messages/35-describe-log-dirs.ts';
import { electLeadersRequest, electLeadersResponse } from '../../src/protocol/messages/43-elect-leaders.ts';
import { offsetDeleteRequest, offsetDeleteResponse } from '../../src/protocol/messages/47-offset-delete.ts';
import {
  describeClientQuotasRequest,
  describeClientQuotasResponse,
} from '../../src/protocol/messages/48-describe-client-quotas.ts';
import {
  alterUserScramCredentialsRequest,
  alterUserScramCredentialsResponse,
} from '../../src/protocol/messages/51-alter-user-scram-credentials.ts';
import { describeQuorumRequest, describeQuorumResponse } from '../../src/protocol/messages/55-describe-quorum.ts';
import {
  describeProducersRequest,
  describeProducersResponse,
} from '../../src/protocol/messages/61-describe-producers.ts';
import {
  consumerGroupHeartbeatRequest,
  consumerGroupHeartbeatResponse,
} from '../../src/protocol/messages/68-consumer-group-heartbeat.ts';
import {
  consumerGroupDescribeRequest,
  consumerGroupDescribeResponse,
} from '../../src/protocol/messages/69-consumer-group-describe.ts';
import {
  describeTopicPartitionsRequest,
  describeTopicPartitionsResponse,
} from '../../src/protocol/messages/75-describe-topic-partitions.ts';
import { buildBatch } from '../../src/protocol/records/batch-builder.ts';
import { startTestBroker, type TestBroker } from '../../src/testing/test-broker.ts';
import { RawClient, requestFrame } from './raw-client.ts';

const NOT_ASKED = -2147483648;
const SHARE_KEY_TYPE = 2;

let broker: TestBroker;
let client: RawClient;

before(async () => {
  broker = await startTestBroker({ logger: silentLogger });
  client = await RawClient.connect(broker.port);
  const topics = ['one', 'two', 'records'].map((name) => ({ name, numPartitions: 1, replicationFactor: 1 }));
  await client.ask(createTopicsRequest, createTopicsResponse, 7, { topics, timeoutMs: 5000 });
});

after(async () => {
  client?.close();
  await broker?.stop();
});

async function findCoordinators(version: number, keyType: number, ...coordinatorKeys: string[]) {
  const body = version < 4 ? { keyType, key: coordinatorKeys[0] } : { keyType, coordinatorKeys };
  const response = await client.ask(findCoordinatorRequest, findCoordinatorResponse, version, body);
  return version < 4 ? [response] : response.coordinators;
}

test('FindCoordinator says something in every message field', async () => {
  const said = async (version: number) => (await findCoordinators(version, 0, 'g')).map((each) => each.errorMessage);
  assert.deepEqual(await said(3), ['NONE']);
  assert.deepEqual(await said(6), ['']);
  const [unknown] = await findCoordinators(6, 9, 'g');
  assert.equal(errorName(unknown.errorCode), 'INVALID_REQUEST');
  assert.notEqual(unknown.errorMessage, '');
});

test('the key of a share coordinator is a group, a topic id and a partition', async () => {
  const keys = ['g', '', 'g:t:0', `g:${ZERO_UUID}:x`, `:${ZERO_UUID}:0`, `g:${ZERO_UUID}:0`];
  const found = await findCoordinators(6, SHARE_KEY_TYPE, ...keys);
  const refused = found.map(({ errorCode }) => errorName(errorCode) === 'INVALID_REQUEST');
  assert.deepEqual(refused, [true, true, true, true, true, false]);
});

test('Metadata 10 and 11 have a field for topic ids, and refuse all topics when one uses it', async () => {
  const { topics } = await client.ask(metadataRequest, metadataResponse, 12, { topics: [{ name: 'one' }] });
  const { topicId } = topics[0];
  for (const asked of [{ name: 'one', topicId }, { name: null }]) {
    const answer = await client.ask(metadataRequest, metadataResponse, 11, { topics: [{ name: 'two' }, asked] });
    const codes = answer.topics.map(({ name, errorCode }) => [name, errorName(errorCode)]);
    assert.deepEqual(codes, [
      ['two', 'INVALID_REQUEST'],
      [asked.name ?? '', 'INVALID_REQUEST'],
    ]);
    assert.deepEqual([answer.brokers, answer.clusterId, answer.controllerId], [[], null, -1]);
  }
});

test('Metadata describes a topic once, however often it is named', async () => {
  const ask = async (topics: { name: string | null; topicId?: string }[]) => {
    const answer = await client.ask(metadataRequest, metadataResponse, 12, { topics, allowAutoTopicCreation: false });
    return answer.topics.map(({ name, errorCode }) => `${name} ${errorName(errorCode)}`);
  };
  const asked = ['one', 'none', 'bad name', 'two'].map((name) => ({ name }));
  const answers = ['one NONE', 'none UNKNOWN_TOPIC_OR_PARTITION', 'bad name INVALID_TOPIC_EXCEPTION', 'two NONE'];
  assert.deepEqual(await ask([...asked, ...asked]), answers);
  const { topics } = await client.ask(metadataRequest, metadataResponse, 12, { topics: [{ name: 'one' }] });
  const [known, unknown] = [topics[0].topicId, 'AAAAAAAAAAAAAAAAAAAABQ'].map((topicId) => ({ name: null, topicId }));
  assert.deepEqual(await ask([known, unknown, known, unknown]), ['one NONE', 'null UNKNOWN_TOPIC_ID']);
});

test('Metadata describes topics by id alone when one has an id, and none when one has neither id nor name', async () => {
  const ask = (version: number, topics: { name: string | null; topicId?: string }[]) =>
    client.ask(metadataRequest, metadataResponse, version, { topics, allowAutoTopicCreation: false });
  const one = (await ask(12, [{ name: 'one' }])).topics[0].topicId;
  for (const version of [12, 13]) {
    const byId = await ask(version, [{ name: 'two' }, { name: null }, { name: 'two', topicId: one }, { name: 'b d' }]);
    assert.deepEqual(
      byId.topics.map(({ name, errorCode }) => `${name} ${errorName(errorCode)}`),
      ['one NONE'],
    );
    const refused = await ask(version, [{ name: 'one' }, { name: null }]);
    assert.deepEqual(
      refused.topics.map(({ name, errorCode }) => `${name} ${errorName(errorCode)}`),
      ['one UNKNOWN_SERVER_ERROR', ' UNKNOWN_SERVER_ERROR'],
    );
    assert.equal(errorName(refused.errorCode), version < 13 ? 'NONE' : 'UNKNOWN_SERVER_ERROR');
    assert.deepEqual([refused.brokers, refused.clusterId, refused.controllerId], [[], null, -1]);
  }
});

test('DeleteRecords takes the last offset of a partition that is named twice, and answers once', async () => {
  const partitionData = [{ index: 0, records: buildBatch([1, 2, 3].map((n) => ({ value: `${n}`, timestamp: n }))) }];
  await client.ask(produceRequest, produceResponse, 9, { acks: -1, topicData: [{ name: 'records', partitionData }] });
  const named = (...offsets: number[]) => ({
    name: 'records',
    partitions: offsets.map((offset) => ({ partitionIndex: 0, offset })),
  });
  const { topics } = await client.ask(deleteRecordsRequest, deleteRecordsResponse, 2, {
    topics: [named(3, 2), named(1), { name: 'two', partitions: [] }],
    timeoutMs: 5000,
  });
  const answers = topics.map(({ name, partitions }) => [name, partitions.map(({ lowWatermark }) => lowWatermark)]);
  assert.deepEqual(answers, [['records', [1]]]);
});

test('DeleteRecords tells an unknown partition of an internal topic from one that it must not touch', async () => {
  await findCoordinators(6, 0, 'g');
  const partitions = [0, 999].map((partitionIndex) => ({ partitionIndex, offset: 0 }));
  const { topics } = await client.ask(deleteRecordsRequest, deleteRecordsResponse, 2, {
    topics: [{ name: '__consumer_offsets', partitions }],
    timeoutMs: 5000,
  });
  const codes = topics[0].partitions.map(({ errorCode }) => errorName(errorCode));
  assert.deepEqual(codes, ['INVALID_TOPIC_EXCEPTION', 'UNKNOWN_TOPIC_OR_PARTITION']);
});

test('Produce finds out what exists before it looks at acks', async () => {
  const topicData = [{ name: 'one', partitionData: [0, 9].map((index) => ({ index, records: null })) }];
  const { responses } = await client.ask(produceRequest, produceResponse, 9, { acks: 2, topicData });
  const codes = responses[0].partitionResponses.map(({ errorCode }) => errorName(errorCode));
  assert.deepEqual(codes, ['INVALID_REQUIRED_ACKS', 'UNKNOWN_TOPIC_OR_PARTITION']);
});

test('Produce needs a list of topics and lists of partitions, be they empty', async () => {
  for (const topicData of [[], [{ name: 'one', partitionData: [] }]]) {
    const frame = requestFrame(produceRequest, 8, { acks: 1, topicData });
    const sent = await RawClient.connect(broker.port);
    sent.write(frame);
    await sent.await(produceRequest, 8, 1);
    // The length of the last list.
    frame.writeInt32BE(-1, frame.length - 4);
    sent.write(frame);
    await sent.closed;
    assert.deepEqual(sent.stray, []);
  }
});

test('an unknown isolation level fails Fetch and ListOffsets', async () => {
  const listed = await client.ask(listOffsetsRequest, listOffsetsResponse, 7, {
    replicaId: -1,
    isolationLevel: 2,
    topics: [{ name: 'one', partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
  });
  assert.equal(errorName(listed.topics[0].partitions[0].errorCode), 'UNKNOWN_SERVER_ERROR');
  for (const isolationLevel of [2, -1, 127]) {
    const topics = [{ topic: 'one', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }];
    const answer = await client.ask(fetchRequest, fetchResponse, 12, { isolationLevel, sessionEpoch: -1, topics });
    assert.deepEqual([errorName(answer.errorCode), answer.responses], ['UNKNOWN_SERVER_ERROR', []]);
  }
});

test('Fetch in versions without an error of its own tells an unknown isolation level by partition', async () => {
  const topics = ['one', 'none'].map((topic) => ({
    topic,
    partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }],
  }));
  for (const isolationLevel of [2, -1]) {
    const { responses } = await client.ask(fetchRequest, fetchResponse, 6, { isolationLevel, topics });
    const codes = responses.map(({ partitions }) => errorName(partitions[0].errorCode));
    assert.deepEqual(codes, ['UNKNOWN_SERVER_ERROR', 'UNKNOWN_TOPIC_OR_PARTITION']);
  }
});

test('Fetch refuses to read less than nothing, where there is something to read', async () => {
  const topics = ['one', 'two'].map((name) => ({ name: `fetched-${name}`, numPartitions: 2, replicationFactor: 1 }));
  await client.ask(createTopicsRequest, createTopicsResponse, 7, { topics, timeoutMs: 5000 });
  const partitionData = [{ index: 0, records: buildBatch([{ value: 'v', timestamp: 1 }]) }];
  const topicData = topics.map(({ name }) => ({ name, partitionData }));
  await client.ask(produceRequest, produceResponse, 9, { acks: -1, topicData });
  const fetched = async (maxBytes: number, partitionMaxBytes: number, partition = 0, currentLeaderEpoch = -1) => {
    const partitions = [{ partition, fetchOffset: 0, partitionMaxBytes, currentLeaderEpoch }];
    const asked = topics.map(({ name }) => ({ topic: name, partitions }));
    const answer = await client.ask(fetchRequest, fetchResponse, 12, { maxBytes, sessionEpoch: -1, topics: asked });
    return answer.responses.map(({ partitions: [{ errorCode, records }] }) =>
      errorCode === 0 ? (records?.length ?? 0) > 0 : errorName(errorCode),
    );
  };
  const refused = 'UNKNOWN_SERVER_ERROR';
  assert.deepEqual(await fetched(1_000_000, -1), [refused, refused]);
  assert.deepEqual(await fetched(-1, 1000), [refused, true]);
  assert.deepEqual(await fetched(-1, 1000, 1), [false, false]);
  assert.deepEqual(await fetched(0, 0), [true, false]);
  assert.deepEqual(await fetched(1_000_000, 1000, 0, -5), [true, true], 'no epoch is below -1');
});

test('ListOffsets answers a partition once, and refuses one that is named twice', async () => {
  const named = (name: string, ...partitions: number[]) => ({
    name,
    partitions: partitions.map((partitionIndex) => ({ partitionIndex, timestamp: -1 })),
  });
  const { topics } = await client.ask(listOffsetsRequest, listOffsetsResponse, 7, {
    replicaId: -1,
    topics: [named('one', 0), named('two'), named('none', 1, 1), named('one', 3, 0), named('two', 0)],
  });
  const answers = topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, errorCode }) => `${name}-${partitionIndex} ${errorName(errorCode)}`),
  );
  assert.deepEqual(answers, [
    'one-0 INVALID_REQUEST',
    'one-3 UNKNOWN_TOPIC_OR_PARTITION',
    'none-1 INVALID_REQUEST',
    'two-0 NONE',
  ]);
  assert.equal(topics.length, 3);
});

test('ListOffsets looks at the timestamp before the topic', async () => {
  const ask = async (timestamp: number) => {
    const topics = [{ name: 'none', partitions: [{ partitionIndex: 0, timestamp }] }];
    const answer = await client.ask(listOffsetsRequest, listOffsetsResponse, 7, { replicaId: -1, topics });
    return errorName(answer.topics[0].partitions[0].errorCode);
  };
  assert.equal(await ask(-4), 'UNSUPPORTED_VERSION');
  assert.equal(await ask(-1), 'UNKNOWN_TOPIC_OR_PARTITION');
});

test('the earliest offset of an empty partition comes with the epoch of its leader', async () => {
  const topics = [{ name: 'two', partitions: [{ partitionIndex: 0, timestamp: -2 }] }];
  const answer = await client.ask(listOffsetsRequest, listOffsetsResponse, 7, { replicaId: -1, topics });
  const { offset, leaderEpoch } = answer.topics[0].partitions[0];
  assert.deepEqual([offset, leaderEpoch], [0, 0]);
});

test('Metadata tells what may be done with topics that it refuses by name', async () => {
  const topics = [{ name: 'none' }, { name: 'bad name' }, { name: 'one' }];
  const body = { topics, allowAutoTopicCreation: false, includeTopicAuthorizedOperations: true };
  const answer = await client.ask(metadataRequest, metadataResponse, 12, body);
  const [none, bad, one] = answer.topics.map((topic) => topic.topicAuthorizedOperations);
  assert.deepEqual([none, bad], [one, one]);
});

test('of a group that could not be described no operations are told', async () => {
  const body = { groups: ['none'], includeAuthorizedOperations: true };
  const operations = async (version: number) =>
    (await client.ask(describeGroupsRequest, describeGroupsResponse, version, body)).groups[0].authorizedOperations;
  await findCoordinators(6, 0, 'none');
  assert.notEqual(await operations(5), NOT_ASKED);
  assert.equal(await operations(6), NOT_ASKED);
  const { groups } = await client.ask(consumerGroupDescribeRequest, consumerGroupDescribeResponse, 1, {
    groupIds: ['none'],
    includeAuthorizedOperations: true,
  });
  assert.deepEqual([errorName(groups[0].errorCode), groups[0].authorizedOperations], ['GROUP_ID_NOT_FOUND', NOT_ASKED]);
});

test('an internal topic does not join a transaction', async () => {
  await findCoordinators(6, 0, 'g');
  await findCoordinators(6, 1, 't');
  const answer = await client.ask(addPartitionsToTxnRequest, addPartitionsToTxnResponse, 3, {
    v3AndBelowTransactionalId: 't',
    v3AndBelowTopics: [
      { name: '__consumer_offsets', partitions: [0] },
      { name: 'one', partitions: [0, 7] },
    ],
  });
  const codes = answer.resultsByTopicV3AndBelow.flatMap(({ name, resultsByPartition }) =>
    resultsByPartition.map((result) => `${name}-${result.partitionIndex} ${errorName(result.partitionErrorCode)}`),
  );
  assert.deepEqual(codes, [
    '__consumer_offsets-0 TOPIC_AUTHORIZATION_FAILED',
    'one-0 OPERATION_NOT_ATTEMPTED',
    'one-7 UNKNOWN_TOPIC_OR_PARTITION',
  ]);
});

test('a marker without a producer is not written', async () => {
  const latest = async () => {
    const topics = [{ name: 'two', partitions: [{ partitionIndex: 0, timestamp: -1 }] }];
    const answer = await client.ask(listOffsetsRequest, listOffsetsResponse, 7, { replicaId: -1, topics });
    return answer.topics[0].partitions[0].offset;
  };
  const end = await latest();
  const marker = { producerId: 5, producerEpoch: 0, transactionResult: false, coordinatorEpoch: 0 };
  const answer = await client.ask(writeTxnMarkersRequest, writeTxnMarkersResponse, 1, {
    markers: [{ producerId: -1 }, { producerEpoch: -1 }].map((odd) => ({
      ...marker,
      ...odd,
      topics: [{ name: 'two', partitionIndexes: [0, 9] }],
    })),
  });
  for (const { topics } of answer.markers) {
    const codes = topics[0].partitions.map(({ errorCode }) => errorName(errorCode));
    assert.deepEqual(codes, ['UNKNOWN_SERVER_ERROR', 'UNKNOWN_TOPIC_OR_PARTITION']);
  }
  assert.equal(await latest(), end);
});

test("a broker may ask for the partition of a group's offsets in a transaction", async () => {
  await findCoordinators(6, 0, 'g');
  await findCoordinators(6, 1, 't');
  const answer = await client.ask(addPartitionsToTxnRequest, addPartitionsToTxnResponse, 5, {
    transactions: [
      {
        transactionalId: 't',
        producerId: 1,
        producerEpoch: 0,
        verifyOnly: true,
        topics: [{ name: '__consumer_offsets', partitions: [0, 999] }],
      },
    ],
  });
  const [first, last] = answer.resultsByTransaction[0].topicResults[0].resultsByPartition;
  assert.equal(errorName(first.partitionErrorCode), 'OPERATION_NOT_ATTEMPTED');
  assert.equal(errorName(last.partitionErrorCode), 'UNKNOWN_TOPIC_OR_PARTITION');
});

test('DescribeConfigs fails as a whole when one resource has an unknown type', async () => {
  const resources = [
    { resourceType: 2, resourceName: 'none', configurationKeys: null },
    { resourceType: 127, resourceName: 'one', configurationKeys: null },
  ];
  const { results } = await client.ask(describeConfigsRequest, describeConfigsResponse, 4, { resources });
  const codes = results.map(({ errorCode }) => errorName(errorCode));
  assert.deepEqual(codes, ['INVALID_REQUEST', 'INVALID_REQUEST']);
});

test('ElectLeaders tells an unknown type of election at each partition', async () => {
  const answer = await client.ask(electLeadersRequest, electLeadersResponse, 2, {
    electionType: 2,
    topicPartitions: [{ topic: 'one', partitions: [0] }],
    timeoutMs: 5000,
  });
  assert.equal(errorName(answer.errorCode), 'INVALID_REQUEST');
  assert.equal(errorName(answer.replicaElectionResults[0].partitionResult[0].errorCode), 'INVALID_REQUEST');
});

test('ElectLeaders without time left tells so at each partition, and of the request where its version can', async () => {
  const topicPartitions = [{ topic: 'one', partitions: [0] }];
  for (const [version, whole] of [
    [0, 'NONE'],
    [1, 'REQUEST_TIMED_OUT'],
    [2, 'REQUEST_TIMED_OUT'],
  ] as const) {
    const body = { electionType: 0, topicPartitions, timeoutMs: 0 };
    const answer = await client.ask(electLeadersRequest, electLeadersResponse, version, body);
    assert.equal(errorName(answer.errorCode), whole, `v${version}`);
    const [{ topic, partitionResult }] = answer.replicaElectionResults;
    assert.equal(topic, 'one');
    assert.deepEqual(
      partitionResult.map(({ errorCode }) => errorName(errorCode)),
      ['REQUEST_TIMED_OUT'],
    );
  }
});

test('OffsetDelete needs a group id, and partitions that exist', async () => {
  const topics = [{ name: 'one', partitions: [{ partitionIndex: 0 }, { partitionIndex: 7 }, { partitionIndex: -1 }] }];
  const ask = (groupId: string) => client.ask(offsetDeleteRequest, offsetDeleteResponse, 0, { groupId, topics });
  assert.equal(errorName((await ask('')).errorCode), 'INVALID_GROUP_ID');
  await findCoordinators(6, 0, 'g');
  const committed = await client.ask(offsetCommitRequest, offsetCommitResponse, 8, {
    groupId: 'g',
    generationIdOrMemberEpoch: -1,
    topics: [{ name: 'one', partitions: [{ partitionIndex: 0, committedOffset: 1 }] }],
  });
  assert.equal(errorName(committed.topics[0].partitions[0].errorCode), 'NONE');
  const codes = (await ask('g')).topics[0].partitions.map(({ errorCode }) => errorName(errorCode));
  assert.deepEqual(codes, ['NONE', 'UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_OR_PARTITION']);
});

test('DescribeClientQuotas checks each component', async () => {
  const ask = async (...components: [entityType: string, matchType: number, match: string | null][]) => {
    const answer = await client.ask(describeClientQuotasRequest, describeClientQuotasResponse, 1, {
      components: components.map(([entityType, matchType, match]) => ({ entityType, matchType, match })),
    });
    return errorName(answer.errorCode);
  };
  assert.equal(await ask(['user', 0, 'u'], ['client-id', 1, null]), 'NONE');
  assert.equal(await ask(['other', 9, null], ['other', 9, null]), 'UNSUPPORTED_VERSION');
  for (const components of [
    [['', 0, 'u']],
    [['user', 0, null]],
    [['user', 1, 'u']],
    [['user', 2, 'u']],
    [['user', 3, null]],
    [
      ['user', 0, 'u'],
      ['user', 0, 'v'],
    ],
    [
      ['user', 0, 'u'],
      ['ip', 0, '10.0.0.1'],
    ],
  ] as const) {
    const asked = components.map((component) => [...component] as [string, number, string | null]);
    assert.equal(await ask(...asked), 'INVALID_REQUEST', JSON.stringify(components));
  }
});

test('a second change of a user fails both, unless the first failed by itself', async () => {
  const credential = { mechanism: 1, iterations: 4096, salt: Buffer.from('s'), saltedPassword: Buffer.from('p') };
  const ask = async (deletions: { name: string; mechanism: number }[], upsertions: object[]) => {
    const { results } = await client.ask(alterUserScramCredentialsRequest, alterUserScramCredentialsResponse, 0, {
      deletions,
      upsertions: upsertions.map((each) => ({ name: 'u', ...credential, ...each })),
    });
    return results.map(({ user, errorCode }) => `${user} ${errorName(errorCode)}`);
  };
  assert.deepEqual(await ask([], [{}, { mechanism: 2, iterations: 1 }]), ['u DUPLICATE_RESOURCE']);
  assert.deepEqual(await ask([], [{ iterations: 1 }, {}]), ['u UNACCEPTABLE_CREDENTIAL']);
  assert.deepEqual(await ask([{ name: 'u', mechanism: 1 }], [{}]), ['u RESOURCE_NOT_FOUND']);
  assert.deepEqual(await ask([{ name: 'u', mechanism: 0 }], [{}]), ['u UNSUPPORTED_SASL_MECHANISM']);
});

test('DescribeQuorum knows the metadata only when nothing else is asked for, and names nodes only beside it', async () => {
  const metadataTopic = '__cluster_metadata';
  const ask = async (...asked: [topicName: string, ...partitions: number[]][]) => {
    const topics = asked.map(([topicName, ...indexes]) => ({
      topicName,
      partitions: indexes.map((partitionIndex) => ({ partitionIndex })),
    }));
    const answer = await client.ask(describeQuorumRequest, describeQuorumResponse, 2, { topics });
    const codes = answer.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorName(errorCode)));
    return [answer.nodes.length, ...codes];
  };
  const unknown = 'UNKNOWN_TOPIC_OR_PARTITION';
  assert.deepEqual(await ask([metadataTopic, 0]), [1, 'NONE']);
  assert.deepEqual(await ask(['one', 0]), [0, unknown]);
  assert.deepEqual(await ask([metadataTopic, 0, 1]), [0, unknown, unknown]);
  assert.deepEqual(await ask([metadataTopic, 0], ['one', 0]), [0, unknown, unknown]);
});

test('DescribeLogDirs takes the partitions of a topic that is named twice together', async () => {
  const topics = [[0], [7], []].map((partitions) => ({ topic: 'one', partitions }));
  const { results } = await client.ask(describeLogDirsRequest, describeLogDirsResponse, 4, { topics });
  const described = results[0].topics.map(({ name, partitions }) => [name, partitions.length]);
  assert.deepEqual(described, [['one', 1]]);
});

test('DescribeProducers tells a bad name from an unknown topic', async () => {
  const { topics } = await client.ask(describeProducersRequest, describeProducersResponse, 0, {
    topics: ['bad name', 'none'].map((name) => ({ name, partitionIndexes: [0] })),
  });
  const codes = topics.map(({ partitions }) => errorName(partitions[0].errorCode));
  assert.deepEqual(codes, ['INVALID_TOPIC_EXCEPTION', 'UNKNOWN_TOPIC_OR_PARTITION']);
});

test('a heartbeat of a consumer group takes blanks for nothing', async () => {
  const ask = async (changed: object) => {
    const answer = await client.ask(consumerGroupHeartbeatRequest, consumerGroupHeartbeatResponse, 1, {
      groupId: 'g',
      memberId: 'm',
      rebalanceTimeoutMs: 5000,
      subscribedTopicNames: ['one'],
      topicPartitions: [],
      ...changed,
    });
    return errorName(answer.errorCode);
  };
  for (const changed of [{ groupId: ' ' }, { memberId: ' ' }, { instanceId: ' ' }, { rackId: ' ' }]) {
    assert.equal(await ask(changed), 'INVALID_REQUEST', JSON.stringify(changed));
  }
  // The assignor is looked at even when the member leaves.
  assert.equal(await ask({ memberEpoch: -1, serverAssignor: 'none' }), 'UNSUPPORTED_ASSIGNOR');
});

test('DescribeTopicPartitions tells operations of unknown topics too', async () => {
  const { topics } = await client.ask(describeTopicPartitionsRequest, describeTopicPartitionsResponse, 0, {
    topics: [{ name: 'none' }, { name: 'one' }],
  });
  assert.equal(topics[0].topicAuthorizedOperations, topics[1].topicAuthorizedOperations);
});
