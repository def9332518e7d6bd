import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka';
import { type Logger, silentLogger } from '../../../src/base/logger.ts';
import { RecordReader } from '../../../src/protocol/records/record-reader.ts';
import { recordBatches } from '../../../src/protocol/records/stored-batches.ts';
import { startTestBroker, type TestBrokerOptions } from '../../../src/testing/test-broker.ts';
import { adapters } from '../../native/adapters.ts';

const UPDATES = 20;
const BATCH = 2_500;
const SETTINGS = { 'log.cleaner.backoff.ms': 20, 'log.retention.check.interval.ms': 100 };

/** A logger that tells when a log has been cleaned. */
function watch(partition: string): { readonly logger: Logger; cleaned(upTo: number): Promise<void> } {
  let reached = -1;
  let waiting: { upTo: number; resolve: () => void } | undefined;
  const check = (): void => {
    if (waiting && reached >= waiting.upTo) waiting.resolve();
  };
  const info = (details: object, message: string): void => {
    const { partition: name, cleanedOffset } = details as { partition: string; cleanedOffset: number };
    if (message !== 'cleaned a log' || name !== partition) return;
    reached = cleanedOffset;
    check();
  };
  return {
    logger: { ...silentLogger, info },
    cleaned: (upTo) =>
      new Promise((resolve) => {
        waiting = { upTo, resolve };
        check();
      }),
  };
}

async function consumeAll(bootstrapServers: string, topic: string, end: bigint): Promise<Map<string, string>> {
  const client = { clientId: 'test', bootstrapBrokers: bootstrapServers.split(',') };
  const consumer = new Consumer({ ...client, groupId: `g-${Math.random()}`, deserializers: stringDeserializers });
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false });
  const latest = new Map<string, string>();
  for await (const message of stream) {
    latest.set(message.key, message.value);
    if (message.offset === end - 1n) break;
  }
  await consumer.close(true);
  return latest;
}

/** Keys of the records in a partition's closed segments, and where the active one begins. */
function closedKeys(folder: string): { readonly keys: string[]; readonly activeBaseOffset: number } {
  const logs = readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .sort();
  const keys: string[] = [];
  for (const name of logs.slice(0, -1))
    for (const batch of recordBatches(readFileSync(join(folder, name)))) {
      assert.equal(batch.hasValidCrc(), true);
      for (const { key } of new RecordReader(batch)) keys.push(Buffer.from(key!).toString());
    }
  return { keys, activeBaseOffset: Number.parseInt(logs.at(-1)!, 10) };
}

async function compacts(engine: TestBrokerOptions['engine'], keyCount: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-cleaner-'));
  const watched = watch('states-0');
  try {
    const broker = await startTestBroker({ folder, engine, configs: SETTINGS, logger: watched.logger });
    const client = { clientId: 'test', bootstrapBrokers: broker.bootstrapServers.split(',') };
    const admin = new Admin(client);
    const configs = [
      { name: 'cleanup.policy', value: 'compact' },
      { name: 'segment.bytes', value: '1048576' },
      { name: 'min.cleanable.dirty.ratio', value: '0.01' },
    ];
    await admin.createTopics({ topics: ['states'], partitions: 1, replicas: 1, configs });
    const producer = new Producer({ ...client, serializers: stringSerializers });
    for (let update = 0; update < UPDATES; update++)
      for (let from = 0; from < keyCount; from += BATCH) {
        const messages = Array.from({ length: BATCH }, (_, at) => ({
          topic: 'states',
          key: `key-${from + at}`,
          value: `value-${update}-${'x'.repeat(40)}`,
        }));
        await producer.send({ messages, acks: 1 });
      }
    await producer.close();
    await admin.close();
    const { activeBaseOffset } = closedKeys(join(folder, 'states-0'));
    await watched.cleaned(activeBaseOffset);
    const { keys } = closedKeys(join(folder, 'states-0'));
    assert.equal(new Set(keys).size, keys.length);
    const latest = await consumeAll(broker.bootstrapServers, 'states', BigInt(keyCount * UPDATES));
    assert.equal(latest.size, keyCount);
    for (const value of latest.values()) assert.ok(value.startsWith(`value-${UPDATES - 1}-`));
    await broker.stop();
    const checkpoint = readFileSync(join(folder, 'cleaner-offset-checkpoint'), 'utf8').split('\n');
    assert.ok(checkpoint.some((line) => line.startsWith('states 0 ')));
    const again = await startTestBroker({ folder, engine });
    assert.deepEqual(await consumeAll(again.bootstrapServers, 'states', BigInt(keyCount * UPDATES)), latest);
    await again.stop();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A broker whose cleaner is so slow that it is in the middle of a log when `act` comes. */
async function interrupts(
  engine: TestBrokerOptions['engine'],
  act: (admin: Admin, folder: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-cleaner-'));
  const warnings: string[] = [];
  let begun = (): void => {};
  const cleaning = new Promise<void>((resolve) => (begun = resolve));
  const debug = (_: object, message: string): void => {
    if (message === 'cleaning a log') begun();
  };
  const warn = (_: object, message: string): void => void warnings.push(message);
  try {
    const configs = { ...SETTINGS, 'log.cleaner.io.max.bytes.per.second': 1_000, 'millrace.log.level': 'debug' };
    const broker = await startTestBroker({ folder, engine, configs, logger: { ...silentLogger, debug, warn } });
    const client = { clientId: 'test', bootstrapBrokers: broker.bootstrapServers.split(',') };
    const admin = new Admin(client);
    const topicConfigs = [
      { name: 'cleanup.policy', value: 'compact' },
      { name: 'segment.bytes', value: '1048576' },
    ];
    await admin.createTopics({ topics: ['slow'], partitions: 1, replicas: 1, configs: topicConfigs });
    const producer = new Producer({ ...client, serializers: stringSerializers });
    const value = 'x'.repeat(100_000);
    for (let at = 0; at < 22; at++) await producer.send({ messages: [{ topic: 'slow', key: 'k', value }], acks: 1 });
    await producer.close();
    await cleaning;
    await act(admin, folder);
    await admin.close();
    await broker.stop();
    assert.deepEqual(warnings, []);
    const again = await startTestBroker({ folder, engine, configs: { 'log.cleaner.enable': false } });
    await again.stop();
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    assert.ok(!files.some((name) => /\.(cleaned|swap)$/.test(name)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('compaction in a broker', () => {
  test('on the thread of everything else', () => compacts('portable', 2_500));
  const hasNative = adapters.some(({ name }) => name === 'native');
  test('on threads of its own, with the native engine', { skip: !hasNative }, () => compacts('native', 10_000));

  test('the offsets that groups committed outlive the compaction of their topic', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-cleaner-'));
    const watched = watch('__consumer_offsets-0');
    try {
      // A segment for nearly every commit.
      const configs = { ...SETTINGS, 'log.roll.ms': 1, 'log.cleaner.min.cleanable.ratio': 0.01 };
      const broker = await startTestBroker({ folder, configs, logger: watched.logger });
      const client = { clientId: 'test', bootstrapBrokers: broker.bootstrapServers.split(',') };
      const admin = new Admin(client);
      await admin.createTopics({ topics: ['t'], partitions: 1, replicas: 1 });
      const commit = (groupId: string, offset: bigint): Promise<void> =>
        admin.alterConsumerGroupOffsets({
          groupId,
          topics: [{ name: 't', partitionOffsets: [{ partition: 0, offset }] }],
        });
      const COMMITS = 40;
      for (let at = 0; at < COMMITS; at++) for (const group of ['one', 'two']) await commit(group, BigInt(at));
      await admin.deleteGroups({ groups: ['two'] });
      await admin.close();
      const offsetsFolder = join(folder, '__consumer_offsets-0');
      await watched.cleaned(COMMITS);
      const { keys } = closedKeys(offsetsFolder);
      assert.ok(keys.length < COMMITS, `${keys.length} records`);
      await broker.stop();
      const again = await startTestBroker({ folder, configs });
      const reader = new Admin({ clientId: 'test', bootstrapBrokers: again.bootstrapServers.split(',') });
      const groups = await reader.listConsumerGroupOffsets({ groups: ['one', 'two'] });
      const offsets = groups.map(({ topics }) => topics[0]?.partitions[0]?.committedOffset);
      assert.deepEqual(offsets, [BigInt(COMMITS - 1), undefined]);
      await reader.close();
      await again.stop();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  for (const engine of hasNative ? (['portable', 'native'] as const) : (['portable'] as const)) {
    test(`a stop does not wait for it (${engine})`, () => interrupts(engine, async () => {}));
    test(`a topic may be deleted, and made anew, meanwhile (${engine})`, () =>
      interrupts(engine, async (admin, folder) => {
        await admin.deleteTopics({ topics: ['slow'] });
        await admin.createTopics({ topics: ['slow'], partitions: 1, replicas: 1 });
        assert.ok(readdirSync(join(folder, 'slow-0')).includes('00000000000000000000.log'));
      }));
  }
});
