// The command line over TLS: flags, and the properties of a Kafka client.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startTestBroker, type TestBroker } from '../../src/testing/test-broker.ts';
import { createTestAuthority } from '../../src/testing/test-certificates.ts';
import { millrace, type Outcome } from './terminal.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-cli-tls-'));
const authority = createTestAuthority();
let broker: TestBroker;
let mutual: TestBroker;

before(async () => {
  broker = await startTestBroker({ tls: true });
  mutual = await startTestBroker({
    tls: true,
    configs: {
      'ssl.client.auth': 'required',
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.certificates': authority.certificate,
    },
  });
});

after(async () => {
  await broker?.stop();
  await mutual?.stop();
  rmSync(folder, { recursive: true });
});

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const list = (to: TestBroker, ...flags: string[]): Promise<Outcome> =>
  millrace(['topic', 'list', '-b', to.bootstrapServers, ...flags], {}, '');

test('--tls-ca', async () => {
  assert.equal((await list(broker, '--tls-ca', file('ca.pem', broker.ca!))).code, 0);
  assert.equal((await list(broker, '--tls-ca', file('other.pem', authority.certificate))).code, 3);
  const { code, err } = await list(broker, '--tls');
  assert.equal(code, 3);
  assert.match(err, /the broker's certificate is not accepted: .*; give --tls-ca/);
});

test('the properties of a Kafka client, with a certificate to show', async () => {
  const { key, certificate } = authority.issue({ commonName: 'client' });
  const trust = [
    'security.protocol=SSL',
    'ssl.truststore.type=PEM',
    `ssl.truststore.location=${file('mutual-ca.pem', mutual.ca!)}`,
  ];
  const show = ['ssl.keystore.type=PEM', `ssl.keystore.location=${file('client.pem', key + certificate)}`];
  const properties = (name: string, lines: string[]) => ['--client-config', file(name, `${lines.join('\n')}\n`)];
  const { code, err } = await list(mutual, ...properties('good.properties', [...trust, ...show]));
  assert.equal(code, 0, err);
  assert.equal((await list(mutual, ...properties('none.properties', trust))).code, 3);
  const bad = await list(mutual, ...properties('bad.properties', [...trust, 'ssl.keystore.location=/does/not/exist']));
  assert.equal(bad.code, 2);
  assert.match(bad.err, /does\/not\/exist cannot be read \(ENOENT\); name an existing file/);
});
