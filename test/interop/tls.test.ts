// Clients of the wild over TLS: librdkafka at the shell and Kafka's own console tools, with stores as people have them
// (JKS, PKCS12, PEM), and clients that show a certificate, none, or a stranger's.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { createTestAuthority, type TestCertificate } from '../../src/testing/test-certificates.ts';
import { run, runTool } from './kafka-tool.ts';
import { leg } from './legs.ts';
import { freePort, Target } from './target.ts';
import { repositoryDir } from './toolchains.ts';

const PASSWORD = 'changeit';
const LINES = Array.from({ length: 200 }, (_, line) => `line ${line} ${'ö'.repeat(line * 20)}`);
const dir = mkdtempSync(join(tmpdir(), 'millrace-interop-stores-'));
const path = (name: string): string => join(dir, name);
let target: Target | undefined;
let port = 0;
let mutualPort = 0;

after(async () => {
  await target?.kill();
  target?.remove();
  rmSync(dir, { recursive: true });
});

const authority = createTestAuthority();
const certificates: Record<string, TestCertificate> = {
  broker: authority.issue({ commonName: 'broker', hosts: ['localhost', '127.0.0.1'] }),
  client: authority.issue({ commonName: 'client' }),
  stranger: createTestAuthority('Somebody else').issue({ commonName: 'client' }),
};

async function makeStores(): Promise<void> {
  writeFileSync(path('ca.pem'), authority.certificate);
  for (const [name, { key, certificate }] of Object.entries(certificates)) {
    writeFileSync(path(`${name}.key`), key);
    writeFileSync(path(`${name}.pem`), certificate);
    const files = ['-inkey', path(`${name}.key`), '-in', path(`${name}.pem`), '-out', path(`${name}.p12`)];
    await run(['openssl', 'pkcs12', '-export', '-name', name, ...files, '-passout', `pass:${PASSWORD}`]);
  }
  const passwords = ['-storepass', PASSWORD, '-noprompt'];
  const trust = ['-alias', 'ca', '-file', path('ca.pem'), '-keystore', path('trust.p12'), '-storetype', 'PKCS12'];
  await run(['keytool', '-importcert', ...trust, ...passwords]);
  const from = ['-srckeystore', path('broker.p12'), '-srcstorepass', PASSWORD];
  const to = ['-destkeystore', path('broker.jks'), '-deststoretype', 'JKS', '-deststorepass', PASSWORD];
  await run(['keytool', '-importkeystore', '-noprompt', ...from, ...to]);
}

async function start(): Promise<void> {
  await makeStores();
  port = await freePort();
  mutualPort = await freePort();
  target = await Target.start(
    undefined,
    {
      // The type is JKS when nothing is said.
      'ssl.keystore.location': path('broker.jks'),
      'ssl.keystore.password': PASSWORD,
      'ssl.key.password': PASSWORD,
      'listener.name.other.ssl.client.auth': 'required',
      'listener.name.other.ssl.keystore.location': path('broker.p12'),
      'listener.name.other.ssl.keystore.type': 'PKCS12',
      'listener.name.other.ssl.truststore.location': path('trust.p12'),
      'listener.name.other.ssl.truststore.type': 'PKCS12',
      'listener.name.other.ssl.truststore.password': PASSWORD,
    },
    [`SSL://127.0.0.1:${port}`, `OTHER://127.0.0.1:${mutualPort}`],
  );
}

interface KcatOptions {
  readonly to?: number;
  readonly showing?: string;
  readonly input?: string;
  readonly anyStatus?: boolean;
}

async function kcat(args: string, { to = port, showing, input = '', anyStatus }: KcatOptions = {}) {
  const own = showing
    ? ['-X', `ssl.certificate.location=${path(`${showing}.pem`)}`, '-X', `ssl.key.location=${path(`${showing}.key`)}`]
    : [];
  const trust = ['-X', 'security.protocol=ssl', '-X', `ssl.ca.location=${path('ca.pem')}`];
  const command = ['kcat', '-b', `127.0.0.1:${to}`, ...trust, ...own, ...args.split(' ')];
  return run(command, { input, anyStatus, timeoutMs: 60_000 });
}

/** A file of settings for Kafka's tools; returns its path. */
function toolConfig(name: string, more: Record<string, string> = {}): string {
  const settings = {
    'security.protocol': 'SSL',
    'ssl.truststore.location': path('trust.p12'),
    'ssl.truststore.type': 'PKCS12',
    'ssl.truststore.password': PASSWORD,
    ...more,
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(path(name), lines.join(''));
  return path(name);
}

const TOOLS = 'org.apache.kafka.tools';
const produce = (to: number, config: string, topic: string, input: string) =>
  runTool(
    `${TOOLS}.ConsoleProducer`,
    ['--bootstrap-server', `127.0.0.1:${to}`, '--topic', topic, '--command-config', config],
    { input },
  );
const consume = (to: number, config: string, topic: string, count: number) =>
  runTool(`${TOOLS}.consumer.ConsoleConsumer`, [
    ...['--bootstrap-server', `127.0.0.1:${to}`, '--topic', topic, '--command-config', config],
    ...['--from-beginning', '--max-messages', String(count), '--timeout-ms', '60000'],
  ]);

/** Of the last line only its end goes: a line may end in a space. */
const sorted = (text: string): string[] => text.replace(/\n$/, '').split('\n').toSorted();

leg('tls', ['kcat', 'kafka'], async () => {
  await start();
  const input = `${LINES.join('\n')}\n`;

  // librdkafka, with and without a certificate of its own; each reads what the other listener took in.
  await kcat('-P -t lines -z zstd', { input });
  await kcat('-P -t mutual', { input, to: mutualPort, showing: 'client' });
  assert.deepEqual(sorted((await kcat('-C -t mutual -o beginning -e -q')).stdout), LINES.toSorted());
  const back = await kcat('-C -t lines -o beginning -e -q', { to: mutualPort, showing: 'client' });
  assert.deepEqual(sorted(back.stdout), LINES.toSorted());

  // Who may not connect: nobody known, a stranger, and a client that does not trust the broker.
  for (const showing of [undefined, 'stranger']) {
    const { status } = await kcat('-L -m 3', { to: mutualPort, showing, anyStatus: true });
    assert.notEqual(status, 0, `${showing ?? 'nobody'} was let in`);
  }
  const distrust = await run(['kcat', '-b', `127.0.0.1:${port}`, '-X', 'security.protocol=ssl', '-L', '-m', '3'], {
    anyStatus: true,
  });
  assert.notEqual(distrust.status, 0);

  // Kafka's console tools, Java's own TLS.
  const open = toolConfig('open.properties');
  const mutual = toolConfig('mutual.properties', {
    'ssl.keystore.location': path('client.p12'),
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.password': PASSWORD,
  });
  await produce(port, open, 'tools', input);
  assert.deepEqual(sorted((await consume(mutualPort, mutual, 'tools', LINES.length)).stdout), LINES.toSorted());
  assert.deepEqual(sorted((await consume(port, open, 'mutual', LINES.length)).stdout), LINES.toSorted());
  const old = toolConfig('old.properties', { 'ssl.enabled.protocols': 'TLSv1.2', 'ssl.protocol': 'TLSv1.2' });
  assert.deepEqual(sorted((await consume(port, old, 'lines', LINES.length)).stdout), LINES.toSorted());
  const listed = await runTool(`${TOOLS}.TopicCommand`, [
    ...['--bootstrap-server', `127.0.0.1:${mutualPort}`, '--list', '--command-config', mutual],
  ]);
  assert.deepEqual(
    sorted(listed.stdout).filter((name) => !name.startsWith('__')),
    ['lines', 'mutual', 'tools'],
  );

  // This project's own command line.
  const records = await run([
    ...[join(repositoryDir, 'bin/millrace'), 'topic', 'list', '--bootstrap-server', `127.0.0.1:${port}`],
    ...['--tls-ca', path('ca.pem')],
  ]);
  assert.match(records.stdout, /\blines\b/);
  assert.equal(await target!.stop(), target!.name === 'kafka' ? 143 : 0);
});
