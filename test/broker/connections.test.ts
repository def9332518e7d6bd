// What clients may do to their connections, over real sockets.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { produceRequest, produceResponse } from '../../src/protocol/messages/00-produce.ts';
import { fetchRequest } from '../../src/protocol/messages/01-fetch.ts';
import { metadataRequest, metadataResponse } from '../../src/protocol/messages/03-metadata.ts';
import { apiVersionsRequest, apiVersionsResponse } from '../../src/protocol/messages/18-api-versions.ts';
import { createTopicsRequest, createTopicsResponse } from '../../src/protocol/messages/19-create-topics.ts';
import { initProducerIdRequest, initProducerIdResponse } from '../../src/protocol/messages/22-init-producer-id.ts';
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../src/protocol/messages/44-incremental-alter-configs.ts';
import { buildBatch } from '../../src/protocol/records/batch-builder.ts';
import { startTestBroker, type TestBroker } from '../../src/testing/test-broker.ts';
import { RawClient, requestFrame } from './raw-client.ts';

let broker: TestBroker;

before(async () => {
  broker = await startTestBroker();
  const client = await RawClient.connect(broker.port);
  const topics = [{ name: 't', numPartitions: 3, replicationFactor: 1, assignments: [], configs: [] }];
  const created = await client.ask(createTopicsRequest, createTopicsResponse, 5, { topics });
  assert.equal(created.topics[0].errorCode, 0);
  client.close();
});

after(() => broker?.stop());

const batch = (value: string | Uint8Array): Uint8Array => buildBatch([{ value, timestamp: 1_700_000_000_000 }]);

function produceBody(records: Uint8Array | null, acks = 1, partition = 0, name = 't') {
  return { acks, timeoutMs: 1000, topicData: [{ name, partitionData: [{ index: partition, records }] }] };
}

function fetchBody(fetchOffset: number, extra: { maxWaitMs?: number; minBytes?: number } = {}, partition = 0) {
  const partitions = [{ partition, fetchOffset, partitionMaxBytes: 50_000_000, currentLeaderEpoch: -1 }];
  return { maxWaitMs: 0, minBytes: 0, maxBytes: 50_000_000, topics: [{ topic: 't', partitions }], ...extra };
}

/** Resolves when the broker answers somebody. */
async function serves(): Promise<void> {
  const client = await RawClient.connect(broker.port);
  const { apiKeys } = await client.ask(apiVersionsRequest, apiVersionsResponse, 3, {
    clientSoftwareName: 'a',
    clientSoftwareVersion: '1',
  });
  assert.ok(apiKeys.length > 0);
  client.close();
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** Hexadecimal, as in /proc/net/tcp. */
const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');

describe('connections', () => {
  test('the system looks whether idle clients still live', { skip: process.platform !== 'linux' }, async () => {
    const client = await RawClient.connect(broker.port);
    await client.ask(apiVersionsRequest, apiVersionsResponse, 2, {});
    const ends = new RegExp(`:${hex(broker.port)} [0-9A-F]+:${hex(client.socket.localPort!)} (.*)`);
    // The timer of keeping alive, once that of the answer's acknowledgement has ended.
    const timerOf = () => {
      const line = ['tcp', 'tcp6']
        .map((table) => ends.exec(readFileSync(`/proc/net/${table}`, 'latin1')))
        .find(Boolean);
      return line?.[1].split(' ')[2].split(':')[0];
    };
    while (timerOf() === '01') await client.ask(apiVersionsRequest, apiVersionsResponse, 2, {});
    assert.equal(timerOf(), '02');
    client.close();
  });

  test('requests of all kinds in one write are answered in their order', async () => {
    const client = await RawClient.connect(broker.port);
    const frames: Buffer[] = [];
    const answers: Promise<unknown>[] = [];
    for (let id = 1; id <= 60; id++) {
      if (id % 4 === 1) frames.push(requestFrame(metadataRequest, 1, { topics: null }, id));
      else if (id % 4 === 2) frames.push(requestFrame(fetchRequest, 11, fetchBody(0), id));
      else frames.push(requestFrame(produceRequest, 9, produceBody(batch(`value ${id}`)), id));
      const request = id % 4 === 1 ? metadataRequest : id % 4 === 2 ? fetchRequest : produceRequest;
      answers.push(client.await(request, id % 4 === 1 ? 1 : id % 4 === 2 ? 11 : 9, id));
    }
    client.write(Buffer.concat(frames));
    await Promise.all(answers);
    assert.deepEqual(client.stray, []);
    client.close();
  });

  test('pipelined batches are appended in their order', async () => {
    const client = await RawClient.connect(broker.port);
    const frames = Array.from({ length: 200 }, (_, id) =>
      requestFrame(produceRequest, 7, produceBody(batch(`${id}`), 1, 1), id),
    );
    const answers = frames.map((_, id) => client.await(produceRequest, 7, id));
    client.write(Buffer.concat(frames));
    const offsets = (await Promise.all(answers)).map((answer) => {
      const { responses } = answer as { responses: { partitionResponses: { baseOffset: number }[] }[] };
      return responses[0].partitionResponses[0].baseOffset;
    });
    assert.deepEqual(
      offsets,
      offsets.map((_, index) => offsets[0] + index),
    );
    client.close();
  });

  test('acks=0 is never answered: what comes next is the next request’s response', async () => {
    const client = await RawClient.connect(broker.port);
    for (let i = 0; i < 500; i++) client.write(requestFrame(produceRequest, 7, produceBody(batch('x'), 0), 7_000 + i));
    const { topics } = await client.ask(metadataRequest, metadataResponse, 1, { topics: [{ name: 't' }] });
    assert.equal(topics[0].name, 't');
    assert.deepEqual(client.stray, []);
    client.close();
  });

  test('acks=0 that fails closes the connection, and requests before it are not hurt', async () => {
    const client = await RawClient.connect(broker.port);
    const first = client.await(produceRequest, 7, 1);
    const third = client.await(produceRequest, 7, 3);
    const frames = [
      requestFrame(produceRequest, 7, produceBody(batch('x'), 1), 1),
      requestFrame(produceRequest, 7, produceBody(batch('x'), 0, 99), 2),
      requestFrame(produceRequest, 7, produceBody(batch('x'), 1), 3),
    ];
    client.write(Buffer.concat(frames));
    await first;
    await assert.rejects(third, /connection closed/);
    await client.closed;
    assert.deepEqual(client.stray, []);
    await serves();
  });

  test('what is no request closes its connection, and no other', async () => {
    const other = await RawClient.connect(broker.port);
    const unknownApi = requestFrame(metadataRequest, 1, { topics: null });
    unknownApi.writeInt16BE(9999, 4);
    const negativeApi = requestFrame(metadataRequest, 1, { topics: null });
    negativeApi.writeInt16BE(-1, 4);
    const badVersion = (key: number, version: number): Buffer => {
      const frame = requestFrame(metadataRequest, 1, { topics: null });
      frame.writeInt16BE(key, 4);
      frame.writeInt16BE(version, 6);
      return frame;
    };
    const hostile: [string, Buffer][] = [
      ['unknown api', unknownApi],
      ['negative api', negativeApi],
      ['old produce', badVersion(0, 2)],
      ['future produce', badVersion(0, 99)],
      ['old fetch', badVersion(1, 3)],
      ['future metadata', badVersion(3, 99)],
      ['negative version', badVersion(3, -1)],
      ['frame of nothing', int32(0)],
      ['negative frame', int32(-5)],
      ['huge frame', int32(2 ** 31 - 1)],
      ['short frame', Buffer.concat([int32(3), Buffer.alloc(3)])],
      ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
      ['TLS', Buffer.from('16030100c8010000c4030300000000000000', 'hex')],
      ['zeros', Buffer.alloc(400_000)],
      ['client id that lies', Buffer.from('0000000e000300010000000100ee00000000', 'hex')],
    ];
    for (const [name, bytes] of hostile) {
      const client = await RawClient.connect(broker.port);
      client.write(bytes);
      await client.closed;
      assert.deepEqual(client.stray, [], name);
      assert.ok(await other.ask(metadataRequest, metadataResponse, 1, { topics: [] }), name);
    }
    other.close();
  });

  test('what is no request is refused behind the answers to what came before it', async () => {
    const short = Buffer.concat([int32(3), Buffer.alloc(3)]);
    const oldProduce = requestFrame(produceRequest, 3, produceBody(batch('x')), 4);
    oldProduce.writeInt16BE(2, 6);
    const cutProduce = Buffer.from(requestFrame(produceRequest, 9, produceBody(batch('x')), 4).subarray(0, 40));
    cutProduce.writeInt32BE(cutProduce.length - 4, 0);
    const waiting = fetchBody(0, { maxWaitMs: 100, minBytes: 50_000_000 });
    const produces = [1, 2, 3].map((id) => requestFrame(produceRequest, 9, produceBody(batch('x'), -1), id));
    for (const bad of [int32(0), int32(-5), int32(2 ** 31 - 1), short, oldProduce, cutProduce]) {
      const [fetching, producing] = [await RawClient.connect(broker.port), await RawClient.connect(broker.port)];
      const fetched = fetching.await(fetchRequest, 11, 1);
      const produced = [1, 2, 3].map((id) => producing.await(produceRequest, 9, id));
      const behind = requestFrame(metadataRequest, 1, { topics: null }, 5);
      fetching.write(Buffer.concat([requestFrame(fetchRequest, 11, waiting, 1), bad, behind]));
      producing.write(Buffer.concat([...produces, bad, behind]));
      await Promise.all([fetched, ...produced]);
      await Promise.all([fetching.closed, producing.closed]);
      assert.deepEqual([...fetching.stray, ...producing.stray], []);
    }
  });

  test('ApiVersions of a version to come is answered in the layout of version 0', async () => {
    for (const version of [6, 99, 32767]) {
      const client = await RawClient.connect(broker.port);
      const frame = requestFrame(apiVersionsRequest, 3, { clientSoftwareName: 'x', clientSoftwareVersion: '1' }, 77);
      frame.writeInt16BE(version, 6);
      client.write(frame);
      const answer = client.await(apiVersionsRequest, 0, 77);
      const { errorCode, apiKeys } = (await answer) as { errorCode: number; apiKeys: object[] };
      assert.equal(errorCode, 35);
      assert.deepEqual(apiKeys, [{ apiKey: 18, minVersion: 0, maxVersion: 5 }]);
      client.close();
    }
  });

  test('a request that comes byte by byte is answered', async () => {
    const client = await RawClient.connect(broker.port);
    const frame = requestFrame(produceRequest, 9, produceBody(batch('slow')), 5);
    const answer = client.await(produceRequest, 9, 5);
    for (const byte of frame) {
      client.write(Uint8Array.of(byte));
      await new Promise(setImmediate);
    }
    const { responses } = (await answer) as { responses: { partitionResponses: { errorCode: number }[] }[] };
    assert.deepEqual(
      responses[0].partitionResponses.map(({ errorCode }) => errorCode),
      [0],
    );
    client.close();
  });

  test('a client that closes its side gets all its responses first', async () => {
    const large = batch(Buffer.alloc(900_000, 'x'));
    const client = await RawClient.connect(broker.port, { paused: true });
    for (let i = 0; i < 12; i++) {
      const asking = await RawClient.connect(broker.port);
      await asking.ask(produceRequest, produceResponse, 7, produceBody(large, 1, 1));
      asking.close();
    }
    // More than the sockets hold, and it is read only when the broker knows of the end.
    const answer = client.await(fetchRequest, 11, 1);
    client.write(requestFrame(fetchRequest, 11, fetchBody(0, {}, 1), 1));
    client.socket.end();
    await serves();
    await serves();
    client.read();
    const { responses } = (await answer) as { responses: { partitions: { records: Uint8Array }[] }[] };
    assert.ok(responses[0].partitions[0].records.length > 10_000_000);
    await client.closed;
  });

  test('a client that reads late gets everything, the small answer behind the large one too', async () => {
    const client = await RawClient.connect(broker.port, { paused: true });
    const large: Promise<unknown>[] = [];
    for (let id = 1; id <= 6; id++) {
      client.write(requestFrame(fetchRequest, 11, fetchBody(0, {}, 1), id));
      large.push(client.await(fetchRequest, 11, id));
    }
    client.write(requestFrame(metadataRequest, 1, { topics: null }, 7));
    const small = client.await(metadataRequest, 1, 7);
    await serves();
    await serves();
    client.read();
    const answers = (await Promise.all(large)) as { responses: { partitions: { records: Uint8Array }[] }[] }[];
    const [first, ...others] = answers.map(({ responses }) => Buffer.from(responses[0].partitions[0].records));
    assert.ok(first.length > 10_000_000);
    for (const other of others) assert.ok(other.equals(first));
    const { topics } = (await small) as { topics: { name: string }[] };
    assert.ok(topics.some(({ name }) => name === 't'));
    client.close();
  });

  test('a producer that reads none of its responses is read no further, others are served', {
    timeout: 60_000,
  }, async () => {
    const greedy = connect({ port: broker.port, host: '127.0.0.1' });
    await once(greedy, 'connect');
    greedy.on('error', () => {});
    // Requests that cost little and are answered with much: partitions that do not exist.
    const partitionData = Array.from({ length: 4000 }, (_, index) => ({ index: index + 1000, records: null }));
    const frame = requestFrame(produceRequest, 7, { acks: 1, timeoutMs: 1, topicData: [{ name: 't', partitionData }] });
    // Its own sockets' buffers fill up once the broker has stopped reading: then many others are served without that
    // a single byte of it is taken.
    let stalled = 0;
    let writtenBefore = 0;
    while (stalled < 40) {
      while (greedy.writableLength < 1_000_000) greedy.write(frame);
      await serves();
      const written = greedy.bytesWritten - greedy.writableLength;
      stalled = written === writtenBefore ? stalled + 1 : 0;
      writtenBefore = written;
      assert.ok(written < 40_000_000, 'the broker reads on and on');
    }
    await serves();
    greedy.destroy();
    await serves();
  });

  test('a request with more partitions than may be under way is done in portions, and nothing overtakes it', async () => {
    const client = await RawClient.connect(broker.port);
    const partitionData = Array.from({ length: 10_000 }, (_, i) => ({ index: i % 2, records: batch(`${i}`) }));
    const many = client.ask(produceRequest, produceResponse, 9, {
      acks: -1,
      topicData: [{ name: 't', partitionData }],
    });
    const next = client.ask(produceRequest, produceResponse, 9, produceBody(batch('next'), -1, 1));
    const { responses } = await many;
    const last = [-1, -1];
    for (const { index, errorCode, baseOffset } of responses[0].partitionResponses) {
      assert.equal(errorCode, 0);
      assert.ok(baseOffset > last[index]);
      last[index] = baseOffset;
    }
    assert.equal((await next).responses[0].partitionResponses[0].baseOffset, last[1] + 1);
    client.close();
  });

  test('a request for more partitions than a broker can have is refused', async () => {
    const partitions = Array.from({ length: 200_000 }, (_, partition) => ({ partition, fetchOffset: 0 }));
    const partitionData = Array.from({ length: 200_000 }, (_, index) => ({ index, records: null }));
    for (const frame of [
      requestFrame(fetchRequest, 11, { topics: [{ topic: 't', partitions }] }),
      requestFrame(produceRequest, 9, { acks: 1, topicData: [{ name: 't', partitionData }] }),
    ]) {
      const client = await RawClient.connect(broker.port);
      client.write(frame);
      await client.closed;
    }
    await serves();
  });

  test('a small frame that claims very many elements is refused before they are made', async () => {
    const empty = requestFrame(metadataRequest, 1, { topics: [] });
    for (const count of [500_001, 3_000_000]) {
      const client = await RawClient.connect(broker.port);
      const frame = Buffer.concat([empty, Buffer.alloc(count * 2)]);
      frame.writeInt32BE(frame.length - 4, 0);
      frame.writeInt32BE(count, empty.length - 4);
      client.write(frame);
      await client.closed;
    }
    await serves();
  });

  test('five idempotent batches under way, a broken connection, all sent again: each is there once, in order', async () => {
    const first = await RawClient.connect(broker.port);
    const { producerId, producerEpoch } = await first.ask(initProducerIdRequest, initProducerIdResponse, 4, {
      transactionalId: null,
      transactionTimeoutMs: 1000,
    });
    const bodies = Array.from({ length: 5 }, (_, baseSequence) =>
      produceBody(
        buildBatch([{ value: `${baseSequence}`, timestamp: 1_700_000_000_000 }], {
          producerId,
          producerEpoch,
          baseSequence,
        }),
        -1,
        2,
      ),
    );
    const send = (client: RawClient) =>
      bodies.map(async (body) => {
        const { responses } = await client.ask(produceRequest, produceResponse, 9, body);
        const { errorCode, baseOffset } = responses[0].partitionResponses[0];
        return [errorCode, baseOffset];
      });
    const lost = send(first);
    first.socket.resetAndDestroy();
    await Promise.allSettled(lost);
    const again = await RawClient.connect(broker.port);
    const expected = [0, 1, 2, 3, 4].map((offset) => [0, offset]);
    assert.deepEqual(await Promise.all(send(again)), expected);
    assert.deepEqual(await Promise.all(send(again)), expected);
    const fetched = again.await(fetchRequest, 11, 999);
    again.write(requestFrame(fetchRequest, 11, fetchBody(0, {}, 2), 999));
    const { responses } = (await fetched) as { responses: { partitions: { highWatermark: number }[] }[] };
    assert.equal(responses[0].partitions[0].highWatermark, 5);
    again.close();
  });

  test('connections beyond the limits are refused, and places are free again when others close', async () => {
    await using limited = await startTestBroker({ configs: { 'max.connections.per.ip': 2 } });
    const [one, two] = [await RawClient.connect(limited.port), await RawClient.connect(limited.port)];
    for (const client of [one, two]) await client.ask(apiVersionsRequest, apiVersionsResponse, 0, {});
    const three = await RawClient.connect(limited.port);
    await three.closed;
    one.close();
    for (;;) {
      const next = await RawClient.connect(limited.port);
      const answer = next.ask(apiVersionsRequest, apiVersionsResponse, 0, {}).then(
        () => true,
        () => false,
      );
      const served = await answer;
      next.close();
      if (served) break;
    }
    await two.ask(apiVersionsRequest, apiVersionsResponse, 0, {});
    two.close();
  });

  test('limits that change count for the next connection, and an address may have its own', async () => {
    await using limited = await startTestBroker();
    const one = await RawClient.connect(limited.port);
    const set = async (settings: Record<string, string>): Promise<void> => {
      const configs = Object.entries(settings).map(([name, value]) => ({ name, value, configOperation: 0 }));
      const { responses } = await one.ask(incrementalAlterConfigsRequest, incrementalAlterConfigsResponse, 1, {
        resources: [{ resourceType: 4, resourceName: '', configs }],
      });
      assert.equal(responses[0].errorMessage, null);
    };
    const isServed = async (): Promise<boolean> => {
      const client = await RawClient.connect(limited.port);
      const served = await client.ask(apiVersionsRequest, apiVersionsResponse, 0, {}).then(
        () => true,
        () => false,
      );
      client.close();
      return served;
    };
    const two = await RawClient.connect(limited.port);
    await two.ask(apiVersionsRequest, apiVersionsResponse, 0, {});
    await set({ 'max.connections.per.ip': '2' });
    assert.equal(await isServed(), false);
    await two.ask(apiVersionsRequest, apiVersionsResponse, 0, {});
    await set({ 'max.connections.per.ip.overrides': 'localhost:3,10.0.0.1:7' });
    assert.equal(await isServed(), true);
    await set({ 'max.connections': '2' });
    const served = isServed();
    for (let i = 0; i < 20; i++) await two.ask(apiVersionsRequest, apiVersionsResponse, 0, {});
    one.close();
    assert.equal(await served, true);
    two.close();
  });

  test('connections that go away in the middle of anything leave the broker as it was', async () => {
    const large = requestFrame(produceRequest, 9, produceBody(batch(Buffer.alloc(300_000, 'y'))), 1);
    for (let i = 0; i < 60; i++) {
      const client = await RawClient.connect(broker.port);
      client.write(requestFrame(fetchRequest, 11, fetchBody(0, { maxWaitMs: 5000, minBytes: 50_000_000 }), 1));
      client.write(large.subarray(0, (large.length * i) / 60));
      if (i % 3 === 0) client.socket.resetAndDestroy();
      else if (i % 3 === 1) client.close();
      else client.socket.end();
    }
    await serves();
  });

  test('frames that together are more than the memory for requests do not keep each other waiting for ever', {
    timeout: 60_000,
  }, async () => {
    await using small = await startTestBroker({
      configs: { 'socket.request.max.bytes': 12_000_000, 'millrace.receive.arena.bytes': 16_777_216 },
    });
    const frame = requestFrame(produceRequest, 9, produceBody(Buffer.alloc(11_000_000)), 1);
    const clients = await Promise.all([0, 1].map(() => RawClient.connect(small.port)));
    for (const client of clients) client.write(frame);
    const answered = await Promise.allSettled(clients.map((client) => client.await(produceRequest, 9, 1)));
    assert.ok(answered.some(({ status }) => status === 'fulfilled'));
    for (const client of clients) client.close();
  });

  test('frames that never come keep nobody from being served', { timeout: 60_000 }, async () => {
    const idle: RawClient[] = [];
    for (let i = 0; i < 80; i++) {
      const client = await RawClient.connect(broker.port);
      client.write(int32(100_000_000));
      client.write(Buffer.alloc(10));
      idle.push(client);
    }
    const client = await RawClient.connect(broker.port);
    // Larger than one read brings, so that it needs a place of its own beside those of the others.
    const answer = await client.ask(produceRequest, produceResponse, 7, produceBody(batch(Buffer.alloc(900_000, 'z'))));
    assert.equal(answer.responses[0].partitionResponses[0].errorCode, 0);
    client.close();
    for (const one of idle) one.close();
  });
});
