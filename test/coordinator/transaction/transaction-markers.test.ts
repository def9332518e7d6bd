import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode, KafkaError } from '../../../src/protocol/errors.ts';
import { settle, TransactionFixture } from './transaction-fixture.ts';

test('a partition that cannot take its marker is asked again, the others are not', async () => {
  const fixture = await TransactionFixture.start();
  const producer = await fixture.init();
  await fixture.add(producer, [0, 1, 2]);
  fixture.failMarkers(ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.NONE, ErrorCode.KAFKA_STORAGE_ERROR);
  await fixture.end(producer, true);
  assert.equal(await fixture.state(), 'PrepareCommit');
  await fixture.advance(100);
  assert.equal(await fixture.state(), 'CompleteCommit');
  assert.deepEqual(
    fixture.markers.map(({ partition }) => partition),
    [1, 0, 2],
  );
});

test('partitions that are gone need no marker', async () => {
  const fixture = await TransactionFixture.start();
  const producer = await fixture.init();
  await fixture.add(producer, [0, 1]);
  fixture.missing.add('orders-0').add('orders-1');
  await fixture.end(producer, true);
  assert.equal(await fixture.state(), 'CompleteCommit');
  assert.equal(fixture.markers.length, 0);
});

test('a partition that knows a newer epoch holds nothing up', async () => {
  const fixture = await TransactionFixture.start();
  const producer = await fixture.init();
  await fixture.add(producer, [0, 1]);
  fixture.failMarkers(ErrorCode.INVALID_PRODUCER_EPOCH);
  await fixture.end(producer, true);
  assert.equal(await fixture.state(), 'CompleteCommit');
});

test('a coordinator that was replaced leaves the transaction to the newer one', async () => {
  const fixture = await TransactionFixture.start();
  const producer = await fixture.init();
  await fixture.add(producer, [0, 1]);
  fixture.failMarkers(ErrorCode.TRANSACTION_COORDINATOR_FENCED);
  await fixture.end(producer, true);
  await fixture.advance(10_000);
  assert.equal(await fixture.state(), 'PrepareCommit');
});

test('an end that cannot be written is written later', async () => {
  const fixture = await TransactionFixture.start();
  const producer = await fixture.init();
  await fixture.add(producer);
  fixture.holdMarkers();
  await fixture.end(producer, true);
  fixture.log.failWith(ErrorCode.NOT_ENOUGH_REPLICAS);
  await fixture.releaseMarkers();
  assert.equal(await fixture.state(), 'PrepareCommit');
  fixture.log.failWith(null);
  await fixture.advance(100);
  assert.equal(await fixture.state(), 'CompleteCommit');
});

test('a coordinator that takes over sends the markers again, under its own epoch', async () => {
  const fixture = await TransactionFixture.start();
  const producer = await fixture.init();
  await fixture.add(producer, [0, 1]);
  fixture.holdMarkers();
  const ended = await fixture.end(producer, false);
  await fixture.restart();
  await fixture.releaseMarkers();
  const markers = fixture.markers.map(({ coordinatorEpoch, committed, producerEpoch, transactionVersion }) => [
    coordinatorEpoch,
    committed,
    producerEpoch,
    transactionVersion,
  ]);
  assert.deepEqual(markers, [
    [1, false, 1, 2],
    [1, false, 1, 2],
    [2, false, 1, 2],
    [2, false, 1, 2],
  ]);
  assert.equal(await fixture.state(), 'CompleteAbort');
  assert.equal(await fixture.add(ended), ErrorCode.NONE);
});

test('a transaction that takes too long is aborted and its producer fenced', async () => {
  for (const transactionVersion of [0, 2]) {
    const fixture = await TransactionFixture.start({ transactionVersion });
    const producer = await fixture.init({ transactionTimeoutMs: 15_000 });
    await fixture.advance(60_000);
    assert.equal(await fixture.state(), 'Empty', 'nothing is open');
    await fixture.add(producer);
    await fixture.advance(10_000);
    assert.equal(await fixture.state(), 'Ongoing');
    await fixture.advance(10_000);
    assert.equal(await fixture.state(), 'CompleteAbort');
    assert.equal(fixture.markers.length, 1);
    assert.equal(fixture.markers[0].committed, false);
    assert.ok(fixture.markers[0].producerEpoch > producer.producerEpoch);
    assert.equal(await fixture.add(producer), ErrorCode.PRODUCER_FENCED);
    assert.equal((await fixture.end(producer, true, 4)).errorCode, ErrorCode.PRODUCER_FENCED);
    if (transactionVersion >= 2) {
      assert.equal((await fixture.end(producer, true)).errorCode, ErrorCode.INVALID_TXN_STATE);
      const aborted = await fixture.end(producer, false);
      assert.deepEqual([aborted.errorCode, aborted.producerEpoch], [ErrorCode.NONE, 1], 'that is what has happened');
      assert.equal(await fixture.add(aborted), ErrorCode.NONE);
    }
    while ((await fixture.init()).errorCode === ErrorCode.CONCURRENT_TRANSACTIONS) await settle();
    assert.equal(await fixture.add(producer), ErrorCode.PRODUCER_FENCED);
  }
});

test('a transaction that timed out in the last epoch of a producer id gives its producer nothing to go on with', async () => {
  const fixture = await TransactionFixture.start();
  await fixture.restartWith({ producerEpoch: 32_765, timeoutMs: 1_000 });
  const producer = await fixture.init({ transactionTimeoutMs: 1_000 });
  await fixture.add(producer);
  await fixture.advance(20_000);
  assert.equal(await fixture.state(), 'CompleteAbort');
  assert.equal((await fixture.end(producer, false)).errorCode, ErrorCode.PRODUCER_FENCED);
  assert.deepEqual([fixture.markers[0].producerEpoch, (await fixture.init()).producerId], [32_767, 1000]);
});

test('partitions that join later give an open transaction no more time', async () => {
  const fixture = await TransactionFixture.start();
  const producer = await fixture.init({ transactionTimeoutMs: 15_000 });
  await fixture.add(producer, [0]);
  await fixture.advance(9_000);
  await fixture.add(producer, [1]);
  await fixture.advance(11_000);
  assert.equal(await fixture.state(), 'CompleteAbort');
});

test('the time of an open transaction goes on after a restart', async () => {
  const fixture = await TransactionFixture.start();
  const producer = await fixture.init({ transactionTimeoutMs: 15_000 });
  await fixture.add(producer);
  await fixture.advance(9_000);
  await fixture.restart();
  await fixture.advance(10_000);
  assert.equal(await fixture.state(), 'CompleteAbort');
});

test('ids that are idle for a week are forgotten, others are not', async () => {
  const WEEK_MS = 604_800_000;
  const fixture = await TransactionFixture.start({ abortTimedOutIntervalMs: 3_600_000 });
  const producer = await fixture.init({ transactionTimeoutMs: 900_000 });
  await fixture.advance(WEEK_MS - 3_600_000);
  assert.equal(await fixture.state(), 'Empty');
  await fixture.add(producer);
  const ended = await fixture.end(producer, true);
  await fixture.advance(WEEK_MS - 3_600_000);
  assert.equal(await fixture.state(), 'CompleteCommit');
  await fixture.advance(2 * 3_600_000);
  assert.equal((await fixture.describe()).errorCode, ErrorCode.TRANSACTIONAL_ID_NOT_FOUND);
  assert.equal(await fixture.add(ended), ErrorCode.INVALID_PRODUCER_ID_MAPPING);
  await fixture.restart();
  assert.equal((await fixture.describe()).errorCode, ErrorCode.TRANSACTIONAL_ID_NOT_FOUND);
  assert.equal((await fixture.init()).producerId, 1001);
});

test('a closed coordinator does nothing more', async () => {
  const fixture = await TransactionFixture.start();
  const producer = await fixture.init({ transactionTimeoutMs: 1_000 });
  await fixture.add(producer);
  fixture.coordinator.close();
  await fixture.advance(60_000);
  await settle();
  assert.equal(fixture.markers.length, 0);
  assert.equal(fixture.clock.pending, 0);
});

test('a partition that refuses a marker after the coordinator has closed is not asked again', async () => {
  const fixture = await TransactionFixture.start();
  const producer = await fixture.init();
  await fixture.add(producer);
  fixture.holdMarkers();
  await fixture.end(producer, true);
  fixture.coordinator.close();
  fixture.failMarkers(ErrorCode.NOT_LEADER_OR_FOLLOWER);
  await fixture.releaseMarkers();
  await fixture.advance(60_000);
  assert.equal(fixture.markers.length, 0);
});

test('of many that timed out together, those whose abort was written end, though that of others failed', async () => {
  const fixture = await TransactionFixture.start({ abortTimedOutIntervalMs: 10_000 });
  const partitions = new Map([['orders', new Set(Array.from({ length: 2_000 }, (_, index) => index))]]);
  const ids = Array.from({ length: 150 }, (_, index) => `id-${index}`);
  for (const transactionalId of ids) {
    const { producerId, producerEpoch } = await fixture.init({ transactionalId });
    const request = { transactionalId, producerId, producerEpoch, partitions, clientTransactionVersion: 2 };
    assert.equal(await fixture.coordinator.addPartitions(request), ErrorCode.NONE);
  }
  const append = fixture.log.append.bind(fixture.log);
  let appends = 0;
  fixture.log.append = (...args) => {
    if (++appends !== 2) return append(...args);
    return Promise.reject(new KafkaError(ErrorCode.NOT_ENOUGH_REPLICAS, 'made to fail'));
  };
  for (let tick = 0; tick < 10; tick++) await fixture.advance(10_000);
  assert.ok(appends > 2, 'they do not fit one batch');
  const states = await Promise.all(ids.map(async (id) => (await fixture.describe(id)).transactionState));
  assert.deepEqual([...new Set(states)], ['CompleteAbort']);
});
