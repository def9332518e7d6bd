// Log directories that get no new replicas (KIP-1066), by a setting of the file and one that changes while the broker runs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CordonedDirectories } from '../../src/broker/cordoned-directories.ts';
import type { LogDirectories } from '../../src/broker/log-directories.ts';
import { BrokerConfig } from '../../src/config/broker-config.ts';
import type { MetadataImage } from '../../src/metadata/metadata-image.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { describeLogDirsRequest, describeLogDirsResponse } from '../../src/protocol/messages/35-describe-log-dirs.ts';
import { createPartitionsRequest, createPartitionsResponse } from '../../src/protocol/messages/37-create-partitions.ts';
import { startTestBroker } from '../../src/testing/test-broker.ts';
import { StorageClient } from './storage-client.ts';

const { NONE, INVALID_REPLICA_ASSIGNMENT, INVALID_REPLICATION_FACTOR } = ErrorCode;
const BROKER = 4;

async function start(context: { after(done: () => Promise<void>): void }, configs: Record<string, string> = {}) {
  const broker = await startTestBroker({ configs: { 'log.dirs': '/a,/b', ...configs } });
  const client = await StorageClient.connect(broker.port);
  context.after(async () => {
    client.close();
    await broker.stop();
  });
  return {
    client,
    cordon: (value: string) => client.alter(BROKER, '1', 'cordoned.log.dirs', value),
    cordoned: async (): Promise<string[]> => {
      const body = { topics: null };
      const { results } = await client.raw.ask(describeLogDirsRequest, describeLogDirsResponse, 5, body);
      return results.filter(({ isCordoned }) => isCordoned).map(({ logDir }) => logDir);
    },
    grow: async (name: string, count: number): Promise<number> => {
      const body = { topics: [{ name, count, assignments: null }], timeoutMs: 60_000 };
      const { results } = await client.raw.ask(createPartitionsRequest, createPartitionsResponse, 3, body);
      return results[0].errorCode;
    },
  };
}

test('cordoned directories get no new replicas, and keep what they have', async (context) => {
  const { client, cordon, cordoned, grow } = await start(context);
  assert.equal(await client.create('before'), NONE);
  const [{ path: from }] = await client.replicas('before');
  const to = from === '/a' ? '/b' : '/a';

  assert.equal(await cordon('*'), NONE);
  assert.deepEqual(await cordoned(), ['/a', '/b']);
  assert.equal(await client.create('refused'), INVALID_REPLICATION_FACTOR);
  assert.equal(await grow('before', 2), INVALID_REPLICATION_FACTOR);
  assert.equal(await client.move('before', 0, to), INVALID_REPLICA_ASSIGNMENT);
  assert.equal((await client.produce('before', 'value'))[0], NONE);

  assert.equal(await cordon(from), NONE);
  assert.deepEqual(await cordoned(), [from]);
  assert.equal(await client.create('some', 3), NONE);
  assert.deepEqual(
    (await client.replicas('some')).map(({ path }) => path),
    [to, to, to],
  );
  assert.equal(await client.move('before', 0, to), NONE);
  await client.untilMoved('before', 0, to);

  assert.equal(await cordon(''), NONE);
  assert.deepEqual(await cordoned(), []);
  assert.equal(await client.create('after'), NONE);
  assert.deepEqual(
    (await client.replicas('after')).map(({ path }) => path),
    [from],
  );
});

test('a setting of the file counts from the start', async (context) => {
  const { client, cordon, cordoned } = await start(context, { 'cordoned.log.dirs': '/a,/b' });
  assert.deepEqual(await cordoned(), ['/a', '/b']);
  assert.equal(await client.create('topic'), INVALID_REPLICATION_FACTOR);
  assert.equal(await cordon(''), NONE);
  assert.equal(await client.create('topic'), NONE);
});

test('a metadata.version before 4.3 knows of none', () => {
  const image = (metadataVersion: number) => ({ metadataVersion, cluster: { broker: () => undefined } });
  const at = (metadataVersion: number): CordonedDirectories =>
    new CordonedDirectories({
      nodeId: 1,
      image: image(metadataVersion) as unknown as MetadataImage,
      directories: { paths: () => ['/a', '/b'], idOfPath: (path: string) => path } as unknown as LogDirectories,
      config: () => new BrokerConfig(new Map([['cordoned.log.dirs', '*']])),
    });
  assert.deepEqual([at(29).paths(), at(29).ids(), at(29).areKnown], [[], [], true]);
  assert.deepEqual([at(30).paths(), at(30).ids(), at(30).areKnown], [['/a', '/b'], ['/a', '/b'], false]);
});

test('a broker does not start with directories cordoned that are not its own', async () => {
  const started = startTestBroker({ configs: { 'log.dirs': '/a,/b', 'cordoned.log.dirs': '/c' } });
  await assert.rejects(started, /\/c is none of log\.dirs/);
});
