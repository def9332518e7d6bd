import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PendingRequest } from '../../../src/broker/io/client-state.ts';
import { ErrorCode } from '../../../src/protocol/errors.ts';
import type { FetchResponse } from '../../../src/protocol/messages/01-fetch.ts';
import { RowSlot, RowState } from '../../../src/ring/partition-table.ts';
import { TOPIC_ID } from '../../storage/log-fixture.ts';
import { type Asked, FetchFixture, OTHER_ID, partitionsAt } from './fetch-fixture.ts';

const sizes = ({ responses }: FetchResponse): number[] =>
  responses.flatMap(({ partitions }) => partitions.map(({ records }) => records?.length ?? 0));
const errors = ({ responses }: FetchResponse): number[] =>
  responses.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode));

function asking(partitions: ReturnType<typeof partitionsAt>, extra: Asked = {}): Asked {
  return { maxWaitMs: 1000, minBytes: 1, maxBytes: 1 << 26, topics: [{ topic: 't', partitions }], ...extra };
}

describe('fetch: what is served', () => {
  for (let version = 4; version <= 18; version++) {
    test(`version ${version} carries records, offsets and errors`, () => {
      const fixture = new FetchFixture();
      const small = fixture.append(0, 100);
      const large = fixture.append(1, 300_000);
      const topic = version >= 13 ? { topicId: TOPIC_ID } : { topic: 't' };
      const other = version >= 13 ? { topicId: OTHER_ID } : { topic: 'unknown' };
      const partitions = partitionsAt([0, 0, 0, 9]);
      const topics = [
        { ...topic, partitions },
        { ...other, partitions: partitionsAt([0]) },
      ];
      const answer = fixture.fetch(asking([], { topics, isolationLevel: 1 }), version);
      const [known, unknown] = answer.responses;
      if (version >= 13) assert.deepEqual([known.topicId, unknown.topicId], [TOPIC_ID, OTHER_ID]);
      else assert.deepEqual([known.topic, unknown.topic], ['t', 'unknown']);
      assert.deepEqual(sizes(answer), [small, large, 0, 0, 0]);
      const outOfRange = ErrorCode.OFFSET_OUT_OF_RANGE;
      const nobody = version >= 13 ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      assert.deepEqual(errors(answer), [0, 0, 0, outOfRange, nobody]);
      const [first, , empty, bad] = known.partitions;
      assert.deepEqual(
        [first.partitionIndex, first.highWatermark, first.lastStableOffset, first.logStartOffset],
        [0, 1, 1, version >= 5 ? 0 : -1],
      );
      assert.deepEqual(first.abortedTransactions, []);
      assert.deepEqual([empty.highWatermark, bad.highWatermark, bad.lastStableOffset], [0, -1, -1]);
      assert.deepEqual([answer.errorCode, answer.sessionId, answer.throttleTimeMs], [0, 0, 0]);
      assert.equal(fixture.holds, 0);
    });
  }

  test('read_uncommitted readers are told of no aborted transactions: null, not an empty list', () => {
    const fixture = new FetchFixture();
    fixture.append(0, 10);
    assert.equal(fixture.fetch(asking(partitionsAt([0]))).responses[0].partitions[0].abortedTransactions, null);
  });

  test('read_committed readers get no further than the last stable offset, and are told of aborts', async () => {
    const fixture = new FetchFixture();
    const size = fixture.append(0, 10);
    fixture.append(0, 10);
    fixture.table.set(0, RowSlot.lastStableOffset, 1);
    fixture.table.set(0, RowSlot.lastAbortedOffset, 1);
    fixture.aborted = [{ producerId: 5, firstOffset: 0 }];
    const client = fixture.start(asking(partitionsAt([0]), { isolationLevel: 1 }));
    assert.equal(fixture.ready.has(client), false);
    await new Promise(setImmediate);
    const answer = fixture.answer(client);
    assert.deepEqual(sizes(answer), [size]);
    const [{ abortedTransactions, lastStableOffset, highWatermark }] = answer.responses[0].partitions;
    assert.deepEqual(abortedTransactions, [{ producerId: 5, firstOffset: 0 }]);
    assert.deepEqual([lastStableOffset, highWatermark], [1, 2]);
    assert.equal(fixture.holds, 0);
  });

  test('aborts that cannot be read are an error, and nothing stays held', async () => {
    const fixture = new FetchFixture();
    fixture.append(0, 10);
    fixture.table.set(0, RowSlot.lastAbortedOffset, 5);
    fixture.aborted = new Error('no index');
    const client = fixture.start(asking(partitionsAt([0]), { isolationLevel: 1 }));
    await new Promise(setImmediate);
    assert.deepEqual(errors(fixture.answer(client)), [ErrorCode.KAFKA_STORAGE_ERROR]);
    assert.equal(fixture.holds, 0);
  });

  test('a client that goes while aborts are read leaves nothing held', async () => {
    const fixture = new FetchFixture();
    fixture.append(0, 10);
    fixture.table.set(0, RowSlot.lastAbortedOffset, 5);
    const client = fixture.start(asking(partitionsAt([0]), { isolationLevel: 1 }));
    client.connection.closed = true;
    (client.pending.first as PendingRequest).abandon();
    await new Promise(setImmediate);
    assert.equal(fixture.holds, 0);
    assert.equal(fixture.ready.size, 0);
  });

  test('a fetch of many partitions after one of few has room for them', () => {
    const fixture = new FetchFixture({ partitions: 160 });
    for (let partition = 3; partition < 160; partition += 4) fixture.append(partition, 10);
    const size = fixture.append(3, 10);
    fixture.fetch(asking(partitionsAt([0]), { maxWaitMs: 0 }));
    const many = partitionsAt(Array.from({ length: 160 }, () => 0));
    const answer = fixture.fetch(asking(many));
    assert.deepEqual(
      sizes(answer),
      many.map(({ partition }) => (partition === 3 ? 2 * size : partition % 4 === 3 ? size : 0)),
    );
    assert.deepEqual(
      errors(answer),
      many.map(() => 0),
    );
    assert.equal(fixture.holds, 0);
  });

  test('the first partition with data gives one batch whatever the limits, the others only what fits', () => {
    const fixture = new FetchFixture();
    const batch = fixture.append(1, 5_000);
    fixture.append(1, 5_000);
    fixture.append(2, 5_000);
    for (const limit of [0, 1, 4_999]) {
      assert.deepEqual(sizes(fixture.fetch(asking(partitionsAt([0, 0, 0]), { maxBytes: limit }))), [0, batch, 0]);
      const each = partitionsAt([0, 0, 0], { partitionMaxBytes: limit });
      assert.deepEqual(sizes(fixture.fetch(asking(each))), [0, batch, 0]);
    }
    assert.deepEqual(sizes(fixture.fetch(asking(partitionsAt([0, 0, 0]), { maxBytes: batch * 2 }))), [0, batch * 2, 0]);
    assert.deepEqual(sizes(fixture.fetch(asking(partitionsAt([0, 0, 0]), { maxBytes: batch * 3 }))), [
      0,
      batch * 2,
      batch,
    ]);
    const each = partitionsAt([0, 0, 0], { partitionMaxBytes: batch });
    assert.deepEqual(sizes(fixture.fetch(asking(each))), [0, batch, batch]);
    assert.equal(fixture.holds, 0);
  });

  test('fetch.max.bytes bounds what a client may ask for', () => {
    const fixture = new FetchFixture({ responseBytesMax: 6_000 });
    fixture.append(0, 5_000);
    fixture.append(0, 5_000);
    // The last batch is cut: clients drop what is not whole.
    assert.deepEqual(sizes(fixture.fetch(asking(partitionsAt([0])))), [6_000]);
  });

  test('bytes that cannot be read are an error of their partition, not records of nothing', () => {
    const fixture = new FetchFixture();
    fixture.append(0, 100);
    fixture.append(1, 100);
    const client = fixture.start(asking(partitionsAt([0, 0])));
    fixture.readFails = true;
    const answer = fixture.answer(client);
    assert.deepEqual(errors(answer), [ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.KAFKA_STORAGE_ERROR]);
    assert.deepEqual(sizes(answer), [0, 0]);
    assert.equal(answer.responses[0].partitions[0].highWatermark, -1);
    assert.equal(fixture.holds, 0);
  });

  test('leader epochs and rows that are no use are told', () => {
    const fixture = new FetchFixture();
    const ask = (extra: object) => errors(fixture.fetch(asking(partitionsAt([0], extra))))[0];
    assert.equal(ask({ currentLeaderEpoch: 2 }), ErrorCode.FENCED_LEADER_EPOCH);
    assert.equal(ask({ currentLeaderEpoch: 4 }), ErrorCode.UNKNOWN_LEADER_EPOCH);
    fixture.table.set(0, RowSlot.state, RowState.offline);
    assert.equal(ask({}), ErrorCode.KAFKA_STORAGE_ERROR);
    fixture.table.set(0, RowSlot.state, RowState.closed);
    assert.equal(ask({}), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    const partitions = [
      { partition: 77, fetchOffset: 0 },
      { partition: -1, fetchOffset: 0 },
    ];
    const answer = fixture.fetch(asking([], { topics: [{ topic: 't', partitions }] }));
    assert.deepEqual(errors(answer), [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]);
  });
});

describe('fetch: when it is answered', () => {
  test('at once with enough bytes, with an error, without partitions, or without time', () => {
    const fixture = new FetchFixture();
    assert.deepEqual(sizes(fixture.fetch(asking(partitionsAt([0]), { maxWaitMs: 0 }))), [0]);
    assert.deepEqual(errors(fixture.fetch(asking(partitionsAt([0, 5])))), [0, ErrorCode.OFFSET_OUT_OF_RANGE]);
    assert.deepEqual(fixture.fetch(asking([])).responses, []);
    assert.deepEqual(sizes(fixture.fetch(asking(partitionsAt([0]), { minBytes: 0 }))), [0]);
    const size = fixture.append(0, 10);
    assert.deepEqual(sizes(fixture.fetch(asking(partitionsAt([0]), { minBytes: size }))), [size]);
    assert.deepEqual(sizes(fixture.fetch(asking(partitionsAt([0]), { minBytes: size + 1, maxWaitMs: 0 }))), [size]);
    assert.equal(fixture.clock.pending, 0);
  });

  test('when the bytes have come, and not before', () => {
    const fixture = new FetchFixture();
    const client = fixture.start(asking(partitionsAt([0, 0]), { minBytes: 250 }));
    const first = fixture.append(1, 10);
    fixture.clock.advance(900);
    assert.equal(fixture.ready.size, 0);
    assert.equal(fixture.holds, 0);
    const second = fixture.append(0, 200);
    assert.deepEqual([...fixture.ready], [client]);
    assert.deepEqual(sizes(fixture.answer(client)), [second, first]);
    assert.deepEqual([fixture.holds, fixture.clock.pending], [0, 0]);
  });

  test('when its time is up, with what there is', () => {
    const fixture = new FetchFixture();
    const client = fixture.start(asking(partitionsAt([0, 0]), { minBytes: 10_000, maxWaitMs: 500 }));
    const size = fixture.append(0, 10);
    fixture.clock.advance(499);
    assert.equal(fixture.ready.size, 0);
    fixture.clock.advance(1);
    assert.deepEqual(sizes(fixture.answer(client)), [size, 0]);
    assert.equal(fixture.holds, 0);
  });

  test('minBytes above maxBytes waits for maxBytes only', () => {
    const fixture = new FetchFixture();
    const client = fixture.start(asking(partitionsAt([0]), { minBytes: 1 << 30, maxBytes: 300 }));
    fixture.append(0, 100);
    assert.equal(fixture.ready.size, 0);
    fixture.append(0, 100);
    assert.deepEqual(sizes(fixture.answer(client)), [300]);
  });

  test('many that wait for one partition are all told, each once', () => {
    const fixture = new FetchFixture();
    const clients = Array.from({ length: 20 }, () => fixture.start(asking(partitionsAt([0]))));
    const size = fixture.append(0, 10);
    assert.equal(fixture.ready.size, 20);
    for (const client of clients) assert.deepEqual(sizes(fixture.answer(client)), [size]);
    assert.deepEqual([fixture.holds, fixture.clock.pending], [0, 0]);
  });

  test('read_committed fetches wait for the last stable offset, not for the high watermark', () => {
    const fixture = new FetchFixture();
    fixture.table.set(0, RowSlot.lastStableOffset, 0);
    const client = fixture.start(asking(partitionsAt([0]), { isolationLevel: 1 }));
    const log = fixture.logs[0];
    Object.defineProperty(log, 'lastStableOffset', { value: 0, configurable: true });
    fixture.append(0, 10);
    assert.equal(fixture.ready.size, 0);
    Object.defineProperty(log, 'lastStableOffset', { value: 1 });
    fixture.publish(0);
    assert.ok(sizes(fixture.answer(client))[0] > 0);
  });

  test('when its partition goes offline or its topic goes', () => {
    const fixture = new FetchFixture();
    const client = fixture.start(asking(partitionsAt([0])));
    fixture.table.set(0, RowSlot.state, RowState.offline);
    fixture.publish(0);
    assert.deepEqual(errors(fixture.answer(client)), [ErrorCode.KAFKA_STORAGE_ERROR]);
    const other = fixture.start(asking(partitionsAt([0, 0]).slice(1)));
    const rows = fixture.routes.byName('t')!.rows;
    fixture.routes.remove('t');
    fixture.path.routesChanged(rows);
    assert.deepEqual(errors(fixture.answer(other)), [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]);
    assert.deepEqual([fixture.holds, fixture.clock.pending], [0, 0]);
  });

  test('when something is appended between the look and the asking', () => {
    const fixture = new FetchFixture();
    const { table } = fixture;
    const wait = table.wait.bind(table);
    let size = 0;
    table.wait = (row, ioThread) => {
      table.wait = wait;
      // Nobody has asked yet, so nobody is told.
      size = fixture.append(0, 10);
      wait(row, ioThread);
    };
    const client = fixture.start(asking(partitionsAt([0])));
    assert.deepEqual(sizes(fixture.answer(client)), [size]);
    assert.deepEqual([fixture.holds, fixture.clock.pending], [0, 0]);
  });

  test('never, when the client has gone; and nothing of it stays', () => {
    const fixture = new FetchFixture();
    const client = fixture.start(asking(partitionsAt([0])));
    client.connection.closed = true;
    client.pending.first.abandon();
    fixture.append(0, 10);
    fixture.clock.advance(10_000);
    assert.equal(fixture.ready.size, 0);
    const answered = fixture.start(asking(partitionsAt([0])));
    assert.equal(fixture.holds, 1);
    answered.pending.first.abandon();
    assert.deepEqual([fixture.holds, fixture.clock.pending], [0, 0]);
  });
});
