// Listeners that speak TLS, over real sockets, with certificates made here.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import type { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka';
import type { Logger } from '../../src/base/logger.ts';
import { addonMissingReason, loadAddon } from '../../src/native/addon.ts';
import { produceRequest, produceResponse } from '../../src/protocol/messages/00-produce.ts';
import { fetchRequest, fetchResponse } from '../../src/protocol/messages/01-fetch.ts';
import { metadataRequest, metadataResponse } from '../../src/protocol/messages/03-metadata.ts';
import { apiVersionsRequest, apiVersionsResponse } from '../../src/protocol/messages/18-api-versions.ts';
import { createTopicsRequest, createTopicsResponse } from '../../src/protocol/messages/19-create-topics.ts';
import { buildBatch } from '../../src/protocol/records/batch-builder.ts';
import { startTestBroker, type TestBroker, type TestBrokerOptions } from '../../src/testing/test-broker.ts';
import { createTestAuthority } from '../../src/testing/test-certificates.ts';
import { RawClient, requestFrame } from './raw-client.ts';
import { tlsClient, tlsSocket } from './tls-client.ts';

const DAY_MS = 86_400_000;
const authority = createTestAuthority();
const stranger = createTestAuthority('Somebody else');
const broker1 = authority.issue({ commonName: 'localhost', hosts: ['localhost', '127.0.0.1'] });
const ca = authority.certificate;
const brokerConfigs = {
  listeners: 'SSL://127.0.0.1:0,PLAINTEXT://127.0.0.1:0',
  'ssl.keystore.type': 'PEM',
  'ssl.keystore.key': broker1.key,
  'ssl.keystore.certificate.chain': broker1.certificate,
};
const trust = { 'ssl.truststore.type': 'PEM', 'ssl.truststore.certificates': ca };

type Configs = TestBrokerOptions['configs'];
const start = (configs: Configs = {}, options: TestBrokerOptions = {}): Promise<TestBroker> =>
  startTestBroker({ ...options, configs: { ...brokerConfigs, 'millrace.log.level': 'debug', ...configs } });

const batch = (value: string | Uint8Array): Uint8Array => buildBatch([{ value, timestamp: 1_700_000_000_000 }]);

function produceBody(records: Uint8Array, partition = 0, acks = 1) {
  return { acks, timeoutMs: 1000, topicData: [{ name: 't', partitionData: [{ index: partition, records }] }] };
}

function fetchBody(partition = 0) {
  const partitions = [{ partition, fetchOffset: 0, partitionMaxBytes: 50_000_000, currentLeaderEpoch: -1 }];
  return { maxWaitMs: 0, minBytes: 0, maxBytes: 50_000_000, topics: [{ topic: 't', partitions }] };
}

async function createTopic(client: RawClient): Promise<void> {
  const topics = [{ name: 't', numPartitions: 3, replicationFactor: 1, assignments: [], configs: [] }];
  const created = await client.ask(createTopicsRequest, createTopicsResponse, 5, { topics });
  assert.equal(created.topics[0].errorCode, 0);
}

/** Resolves when the broker answers somebody. */
async function serves(broker: TestBroker, options: ConnectionOptions = { ca }): Promise<void> {
  const client = await tlsClient(broker.port, options);
  await client.ask(apiVersionsRequest, apiVersionsResponse, 0, {});
  client.close();
}

/** True when a request is answered; false when the connection ends before. */
async function isServed(port: number, options: ConnectionOptions): Promise<boolean> {
  try {
    const client = await tlsClient(port, options);
    const answer = client.ask(apiVersionsRequest, apiVersionsResponse, 0, {});
    await answer.finally(() => client.close());
    return true;
  } catch {
    return false;
  }
}

interface Line {
  readonly level: string;
  readonly message: string;
  readonly reason?: string;
}

/** A logger that keeps what it is told, and tells who waits. */
class KeptLog implements Logger {
  readonly lines: Line[] = [];
  #heard: (() => void)[] = [];

  debug = this.#keeper('debug');
  info = this.#keeper('info');
  warn = this.#keeper('warn');
  error = this.#keeper('error');

  async line(reason: RegExp): Promise<Line> {
    for (;;) {
      const found = this.lines.find((line) => reason.test(line.reason ?? ''));
      if (found) return found;
      await new Promise<void>((resolve) => this.#heard.push(resolve));
    }
  }

  #keeper(level: string): (details: { reason?: string }, message: string) => void {
    return ({ reason }, message) => {
      this.lines.push({ level, message, reason });
      for (const heard of this.#heard.splice(0)) heard();
    };
  }
}

for (const engine of ['memory', 'native'] as const) {
  const skip = engine === 'native' && !loadAddon() ? addonMissingReason() : false;
  describe(`TLS, engine ${engine}`, { skip }, () => {
    let broker: TestBroker;
    const folder = engine === 'native' ? mkdtempSync(join(tmpdir(), 'millrace-tls-')) : undefined;

    before(async () => {
      broker = await start({ 'millrace.log.level': 'error' }, { engine, folder });
      const client = await tlsClient(broker.port, { ca });
      await createTopic(client);
      client.close();
    });

    after(async () => {
      await broker?.stop();
      if (folder) rmSync(folder, { recursive: true });
    });

    test('a client of the wild produces and consumes', async () => {
      const options = { clientId: 'test', bootstrapBrokers: [broker.bootstrapServers], tls: { ca } };
      const producer = new Producer({ ...options, serializers: stringSerializers, autocreateTopics: true });
      const sent = Array.from({ length: 50 }, (_, i) => `${i} ${'x'.repeat(i * 500)}`);
      await producer.send({ messages: sent.map((value) => ({ topic: 'wild', key: 'k', value })), acks: -1 });
      await producer.close();
      const consumer = new Consumer({ ...options, groupId: 'g', deserializers: stringDeserializers });
      const stream = await consumer.consume({ topics: ['wild'], mode: 'earliest', autocommit: false });
      const values: string[] = [];
      for await (const { value } of stream) if (values.push(value) === sent.length) break;
      assert.deepEqual(values, sent);
      await consumer.close(true);
    });

    test('requests that come in one write, and byte by byte, are answered in their order', async () => {
      const client = await tlsClient(broker.port, { ca });
      const frames = Array.from({ length: 60 }, (_, id) =>
        id % 3 === 0
          ? requestFrame(metadataRequest, 1, { topics: null }, id)
          : id % 3 === 1
            ? requestFrame(fetchRequest, 11, fetchBody(1), id)
            : requestFrame(produceRequest, 9, produceBody(batch(`value ${id}`), 1), id),
      );
      const request = [metadataRequest, fetchRequest, produceRequest];
      const answers = frames.map((_, id) => client.await(request[id % 3], [1, 11, 9][id % 3], id));
      client.write(Buffer.concat(frames));
      await Promise.all(answers);
      const slow = requestFrame(produceRequest, 9, produceBody(batch('slow'), 1), 99);
      const answer = client.await(produceRequest, 9, 99);
      for (const byte of slow) {
        client.write(Uint8Array.of(byte));
        await new Promise(setImmediate);
      }
      await answer;
      assert.deepEqual(client.stray, []);
      client.close();
    });

    test('clients that fetch together, each slowly, get what was produced, byte for byte', async () => {
      const values = [0, 1, 2].map((partition) => Buffer.alloc(900_000, `partition ${partition} `));
      const producer = await tlsClient(broker.port, { ca });
      for (let round = 0; round < 8; round++) {
        await Promise.all(
          values.map((value, partition) =>
            producer.ask(produceRequest, produceResponse, 9, produceBody(batch(value), partition)),
          ),
        );
      }
      producer.close();
      const clients = await Promise.all(values.map(() => tlsClient(broker.port, { ca, paused: true })));
      const answers = clients.map((client, partition) => {
        const answer = client.ask(fetchRequest, fetchResponse, 11, fetchBody(partition));
        // A small answer behind the large one.
        return [answer, client.ask(metadataRequest, metadataResponse, 1, { topics: [] })] as const;
      });
      await serves(broker);
      await serves(broker);
      for (const client of clients) client.read();
      for (const [partition, [fetched, last]] of answers.entries()) {
        const { records } = (await fetched).responses[0].partitions[0];
        assert.ok(records && records.length > 8 * 900_000);
        const found = Buffer.from(records).toString('latin1');
        assert.equal(found.split(values[partition].toString('latin1')).length - 1, 8);
        await last;
      }
      for (const client of clients) client.close();
    });

    test('a batch that is far larger than a record of TLS goes in and comes out', async () => {
      const client = await tlsClient(broker.port, { ca });
      const configs = [{ name: 'max.message.bytes', value: '20000000' }];
      const topics = [{ name: 'big', numPartitions: 1, replicationFactor: 1, assignments: [], configs }];
      await client.ask(createTopicsRequest, createTopicsResponse, 5, { topics });
      const value = Buffer.alloc(12_000_000);
      for (let at = 0; at < value.length; at += 4) value.writeUInt32LE((at * 2_654_435_761) % 2 ** 32, at);
      const partitionData = [{ index: 0, records: batch(value) }];
      const produced = await client.ask(produceRequest, produceResponse, 9, {
        ...{ acks: -1, timeoutMs: 5000 },
        topicData: [{ name: 'big', partitionData }],
      });
      assert.equal(produced.responses[0].partitionResponses[0].errorCode, 0);
      const { responses } = await client.ask(fetchRequest, fetchResponse, 11, {
        ...fetchBody(0),
        topics: [{ topic: 'big', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 50_000_000 }] }],
      });
      assert.ok(Buffer.from(responses[0].partitions[0].records!).includes(value));
      client.close();
    });

    test('a client that closes its side gets all its responses, and is told of the end', async () => {
      const client = await tlsClient(broker.port, { ca, paused: true });
      const answer = client.await(fetchRequest, 11, 1);
      client.write(requestFrame(fetchRequest, 11, fetchBody(2), 1));
      client.socket.end();
      await serves(broker);
      client.read();
      const { responses } = (await answer) as { responses: { partitions: { records: Uint8Array }[] }[] };
      assert.ok(responses[0].partitions[0].records.length > 900_000);
      await client.closed;
    });

    test('many connections at once', async () => {
      const clients = await Promise.all(Array.from({ length: 150 }, () => tlsClient(broker.port, { ca })));
      const answers = await Promise.all(
        clients.map((client) => client.ask(produceRequest, produceResponse, 9, produceBody(batch('many'), 1))),
      );
      const codes = answers.map(({ responses }) => responses[0].partitionResponses[0].errorCode);
      assert.deepEqual(new Set(codes), new Set([0]));
      for (const client of clients) client.close();
    });

    test('a session goes on with the next connection', async () => {
      let session: Buffer | undefined;
      const first = await tlsClient(broker.port, { ca, onSession: (found) => (session = found) });
      await first.ask(apiVersionsRequest, apiVersionsResponse, 0, {});
      first.close();
      const next = await tlsClient(broker.port, { ca, session });
      assert.equal(next.socket.isSessionReused(), true);
      await next.ask(apiVersionsRequest, apiVersionsResponse, 0, {});
      next.close();
    });

    test('a client that trusts somebody else does not go on', async () => {
      await assert.rejects(tlsSocket(broker.port, { ca: stranger.certificate }), /unable to verify|self-signed/);
      await serves(broker);
    });

    test('who goes away in the middle of anything leaves the broker as it was', async () => {
      const large = requestFrame(produceRequest, 9, produceBody(batch(Buffer.alloc(300_000, 'y'))), 1);
      const clients: RawClient[] = [];
      for (let i = 0; i < 30; i++) {
        const client = await tlsClient(broker.port, { ca, paused: true });
        clients.push(client);
        client.write(requestFrame(fetchRequest, 11, fetchBody(0), 1));
        client.write(large.subarray(0, (large.length * i) / 30));
        if (i % 2 === 0) client.socket.end();
        else client.close();
      }
      await serves(broker);
      for (const client of clients) client.close();
    });
  });
}

describe('who may connect with TLS', () => {
  const good = authority.issue({ commonName: 'client' });
  const expired = authority.issue({
    commonName: 'late',
    notBefore: new Date(Date.now() - 10 * DAY_MS),
    notAfter: new Date(Date.now() - DAY_MS),
  });
  const foreign = stranger.issue({ commonName: 'client' });
  const show = ({ key, certificate }: typeof good): ConnectionOptions => ({ ca, key, cert: certificate });

  test('required: only who shows a certificate that is trusted', async () => {
    await using broker = await start({ ...trust, 'ssl.client.auth': 'required' });
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const served = async (options: ConnectionOptions) => isServed(broker.port, { ...options, maxVersion });
      assert.equal(await served(show(good)), true, maxVersion);
      assert.equal(await served({ ca }), false, `${maxVersion}: none`);
      assert.equal(await served(show(foreign)), false, `${maxVersion}: another authority`);
      assert.equal(await served(show(expired)), false, `${maxVersion}: expired`);
    }
  });

  test('requested: also who shows none, but not who shows a bad one', async () => {
    await using broker = await start({ ...trust, 'ssl.client.auth': 'requested' });
    const served = (options: ConnectionOptions) => isServed(broker.port, options);
    assert.equal(await served({ ca }), true);
    assert.equal(await served(show(good)), true);
    assert.equal(await served(show(foreign)), false);
    assert.equal(await served(show(expired)), false);
  });

  test('a client learns that its certificate is refused', async () => {
    await using broker = await start({ ...trust, 'ssl.client.auth': 'requested' });
    const socket = await tlsSocket(broker.port, { ...show(foreign), minVersion: 'TLSv1.3' });
    const error = await new Promise<(Error & { code?: string }) | undefined>((resolve) => {
      socket.once('error', resolve);
      socket.once('end', () => resolve(undefined));
      socket.resume();
    });
    assert.match(error?.code ?? 'no error', /^ERR_SSL_/);
  });

  test('a certificate in the trust store is trusted, whoever issued it and whoever has the same name', async () => {
    const [one, other] = [createTestAuthority('twin'), createTestAuthority('twin')];
    const certificates = [foreign, one, other].map(({ certificate }) => certificate).join('');
    await using broker = await start({
      ...trust,
      'ssl.truststore.certificates': certificates,
      'ssl.client.auth': 'required',
    });
    for (const holder of [foreign, one, other]) assert.equal(await isServed(broker.port, show(holder)), true);
    assert.equal(await isServed(broker.port, show(good)), false);
  });

  test("a listener's own settings go before the general ones", async () => {
    await using broker = await start({
      ...trust,
      listeners: 'INSIDE://127.0.0.1:0,OUTSIDE://127.0.0.1:0',
      'listener.security.protocol.map': 'INSIDE:SSL,OUTSIDE:SSL',
      'inter.broker.listener.name': 'INSIDE',
      'listener.name.outside.ssl.client.auth': 'required',
      'listener.name.inside.ssl.enabled.protocols': 'TLSv1.2',
    });
    const [inside, outside] = broker.listeners.map(({ port }) => port);
    assert.equal(await isServed(inside, { ca }), true);
    assert.equal(await isServed(inside, { ca, minVersion: 'TLSv1.3' }), false);
    assert.equal(await isServed(outside, { ca }), false);
    assert.equal(await isServed(outside, show(good)), true);
  });

  test('cipher suites by their names in Java', async () => {
    await using broker = await start({
      'ssl.enabled.protocols': 'TLSv1.2',
      'ssl.cipher.suites': 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
    });
    const socket = await tlsSocket(broker.port, { ca });
    assert.equal(socket.getCipher().standardName, 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256');
    socket.destroy();
    assert.equal(await isServed(broker.port, { ca, ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' }), false);
  });
});

describe('hostile TLS', () => {
  test('who does not speak TLS to a TLS listener is closed at once, with one line of debug', async () => {
    const logger = new KeptLog();
    await using broker = await start({}, { logger });
    const said: [string, Buffer][] = [
      ['a Kafka request', requestFrame(apiVersionsRequest, 0, {})],
      ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
      ['zeros', Buffer.alloc(100_000)],
      ['noise', Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251))],
    ];
    for (const [name, bytes] of said) {
      const before = logger.lines.length;
      const client = await RawClient.connect(broker.port);
      client.write(bytes);
      await client.closed;
      await logger.line(/TLS handshake/);
      const lines = logger.lines.slice(before);
      assert.deepEqual(
        lines.map(({ level }) => level),
        ['debug'],
        `${name}: ${JSON.stringify(lines)}`,
      );
    }
    await serves(broker);
  });

  test('who speaks TLS to a plain listener is closed at once', async () => {
    const logger = new KeptLog();
    await using broker = await start({}, { logger });
    await assert.rejects(tlsSocket(broker.listeners[1].port, { ca }));
    const { level } = await logger.line(/TLS/);
    assert.equal(level, 'debug');
    assert.equal(logger.lines.filter(({ message }) => message === 'connection closed').length, 1);
    await serves(broker);
  });

  test('a hello that is cut, or changed, harms nobody', async () => {
    await using broker = await start();
    const hello = await recordHello();
    for (let at = 0; at < hello.length; at += 7) {
      const client = await RawClient.connect(broker.port);
      const changed = Buffer.from(hello);
      if (at % 2 === 0) changed[at] ^= 1 << (at % 8);
      client.write(at % 2 === 0 ? changed : changed.subarray(0, at));
      client.socket.end();
      await client.closed;
    }
    await serves(broker);
  });

  test('bytes that were changed on the way close the connection', async () => {
    await using broker = await start();
    const socket = await tlsSocket(broker.port, { ca });
    const client = RawClient.over(socket);
    await client.ask(apiVersionsRequest, apiVersionsResponse, 0, {});
    // A record that nobody encrypted, on the socket below.
    const raw = (
      socket as unknown as { _handle: { _parent: { writeLatin1String(req: object, text: string): number } } }
    )._handle._parent;
    raw.writeLatin1String({ oncomplete: () => {} }, `\x17\x03\x03\x00\x20${'x'.repeat(32)}`);
    await client.closed;
    await serves(broker);
  });

  test('who says nothing loses its place in time, so that others get theirs', async () => {
    const logger = new KeptLog();
    await using broker = await start(
      { 'millrace.tls.handshakes.max': 2, 'millrace.tls.handshake.timeout.ms': 200 },
      { logger },
    );
    const silent = await Promise.all(Array.from({ length: 6 }, () => RawClient.connect(broker.port)));
    await serves(broker);
    await Promise.all(silent.slice(0, 4).map(({ closed }) => closed));
    assert.equal((await logger.line(/took too long/)).level, 'debug');
    for (const client of silent) client.close();
    await serves(broker);
  });

  test('many who say nothing do not keep those away who do, however long they may', async () => {
    await using broker = await start({
      'millrace.tls.handshakes.max': 2,
      'millrace.tls.handshake.timeout.ms': 600_000,
    });
    const silent = await Promise.all(Array.from({ length: 50 }, () => RawClient.connect(broker.port)));
    await serves(broker);
    for (const client of silent) client.close();
  });

  test('connections in a handshake, or before one, count for the limits', async () => {
    await using broker = await start({ 'max.connections.per.ip': 3, 'millrace.tls.handshakes.max': 1 });
    const silent = [];
    for (let i = 0; i < 3; i++) silent.push(await RawClient.connect(broker.port));
    const beyond = await RawClient.connect(broker.port);
    await beyond.closed;
    for (const client of silent) client.close();
    while (!(await isServed(broker.port, { ca })));
  });

  test('who asks to negotiate again is not followed', async () => {
    await using broker = await start();
    const socket = await tlsSocket(broker.port, { ca, maxVersion: 'TLSv1.2' });
    const client = RawClient.over(socket);
    await client.ask(apiVersionsRequest, apiVersionsResponse, 0, {});
    const outcome = new Promise((resolve) => {
      socket.renegotiate({}, (error) => resolve(error ? 'refused' : 'done'));
      client.closed.then(() => resolve('closed'));
    });
    assert.match(String(await outcome), /refused|closed/);
    client.close();
    await serves(broker);
  });

  test('no descriptor is left behind by connections of any kind', { skip: process.platform !== 'linux' }, async () => {
    await using broker = await start({ 'millrace.tls.handshakes.max': 3, 'millrace.tls.handshake.timeout.ms': 100 });
    const sockets = (): number =>
      readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
        } catch {
          return false;
        }
      }).length;
    await serves(broker);
    const before = sockets();
    const clients: RawClient[] = [];
    for (let i = 0; i < 20; i++) {
      clients.push(await RawClient.connect(broker.port));
      const noise = await RawClient.connect(broker.port);
      noise.write(Buffer.from('noise that is no TLS'));
      clients.push(noise);
    }
    for (let i = 0; i < 20; i++) clients.push(await tlsClient(broker.port, { ca }));
    for (const [index, client] of clients.entries()) {
      if (index % 2 === 0) client.socket.end();
      else client.close();
    }
    await Promise.all(clients.map(({ closed }) => closed));
    while (sockets() > before) await serves(broker);
  });

  test('a broker stops with handshakes under way', async () => {
    const broker = await start({ 'millrace.tls.handshakes.max': 1 });
    const clients = await Promise.all(Array.from({ length: 4 }, () => RawClient.connect(broker.port)));
    await broker.stop();
    await Promise.all(clients.map(({ closed }) => closed));
  });
});

/** What a client says first. */
async function recordHello(): Promise<Buffer> {
  const { createServer } = await import('node:net');
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const heard = once(server, 'connection');
  const { port } = server.address() as { port: number };
  const client = tlsSocket(port, { ca }).catch(() => {});
  const [socket] = (await heard) as [ReturnType<typeof connectPlain>];
  const [hello] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  server.close();
  await client;
  return hello;
}
