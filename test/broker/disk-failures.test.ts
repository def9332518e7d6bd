// A broker whose disk fills up, lies or fails.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Errno } from '../../src/native/file-space.ts';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import { SegmentedLogStore } from '../../src/native/segmented-log-store.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { produceRequest, produceResponse } from '../../src/protocol/messages/00-produce.ts';
import { fetchRequest, fetchResponse } from '../../src/protocol/messages/01-fetch.ts';
import { listOffsetsRequest, listOffsetsResponse } from '../../src/protocol/messages/02-list-offsets.ts';
import { metadataRequest, metadataResponse } from '../../src/protocol/messages/03-metadata.ts';
import { createTopicsRequest, createTopicsResponse } from '../../src/protocol/messages/19-create-topics.ts';
import { deleteTopicsRequest, deleteTopicsResponse } from '../../src/protocol/messages/20-delete-topics.ts';
import { deleteRecordsRequest, deleteRecordsResponse } from '../../src/protocol/messages/21-delete-records.ts';
import { describeLogDirsRequest, describeLogDirsResponse } from '../../src/protocol/messages/35-describe-log-dirs.ts';
import { createPartitionsRequest, createPartitionsResponse } from '../../src/protocol/messages/37-create-partitions.ts';
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../src/protocol/messages/44-incremental-alter-configs.ts';
import { buildBatch } from '../../src/protocol/records/batch-builder.ts';
import { startTestBroker, type TestBroker } from '../../src/testing/test-broker.ts';
import { RawClient } from './raw-client.ts';

const FATAL: string[] = [];
let files: MemoryFileSpace;
let broker: TestBroker;
let client: RawClient;

async function start(): Promise<void> {
  broker = await startTestBroker({
    store: new SegmentedLogStore(files),
    onFatal: (error) => FATAL.push(error.message),
    configs: { 'file.delete.delay.ms': 0 },
  });
  client = await RawClient.connect(broker.port);
}

async function restart(): Promise<void> {
  client.close();
  await broker.stop();
  await start();
}

async function stop(): Promise<void> {
  client.close();
  await broker.stop();
}

afterEach(async () => {
  client.close();
  await broker.stop().catch(() => {});
});

beforeEach(async () => {
  FATAL.length = 0;
  files = new MemoryFileSpace(() => Date.now());
  await start();
});

async function create(name: string, numPartitions = 1): Promise<number> {
  const topics = [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }];
  const answer = await client.ask(createTopicsRequest, createTopicsResponse, 7, { topics });
  return answer.topics[0].errorCode;
}

async function produce(name: string, value = 'v', { acks = -1, index = 0 } = {}): Promise<[number, number]> {
  const partitionData = [{ index, records: buildBatch([{ value, timestamp: 1_700_000_000_000 }]) }];
  const { responses } = await client.ask(produceRequest, produceResponse, 9, {
    acks,
    topicData: [{ name, partitionData }],
  });
  const { errorCode, baseOffset } = responses[0].partitionResponses[0];
  return [errorCode, baseOffset];
}

async function fetch(topic: string, partition = 0) {
  const partitions = [{ partition, fetchOffset: 0, partitionMaxBytes: 1_000_000 }];
  const body = { maxWaitMs: 0, minBytes: 1, maxBytes: 1_000_000, topics: [{ topic, partitions }] };
  const { responses } = await client.ask(fetchRequest, fetchResponse, 12, body);
  const { errorCode, records, highWatermark } = responses[0].partitions[0];
  return { errorCode, recordsBytes: records?.length ?? 0, highWatermark };
}

async function alter(resourceType: number, resourceName: string, name: string, value: string): Promise<number> {
  const resources = [{ resourceType, resourceName, configs: [{ name, configOperation: 0, value }] }];
  const { responses } = await client.ask(incrementalAlterConfigsRequest, incrementalAlterConfigsResponse, 1, {
    resources,
  });
  return responses[0].errorCode;
}

describe('disk failures', () => {
  test('a partition whose log does not open is offline, and everything else goes on', async () => {
    await create('broken', 2);
    await create('fine');
    await produce('broken', 'v', { index: 1 });
    client.close();
    await broker.stop();
    files.removeFolder('/millrace/broken-0');
    files.writeFileAtomic('/millrace/broken-0', Buffer.from('no folder'));
    await start();

    const { topics } = await client.ask(metadataRequest, metadataResponse, 9, { topics: [{ name: 'broken' }] });
    const [offline, online] = topics[0].partitions;
    assert.deepEqual(
      [offline.errorCode, offline.leaderId, offline.offlineReplicas],
      [ErrorCode.LEADER_NOT_AVAILABLE, -1, [1]],
    );
    assert.deepEqual([online.errorCode, online.leaderId, online.offlineReplicas], [0, 1, []]);
    assert.deepEqual(await produce('broken'), [ErrorCode.KAFKA_STORAGE_ERROR, -1]);
    assert.deepEqual(await produce('broken', 'v', { index: 1 }), [0, 1]);
    assert.equal((await fetch('broken')).errorCode, ErrorCode.KAFKA_STORAGE_ERROR);
    const asked = [{ partitionIndex: 0, timestamp: -2 }];
    const listed = await client.ask(listOffsetsRequest, listOffsetsResponse, 5, {
      replicaId: -1,
      topics: [{ name: 'broken', partitions: asked }],
    });
    assert.equal(listed.topics[0].partitions[0].errorCode, ErrorCode.KAFKA_STORAGE_ERROR);
    const { results } = await client.ask(describeLogDirsRequest, describeLogDirsResponse, 4, { topics: null });
    assert.ok(results[0].topics.some(({ name }) => name === 'fine'));

    assert.equal(await alter(2, 'broken', 'retention.ms', '1000000'), 0);
    assert.equal(await alter(4, '', 'log.retention.ms', '1000000'), 0);
    const grown = await client.ask(createPartitionsRequest, createPartitionsResponse, 3, {
      topics: [{ name: 'broken', count: 3, assignments: null }],
      timeoutMs: 5000,
    });
    assert.equal(grown.results[0].errorCode, 0);
    assert.deepEqual(await produce('broken', 'v', { index: 2 }), [0, 0]);
    assert.deepEqual(await produce('fine'), [0, 0]);
    assert.deepEqual(FATAL, []);

    await client.ask(deleteTopicsRequest, deleteTopicsResponse, 3, { topicNames: ['broken'], timeoutMs: 5000 });
    files.unlink('/millrace/broken-0');
    assert.equal(await create('broken', 2), 0);
    assert.deepEqual(await produce('broken'), [0, 0]);
    await restart();
    assert.deepEqual(await produce('broken'), [0, 1]);
    await stop();
    assert.deepEqual(FATAL, []);
  });

  test('damage below the recovery point is not cut by a later start, however many there are', async () => {
    const log = '/millrace/t-0/00000000000000000000.log';
    await create('t');
    await create('fine');
    for (let i = 0; i < 3; i++) assert.deepEqual(await produce('t'), [0, i]);
    await stop();
    files.edit(log, (bytes) => bytes.fill(0x55, 100, 110));
    files.unlink('/millrace/.kafka_cleanshutdown');
    const damaged = files.readFile(log);
    await start();
    for (let starts = 0; starts < 3; starts++) {
      assert.deepEqual(await produce('t'), [ErrorCode.KAFKA_STORAGE_ERROR, -1], `start ${starts}`);
      assert.equal((await produce('fine'))[0], 0);
      await restart();
      assert.deepEqual(files.readFile(log), damaged, `start ${starts}`);
    }
    await stop();
  });

  test('a file that does not say whose a partition is takes that partition offline and nothing else', async () => {
    await create('t');
    await create('fine');
    await stop();
    files.edit('/millrace/t-0/partition.metadata', () => Buffer.from('version: rot'));
    await start();
    assert.deepEqual(await produce('t'), [ErrorCode.KAFKA_STORAGE_ERROR, -1]);
    assert.deepEqual(await produce('fine'), [0, 0]);
    await stop();
  });

  test('a file of a partition that a power failure has emptied costs nothing', async () => {
    await create('t');
    assert.deepEqual(await produce('t'), [0, 0]);
    await stop();
    files.unlink('/millrace/.kafka_cleanshutdown');
    for (const name of ['partition.metadata', 'leader-epoch-checkpoint'])
      files.edit(`/millrace/t-0/${name}`, () => Buffer.alloc(0));
    await start();
    assert.deepEqual(await produce('t'), [0, 1]);
    await stop();
    files.unlink('/millrace/.kafka_cleanshutdown');
    for (const name of ['partition.metadata', 'leader-epoch-checkpoint'])
      files.edit(`/millrace/t-0/${name}`, (bytes) => Buffer.alloc(bytes.length));
    await start();
    assert.deepEqual(await produce('t'), [0, 2]);
    await stop();
  });

  test('what a deleted topic leaves behind is not taken for the data of the next one', async () => {
    await create('again');
    await produce('again', 'old');
    files.failWith('rename', Errno.EIO);
    await client.ask(deleteTopicsRequest, deleteTopicsResponse, 3, { topicNames: ['again'], timeoutMs: 5000 });
    files.failWith('rename', 0);
    assert.equal(await create('again'), 0);
    assert.deepEqual(await produce('again', 'new'), [0, 0]);
    await restart();
    assert.equal((await fetch('again')).highWatermark, 1);
    await stop();
  });

  for (const acks of [-1, 1]) {
    test(`a full disk refuses writes with acks=${acks}, serves reads, and heals`, async () => {
      await create('t');
      assert.deepEqual(await produce('t', 'one', { acks }), [0, 0]);
      files.failWith('write', Errno.ENOSPC);
      for (let i = 0; i < 3; i++) {
        assert.deepEqual(await produce('t', 'two', { acks }), [ErrorCode.KAFKA_STORAGE_ERROR, -1]);
      }
      const { errorCode, recordsBytes, highWatermark } = await fetch('t');
      assert.deepEqual([errorCode, recordsBytes > 0, highWatermark], [0, true, 1]);
      const trimmed = await client.ask(deleteRecordsRequest, deleteRecordsResponse, 2, {
        topics: [{ name: 't', partitions: [{ partitionIndex: 0, offset: 1 }] }],
      });
      assert.equal(trimmed.topics[0].partitions[0].lowWatermark, 1);
      files.failWith('write', 0);
      assert.deepEqual(await produce('t', 'three', { acks }), [0, 1]);
      assert.deepEqual(FATAL, []);
      await restart();
      assert.equal((await fetch('t')).errorCode, ErrorCode.OFFSET_OUT_OF_RANGE);
      assert.deepEqual(await produce('t', 'four', { acks }), [0, 2]);
      await stop();
    });
  }

  test('a sync that fails is the end: nothing is acknowledged, and the broker says so', async () => {
    await create('t');
    assert.deepEqual(await produce('t'), [0, 0]);
    files.failWith('sync', Errno.EIO);
    const answer = produce('t').then(
      () => 'answered',
      () => 'not answered',
    );
    while (FATAL.length === 0) await new Promise(setImmediate);
    assert.match(FATAL[0], /t-0.*fdatasync failed with EIO/);
    client.close();
    assert.equal(await answer, 'not answered');
    await assert.rejects(broker.stop(), /fdatasync failed/);
    assert.equal(files.stat('/millrace/.kafka_cleanshutdown'), Errno.ENOENT);
  });
});
