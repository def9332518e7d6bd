// What stands beside the errors of admin requests: messages that are null or empty, lists that are left out. As Kafka answers.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { errorName } from '../../src/protocol/errors.ts';
import { offsetCommitRequest, offsetCommitResponse } from '../../src/protocol/messages/08-offset-commit.ts';
import { findCoordinatorRequest, findCoordinatorResponse } from '../../src/protocol/messages/10-find-coordinator.ts';
import { createTopicsRequest, createTopicsResponse } from '../../src/protocol/messages/19-create-topics.ts';
import { describeConfigsRequest, describeConfigsResponse } from '../../src/protocol/messages/32-describe-configs.ts';
import { createPartitionsRequest, createPartitionsResponse } from '../../src/protocol/messages/37-create-partitions.ts';
import { offsetDeleteRequest, offsetDeleteResponse } from '../../src/protocol/messages/47-offset-delete.ts';
import {
  describeProducersRequest,
  describeProducersResponse,
} from '../../src/protocol/messages/61-describe-producers.ts';
import { startTestBroker, type TestBroker } from '../../src/testing/test-broker.ts';
import { RawClient } from './raw-client.ts';

const BROKER_LOGGER = 8;

let broker: TestBroker;
let client: RawClient;

before(async () => {
  broker = await startTestBroker();
  client = await RawClient.connect(broker.port);
  const topics = ['one', 'two'].map((name) => ({ name, numPartitions: 2, replicationFactor: 1 }));
  await client.ask(createTopicsRequest, createTopicsResponse, 7, { topics, timeoutMs: 5000 });
});

after(async () => {
  client?.close();
  await broker?.stop();
});

test('CreatePartitions says nothing of a topic that it does not know', async () => {
  const topics = ['none', 'one'].map((name) => ({ name, count: 1, assignments: null }));
  const { results } = await client.ask(createPartitionsRequest, createPartitionsResponse, 3, {
    topics,
    timeoutMs: 5000,
  });
  const answers = results.map(({ errorCode, errorMessage }) => [errorName(errorCode), errorMessage === null]);
  assert.deepEqual(answers, [
    ['UNKNOWN_TOPIC_OR_PARTITION', true],
    ['INVALID_PARTITIONS', false],
  ]);
});

test('DescribeProducers says nothing of an unknown partition, and something of an unknown topic', async () => {
  const { topics } = await client.ask(describeProducersRequest, describeProducersResponse, 0, {
    topics: ['one', 'none'].map((name) => ({ name, partitionIndexes: [9, -1] })),
  });
  const said = topics.map(({ partitions }) => partitions.map(({ errorMessage }) => errorMessage !== null));
  assert.deepEqual(said, [
    [false, false],
    [true, true],
  ]);
});

test('DescribeConfigs has an empty documentation of a logger, asked for or not', async () => {
  for (const includeDocumentation of [false, true]) {
    const resources = [{ resourceType: BROKER_LOGGER, resourceName: '1', configurationKeys: ['root'] }];
    const body = { resources, includeDocumentation };
    const { results } = await client.ask(describeConfigsRequest, describeConfigsResponse, 4, body);
    assert.equal(results[0].configs[0].documentation, '');
  }
});

test('OffsetDelete answers a topic once, and a known one only with partitions', async () => {
  await client.ask(findCoordinatorRequest, findCoordinatorResponse, 6, { keyType: 0, coordinatorKeys: ['g'] });
  const offsets = [{ partitionIndex: 0, committedOffset: 1 }];
  await client.ask(offsetCommitRequest, offsetCommitResponse, 8, {
    groupId: 'g',
    generationIdOrMemberEpoch: -1,
    topics: [{ name: 'one', partitions: offsets }],
  });
  const named = (name: string, ...indexes: number[]) => ({
    name,
    partitions: indexes.map((partitionIndex) => ({ partitionIndex })),
  });
  const asked = [named('one', 0), named('two'), named('none'), named('one', 9), named('one')];
  const answer = await client.ask(offsetDeleteRequest, offsetDeleteResponse, 0, { groupId: 'g', topics: asked });
  assert.deepEqual(
    answer.topics.map(({ name, partitions }) => [name, ...partitions.map(({ errorCode }) => errorName(errorCode))]),
    [['one', 'NONE', 'UNKNOWN_TOPIC_OR_PARTITION'], ['none']],
  );
});
