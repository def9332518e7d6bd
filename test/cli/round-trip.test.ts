// The command line against a broker in this process that keeps everything in memory.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startTestBroker, type TestBroker } from '../../src/testing/test-broker.ts';
import { millrace, type Outcome } from './terminal.ts';

let broker: TestBroker;

before(async () => {
  broker = await startTestBroker();
});

after(() => broker?.stop());

const cli = (argv: string[], input = ''): Promise<Outcome> =>
  millrace(argv, { MILLRACE_BOOTSTRAP: broker.bootstrapServers }, input);

async function ok(argv: string[], input = ''): Promise<string> {
  const outcome = await cli(argv, input);
  assert.equal(outcome.code, 0, outcome.err);
  return outcome.out;
}

test('topics are created, listed, described, changed and deleted', async () => {
  assert.equal(
    await ok(['topic', 'create', 'orders', '-p', '3', '-c', 'retention.ms=1000']),
    'orders: created with 3 partitions\n',
  );
  const again = await cli(['topic', 'create', 'orders']);
  assert.equal(again.code, 1);
  assert.match(again.err, /^millrace: .*\(TOPIC_ALREADY_EXISTS\); choose another name, or give --if-not-exists\n$/);
  assert.equal(await ok(['topic', 'create', 'orders', '--if-not-exists']), '');
  assert.match(await ok(['topic', 'list']), /^TOPIC +PARTITIONS +REPLICAS\norders +3 +1\n$/m);
  assert.equal(
    await ok(['topic', 'alter', 'orders', '-p', '4', '-c', 'cleanup.policy=compact', '--unset', 'retention.ms']),
    'orders: changed\n',
  );
  const [described] = JSON.parse(await ok(['topic', 'describe', 'orders', '--json']));
  assert.equal(described.partitions.length, 4);
  assert.deepEqual(described.configs, [{ name: 'cleanup.policy', value: 'compact', isDefault: false }]);
  assert.equal(await ok(['topic', 'delete', 'orders']), 'orders: deleted\n');
  const gone = await cli(['topic', 'describe', 'orders']);
  assert.equal(gone.code, 1);
  assert.match(gone.err, /there is no topic orders; see the topics with: millrace topic list/);
});

test('of several topics those that were created are told, though a later one is refused', async () => {
  const { code, out, err } = await cli(['topic', 'create', 'first', 'not allowed', 'third']);
  assert.equal(code, 1);
  assert.equal(out, 'first: created with 1 partition\n');
  assert.match(err, /INVALID_TOPIC_EXCEPTION/);
  await ok(['topic', 'delete', 'first']);
});

test('a setting that does not exist is refused in the words of the broker', async () => {
  const { code, err } = await cli(['topic', 'create', 'x', '-c', 'colour=red']);
  assert.equal(code, 1);
  assert.match(err, /colour.*\(INVALID_CONFIG\)/);
});

test('lines come back as they were sent, with keys, headers and tombstones', async () => {
  await ok(['topic', 'create', 'lines', '-p', '1']);
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    const sent = await cli(
      ['produce', 'lines', '-k', ':', '-Z', '-H', `codec=${codec}`, '-z', codec],
      `k:${codec}\ngone:\n`,
    );
    assert.equal(sent.err, '2 records sent to lines\n');
  }
  const format = '%o %k=%s %S %h\\n';
  assert.equal(
    await ok(['consume', 'lines', '-o', 'beginning', '-e', '-f', format, '-n', '4']),
    '0 k=none 4 codec=none\n1 gone= -1 codec=none\n2 k=gzip 4 codec=gzip\n3 gone= -1 codec=gzip\n',
  );
  assert.equal(await ok(['consume', 'lines', '-o', '-2', '-e', '-f', '%o %s\\n']), '8 zstd\n9 \n');
  assert.equal(await ok(['consume', 'lines', '-p', '0', '-o', '4', '-n', '1', '-f', '%s']), 'snappy');
});

test('JSON goes through both ways', async () => {
  await ok(['topic', 'create', 'json', '-p', '2']);
  const line = '{"key":"k","value":{"a":1},"headers":[["h","v"]],"timestamp":1700000000000}\n';
  await ok(['produce', 'json', '--json'], line);
  const read = JSON.parse(await ok(['consume', 'json', '--from-beginning', '-e', '--json']));
  assert.deepEqual(
    [read.key, read.value, read.headers, read.timestamp],
    ['k', '{"a":1}', [['h', 'v']], 1_700_000_000_000],
  );
});

test('a group remembers how far it got', async () => {
  await ok(['topic', 'create', 'jobs', '-p', '2']);
  await ok(['produce', 'jobs', '-p', '0'], '1\n2\n');
  const consume = ['consume', 'jobs', '-g', 'workers', '--from-beginning', '-e'];
  assert.equal(await ok(consume), '1\n2\n');
  await ok(['produce', 'jobs', '-p', '0'], '3\n');
  assert.equal(await ok(consume), '3\n');
  assert.match(await ok(['group', 'list']), /^workers +Classic +Empty +consumer$/m);
  const [group] = JSON.parse(await ok(['group', 'describe', 'workers', '--json']));
  assert.deepEqual(group.offsets, [{ topic: 'jobs', partition: 0, offset: 3, end: 3, lag: 0, memberId: '' }]);
  assert.equal(await ok(['group', 'delete', 'workers']), 'workers: deleted\n');
  assert.match((await cli(['group', 'describe', 'workers'])).err, /there is no group workers/);
});

test('offsets that could not be committed are not kept quiet about', async () => {
  const own = await startTestBroker();
  const env = { MILLRACE_BOOTSTRAP: own.bootstrapServers };
  assert.equal((await millrace(['produce', 'jobs'], env, 'one\ntwo\nthree\n')).code, 0);
  const user = new AbortController();
  const out = async (): Promise<void> => {
    user.abort();
    await own.stop();
  };
  const argv = ['consume', 'jobs', '-g', 'workers', '--from-beginning'];
  const { code, err } = await millrace(argv, env, '', { out, stop: user.signal });
  assert.notEqual(code, 0);
  assert.match(err, /^millrace: /);
});

test('a partition that does not exist is refused', async () => {
  await ok(['topic', 'create', 'one', '-p', '1']);
  for (const argv of [
    ['produce', 'one', '-p', '1'],
    ['consume', 'one', '-p', '1'],
  ]) {
    const { code, err } = await cli(argv, 'x\n');
    assert.equal(code, 1);
    assert.match(err, /one has no partition 1; it has 1, numbered from 0/);
  }
});
