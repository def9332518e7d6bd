// Moves of partitions between the log directories of a broker, on each storage engine.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Errno } from '../../src/native/file-space.ts';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import { SegmentedLogStore } from '../../src/native/segmented-log-store.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { startTestBroker, type TestBroker } from '../../src/testing/test-broker.ts';
import { adapters } from '../native/adapters.ts';
import { StorageClient } from './storage-client.ts';

const { NONE } = ErrorCode;
const SMALL_SEGMENTS = { 'segment.bytes': '1048576' };
/** Set while the broker runs only: it is no setting of a file. */
const RATE = 'replica.alter.log.dirs.io.max.bytes.per.second';

for (const { name: engine } of adapters)
  describe(`moves between directories: ${engine}`, () => {
    let root: string;
    let files: MemoryFileSpace;
    let broker: TestBroker;
    let client: StorageClient;
    let paths: string[];

    async function start(): Promise<void> {
      broker = await startTestBroker({
        ...(engine === 'memory'
          ? { store: new SegmentedLogStore(files) }
          : { folder: root, engine: engine as 'portable' | 'native' }),

        configs: { 'log.dirs': paths.join(), 'log.segment.delete.delay.ms': 0 },
      });
      client = await StorageClient.connect(broker.port);
    }

    async function restart(): Promise<void> {
      client.close();
      await broker.stop();
      await start();
    }

    beforeEach(async () => {
      root = engine === 'memory' ? '' : mkdtempSync(join(tmpdir(), 'millrace-moves-'));
      paths = ['a', 'b', 'c'].map((name) => `${root}/${name}`);
      files = new MemoryFileSpace(() => Date.now());
      await start();
    });

    afterEach(async () => {
      client.close();
      await broker.stop().catch(() => {});
      if (root !== '') rmSync(root, { recursive: true });
    });

    const names = (path: string): string[] =>
      engine === 'memory' ? (files.list(path) as { name: string }[]).map(({ name }) => name) : readdirSync(path);

    async function fill(topic: string, from: number, count: number): Promise<string[]> {
      const values: string[] = [];
      for (let at = from; at < from + count; at++) values.push(`${at}:`.padEnd(40_000, 'v'));
      for (const value of values) assert.equal((await client.produce(topic, value, { acks: 1 }))[0], NONE);
      return values;
    }

    async function place(topic: string): Promise<{ from: string; to: string }> {
      const [{ path: from }] = await client.replicas(topic);
      return { from, to: paths.find((path) => path !== from)! };
    }

    test('everything is there afterwards, also after a restart, and again on the way back', async () => {
      await client.create('t', 1, SMALL_SEGMENTS);
      const values = await fill('t', 0, 120);
      for (let round = 0; round < 2; round++) {
        const { from, to } = await place('t');
        assert.equal(await client.move('t', 0, to), NONE);
        await client.untilMoved('t', 0, to);
        assert.deepEqual(await client.values('t'), values);
        values.push(...(await fill('t', values.length, 10)));
        assert.deepEqual(await client.values('t'), values);
        while (names(from).some((name) => name.startsWith('t-'))) await new Promise(setImmediate);
        await restart();
        assert.deepEqual(
          (await client.replicas('t')).map(({ path }) => path),
          [to],
        );
        assert.deepEqual(await client.values('t'), values);
        assert.ok(!names(`${to}/t-0`).some((name) => /move|partial/.test(name)));
      }
    });

    test('nothing is lost or doubled while producers go on, nor forgotten of them', async () => {
      await client.create('t', 1, SMALL_SEGMENTS);
      const values = await fill('t', 0, 100);
      const { to } = await place('t');
      const producer = await StorageClient.connect(broker.port);
      let sequence = 0;
      const send = (value: string): Promise<[number, number]> =>
        producer.produce('t', value, { producerId: 7, producerEpoch: 0, baseSequence: sequence });
      assert.equal(await client.move('t', 0, to), NONE);
      const moved = client.untilMoved('t', 0, to);
      let isMoved = false;
      void moved.then(() => (isMoved = true));
      const write = async (): Promise<void> => {
        const value = `p${sequence}`;
        assert.deepEqual(await send(value), [NONE, values.length]);
        values.push(value);
        sequence++;
      };
      while (!isMoved) await write();
      await write();
      // A repeated batch is known, also one from before the move.
      for (const back of [1, 2]) {
        sequence -= back;
        assert.deepEqual(await send('again'), [NONE, values.length - back]);
        sequence += back;
      }
      assert.deepEqual(await client.values('t'), values);
      producer.close();
    });

    test('a slow one shows how far it is, goes on after a restart, and may be told to hurry', async () => {
      await client.create('t', 1, SMALL_SEGMENTS);
      const values = await fill('t', 0, 120);
      const { from, to } = await place('t');
      assert.equal(await client.alter(4, '', RATE, '2000000'), NONE);
      assert.equal(await client.move('t', 0, to), NONE);
      const future = async () => (await client.replicas('t')).find(({ isFuture }) => isFuture);
      while (((await future())?.sizeBytes ?? 0) === 0) await new Promise(setImmediate);
      assert.equal(await client.alter(4, '', RATE, '1000'), NONE);
      const shown = (await future())!;
      assert.equal(shown.path, to);
      assert.ok(shown.offsetLag > 0 && shown.offsetLag < 120, `${shown.offsetLag}`);
      const [copied] = names(to).filter((name) => name.endsWith('-future'));
      assert.match(copied, /^t-0\.[0-9a-f]{32}-future$/);
      assert.deepEqual(await client.values('t'), values);
      await restart();
      assert.ok(names(`${to}/${copied}`).includes('00000000000000000000.log'));
      const resumed = (await future())!;
      assert.equal(resumed.path, to);
      assert.deepEqual((await client.replicas('t')).filter(({ isFuture }) => !isFuture)[0].path, from);
      values.push(...(await fill('t', values.length, 5)));
      assert.equal(await client.alter(4, '', RATE, '1000000000'), NONE);
      await client.untilMoved('t', 0, to);
      assert.deepEqual(await client.values('t'), values);
      assert.ok(!names(to).some((name) => name.endsWith('-future')));
    });

    test('it can be called back, and ends with its topic', async () => {
      await client.create('t', 1, SMALL_SEGMENTS);
      await fill('t', 0, 60);
      const { from, to } = await place('t');
      assert.equal(await client.alter(4, '', RATE, '1000'), NONE);
      const gone = async (): Promise<void> => {
        while (names(to).some((name) => name.endsWith('-future'))) await new Promise(setImmediate);
      };
      const begun = async (): Promise<void> => {
        assert.equal(await client.move('t', 0, to), NONE);
        while (!names(to).some((name) => name.endsWith('-future'))) await new Promise(setImmediate);
      };
      await begun();
      assert.equal(await client.move('t', 0, from), NONE);
      await gone();
      assert.deepEqual(
        (await client.replicas('t')).map(({ path }) => path),
        [from],
      );
      await begun();
      assert.equal(await client.delete('t'), NONE);
      await gone();
      assert.equal(await client.create('t'), NONE);
      assert.deepEqual(await client.produce('t', 'new'), [NONE, 0]);
      await restart();
      assert.deepEqual(await client.values('t'), ['new']);
    });

    test('it can be sent elsewhere on its way, also before a restart; nothing is left of the first way', async () => {
      await client.create('t', 1, SMALL_SEGMENTS);
      const values = await fill('t', 0, 90);
      const { from, to } = await place('t');
      const third = paths.find((path) => path !== from && path !== to)!;
      const futures = (): string[] => paths.filter((path) => names(path).some((name) => name.endsWith('-future')));
      assert.equal(await client.alter(4, '', RATE, '1000'), NONE);
      assert.equal(await client.move('t', 0, to), NONE);
      while (futures().length === 0) await new Promise(setImmediate);
      assert.equal(await client.move('t', 0, third), NONE);
      assert.deepEqual(
        (await client.replicas('t')).filter(({ isFuture }) => isFuture).map(({ path }) => path),
        [third],
      );
      while (futures()[0] !== third) await new Promise(setImmediate);
      assert.deepEqual(futures(), [third]);
      await restart();
      assert.equal(await client.alter(4, '', RATE, '1000000000'), NONE);
      await client.untilMoved('t', 0, third);
      assert.deepEqual(await client.values('t'), values);
      assert.deepEqual(futures(), []);
    });

    test('what cannot be moved is refused', async () => {
      await client.create('t');
      const { from, to } = await place('t');
      assert.equal(await client.move('t', 0, from), NONE, 'it is there already');
      assert.equal(await client.move('t', 0, '/elsewhere'), ErrorCode.LOG_DIR_NOT_FOUND);
      assert.equal(await client.move('t', 1, to), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
      assert.equal(await client.move('x'.repeat(240), 0, to), ErrorCode.INVALID_TOPIC_EXCEPTION);
      assert.equal(await client.move('later', 0, from), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
      assert.equal(await client.create('later'), NONE);
      assert.equal((await client.replicas('later'))[0].path, from, 'where it was asked to go before it was made');
    });

    if (engine === 'memory')
      test('a full disk holds it up, leaves no half of a segment behind, and is no failure', async () => {
        await client.create('t', 1, SMALL_SEGMENTS);
        const values = await fill('t', 0, 90);
        files.failWith('write', Errno.ENOSPC, '/b/t-0.');
        assert.equal(await client.move('t', 0, '/b'), NONE);
        const future = (): string | undefined => names('/b').find((name) => name.endsWith('-future'));
        while (future() === undefined) await new Promise(setImmediate);
        for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
        assert.ok(!names(`/b/${future()}`).some((name) => name.includes('.log')));
        assert.deepEqual([...(await client.directories()).values()], [NONE, NONE, NONE]);
        assert.deepEqual(await client.values('t'), values);
        files.failWith('write', 0, '/b/t-0.');
        await restart();
        await client.untilMoved('t', 0, '/b');
        assert.deepEqual(await client.values('t'), values);
      });

    if (engine === 'memory')
      test('a directory that fails under it goes offline; the partition stays where it is', async () => {
        await client.create('t', 1, SMALL_SEGMENTS);
        const values = await fill('t', 0, 60);
        // The metadata log is in the first one, and so is the first partition.
        assert.deepEqual(await place('t'), { from: '/a', to: '/b' });
        files.failWith('write', Errno.EIO, '/b');
        assert.equal(await client.move('t', 0, '/b'), NONE);
        while ((await client.directories()).get('/b') === NONE) await new Promise(setImmediate);
        assert.deepEqual(await client.values('t'), values);
        assert.equal((await client.produce('t', 'x'))[0], NONE);
        assert.equal(await client.move('t', 0, '/b'), ErrorCode.KAFKA_STORAGE_ERROR);
      });
  });
