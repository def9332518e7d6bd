// What a stop does to clients that are in the middle of something.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { silentLogger } from '../../src/base/logger.ts';
import { loadAddon } from '../../src/native/addon.ts';
import { Errno } from '../../src/native/file-space.ts';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import { SegmentedLogStore } from '../../src/native/segmented-log-store.ts';
import { produceRequest } from '../../src/protocol/messages/00-produce.ts';
import { fetchRequest } from '../../src/protocol/messages/01-fetch.ts';
import { metadataRequest, metadataResponse } from '../../src/protocol/messages/03-metadata.ts';
import { createTopicsRequest, createTopicsResponse } from '../../src/protocol/messages/19-create-topics.ts';
import { deleteTopicsRequest } from '../../src/protocol/messages/20-delete-topics.ts';
import { incrementalAlterConfigsRequest } from '../../src/protocol/messages/44-incremental-alter-configs.ts';
import { buildBatch } from '../../src/protocol/records/batch-builder.ts';
import { startTestBroker, type TestBrokerOptions } from '../../src/testing/test-broker.ts';
import { FOLDER, openController } from '../controller/controller-setup.ts';
import { RawClient, requestFrame } from './raw-client.ts';
import { tlsSocket } from './tls-client.ts';

const batch = buildBatch([{ value: 'v', timestamp: 1_700_000_000_000 }]);
const body = { acks: -1, topicData: [{ name: 't', partitionData: [{ index: 0, records: batch }] }] };

async function brokerWithTopic(options: TestBrokerOptions = {}) {
  const broker = await startTestBroker(options);
  const client = await RawClient.connect(broker.port);
  const topics = [{ name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
  await client.ask(createTopicsRequest, createTopicsResponse, 5, { topics });
  return { broker, client };
}

describe('stop', () => {
  // On a disk that takes its time, with batches under way at every moment: the stop must not wait for a pause of theirs.
  test('batches that were taken are answered, later ones are not taken, and connections close', {
    skip: !loadAddon(),
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-stop-'));
    const { broker, client } = await brokerWithTopic({ engine: 'native', folder });
    let running = true;
    let answered = 0;
    void client.closed.then(() => (running = false));
    const flood = async (): Promise<void> => {
      const underWay: Promise<unknown>[] = [];
      for (let id = 1; running; id++) {
        client.write(requestFrame(produceRequest, 7, body, id));
        const answer = client.await(produceRequest, 7, id).then(() => answered++);
        underWay.push(answer.catch(() => {}));
        if (underWay.length > 50) await underWay.shift();
      }
      await Promise.all(underWay);
    };
    const flooding = flood();
    while (answered < 200) await new Promise(setImmediate);
    const answeredBefore = answered;
    await broker.stop();
    const meanwhile = answered - answeredBefore;
    assert.ok(meanwhile < 100, `${meanwhile} batches were answered while it stopped`);
    await client.closed;
    await flooding;
    assert.deepEqual(client.stray, []);
    rmSync(folder, { recursive: true });
  });

  test('a connection with requests that were not taken ends, and is not reset', { skip: !loadAddon() }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-stop-'));
    const { broker, client } = await brokerWithTopic({ engine: 'native', folder });
    client.close();
    const socket = connect(broker.port, '127.0.0.1');
    const ended = new Promise((resolve) => {
      socket.once('error', resolve);
      socket.once('end', () => resolve('ended'));
    });
    const answered = new Promise((resolve) => socket.once('data', resolve));
    const frames = Array.from({ length: 4_000 }, (_, id) => requestFrame(produceRequest, 7, body, id));
    socket.write(Buffer.concat(frames));
    await answered;
    await broker.stop();
    assert.equal(await ended, 'ended');
    socket.destroy();
    rmSync(folder, { recursive: true });
  });

  const transports = [
    { name: 'plain, in the engine', engine: 'native', tls: false },
    { name: "plain, on node's sockets", engine: 'portable', tls: false },
    { name: 'TLS', engine: 'native', tls: true },
  ] as const;
  for (const { name, engine, tls } of transports) {
    const skip = engine === 'native' && !loadAddon();
    test(`a client that never pauses gets its answers, then the end, and is read until it closes: ${name}`, {
      skip,
    }, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'millrace-stop-'));
      const broker = await startTestBroker({ engine, folder, tls });
      const socket = tls
        ? await tlsSocket(broker.port, { ca: broker.ca })
        : connect({ port: broker.port, host: '127.0.0.1', allowHalfOpen: true });
      const topics = [{ name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
      socket.write(requestFrame(createTopicsRequest, 5, { topics }));
      await once(socket, 'data');
      const frames = Buffer.concat(Array.from({ length: 20 }, (_, id) => requestFrame(produceRequest, 7, body, id)));
      let isTold = false;
      socket.on('data', () => {});
      socket.once('end', () => {
        isTold = true;
        socket.end(frames);
      });
      const closed = once(socket, 'close');
      const flood = (): void => {
        if (isTold || socket.destroyed) return;
        if (socket.writableLength === 0) socket.write(frames);
        setImmediate(flood);
      };
      flood();
      await once(socket, 'data');
      await broker.stop();
      assert.deepEqual(await closed, [false], 'no error');
      rmSync(folder, { recursive: true });
    });
  }

  test('fetches that wait are let go', async () => {
    const { broker, client } = await brokerWithTopic();
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }];
    client.write(
      requestFrame(fetchRequest, 11, {
        maxWaitMs: 600_000,
        minBytes: 1,
        maxBytes: 1000,
        topics: [{ topic: 't', partitions }],
      }),
    );
    const other = await RawClient.connect(broker.port);
    await other.ask(createTopicsRequest, createTopicsResponse, 5, { topics: [] });
    await broker.stop();
    await client.closed;
    await other.closed;
  });

  test('the directory tells of a broker that has gone, not of one that stays away', async () => {
    const files = new MemoryFileSpace(() => 0);
    const broker = await startTestBroker({ store: new SegmentedLogStore(files), configs: { 'log.dirs': FOLDER } });
    const after = async (stored: MemoryFileSpace): Promise<boolean | undefined> => {
      const { controller } = await openController({ files: stored });
      await controller.close();
      return controller.image.cluster.broker(1)?.fenced;
    };
    assert.equal(await after(files.clone()), false);
    await broker.stop();
    assert.equal(await after(files), true);
  });

  test('a metadata log that fails at the stop leaves the directory unclean and lets go of everything', async () => {
    const files = new MemoryFileSpace(() => 0);
    const fatal: string[] = [];
    const onFatal = (error: Error): number => fatal.push(error.message);
    const options = { store: new SegmentedLogStore(files), configs: { 'log.dirs': FOLDER } };
    const broker = await startTestBroker({ ...options, onFatal });
    files.failWith('sync', Errno.EIO);
    await assert.rejects(broker.stop());
    assert.equal(fatal.length, 1);
    files.failWith('sync', 0);
    assert.equal(files.stat(`${FOLDER}/.kafka_cleanshutdown`), Errno.ENOENT);
    await (await startTestBroker(options)).stop();
    assert.notEqual(files.stat(`${FOLDER}/.kafka_cleanshutdown`), Errno.ENOENT);
  });

  // With a disk that takes its time.
  test('changes that were taken reach the logs', { skip: !loadAddon() }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-stop-'));
    const errors: string[] = [];
    const logger = { ...silentLogger, error: (_: object, message: string) => void errors.push(message) };
    const broker = await startTestBroker({ engine: 'native', folder, logger });
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(broker.port)));
    for (const [index, client] of clients.entries()) {
      const topics = [{ name: `t${index}`, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
      await client.ask(createTopicsRequest, createTopicsResponse, 5, { topics });
    }
    const [deletions, configs] = [clients.slice(0, 10), clients.slice(10)];
    for (const [index, client] of deletions.entries()) {
      client.write(requestFrame(deleteTopicsRequest, 5, { topicNames: [`t${index}`], timeoutMs: 1000 }));
    }
    for (const [index, client] of configs.entries()) {
      const settings = [{ name: 'retention.ms', configOperation: 0, value: '1000' }];
      const resources = [{ resourceType: 2, resourceName: `t${index + 10}`, configs: settings }];
      client.write(requestFrame(incrementalAlterConfigsRequest, 1, { resources }));
    }
    // The first answer is there, the others are on their way.
    await deletions[0].await(deleteTopicsRequest, 5, 1);
    await broker.stop();
    assert.deepEqual(errors, []);
    const left = readdirSync(folder).filter((name) => /^t\d+-0$/.test(name));
    const after = await startTestBroker({ engine: 'native', folder });
    const client = await RawClient.connect(after.port);
    const { topics } = await client.ask(metadataRequest, metadataResponse, 5, { topics: null });
    client.close();
    await after.stop();
    assert.deepEqual(left.sort(), topics.map(({ name }) => `${name}-0`).sort());
    rmSync(folder, { recursive: true });
  });

  test('a second stop waits for the first', async () => {
    const { broker, client } = await brokerWithTopic();
    await Promise.all([broker.stop(), broker.stop()]);
    await client.closed;
  });
});
