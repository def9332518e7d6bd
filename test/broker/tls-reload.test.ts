// Certificates that change while the broker runs.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { silentLogger } from '../../src/base/logger.ts';
import { apiVersionsRequest, apiVersionsResponse } from '../../src/protocol/messages/18-api-versions.ts';
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../src/protocol/messages/44-incremental-alter-configs.ts';
import { startTestBroker } from '../../src/testing/test-broker.ts';
import { createTestAuthority } from '../../src/testing/test-certificates.ts';
import { RawClient } from './raw-client.ts';
import { tlsClient, tlsSocket } from './tls-client.ts';

const INVALID_REQUEST = 42;
const folder = mkdtempSync(join(tmpdir(), 'millrace-reload-'));
after(() => rmSync(folder, { recursive: true }));

const authority = createTestAuthority();
const ca = authority.certificate;
const issue = (commonName: string, hosts: string[]) => authority.issue({ commonName, hosts });

function store(name: string, { key, certificate }: ReturnType<typeof issue>): string {
  const path = join(folder, name);
  writeFileSync(path, `${key}${certificate}`);
  return path;
}

async function alter(client: RawClient, settings: Record<string, string>): Promise<{ code: number; message: string }> {
  const configs = Object.entries(settings).map(([name, value]) => ({ name, configOperation: 0, value }));
  const { responses } = await client.ask(incrementalAlterConfigsRequest, incrementalAlterConfigsResponse, 1, {
    resources: [{ resourceType: 4, resourceName: '1', configs }],
    validateOnly: false,
  });
  return { code: responses[0].errorCode, message: responses[0].errorMessage ?? '' };
}

/** Subject of the certificate that a new connection is shown. */
async function shown(port: number): Promise<string> {
  const socket = await tlsSocket(port, { ca });
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

describe('certificates that change while the broker runs', () => {
  test('new connections are shown the new one, open ones go on; what will not do is refused', async () => {
    const path = store('keystore.pem', issue('localhost', ['localhost', '127.0.0.1']));
    await using broker = await startTestBroker({
      configs: { listeners: 'SSL://127.0.0.1:0', 'ssl.keystore.type': 'PEM', 'ssl.keystore.location': path },
    });
    const own = 'listener.name.ssl.ssl.keystore.location';
    const client = await tlsClient(broker.port, { ca });
    const alike = issue('localhost', ['localhost', '127.0.0.1', 'more.example']);
    const renewed = store('renewed.pem', alike);
    assert.deepEqual(await alter(client, { [own]: renewed }), { code: 0, message: '' });
    const socket = await tlsSocket(broker.port, { ca });
    assert.match(String(socket.getPeerCertificate().subjectaltname), /more.example/);
    socket.destroy();

    // The same path, the file renewed.
    store('renewed.pem', issue('localhost', ['localhost', '127.0.0.1', 'more.example', 'again.example']));
    assert.deepEqual(await alter(client, { [own]: renewed }), { code: 0, message: '' });
    const again = await tlsSocket(broker.port, { ca });
    assert.match(String(again.getPeerCertificate().subjectaltname), /again.example/);
    again.destroy();

    const refused = async (settings: Record<string, string>, message: RegExp): Promise<void> => {
      const answer = await alter(client, settings);
      assert.equal(answer.code, INVALID_REQUEST);
      assert.match(answer.message, message);
    };
    await refused({ [own]: '/does/not/exist' }, /cannot be read \(ENOENT\)/);
    const other = store('other.pem', issue('somebody', ['localhost', '127.0.0.1', 'more.example', 'again.example']));
    await refused({ [own]: other }, /subject .* would change from CN=localhost to CN=somebody/);
    await refused({ [own]: store('fewer.pem', issue('localhost', ['localhost'])) }, /lose the names .*more.example/);
    await refused({ 'ssl.keystore.location': other }, /set listener.name/);
    await refused({ 'listener.name.ssl.ssl.client.auth': 'required' }, /whose it may trust/);
    assert.equal(await shown(broker.port), 'localhost');
    await client.ask(apiVersionsRequest, apiVersionsResponse, 0, {});
    client.close();
  });

  test('what brokers use among themselves stays trusted: key and trust store change one after the other', async () => {
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const foreign = createTestAuthority('Another authority');
    const hosts = ['localhost', '127.0.0.1'];
    const keyOf = (name: string, by: typeof authority, days = 1) => {
      const notAfter = new Date(Date.now() + days * 86_400_000);
      const notBefore = new Date(notAfter.getTime() - 2 * 86_400_000);
      return { 'keystore.location': store(name, by.issue({ commonName: 'localhost', hosts, notBefore, notAfter })) };
    };
    const trust = (name: string, ...authorities: (typeof authority)[]) => ({
      'truststore.location': write(name, authorities.map(({ certificate }) => certificate).join('')),
    });
    const [first, second] = [keyOf('own.pem', authority), keyOf('foreign.pem', foreign)];
    const [one, both] = [trust('one.pem', authority), trust('both.pem', authority, foreign)];
    const two = trust('two.pem', foreign);
    await using broker = await startTestBroker({
      configs: {
        listeners: 'BETWEEN://127.0.0.1:0,OUTSIDE://127.0.0.1:0,PLAIN://127.0.0.1:0',
        'listener.security.protocol.map': 'BETWEEN:SSL,OUTSIDE:SSL,PLAIN:PLAINTEXT',
        'inter.broker.listener.name': 'BETWEEN',
        'ssl.keystore.type': 'PEM',
        'ssl.keystore.location': first['keystore.location'],
        'ssl.truststore.type': 'PEM',
        'ssl.truststore.location': one['truststore.location'],
      },
    });
    const client = await RawClient.connect(broker.listeners[2].port);
    const change = async (listener: string, ...settings: Record<string, string>[]) => {
      const names = Object.entries(Object.assign({}, ...settings) as Record<string, string>);
      const full = names.map(([name, value]) => [`listener.name.${listener}.ssl.${name}`, value]);
      return (await alter(client, Object.fromEntries(full))).code;
    };
    assert.equal(await change('between', second), INVALID_REQUEST);
    assert.equal(await change('between', two), INVALID_REQUEST);
    assert.equal(await change('between', two, second), INVALID_REQUEST);
    assert.equal(await change('between', both, second), INVALID_REQUEST, 'others trust one issuer still');
    assert.equal(await change('between', keyOf('ended.pem', authority, -1)), INVALID_REQUEST);
    assert.equal(await change('outside', two, second), 0, 'clients decide for themselves');
    assert.equal(await change('between', both), 0);
    assert.equal(await change('between', second), 0);
    assert.equal(await change('between', two), 0);
    client.close();
  });

  test('another subject where that is allowed; what was changed is there after a restart', async () => {
    const configs = {
      listeners: 'SSL://127.0.0.1:0',
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': store('first.pem', issue('first', ['localhost'])),
      'ssl.allow.dn.changes': true,
      'ssl.allow.san.changes': true,
    };
    const data = join(folder, 'data');
    {
      await using broker = await startTestBroker({ folder: data, configs });
      assert.equal(await shown(broker.port), 'first');
      const client = await tlsClient(broker.port, { ca });
      const second = store('second.pem', issue('second', ['localhost', '127.0.0.1']));
      assert.equal((await alter(client, { 'listener.name.ssl.ssl.keystore.location': second })).code, 0);
      assert.equal(await shown(broker.port), 'second');
      client.close();
    }
    await using broker = await startTestBroker({ folder: data, configs });
    assert.equal(await shown(broker.port), 'second');
  });

  test('a certificate that has expired, or will soon, is told of at start', async () => {
    const day = 86_400_000;
    for (const [days, expected] of [
      [-1, /has expired/],
      [3, /expires soon/],
      [30, null],
    ] as const) {
      const notAfter = new Date(Date.now() + days * day);
      const notBefore = new Date(notAfter.getTime() - 90 * day);
      const told = store(
        `ends${days}.pem`,
        authority.issue({ commonName: 'x', hosts: ['localhost'], notBefore, notAfter }),
      );
      const warnings: string[] = [];
      const logger = { ...silentLogger, warn: (_: object, message: string) => void warnings.push(message) };
      const configs = { listeners: 'SSL://127.0.0.1:0', 'ssl.keystore.type': 'PEM', 'ssl.keystore.location': told };
      await (await startTestBroker({ configs, logger })).stop();
      assert.equal(
        warnings.some((message) => expected?.test(message)),
        expected !== null,
      );
      assert.equal(warnings.filter((message) => message.includes('certificate')).length, expected === null ? 0 : 1);
    }
  });
});
