// Fetches that say in which epoch their sender's last record was written (KIP-595).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { divergence } from '../../../src/broker/io/fetch-divergence.ts';
import { errorName } from '../../../src/protocol/errors.ts';
import { RowSlot } from '../../../src/ring/partition-table.ts';
import { FetchFixture } from './fetch-fixture.ts';

const NO_EPOCH = { epoch: -1, endOffset: -1 };

test('a log parts where the leader knows no more of its epoch', () => {
  const end = (leaderEpoch: number, endOffset: number) => ({ leaderEpoch, endOffset });
  assert.equal(divergence(3, 10, 0, end(3, 10)), null, 'up to the end of the epoch');
  assert.equal(divergence(3, 7, 0, end(3, 10)), null);
  assert.deepEqual(divergence(3, 11, 0, end(3, 10)), end(3, 10), 'more of the epoch than the leader has');
  assert.deepEqual(divergence(3, 7, 0, end(2, 6)), end(2, 6), 'an epoch of which the leader has nothing');
  assert.equal(divergence(3, 7, 0, end(-1, -1)), false, 'nothing is known');
  assert.equal(divergence(3, 7, 8, end(3, 10)), false, 'behind the start of the log');
});

/** Partition 0: offsets 0 to 2 of epoch 1, 3 and 4 of epoch 3. */
function twoEpochs(): FetchFixture {
  const fixture = new FetchFixture();
  fixture.logs[0].setLeaderEpoch(1);
  for (let i = 0; i < 3; i++) fixture.append(0, 10);
  fixture.logs[0].setLeaderEpoch(3);
  fixture.table.set(0, RowSlot.leaderEpoch, 3);
  for (let i = 0; i < 2; i++) fixture.append(0, 10);
  return fixture;
}

async function fetchFrom(fixture: FetchFixture, fetchOffset: number, lastFetchedEpoch: number) {
  const partitions = [
    { partition: 0, fetchOffset, lastFetchedEpoch, currentLeaderEpoch: 3, partitionMaxBytes: 1_000_000 },
  ];
  const asked = {
    maxWaitMs: 1000,
    minBytes: 1,
    maxBytes: 1_000_000,
    sessionEpoch: -1,
    topics: [{ topic: 't', partitions }],
  };
  const client = fixture.start(asked);
  // What is asked of the partition's owner is answered by microtasks here.
  for (let turn = 0; turn < 10 && !fixture.ready.has(client); turn++) await Promise.resolve();
  assert.ok(fixture.ready.has(client), 'the fetch is answered at once');
  const [{ partitions: answered }] = fixture.answer(client).responses;
  const { errorCode, divergingEpoch, records, highWatermark } = answered[0];
  return { error: errorName(errorCode), diverging: divergingEpoch, bytes: records?.length ?? 0, highWatermark };
}

test('a sender that has what the leader has gets records', async () => {
  for (const [fetchOffset, epoch] of [
    [0, 1],
    [3, 1],
    [3, 3],
    [4, 3],
    [4, -1],
  ]) {
    const { error, diverging, bytes } = await fetchFrom(twoEpochs(), fetchOffset, epoch);
    assert.deepEqual([error, diverging], ['NONE', NO_EPOCH], `${fetchOffset} of epoch ${epoch}`);
    assert.ok(bytes > 0);
  }
});

test('a sender whose log parts is told where, without records and without waiting', async () => {
  const moreOfOldEpoch = await fetchFrom(twoEpochs(), 5, 1);
  assert.deepEqual(moreOfOldEpoch, {
    error: 'NONE',
    diverging: { epoch: 1, endOffset: 3 },
    bytes: 0,
    highWatermark: 5,
  });
  const anotherEpoch = await fetchFrom(twoEpochs(), 4, 2);
  assert.deepEqual(anotherEpoch.diverging, { epoch: 1, endOffset: 3 });
  const beyondTheEnd = await fetchFrom(twoEpochs(), 9, 3);
  assert.deepEqual([beyondTheEnd.error, beyondTheEnd.diverging], ['NONE', { epoch: 3, endOffset: 5 }]);
});

test('an epoch of which nothing is known is out of range', async () => {
  const { error, diverging } = await fetchFrom(twoEpochs(), 4, 7);
  assert.deepEqual([error, diverging], ['OFFSET_OUT_OF_RANGE', NO_EPOCH]);
});

test('epochs that cannot be read are an error of the storage', async () => {
  const fixture = twoEpochs();
  fixture.logs[0].endOffsetForEpoch = () => {
    throw new Error('broken');
  };
  assert.equal((await fetchFrom(fixture, 4, 1)).error, 'KAFKA_STORAGE_ERROR');
});
