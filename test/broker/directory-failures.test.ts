// A broker with several log directories, one of which fails.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Errno } from '../../src/native/file-space.ts';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import { SegmentedLogStore } from '../../src/native/segmented-log-store.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { deleteRecordsRequest, deleteRecordsResponse } from '../../src/protocol/messages/21-delete-records.ts';
import { startTestBroker, type TestBroker } from '../../src/testing/test-broker.ts';
import { StorageClient } from './storage-client.ts';

const { KAFKA_STORAGE_ERROR, LEADER_NOT_AVAILABLE, NONE } = ErrorCode;

describe('a log directory that fails', () => {
  const fatal: string[] = [];
  let files: MemoryFileSpace;
  let broker: TestBroker;
  let client: StorageClient;

  async function start(): Promise<void> {
    broker = await startTestBroker({
      store: new SegmentedLogStore(files),
      onFatal: (error) => fatal.push(error.message),
      configs: { 'log.dirs': '/a,/b,/c', 'file.delete.delay.ms': 0 },
    });
    client = await StorageClient.connect(broker.port);
  }

  async function restart(): Promise<void> {
    client.close();
    await broker.stop();
    await start();
  }

  beforeEach(async () => {
    fatal.length = 0;
    files = new MemoryFileSpace(() => Date.now());
    await start();
  });

  afterEach(async () => {
    client.close();
    await broker.stop().catch(() => {});
  });

  /** A topic with a partition in each directory; returns their indexes by directory. */
  async function spread(): Promise<Map<string, number>> {
    assert.equal(await client.create('t', 3), NONE);
    const places = new Map((await client.replicas('t')).map(({ path, partition }) => [path, partition]));
    assert.deepEqual([...places.keys()].sort(), ['/a', '/b', '/c']);
    for (const index of places.values()) assert.deepEqual(await client.produce('t', 'one', { index }), [NONE, 0]);
    return places;
  }

  for (const [call, what] of [
    ['sync', 'a sync'],
    ['write', 'a write'],
  ] as const) {
    test(`${what} that fails takes its directory offline, and nothing else`, async () => {
      const places = await spread();
      const [lost, first, other] = ['/b', '/a', '/c'].map((path) => places.get(path)!);
      await client.create('more', 3);
      const beside = (await client.replicas('more')).find(({ path }) => path === '/b')!.partition;
      files.failWith(call, Errno.EIO, '/b');
      assert.deepEqual(await client.produce('t', 'two', { index: lost }), [KAFKA_STORAGE_ERROR, -1]);
      files.failWith(call, 0, '/b');
      // What works again is not trusted again.
      assert.deepEqual(await client.produce('t', 'two', { index: lost }), [KAFKA_STORAGE_ERROR, -1]);
      assert.deepEqual(await client.produce('more', 'two', { index: beside }), [KAFKA_STORAGE_ERROR, -1]);
      assert.equal((await client.fetch('t', 0, lost)).errorCode, KAFKA_STORAGE_ERROR);
      for (const index of [first, other]) assert.deepEqual(await client.produce('t', 'two', { index }), [NONE, 1]);
      const { errorCode, leaderId, offlineReplicas } = await client.partition('t', lost);
      assert.deepEqual([errorCode, leaderId, offlineReplicas], [LEADER_NOT_AVAILABLE, -1, [1]]);
      assert.deepEqual(
        [...(await client.directories())],
        [
          ['/a', NONE],
          ['/b', KAFKA_STORAGE_ERROR],
          ['/c', NONE],
        ],
      );
      assert.deepEqual(fatal, []);

      assert.equal(await client.create('later', 4), NONE);
      assert.ok((await client.replicas('later')).every(({ path }) => path !== '/b'));
      for (const index of [0, 1, 2, 3]) assert.equal((await client.produce('later', 'x', { index }))[0], NONE);
      assert.equal(await client.delete('more'), NONE);

      await restart();
      assert.equal(await client.move('t', first, '/b'), NONE, 'the directory is back');
      await client.untilMoved('t', first, '/b');
      const [retried, offset] = await client.produce('t', 'three', { index: lost });
      assert.equal(retried, NONE);
      assert.ok(offset === 1 || offset === 2, `${offset}`);
      assert.equal((await client.partition('t', lost)).errorCode, NONE);
      assert.deepEqual(await client.values('t', other), ['one', 'two']);
    });
  }

  test('one that cannot be read at the start leaves its partitions offline, and no other is made in their place', async () => {
    const places = await spread();
    const lost = places.get('/c')!;
    await client.produce('t', 'two', { index: lost });
    client.close();
    await broker.stop();
    files.failWith('list', Errno.EIO, '/c');
    await start();
    assert.deepEqual(await client.produce('t', 'x', { index: lost }), [KAFKA_STORAGE_ERROR, -1]);
    assert.equal((await client.partition('t', lost)).errorCode, LEADER_NOT_AVAILABLE);
    assert.deepEqual(await client.produce('t', 'two', { index: places.get('/a')! }), [NONE, 1]);
    assert.equal((await client.replicas('t')).length, 2);
    client.close();
    await broker.stop();
    files.failWith('list', 0, '/c');
    await start();
    assert.deepEqual(await client.values('t', lost), ['one', 'two']);
    assert.deepEqual(await client.produce('t', 'three', { index: lost }), [NONE, 2]);
  });

  test("the metadata log's directory takes the broker with it", async () => {
    const places = await spread();
    files.failWith('sync', Errno.EIO, '/a');
    const [errorCode] = await client.produce('t', 'two', { index: places.get('/a')! });
    assert.equal(errorCode, KAFKA_STORAGE_ERROR);
    assert.match(fatal[0], /\/a\/t-\d: fdatasync failed with EIO/);
  });

  test('a checkpoint that cannot be written takes its directory offline, too', async () => {
    const places = await spread();
    files.failWith('write', Errno.EIO, '/b/log-start-offset-checkpoint');
    const topics = [{ name: 't', partitions: [{ partitionIndex: places.get('/b')!, offset: 1 }] }];
    await client.raw.ask(deleteRecordsRequest, deleteRecordsResponse, 2, { topics });
    assert.equal((await client.directories()).get('/b'), KAFKA_STORAGE_ERROR);
    assert.equal((await client.produce('t', 'two', { index: places.get('/b')! }))[0], KAFKA_STORAGE_ERROR);
    assert.deepEqual(await client.produce('t', 'two', { index: places.get('/c')! }), [NONE, 1]);
    assert.deepEqual(fatal, []);
  });

  test('the last one takes the broker with it', async () => {
    client.close();
    await broker.stop();
    files = new MemoryFileSpace(() => Date.now());
    broker = await startTestBroker({
      store: new SegmentedLogStore(files),
      onFatal: (error) => fatal.push(error.message),
      configs: { 'log.dirs': '/b,/c', 'metadata.log.dir': '/m' },
    });
    client = await StorageClient.connect(broker.port);
    await client.create('t', 2);
    files.failWith('write', Errno.EROFS, '/b');
    files.failWith('write', Errno.EROFS, '/c');
    await client.produce('t', 'x', { index: 0 });
    assert.deepEqual(fatal, []);
    await client.produce('t', 'x', { index: 1 });
    assert.equal(fatal.length, 1);
    assert.match(fatal[0], /EROFS/);
  });

  test('a stop marks only the directories that are in order', async () => {
    const places = await spread();
    files.failWith('sync', Errno.EIO, '/b');
    await client.produce('t', 'two', { index: places.get('/b')! });
    client.close();
    await broker.stop();
    assert.notEqual(typeof files.stat('/a/.kafka_cleanshutdown'), 'number');
    assert.equal(files.stat('/b/.kafka_cleanshutdown'), Errno.ENOENT);
    files.failWith('sync', 0, '/b');
    await start();
  });
});
