import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { millrace } from './terminal.ts';

/** An address at which nobody listens. */
async function closedAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return `127.0.0.1:${port}`;
}

const nobody = await closedAddress();

test('help and version', async () => {
  const help = await millrace(['--help']);
  assert.equal(help.code, 0);
  for (const command of ['broker', 'bench', 'topic', 'produce', 'consume', 'group'])
    assert.match(help.out, new RegExp(`\\b${command}\\b`));
  assert.match((await millrace(['--version'])).out, /^\d+\.\d+\.\d+\n$/);
  assert.match((await millrace(['topic', 'create', '--help'])).out, /may be repeated\s+\(default: none\)/);
  assert.match((await millrace(['consume', '--help'])).out, /\(default: %s\\n\)/);
});

test('a command line that makes no sense is one line and code 2', async () => {
  const cases: [string[], RegExp][] = [
    [['frob'], /unknown command 'frob'/],
    [['topic', 'list', '--frob'], /unknown option '--frob'/],
    [['topic', 'create'], /missing required argument 'names'/],
    [['topic', 'create', 'a', '-p', '0'], /whole number of at least 1/],
    [['topic', 'create', 'a', '-c', 'x'], /x is not a setting; write -c name=value/],
    [['topic', 'alter', 'a'], /nothing to change; give --partitions/],
    [['topic', 'list', '-b', 'localhost'], /localhost is not an address; write HOST:PORT/],
    [['consume', 't', '-o', 'x'], /x is not an offset/],
    [['consume', 't', '--from-beginning', '-o', '1'], /exclude each other/],
    [['consume', 't', '-g', 'g', '-p', '1'], /a group chooses partitions and offsets itself/],
    [['consume', 't', '-f', '%x'], /%x is not known in a format/],
    [['produce', 't', '-z', 'brotli'], /Allowed choices are none, gzip, snappy, lz4, zstd/],
    [['produce', 't', '-H', 'x'], /x is not a header/],
    [['produce', 't', '-f', '/no/such/file'], /cannot be read \(ENOENT\); check the path/],
    [['topic', 'list', '--sasl', 'GSSAPI'], /GSSAPI is not a SASL mechanism that is known here/],
    [['topic', 'list', '--sasl', 'PLAIN'], /PLAIN needs user and password/],
    [['topic', 'list', '--client-config', '/no/such/file'], /cannot be read \(ENOENT\)/],
  ];
  for (const [argv, message] of cases) {
    const { code, out, err } = await millrace(argv);
    assert.equal(code, 2, argv.join(' '));
    assert.match(err, message);
    assert.equal(out, '');
  }
});

test('no broker: one line with cause and fix, and code 3', async () => {
  for (const argv of [
    ['-b', nobody, 'topic', 'list'],
    ['topic', 'list', '-b', nobody],
    ['consume', 't', '-b', nobody],
    ['group', 'list', '-b', nobody],
  ]) {
    const { code, err } = await millrace(argv);
    assert.equal(code, 3, argv.join(' '));
    assert.equal(
      err,
      `millrace: no broker answers at ${nobody}: connection refused; start a broker with: millrace broker, or name another with -b HOST:PORT\n`,
    );
  }
});

test('the address may stand in the environment', async () => {
  const { code, err } = await millrace(['topic', 'list'], { MILLRACE_BOOTSTRAP: nobody });
  assert.equal(code, 3);
  assert.ok(err.includes(nobody));
});

test('produce with nobody to produce to', async () => {
  const { code } = await millrace(['produce', 't', '-b', nobody], {}, 'a\nb\n');
  assert.equal(code, 3);
});

test('settings are told without a broker', async () => {
  const { code, out } = await millrace(['settings', 'offsets.topic.replication']);
  assert.equal(code, 0);
  assert.equal(
    out,
    'offsets.topic.replication.factor  (SHORT, from 1, default 1)\n' +
      '  Replication factor of __consumer_offsets when it is created.\n' +
      '  Kafka has default 3. A broker alone could not create the topic otherwise.\n',
  );
  const all = JSON.parse((await millrace(['settings', '--of', 'topic', '--json'])).out) as { name: string }[];
  assert.ok(all.some(({ name }) => name === 'cleanup.policy'));
  assert.equal((await millrace(['settings', 'colour'])).code, 1);
});
