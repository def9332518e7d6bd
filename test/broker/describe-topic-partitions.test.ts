// Topics told in pages (KIP-966).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { errorName } from '../../src/protocol/errors.ts';
import { createTopicsRequest, createTopicsResponse } from '../../src/protocol/messages/19-create-topics.ts';
import {
  describeTopicPartitionsRequest,
  describeTopicPartitionsResponse,
} from '../../src/protocol/messages/75-describe-topic-partitions.ts';
import { startTestBroker, type TestBroker } from '../../src/testing/test-broker.ts';
import { RawClient } from './raw-client.ts';

let broker: TestBroker;
let client: RawClient;

before(async () => {
  broker = await startTestBroker({ configs: { 'max.request.partition.size.limit': 5 } });
  client = await RawClient.connect(broker.port);
  const topics = [
    ['b', 3],
    ['a', 4],
    ['c', 1],
  ].map(([name, numPartitions]) => ({
    name: name as string,
    numPartitions: numPartitions as number,
    replicationFactor: 1,
    assignments: [],
    configs: [],
  }));
  const created = await client.ask(createTopicsRequest, createTopicsResponse, 7, { topics });
  assert.ok(created.topics.every(({ errorCode }) => errorCode === 0));
});

after(async () => {
  client?.close();
  await broker?.stop();
});

interface Cursor {
  readonly topicName: string;
  readonly partitionIndex: number;
}

/** Each topic as `name:partitions`, or `name:error`, and the cursor as `name:partition`. */
async function page(names: string[], responsePartitionLimit: number, cursor: Cursor | null = null) {
  const { topics, nextCursor } = await client.ask(describeTopicPartitionsRequest, describeTopicPartitionsResponse, 0, {
    topics: names.map((name) => ({ name })),
    responsePartitionLimit,
    cursor,
  });
  return {
    topics: topics.map(({ name, errorCode, partitions }) =>
      errorCode === 0
        ? `${name}:${partitions.map(({ partitionIndex }) => partitionIndex).join()}`
        : `${name}:${errorName(errorCode)}`,
    ),
    next: nextCursor && `${nextCursor.topicName}:${nextCursor.partitionIndex}`,
    cursor: nextCursor,
  };
}

test('all topics come by name, a page at a time, each partition once', async () => {
  const pages: string[][] = [];
  let cursor: Cursor | null = null;
  do {
    const { topics, cursor: next } = await page([], 3, cursor);
    pages.push(topics);
    cursor = next;
  } while (cursor !== null);
  assert.deepEqual(pages, [['a:0,1,2'], ['a:3', 'b:0,1'], ['b:2', 'c:0']]);
});

test('the broker’s own limit counts too, and a page has a partition at least', async () => {
  assert.deepEqual((await page([], 1000)).next, 'b:1');
  assert.deepEqual((await page([], 0)).topics, ['a:0']);
});

test('topics that are asked for come sorted and once; those that there are not with an error', async () => {
  const { topics, next } = await page(['c', 'missing', 'b', 'c', 'no/name'], 5);
  assert.deepEqual(topics, ['b:0,1,2', 'c:0', 'missing:UNKNOWN_TOPIC_OR_PARTITION', 'no/name:INVALID_TOPIC_EXCEPTION']);
  assert.equal(next, null);
});

test('a page that is full ends before a topic that there is not, too', async () => {
  const { topics, next, cursor } = await page(['a', 'aa', 'b'], 4);
  assert.deepEqual([topics, next], [['a:0,1,2,3'], 'aa:0']);
  assert.deepEqual((await page(['a', 'aa', 'b'], 4, cursor)).topics, ['aa:UNKNOWN_TOPIC_OR_PARTITION', 'b:0,1,2']);
});

test('a cursor stands in a topic that is asked for', async () => {
  const refused = ['b:INVALID_REQUEST', 'c:INVALID_REQUEST'];
  assert.deepEqual((await page(['b', 'c'], 5, { topicName: 'a', partitionIndex: 0 })).topics, refused);
  assert.deepEqual((await page(['b', 'c'], 5, { topicName: 'b', partitionIndex: -1 })).topics, refused);
  assert.deepEqual((await page(['b', 'c'], 5, { topicName: 'b', partitionIndex: 2 })).topics, ['b:2', 'c:0']);
  assert.deepEqual((await page([], 5, { topicName: 'gone', partitionIndex: 2 })).topics, []);
  assert.deepEqual((await page([], 5, { topicName: 'aa', partitionIndex: 2 })).topics, ['b:0,1,2', 'c:0']);
});
