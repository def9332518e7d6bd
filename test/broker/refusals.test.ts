// What a broker does not take, whoever asks: by the version of the request, by its acks, by the topic.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { produceRequest, produceResponse } from '../../src/protocol/messages/00-produce.ts';
import { findCoordinatorRequest, findCoordinatorResponse } from '../../src/protocol/messages/10-find-coordinator.ts';
import { createTopicsRequest, createTopicsResponse } from '../../src/protocol/messages/19-create-topics.ts';
import { deleteRecordsRequest, deleteRecordsResponse } from '../../src/protocol/messages/21-delete-records.ts';
import { describeQuorumRequest, describeQuorumResponse } from '../../src/protocol/messages/55-describe-quorum.ts';
import { buildBatch } from '../../src/protocol/records/batch-builder.ts';
import { CompressionType } from '../../src/protocol/records/compression.ts';
import { startTestBroker, type TestBroker } from '../../src/testing/test-broker.ts';
import { RawClient } from './raw-client.ts';

const OFFSETS_TOPIC = '__consumer_offsets';
const ADMIN_CLIENT_ID = '__admin_client';
const RECORDS = [{ key: 'k', value: 'v'.repeat(100), timestamp: 1_700_000_000_000 }];

let broker: TestBroker;
let client: RawClient;

before(async () => {
  broker = await startTestBroker();
  client = await RawClient.connect(broker.port);
  const topics = [{ name: 't', numPartitions: 1, replicationFactor: 1 }];
  await client.ask(createTopicsRequest, createTopicsResponse, 7, { topics, timeoutMs: 5_000 });
  await client.ask(findCoordinatorRequest, findCoordinatorResponse, 3, { key: 'g', keyType: 0 });
});

after(async () => {
  client?.close();
  await broker?.stop();
});

async function produce(records: Uint8Array, { version = 9, acks = 1, name = 't', clientId = 'raw' } = {}) {
  const body = { acks, timeoutMs: 1_000, topicData: [{ name, partitionData: [{ index: 0, records }] }] };
  const { responses } = await client.ask(produceRequest, produceResponse, version, body, clientId);
  return responses[0].partitionResponses[0].errorCode;
}

describe('a batch', () => {
  test('in zstd is refused before version 7, whose clients cannot read it', async () => {
    const zstd = buildBatch(RECORDS, { compression: CompressionType.zstd });
    const lz4 = buildBatch(RECORDS, { compression: CompressionType.lz4 });
    for (const version of [3, 6]) {
      assert.equal(await produce(zstd, { version }), ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, `version ${version}`);
      assert.equal(await produce(lz4, { version }), ErrorCode.NONE, `version ${version}`);
    }
    for (const version of [7, 12]) assert.equal(await produce(zstd, { version }), ErrorCode.NONE, `version ${version}`);
  });

  test('whose acks are neither -1, 0 nor 1 is refused', async () => {
    const batch = buildBatch(RECORDS);
    for (const acks of [2, -2]) assert.equal(await produce(batch, { acks }), ErrorCode.INVALID_REQUIRED_ACKS);
  });

  test('for an internal topic is taken of admin tools alone', async () => {
    const batch = buildBatch(RECORDS);
    assert.equal(await produce(batch, { name: OFFSETS_TOPIC }), ErrorCode.INVALID_TOPIC_EXCEPTION);
    assert.equal(await produce(batch, { name: OFFSETS_TOPIC, clientId: ADMIN_CLIENT_ID }), ErrorCode.NONE);
  });
});

test('records of internal topics are not deleted', async () => {
  const topics = [{ name: OFFSETS_TOPIC, partitions: [{ partitionIndex: 0, offset: 0 }] }];
  const answer = await client.ask(deleteRecordsRequest, deleteRecordsResponse, 2, { topics, timeoutMs: 1_000 });
  assert.equal(answer.topics[0].partitions[0].errorCode, ErrorCode.INVALID_TOPIC_EXCEPTION);
});

test('DescribeQuorum is answered in versions that have no place for nodes', async () => {
  const asked = { topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }] };
  for (const version of [0, 1, 2]) {
    const { topics, nodes } = await client.ask(describeQuorumRequest, describeQuorumResponse, version, asked);
    assert.equal(topics[0].partitions[0].errorCode, ErrorCode.NONE, `version ${version}`);
    assert.equal(nodes.length, version < 2 ? 0 : 1, `version ${version}`);
  }
});
