// The load generator against a broker in this process: what it sends is valid, what it counts is what was sent, and the
// open loop's latency counts from the intended send time.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import type { JsHistogram } from 'hdr-histogram-js';
import { type Buckets, type LoadResult, runLoad } from '../../bench/load/run-load.ts';
import { defaultSettings, type LoadSettings } from '../../bench/load/settings.ts';
import { toHistogram } from '../../bench/report/histogram.ts';
import { readRecords } from '../../src/protocol/records/record-reader.ts';
import { FakeBroker } from './fake-broker.ts';

const compiler = spawnSync(process.env.CXX ?? 'c++', ['--version']).status === 0;
const PARTITIONS = 3;

const total = (buckets: Buckets) => buckets.reduce((sum, [, count]) => sum + count, 0);
const atLeast = (buckets: Buckets, ns: number) => total(buckets.filter(([lowest]) => lowest >= ns));

describe('load generator', { skip: compiler ? false : 'no C++ compiler' }, () => {
  let broker: FakeBroker;
  before(async () => {
    broker = new FakeBroker(PARTITIONS);
    await broker.listen();
  });
  after(() => broker.close());

  async function load(settings: Partial<LoadSettings>, on: FakeBroker = broker): Promise<LoadResult> {
    for (const log of on.logs) log.length = 0;
    on.faults.length = 0;
    const result = await runLoad({
      ...defaultSettings,
      port: on.port,
      topics: [on.topic],
      warmUpSeconds: 0,
      ...settings,
    });
    assert.deepEqual(on.faults, []);
    return result;
  }

  test('closed loop: every batch is valid and every record is counted', async () => {
    const settings = { stages: [{ rate: 0, seconds: 20 }], recordsMax: 5000, messageBytes: 100 };
    const { stages, end, settings: ran } = await load(settings);
    assert.equal(ran.partitions, PARTITIONS, 'those that are there, not those asked for');
    assert.equal(stages[0]!.ackedRecords, 5000);
    assert.equal(total(stages[0]!.ack), 5000);
    assert.equal(broker.recordCount(), 5000);
    assert.deepEqual(end.errors, {});
    assert.equal(broker.clientVersions.get(0), 12);
    const histogram = toHistogram(stages[0]!.ack) as JsHistogram;
    for (const [lowest] of stages[0]!.ack) {
      assert.equal(histogram.lowestEquivalentValue(lowest), lowest, 'the buckets are those of HdrHistogram');
    }
    for (const { view } of broker.logs.flat()) {
      const records = readRecords(view);
      assert.equal(records.length, view.recordsCount);
      assert.ok(records.every((record) => record.key === null && record.value?.length === 100));
    }
  });

  for (const [produceVersionMax, fetchVersionMax] of [
    [8, 11],
    [9, 12],
  ] as const) {
    test(`speaks Produce v${produceVersionMax} and Fetch v${fetchVersionMax}`, async () => {
      const settings = { recordsMax: 2000, produceVersionMax, fetchVersionMax, consumers: 1, endToEnd: true };
      const { stages } = await load({ ...settings, stages: [{ rate: 0, seconds: 20 }], batchesPerRequest: 3 });
      assert.equal(stages[0]!.ackedRecords, 2000);
      assert.equal(stages[0]!.consumedRecords, 2000);
      assert.equal(total(stages[0]!.endToEnd), 2000);
      assert.equal(broker.clientVersions.get(0), produceVersionMax);
      assert.equal(broker.clientVersions.get(1), fetchVersionMax);
    });
  }

  test('open loop: as many records as rate and time say, in two stages, each counted apart', async () => {
    const stages = [
      { rate: 1000, seconds: 1 },
      { rate: 3000, seconds: 1 },
    ];
    const result = await load({ stages, producers: 4, partitioner: 'round-robin', lingerMs: 2, idempotent: true });
    assert.deepEqual(
      result.stages.map((stage) => total(stage.ack)),
      [1000, 3000],
    );
    assert.equal(broker.recordCount(), 4000);
    assert.deepEqual(result.end.errors, {});
  });

  test('idempotent batches carry gapless sequences for each producer and partition', async () => {
    await load({ stages: [{ rate: 0, seconds: 20 }], recordsMax: 3000, producers: 2, idempotent: true });
    for (const log of broker.logs) {
      const next = new Map<number, number>();
      for (const { view } of log) {
        assert.ok(view.producerId >= 100);
        assert.equal(view.baseSequence, next.get(view.producerId) ?? 0);
        next.set(view.producerId, view.baseSequence + view.recordsCount);
      }
    }
  });

  for (const codec of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
    test(`${codec} batches with keys can be read`, async () => {
      await load({
        stages: [{ rate: 2000, seconds: 1 }],
        codec,
        keys: 50,
        partitioner: 'key',
        lingerMs: 5,
        messageBytes: 200,
      });
      assert.equal(broker.recordCount(), 2000);
      for (const { view } of broker.logs.flat()) {
        for (const record of readRecords(view)) assert.match(Buffer.from(record.key!).toString(), /^key-\d{8}$/);
      }
    });
  }

  test('a broker that stands still for a second shows in the latency of every record that was due meanwhile', async () => {
    const rate = 1000;
    let timer: NodeJS.Timeout | undefined;
    const stalling = new FakeBroker(PARTITIONS);
    await stalling.listen();
    const running = runLoad(
      {
        ...defaultSettings,
        port: stalling.port,
        topics: [stalling.topic],
        warmUpSeconds: 0,
        stages: [{ rate, seconds: 3 }],
      },
      {
        onInterval: ({ index }) => {
          if (index !== 0) return;
          stalling.stall();
          timer = setTimeout(() => stalling.resume(), 1000);
        },
      },
    );
    const { stages } = await running;
    clearTimeout(timer);
    await stalling.close();
    assert.equal(total(stages[0]!.ack), 3 * rate, 'every record that was due is counted, also those that left late');
    // One request was under way when it stopped; a generator that waits for answers would show one late record.
    assert.ok(
      atLeast(stages[0]!.ack, 500e6) >= 400,
      `${atLeast(stages[0]!.ack, 500e6)} records took half a second or more`,
    );
    assert.ok(atLeast(stages[0]!.ack, 900e6) >= 50, 'p98 shows the whole second');
  });

  test('a broker that never answers ends the run in its time, with everything counted as unanswered', async () => {
    const silent = new FakeBroker(PARTITIONS);
    await silent.listen();
    silent.silent = true;
    const { stages, end } = await load({ stages: [{ rate: 500, seconds: 1 }], drainSeconds: 0.5 }, silent);
    await silent.close();
    assert.equal(stages[0]!.ackedRecords, 0);
    assert.equal(end.unansweredRecords, 500);
    assert.equal(total(stages[0]!.ack), 500, 'and their age is their latency');
  });

  test('a broker that falls too far behind ends the run early, and that is said', async () => {
    const silent = new FakeBroker(PARTITIONS);
    await silent.listen();
    silent.silent = true;
    const { end } = await load({ stages: [{ rate: 20_000, seconds: 20 }], backlogRecordsMax: 1000 }, silent);
    await silent.close();
    assert.equal(end.overrun, 1);
  });

  test('a rate that nobody can send ends the run early and keeps no more than the bound', async () => {
    const silent = new FakeBroker(PARTITIONS);
    await silent.listen();
    silent.silent = true;
    const { end } = await load({ stages: [{ rate: 100e6, seconds: 0.05 }], backlogRecordsMax: 1_000_000 }, silent);
    await silent.close();
    assert.equal(end.overrun, 1);
    assert.ok(end.unansweredRecords < 2_000_000, `${end.unansweredRecords} records were kept`);
  });

  test('acks=0 sends without waiting for answers', async () => {
    const { stages } = await load({ stages: [{ rate: 2000, seconds: 1 }], acks: 0 });
    assert.equal(total(stages[0]!.ack), 0, 'there is no latency to count');
    assert.equal(broker.recordCount(), 2000);
  });

  test('idle connections are opened and kept', async () => {
    const { idleConnections } = await load({
      stages: [{ rate: 100, seconds: 1 }],
      idleConnections: 50,
      pids: [process.pid],
    });
    assert.equal(idleConnections?.count, 50);
  });

  test('a lost connection is opened again and what was under way is sent again', async () => {
    const dropping = new FakeBroker(PARTITIONS);
    await dropping.listen();
    const { stages, end } = await runLoad(
      {
        ...defaultSettings,
        port: dropping.port,
        topics: [dropping.topic],
        warmUpSeconds: 0,
        stages: [{ rate: 1000, seconds: 2 }],
      },
      { onInterval: ({ index }) => index === 0 && dropping.dropConnections() },
    );
    await dropping.close();
    assert.equal(end.disconnects, 1);
    assert.equal(total(stages[0]!.ack), 2000);
    assert.ok(dropping.recordCount() >= 2000);
  });

  test('a consumer reads to the end that was there at the start, each of three all of it', async () => {
    await load({ stages: [{ rate: 0, seconds: 20 }], recordsMax: 1000 });
    const { stages } = await runLoad({
      ...defaultSettings,
      port: broker.port,
      topics: [broker.topic],
      warmUpSeconds: 0,
      producers: 0,
      consumers: 3,
      from: 'earliest',
      toEnd: true,
      stages: [{ rate: 0, seconds: 20 }],
    });
    assert.equal(stages[0]!.consumedRecords, 3000);
    assert.ok(stages[0]!.elapsedNs < 20e9);
  });

  test('says why it cannot run', async () => {
    await assert.rejects(load({ acks: 0, endToEnd: true, consumers: 1 }), /acks=0 has no offsets/);
    await assert.rejects(load({ stages: [] }), /no stages/);
  });
});
