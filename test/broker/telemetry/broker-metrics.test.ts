import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ErrorCode } from '../../../src/protocol/errors.ts';
import { produceRequest, produceResponse } from '../../../src/protocol/messages/00-produce.ts';
import { fetchRequest, fetchResponse } from '../../../src/protocol/messages/01-fetch.ts';
import { offsetCommitRequest, offsetCommitResponse } from '../../../src/protocol/messages/08-offset-commit.ts';
import { findCoordinatorRequest, findCoordinatorResponse } from '../../../src/protocol/messages/10-find-coordinator.ts';
import { heartbeatRequest, heartbeatResponse } from '../../../src/protocol/messages/12-heartbeat.ts';
import { createTopicsRequest, createTopicsResponse } from '../../../src/protocol/messages/19-create-topics.ts';
import { deleteTopicsRequest, deleteTopicsResponse } from '../../../src/protocol/messages/20-delete-topics.ts';
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts';
import { startTestBroker, type TestBroker } from '../../../src/testing/test-broker.ts';
import { RawClient } from '../raw-client.ts';

let broker: TestBroker;
let client: RawClient;
let metricsPort: number;

before(async () => {
  const configs = { 'millrace.metrics.listener': '127.0.0.1:0', 'millrace.metrics.partitions.max': 6 };
  broker = await startTestBroker({ configs });
  metricsPort = broker.metricsPort!;
  client = await RawClient.connect(broker.port);
});

after(async () => {
  client?.close();
  await broker?.stop();
});

/** Value of one sample by its name and labels as written. */
async function metrics(): Promise<Map<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

async function create(name: string, numPartitions: number): Promise<void> {
  const body = { topics: [{ name, numPartitions, replicationFactor: 1 }], timeoutMs: 10_000 };
  const { topics } = await client.ask(createTopicsRequest, createTopicsResponse, 7, body);
  assert.equal(topics[0].errorCode, ErrorCode.NONE);
}

async function produce(topic: string, values: number, index = 0): Promise<number> {
  const batch = buildBatch(Array.from({ length: values }, () => ({ value: Buffer.from('v'), timestamp: 1 })));
  const topicData = [{ name: topic, partitionData: [{ index, records: batch }] }];
  await client.ask(produceRequest, produceResponse, 9, { acks: -1, timeoutMs: 1_000, topicData });
  return batch.length;
}

describe('broker metrics', () => {
  test('records, requests, logs and syncs are counted', async () => {
    await create('counted', 2);
    const bytes = (await produce('counted', 3)) + (await produce('counted', 2, 1));
    await produce('no such topic', 1);
    const topics = [{ topic: 'counted', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 }] }];
    const body = { maxWaitMs: 0, minBytes: 0, maxBytes: 1_000_000, sessionEpoch: -1, topics };
    const { responses } = await client.ask(fetchRequest, fetchResponse, 12, body);
    const sent = responses[0].partitions[0].records!.length;
    const found = await metrics();
    const brokerTopics = 'kafka_server_brokertopicmetrics';
    const expected: Record<string, number> = {
      [`${brokerTopics}_messagesin_total`]: 5,
      [`${brokerTopics}_messagesin_total{topic="counted"}`]: 5,
      [`${brokerTopics}_bytesin_total{topic="counted"}`]: bytes,
      [`${brokerTopics}_bytesout_total{topic="counted"}`]: sent,
      [`${brokerTopics}_bytesout_total`]: sent,
      [`${brokerTopics}_totalproducerequests_total`]: 3,
      [`${brokerTopics}_failedproducerequests_total`]: 1,
      [`${brokerTopics}_totalfetchrequests_total`]: 1,
      [`${brokerTopics}_failedfetchrequests_total`]: 0,
      'kafka_network_requestmetrics_requests_total{request="Produce",version="9"}': 3,
      'kafka_network_requestmetrics_totaltimems_count{request="Produce"}': 3,
      'kafka_network_requestmetrics_totaltimems_count{request="CreateTopics"}': 1,
      'kafka_log_log_logendoffset{topic="counted",partition="0"}': 3,
      'kafka_log_log_logstartoffset{topic="counted",partition="1"}': 0,
      'kafka_server_socketservermetrics_connection_count{networkprocessor="0"}': 1,
      kafka_server_replicamanager_leadercount: 2,
      kafka_controller_kafkacontroller_globaltopiccount: 1,
      kafka_controller_kafkacontroller_activebrokercount: 1,
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(found.get(name), value, name);
    assert.ok(found.get('kafka_log_log_size{topic="counted",partition="0"}')! > 0);
    assert.ok(found.get('kafka_log_logflushstats_logflushrateandtimems_count')! >= 2);
    assert.ok(found.get('process_resident_memory_bytes')! > 0);
  });

  test('a group is as far behind as it has not committed', async () => {
    await create('lagging', 1);
    await produce('lagging', 10);
    const key = { keyType: 0, coordinatorKeys: ['g'] };
    let errorCode: number = ErrorCode.COORDINATOR_NOT_AVAILABLE;
    while (errorCode !== ErrorCode.NONE) {
      await client.ask(findCoordinatorRequest, findCoordinatorResponse, 4, key);
      const topics = [{ name: 'lagging', partitions: [{ partitionIndex: 0, committedOffset: 7 }] }];
      const body = { groupId: 'g', topics };
      const answer = await client.ask(offsetCommitRequest, offsetCommitResponse, 8, body);
      errorCode = answer.topics[0].partitions[0].errorCode;
    }
    const found = await metrics();
    const labels = '{consumergroup="g",topic="lagging",partition="0"}';
    assert.equal(found.get(`kafka_consumergroup_current_offset${labels}`), 7);
    assert.equal(found.get(`kafka_consumergroup_lag${labels}`), 3);
    assert.equal(found.get('kafka_coordinator_group_groupmetadatamanager_numgroups'), 1);
    assert.equal(found.get('millrace_groups{state="Empty"}'), 1);
  });

  test('a partition does not take over what was counted of one before it', async () => {
    const { topics } = await client.ask(createTopicsRequest, createTopicsResponse, 7, {
      topics: [{ name: 'short-lived', numPartitions: 1, replicationFactor: 1 }],
      timeoutMs: 10_000,
    });
    await produce('short-lived', 4);
    const asked = { topic: 'short-lived', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 }] };
    const body = { maxWaitMs: 0, minBytes: 0, maxBytes: 1_000_000, sessionEpoch: -1, topics: [asked] };
    await client.ask(fetchRequest, fetchResponse, 12, body);
    const bytesOut = 'kafka_server_brokertopicmetrics_bytesout_total';
    assert.ok((await metrics()).get(`${bytesOut}{topic="short-lived"}`)! > 0);
    const totalBefore = (await metrics()).get('kafka_server_brokertopicmetrics_messagesin_total')!;
    const gone = { topics: [{ name: null, topicId: topics[0].topicId }], timeoutMs: 10_000 };
    await client.ask(deleteTopicsRequest, deleteTopicsResponse, 6, gone);
    await create('heir', 1);
    await produce('heir', 1);
    const found = await metrics();
    assert.equal(found.get('kafka_server_brokertopicmetrics_messagesin_total{topic="heir"}'), 1);
    assert.equal(found.get(`${bytesOut}{topic="heir"}`), 0);
    assert.equal(found.get('kafka_server_brokertopicmetrics_messagesin_total'), totalBefore + 1);
  });

  test('errors of requests are counted by API', async () => {
    const topics = [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 7 }] }];
    const group = { groupId: '', generationId: 5, memberId: 'nobody', topics };
    await client.ask(offsetCommitRequest, offsetCommitResponse, 8, group);
    await client.ask(heartbeatRequest, heartbeatResponse, 4, { groupId: 'g', generationId: 1, memberId: 'nobody' });
    const errors = [...(await metrics())].filter(([name]) => name.includes('requestmetrics_errors_total'));
    assert.deepEqual(errors, [
      ['kafka_network_requestmetrics_errors_total{request="Heartbeat",error="UNKNOWN_MEMBER_ID"}', 1],
    ]);
  });

  test('partitions beyond the bound count in the totals only', async () => {
    await create('wide', 6);
    const found = await metrics();
    const sizes = [...found.keys()].filter((name) => name.startsWith('kafka_log_log_size'));
    assert.equal(sizes.length, 6);
    assert.equal(
      found.get('millrace_metrics_partitions_omitted'),
      found.get('kafka_server_replicamanager_partitioncount')! - 6,
    );
  });
});
