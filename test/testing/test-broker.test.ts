import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka';
import { loadAddon } from '../../src/native/addon.ts';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import { SegmentedLogStore } from '../../src/native/segmented-log-store.ts';
import { startTestBroker } from '../../src/testing/test-broker.ts';

const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'millrace-test-broker-'));

async function sendAndRead(bootstrapServers: string, topic: string, value: string, ca?: string): Promise<string[]> {
  const tls = ca === undefined ? {} : { tls: { ca } };
  const client = { clientId: 'test', bootstrapBrokers: bootstrapServers.split(','), ...tls };
  const producer = new Producer({ ...client, serializers: stringSerializers, autocreateTopics: true });
  await producer.send({ messages: [{ topic, key: 'k', value }] });
  await producer.close();
  const consumer = new Consumer({ ...client, groupId: 'g', deserializers: stringDeserializers });
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false });
  const values: string[] = [];
  for await (const message of stream) {
    values.push(message.value);
    if (message.value === value) break;
  }
  await consumer.close(true);
  return values;
}

describe('test broker', () => {
  test('two brokers in one process know nothing of each other', async () => {
    await using one = await startTestBroker();
    await using other = await startTestBroker();
    assert.notEqual(one.port, other.port);
    assert.notEqual(one.clusterId, other.clusterId);
    assert.deepEqual(await sendAndRead(one.bootstrapServers, 'words', 'first'), ['first']);
    assert.deepEqual(await sendAndRead(other.bootstrapServers, 'words', 'second'), ['second']);
  });

  test('with TLS, and the certificate to trust', async () => {
    await using broker = await startTestBroker({ tls: true });
    assert.deepEqual(await sendAndRead(broker.bootstrapServers, 'words', 'secret', broker.ca), ['secret']);
    assert.deepEqual(broker.listeners, [{ name: 'SSL', host: broker.host, port: broker.port }]);
  });

  test('with a folder the next broker finds what the last one had', async () => {
    const folder = temporaryFolder();
    try {
      const first = await startTestBroker({ folder });
      await sendAndRead(first.bootstrapServers, 'words', 'one');
      await first.stop();
      await first.stop();
      assert.ok(readdirSync(folder).includes('words-0'));
      const second = await startTestBroker({ folder });
      assert.equal(second.clusterId, first.clusterId);
      assert.deepEqual(await sendAndRead(second.bootstrapServers, 'words', 'two'), ['one', 'two']);
      await second.stop();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('settings are taken, and wrong ones refused with the setting’s name', async () => {
    await assert.rejects(startTestBroker({ configs: { 'num.partitions': 'many' } }), /num\.partitions/);
    await using broker = await startTestBroker({ configs: { 'node.id': 7 } });
    assert.match(broker.bootstrapServers, /^127\.0\.0\.1:\d+$/);
  });

  test('a start that fails leaves nothing that runs, and the folder free for the next', async () => {
    const folder = temporaryFolder();
    try {
      await using busy = await startTestBroker();
      const listeners = `PLAINTEXT://127.0.0.1:${busy.port}`;
      await assert.rejects(startTestBroker({ folder, configs: { listeners } }), /EADDRINUSE/);
      const next = await startTestBroker({ folder });
      await next.stop();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a folder that is in use is refused before anything in it is touched', async () => {
    const folder = temporaryFolder();
    try {
      await using first = await startTestBroker({ folder });
      await assert.rejects(startTestBroker({ folder }), /another process uses the directory/);
      assert.deepEqual(await sendAndRead(first.bootstrapServers, 'words', 'still there'), ['still there']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('the process ends by itself after stop, and no folder appears', () => {
    const script = `
      import { startTestBroker } from ${JSON.stringify(new URL('../../src/testing/test-broker.ts', import.meta.url).href)};
      const broker = await startTestBroker();
      await broker.stop();
      console.log('stopped');
    `;
    const cwd = temporaryFolder();
    try {
      const ended = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
        cwd,
        encoding: 'utf8',
        timeout: 60_000,
      });
      assert.equal(ended.stderr, '');
      assert.equal(ended.status, 0);
      assert.equal(ended.stdout, 'stopped\n');
      assert.deepEqual(readdirSync(cwd), []);
      assert.ok(!existsSync('/millrace'));
    } finally {
      rmSync(cwd, { recursive: true });
    }
  });
});

test('a broker that has stopped is held by nothing', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const run = async (): Promise<WeakRef<object>> => {
    const store = new SegmentedLogStore(new MemoryFileSpace(() => Date.now()));
    const broker = await startTestBroker({ store });
    await broker.stop();
    return new WeakRef(store);
  };
  const held = await run();
  for (let round = 0; round < 50 && held.deref(); round++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  assert.equal(held.deref(), undefined);
});

test('a store that outlives its brokers keeps no memory of theirs', async () => {
  const held = new Set<number>();
  class WatchedStore extends SegmentedLogStore {
    override registerMemory(bytes: Uint8Array): number {
      const id = super.registerMemory(bytes);
      held.add(id);
      return id;
    }

    override releaseMemory(id: number): void {
      super.releaseMemory(id);
      held.delete(id);
    }
  }
  const store = new WatchedStore(new MemoryFileSpace(() => Date.now()));
  for (let round = 0; round < 2; round++) {
    const broker = await startTestBroker({ store });
    await sendAndRead(broker.bootstrapServers, 'words', `round ${round}`);
    await broker.stop();
    assert.deepEqual([...held], []);
  }
});

test('brokers with threads leave no memory behind', {
  skip: !loadAddon() || process.platform !== 'linux',
}, async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const addressSpaceMib = async (): Promise<number> => {
    for (let round = 0; round < 5; round++) {
      await new Promise((resolve) => setImmediate(resolve));
      collect();
    }
    const status = readFileSync('/proc/self/status', 'utf8');
    return Number(/^VmSize:\s+(\d+)/m.exec(status)?.[1]) / 1024;
  };
  const startAndStop = async (): Promise<void> => {
    const folder = temporaryFolder();
    const broker = await startTestBroker({ engine: 'native', folder });
    await broker.stop();
    rmSync(folder, { recursive: true });
  };
  for (let round = 0; round < 2; round++) await startAndStop();
  const before = await addressSpaceMib();
  for (let round = 0; round < 3; round++) await startAndStop();
  const grownMib = (await addressSpaceMib()) - before;
  // The rings and arenas of one broker are some 160 MiB.
  assert.ok(grownMib < 250, `${grownMib} MiB more`);
});
