import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Logger, silentLogger } from '../../../src/base/logger.ts';
import { ManualClock } from '../../../src/base/manual-clock.ts';
import type { LogBatch } from '../../../src/coordinator/runtime/coordinator-log.ts';
import { CoordinatorRuntime } from '../../../src/coordinator/runtime/coordinator-runtime.ts';
import type {
  CoordinatorResult,
  CoordinatorShard,
  RecordCodec,
  RecordOrigin,
  ShardServices,
} from '../../../src/coordinator/runtime/coordinator-shard.ts';
import { JournaledMap } from '../../../src/coordinator/runtime/undo-log.ts';
import { ErrorCode, KafkaError } from '../../../src/protocol/errors.ts';
import { MemoryCoordinatorLog } from '../memory-coordinator-log.ts';

type Entry = readonly [key: string, value: string];

const codec: RecordCodec<Entry> = {
  encode: ([key, value]) => ({ key: Buffer.from(key), value: Buffer.from(value) }),
  decode: ({ key, value }) => (key && value ? [Buffer.from(key).toString(), Buffer.from(value).toString()] : null),
};

/** A map of strings. */
class MapShard implements CoordinatorShard<Entry> {
  readonly services: ShardServices<MapShard, Entry>;
  readonly map: JournaledMap<string, string>;
  readonly orders: number[] = [];
  readonly ended: [number, boolean][] = [];
  unloaded = 0;

  constructor(services: ShardServices<MapShard, Entry>) {
    this.services = services;
    this.map = new JournaledMap(services.undo);
  }

  replay([key, value]: Entry, origin: RecordOrigin): void {
    if (key === 'poison') throw new Error('a bug');
    this.orders.push(origin.order);
    this.map.set(key, value);
  }

  replayEndTransaction(producerId: number, committed: boolean): void {
    this.ended.push([producerId, committed]);
  }

  onLoaded(): void {
    this.services.timers.schedule('t', 1_000, () =>
      this.services.submit('t', () => ({ records: [['timer', 'fired']], response: undefined })),
    );
  }

  onUnloaded(): void {
    this.unloaded++;
  }
}

function start(logger: Logger = silentLogger) {
  const clock = new ManualClock();
  const log = new MemoryCoordinatorLog();
  const shards: MapShard[] = [];
  const runtime = new CoordinatorRuntime<MapShard, Entry>({
    name: 'test',
    log,
    codec,
    clock,
    logger,
    createShard: (services) => {
      const shard = new MapShard(services);
      shards.push(shard);
      return shard;
    },
    writeTimeoutMs: () => 5_000,
  });
  const set = (key: string, value: string) => runtime.write(0, () => ({ records: [[key, value]], response: value }));
  const get = (key: string) => runtime.read(0, (shard) => shard.map.get(key));
  return { clock, log, runtime, shards, set, get };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => `no error but ${String(value)}`,
    (error: KafkaError) => error.code,
  );

test('absent, loading, active, absent again', async () => {
  const { runtime, log, set, get, shards } = start();
  assert.equal(await codeOf(set('a', '1')), ErrorCode.NOT_COORDINATOR);
  const loaded = runtime.elected(0, 1);
  const early = [set('a', '1'), runtime.readAll(() => 1)].map(codeOf);
  assert.deepEqual(await Promise.all(early), Array(2).fill(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS));
  await loaded;
  assert.equal(await set('a', '1'), '1');
  assert.equal(await get('a'), '1');
  await runtime.elected(0, 1);
  assert.equal(shards.length, 1, 'the same election again');
  log.hold();
  const waiting = codeOf(set('a', '2'));
  await settle();
  runtime.resigned(0, null);
  assert.equal(await waiting, ErrorCode.NOT_COORDINATOR);
  assert.equal(shards[0].unloaded, 1);
  log.release();
  await settle();
  assert.equal(await codeOf(get('a')), ErrorCode.NOT_COORDINATOR);
  await runtime.elected(0, 2);
  assert.equal(await get('a'), '2', 'it was on its way');
  runtime.close();
  assert.equal(await codeOf(get('a')), ErrorCode.COORDINATOR_NOT_AVAILABLE);
});

test('an operation sees what those before it wrote, and falls with them', async () => {
  const { runtime, log, get, set } = start();
  await runtime.elected(0, 1);
  await set('n', '1');
  log.hold();
  const append = () =>
    runtime.write(0, (shard) => {
      const next = `${shard.map.get('n')}+`;
      return { records: [['n', next]], response: next };
    });
  const failed: string[] = [];
  const first = append();
  await settle();
  const second = append();
  const third = runtime.write(0, () => ({ records: [['x', 'y']], response: 0, onFailed: () => failed.push('third') }));
  const fourth = runtime.write(0, () => ({ records: [], response: 0, onFailed: () => failed.push('fourth') }));
  const read = get('n');
  await settle();
  log.failWith(ErrorCode.NOT_ENOUGH_REPLICAS);
  log.release();
  for (const each of [first, second, third, fourth]) {
    assert.equal(await codeOf(each), ErrorCode.COORDINATOR_NOT_AVAILABLE);
  }
  assert.deepEqual(failed, ['fourth', 'third']);
  assert.equal(await read, '1');
  log.failWith(null);
  assert.equal(await append(), '1+');
});

test('what is wrong with one transaction is not told to the operations behind it', async () => {
  const { runtime, log, set } = start();
  await runtime.elected(0, 1);
  log.hold();
  const fenced = runtime.writeTransactional(
    0,
    { transactionalId: 't', producerId: 1, producerEpoch: 0 },
    5,
    (): CoordinatorResult<Entry, string> => ({ records: [['t', '1']], response: '' }),
  );
  await settle();
  const behind = set('a', '1');
  await settle();
  log.failWith(ErrorCode.INVALID_PRODUCER_EPOCH);
  log.release();
  assert.equal(await codeOf(fenced), ErrorCode.INVALID_PRODUCER_EPOCH);
  assert.equal(await codeOf(behind), ErrorCode.COORDINATOR_NOT_AVAILABLE);
});

test('a port that throws fails the append, and has the partition read again', async () => {
  const { runtime, log, clock, set, get } = start();
  await runtime.elected(0, 1);
  const append = log.append.bind(log);
  log.append = () => {
    throw new Error('a bug');
  };
  assert.equal(await codeOf(set('a', '1')), ErrorCode.UNKNOWN_SERVER_ERROR);
  log.append = append;
  clock.advance(1_000);
  await settle();
  assert.equal(await get('a'), undefined);
  assert.equal(await set('a', '1'), '1');
});

test('a handler that throws changes nothing; a foreign error is told as such and no more', async () => {
  const { runtime, get } = start();
  await runtime.elected(0, 1);
  const code = await codeOf(
    runtime.write(0, (shard) => {
      shard.map.set('a', 'soft');
      throw new KafkaError(ErrorCode.ILLEGAL_GENERATION);
    }),
  );
  assert.equal(code, ErrorCode.ILLEGAL_GENERATION);
  assert.equal(await codeOf(runtime.read(0, () => assert.fail('secret'))), ErrorCode.UNKNOWN_SERVER_ERROR);
  const poisoned = runtime.write(0, () => ({ records: [['a', '1'] as Entry, ['poison', ''] as Entry], response: 0 }));
  assert.equal(await codeOf(poisoned), ErrorCode.UNKNOWN_SERVER_ERROR);
  assert.equal(await get('a'), undefined);
});

test('records that exceed a batch are refused, or split where they may be', async () => {
  const { runtime, log, get } = start();
  log.messageBytesMax = 361;
  await runtime.elected(0, 1);
  const records = Array.from({ length: 20 }, (_, index): Entry => [`key ${index}`, 'v'.repeat(40)]);
  assert.equal(await codeOf(runtime.write(0, () => ({ records, response: 0 }))), ErrorCode.UNKNOWN_SERVER_ERROR);
  assert.equal(await get('key 0'), undefined);
  assert.equal(await runtime.write(0, () => ({ records, response: 7, splittable: true })), 7);
  assert.equal(log.appends, 5);
  const huge: Entry[] = [['huge', 'v'.repeat(400)]];
  assert.equal(
    await codeOf(runtime.write(0, () => ({ records: huge, response: 0, splittable: true }))),
    ErrorCode.UNKNOWN_SERVER_ERROR,
  );
  assert.equal(log.logEndOffset(0), 20);
});

test('writes are refused while too many bytes wait', async () => {
  const { runtime, log, set } = start();
  await runtime.elected(0, 1);
  log.hold();
  const waiting = Array.from({ length: 40 }, (_, index) => codeOf(set(`${index}`, 'v'.repeat(500_000))));
  log.release();
  const codes = await Promise.all(waiting);
  assert.equal(codes[0], `no error but ${'v'.repeat(500_000)}`);
  assert.equal(codes.at(-1), ErrorCode.COORDINATOR_NOT_AVAILABLE);
  assert.equal(await set('a', '1'), '1');
});

test('what a timer has to do is done also while clients are refused', async () => {
  const { runtime, log, clock, set, get } = start();
  await runtime.elected(0, 1);
  log.hold();
  const waiting = Array.from({ length: 40 }, (_, index) => codeOf(set(`${index}`, 'v'.repeat(500_000))));
  clock.advance(1_000);
  log.release();
  assert.equal((await Promise.all(waiting)).at(-1), ErrorCode.COORDINATOR_NOT_AVAILABLE);
  assert.equal(await get('timer'), 'fired', 'nobody would do it again');
});

test('a load that fails is tried again', async () => {
  const { runtime, log, clock, set, get } = start();
  await runtime.elected(0, 1);
  await set('a', '1');
  runtime.resigned(0, 1);
  const read = log.read.bind(log);
  let failures = 2;
  log.read = async function* (partition, fromOffset): AsyncIterable<LogBatch> {
    if (failures-- > 0) throw new Error('disk');
    yield* read(partition, fromOffset);
  };
  await runtime.elected(0, 2);
  assert.equal(await codeOf(get('a')), ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
  clock.advance(1_000);
  await settle();
  clock.advance(1_000);
  await settle();
  assert.equal(await get('a'), '1');
});

test('a load that is overtaken by a resignation has no effect', async () => {
  const { runtime, log, set, shards } = start();
  await runtime.elected(0, 1);
  await set('a', '1');
  runtime.resigned(0, 1);
  const loading = runtime.elected(0, 2);
  runtime.resigned(0, 2);
  await loading;
  assert.equal(await codeOf(set('b', '1')), ErrorCode.NOT_COORDINATOR);
  assert.equal(shards[1].unloaded, 0, 'it was never loaded');
  assert.equal(log.appends, 1);
});

test('orders grow over a restart; markers are replayed', async () => {
  const { runtime, set, shards } = start();
  await runtime.elected(0, 1);
  await set('a', '1');
  await set('b', '1');
  const marker = { producerId: 5, producerEpoch: 0, coordinatorEpoch: 0, committed: true, transactionVersion: 2 };
  await runtime.endTransaction(0, marker);
  await runtime.elected(0, 2);
  await set('c', '1');
  assert.deepEqual(shards[1].orders, [0, 1, 3]);
  assert.deepEqual(shards[1].ended, [[5, true]]);
  assert.equal(shards[0].unloaded, 1);
});

test("timers run as operations, and end with the shard's time here", async () => {
  const { runtime, clock, get, log } = start();
  await runtime.elected(0, 1);
  clock.advance(1_000);
  assert.equal(await get('timer'), 'fired');
  await runtime.elected(0, 2);
  runtime.resigned(0, 2);
  clock.advance(10_000);
  await settle();
  assert.equal(log.appends, 1);
  assert.equal(clock.pending, 0);
});

test('what the coordinator does by itself warns when it fails, but not when the broker stops', async () => {
  const warned: string[] = [];
  const { runtime, log } = start({
    ...silentLogger,
    warn: (_fields: unknown, message: string) => warned.push(message),
  });
  await runtime.elected(0, 1);
  const writeAll = () => runtime.writeAll('all', () => ({ records: [['a', '1']], response: undefined }));
  log.hold();
  const interrupted = writeAll();
  await settle();
  runtime.resigned(0, null);
  await interrupted;
  assert.deepEqual(warned, ['test coordinator: not done']);
  log.release();
  await runtime.elected(0, 2);
  log.hold();
  const stopped = writeAll();
  await settle();
  runtime.close();
  await stopped;
  assert.equal(warned.length, 1);
});

test('loads that are under way together are told in one line; a slow one and a failed one by themselves', async () => {
  const lines: [string, object, string][] = [];
  const tell = (level: string) => (details: object, message: string) => {
    if ('stack' in details) details = { ...details, stack: '' };
    lines.push([level, details, message]);
  };
  const logger = { debug: tell('debug'), info: tell('info'), warn: tell('warn'), error: tell('error') };
  const { runtime, log, clock } = start(logger);
  await runtime.elected(9, 1);
  await runtime.write(9, () => ({ records: [['a', '1']], response: 0 }));
  lines.length = 0;
  const read = log.read.bind(log);
  const slow = Promise.withResolvers<void>();
  log.read = async function* (partition, fromOffset) {
    yield* read(9, fromOffset);
    if (partition === 2) {
      await settle();
      clock.advance(1_500);
      slow.resolve();
    } else if (partition === 3) {
      await slow.promise;
      throw new Error('a bad sector');
    }
  };
  await Promise.all([0, 1, 2, 3].map((partition) => runtime.elected(partition, 1)));
  const quick = (partition: number) => ({ partition, records: 1, tookMs: 0 });
  const all = lines.splice(0);
  const of = (level: string) => all.filter((line) => line[0] === level).map((line) => line.slice(1));
  assert.deepEqual(of('debug'), [
    [quick(0), 'test coordinator: a partition loaded'],
    [quick(1), 'test coordinator: a partition loaded'],
  ]);
  assert.deepEqual(of('info'), [
    [{ partition: 2, records: 1, tookMs: 1_500 }, 'test coordinator: a partition loaded slowly'],
    [{ partitions: 3, records: 3, tookMs: 1_500 }, 'test coordinator loaded'],
  ]);
  assert.deepEqual(of('error'), [
    [{ partition: 3, stack: '' }, 'test coordinator: loading failed, will be tried again'],
  ]);
  // The failed one is tried again and fails again: there is nothing to sum up.
  clock.advance(1_000);
  await settle();
  const again = lines.map(([level]) => level);
  assert.deepEqual(again, ['error']);
});
