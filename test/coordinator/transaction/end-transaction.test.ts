import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from '../../../src/protocol/errors.ts';
import { ID, type Producer, settle, TransactionFixture } from './transaction-fixture.ts';

const OLD = 4;

async function begun(fixture: TransactionFixture, partitions = [0, 1], version = 2): Promise<Producer> {
  const producer = await fixture.init();
  assert.equal(await fixture.add(producer, partitions, version), ErrorCode.NONE);
  return producer;
}

test('partitions join in any state but while markers are on their way', async () => {
  const fixture = await TransactionFixture.start();
  const producer = await fixture.init();
  assert.equal(await fixture.add({ ...producer, producerId: 1 }), ErrorCode.INVALID_PRODUCER_ID_MAPPING);
  assert.equal(await fixture.add({ ...producer, producerEpoch: 1 }), ErrorCode.PRODUCER_FENCED);
  assert.equal(await fixture.add(producer, [0], 0), ErrorCode.NONE);
  const appends = fixture.log.appends;
  assert.equal(await fixture.add(producer, [0], 0), ErrorCode.NONE);
  assert.equal(fixture.log.appends, appends, 'what has joined need not be written again');
  assert.equal(await fixture.add(producer, [3], 0), ErrorCode.NONE);
  assert.deepEqual((await fixture.describe()).topics, [{ topic: 'orders', partitions: [0, 3] }]);
  fixture.holdMarkers();
  await fixture.end(producer, true, OLD);
  assert.equal(await fixture.add(producer, [1], 0), ErrorCode.CONCURRENT_TRANSACTIONS);
  await fixture.releaseMarkers();
  assert.equal(await fixture.add(producer, [1], 0), ErrorCode.NONE);
  assert.deepEqual((await fixture.describe()).topics, [{ topic: 'orders', partitions: [1] }], 'a new transaction');
});

test('verification tells who has joined', async () => {
  const fixture = await TransactionFixture.start();
  const { NONE, TRANSACTION_ABORTABLE, PRODUCER_FENCED, INVALID_PRODUCER_ID_MAPPING } = ErrorCode;
  assert.deepEqual(await fixture.verify({ producerId: 1, producerEpoch: 0 }, 0), [INVALID_PRODUCER_ID_MAPPING]);
  const producer = await begun(fixture, [0, 2], 0);
  assert.deepEqual(await fixture.verify(producer, 0, 1, 2), [NONE, TRANSACTION_ABORTABLE, NONE]);
  assert.deepEqual(await fixture.verify({ ...producer, producerEpoch: 5 }, 0), [PRODUCER_FENCED]);
  assert.deepEqual(await fixture.verify({ ...producer, producerId: 5 }, 0), [INVALID_PRODUCER_ID_MAPPING]);
  fixture.holdMarkers();
  await fixture.end(producer, true, OLD);
  assert.deepEqual(await fixture.verify(producer, 0), [ErrorCode.CONCURRENT_TRANSACTIONS]);
  await fixture.releaseMarkers();
  assert.deepEqual(await fixture.verify(producer, 0), [TRANSACTION_ABORTABLE]);
  assert.deepEqual(await fixture.coordinator.verifyPartitions('', producer, [['orders', 0]]), [42]);
});

test('before version 5: the answer leaves with the decision, the epoch stays, the markers follow', async () => {
  const fixture = await TransactionFixture.start();
  const producer = await begun(fixture, [0, 1], 0);
  fixture.holdMarkers();
  const ended = await fixture.end(producer, true, OLD);
  assert.deepEqual([ended.errorCode, ended.producerEpoch], [ErrorCode.NONE, producer.producerEpoch]);
  assert.equal(await fixture.state(), 'PrepareCommit');
  assert.equal((await fixture.end(producer, true, OLD)).errorCode, ErrorCode.CONCURRENT_TRANSACTIONS);
  assert.equal((await fixture.end(producer, false, OLD)).errorCode, ErrorCode.CONCURRENT_TRANSACTIONS);
  await fixture.releaseMarkers();
  assert.equal(await fixture.state(), 'CompleteCommit');
  assert.equal((await fixture.end(producer, true, OLD)).errorCode, ErrorCode.NONE, 'a retry');
  assert.equal((await fixture.end(producer, false, OLD)).errorCode, ErrorCode.INVALID_TXN_STATE);
  assert.deepEqual(fixture.markers.map(({ topic, partition, ...marker }) => marker)[0], {
    producerId: producer.producerId,
    producerEpoch: producer.producerEpoch,
    coordinatorEpoch: 1,
    committed: true,
    transactionVersion: 0,
  });
});

test('before version 5: states and producers that do not fit', async () => {
  const fixture = await TransactionFixture.start();
  const nobody = { producerId: 1, producerEpoch: 0 };
  assert.equal((await fixture.end(nobody, true, OLD)).errorCode, ErrorCode.INVALID_PRODUCER_ID_MAPPING);
  const producer = await fixture.init();
  assert.equal((await fixture.end(producer, true, OLD)).errorCode, ErrorCode.INVALID_TXN_STATE);
  assert.equal((await fixture.end(producer, false, OLD)).errorCode, ErrorCode.INVALID_TXN_STATE);
  await fixture.add(producer, [0], 0);
  const older = { ...producer, producerEpoch: producer.producerEpoch - 1 };
  assert.equal((await fixture.end(older, true, OLD)).errorCode, ErrorCode.PRODUCER_FENCED);
  assert.equal((await fixture.end(older, true, 1)).errorCode, ErrorCode.INVALID_PRODUCER_EPOCH);
  assert.equal((await fixture.end({ ...producer, producerEpoch: 9 }, true, OLD)).errorCode, ErrorCode.PRODUCER_FENCED);
  assert.equal((await fixture.end(producer, false, OLD)).errorCode, ErrorCode.NONE);
  assert.equal(await fixture.state(), 'CompleteAbort');
  assert.equal((await fixture.end(producer, false, OLD)).errorCode, ErrorCode.NONE);
  assert.equal((await fixture.end(producer, true, OLD)).errorCode, ErrorCode.INVALID_TXN_STATE);
  const unnamed = await fixture.coordinator.endTxn({ transactionalId: '', ...producer, committed: true }, 5);
  assert.equal(unnamed.errorCode, ErrorCode.INVALID_REQUEST);
});

test('from version 5 on every end bumps the epoch, and the epoch tells a retry', async () => {
  const { NONE, INVALID_TXN_STATE, PRODUCER_FENCED } = ErrorCode;
  for (const commit of [true, false]) {
    const fixture = await TransactionFixture.start();
    const producer = await begun(fixture);
    const ended = await fixture.end(producer, commit);
    assert.deepEqual([ended.errorCode, ended.producerId, ended.producerEpoch], [NONE, producer.producerId, 1]);
    assert.equal(await fixture.state(), commit ? 'CompleteCommit' : 'CompleteAbort');
    assert.equal(fixture.markers.length, 2);
    for (const marker of fixture.markers) {
      assert.deepEqual([marker.producerEpoch, marker.transactionVersion, marker.committed], [1, 2, commit]);
    }
    const retried = await fixture.end(producer, commit);
    assert.deepEqual([retried.errorCode, retried.producerEpoch], [NONE, 1], 'a retry');
    assert.equal((await fixture.end(producer, !commit)).errorCode, INVALID_TXN_STATE, 'a retry of the opposite');
    assert.equal((await fixture.end(ended, true)).errorCode, INVALID_TXN_STATE, 'nothing to commit');
    const emptied = await fixture.end(ended, false);
    assert.deepEqual([emptied.errorCode, emptied.producerEpoch], [NONE, 2], 'an empty transaction may be aborted');
    assert.equal(await fixture.state(), 'CompleteAbort');
    assert.equal(fixture.markers.length, 2, 'without markers');
    assert.equal((await fixture.end({ ...producer, producerEpoch: 9 }, commit)).errorCode, PRODUCER_FENCED);
    assert.equal((await fixture.end(producer, commit)).errorCode, PRODUCER_FENCED, 'two epochs behind');
  }
});

test('from version 5 on: a new id has nothing to commit and nothing to retry', async () => {
  const fixture = await TransactionFixture.start();
  await fixture.init();
  const producer = await fixture.init();
  const before = { ...producer, producerEpoch: 0 };
  assert.equal((await fixture.end(before, true)).errorCode, ErrorCode.PRODUCER_FENCED);
  assert.equal((await fixture.end(before, false)).errorCode, ErrorCode.PRODUCER_FENCED);
  assert.equal((await fixture.end(producer, true)).errorCode, ErrorCode.INVALID_TXN_STATE);
  const aborted = await fixture.end(producer, false);
  assert.deepEqual([aborted.errorCode, aborted.producerEpoch], [ErrorCode.NONE, 2]);
  const other = { producerId: 5, producerEpoch: 2 };
  assert.equal((await fixture.end(other, false)).errorCode, ErrorCode.INVALID_PRODUCER_ID_MAPPING);
});

test('from version 5 on: an older client that came after is no retry of what was fenced', async () => {
  for (const commit of [true, false]) {
    const fixture = await TransactionFixture.start();
    const zombie = await fixture.init();
    const successor = await fixture.init();
    assert.equal(successor.producerEpoch, zombie.producerEpoch + 1);
    await fixture.add(successor, [0], 0);
    assert.equal((await fixture.end(successor, commit, OLD)).errorCode, ErrorCode.NONE);
    // With the same end it would be told its successor's epoch, were it taken for a retry.
    const ended = await fixture.end(zombie, commit);
    assert.deepEqual([ended.errorCode, ended.producerEpoch], [ErrorCode.PRODUCER_FENCED, -1]);
  }
});

test('from version 5 on: while markers are on their way', async () => {
  const fixture = await TransactionFixture.start();
  const producer = await begun(fixture);
  fixture.holdMarkers();
  const next = await fixture.end(producer, true);
  assert.equal((await fixture.end(producer, true)).errorCode, ErrorCode.CONCURRENT_TRANSACTIONS, 'a retry');
  assert.equal((await fixture.end(producer, false)).errorCode, ErrorCode.CONCURRENT_TRANSACTIONS);
  // The producer is ahead with its next transaction, which has no partitions yet.
  assert.equal((await fixture.end(next, false)).errorCode, ErrorCode.CONCURRENT_TRANSACTIONS);
  assert.equal(await fixture.add(next), ErrorCode.CONCURRENT_TRANSACTIONS);
  await fixture.releaseMarkers();
  assert.equal(await fixture.add(next), ErrorCode.NONE);
});

test('from version 5 on: a producer id without epochs left is followed by a new one', async () => {
  const fixture = await TransactionFixture.start();
  await fixture.restartWith({ producerEpoch: 32_765 });
  const producer = await fixture.init();
  assert.equal(producer.producerEpoch, 32_766);
  await fixture.add(producer);
  fixture.holdMarkers();
  const next = await fixture.end(producer, true);
  assert.deepEqual([next.errorCode, next.producerId, next.producerEpoch], [ErrorCode.NONE, 1000, 0]);
  assert.equal(await fixture.add(next), ErrorCode.CONCURRENT_TRANSACTIONS, 'not yet, but soon');
  await fixture.releaseMarkers();
  assert.deepEqual([fixture.markers[0].producerId, fixture.markers[0].producerEpoch], [7, 32_767]);
  const retried = await fixture.end(producer, true);
  assert.deepEqual([retried.errorCode, retried.producerId, retried.producerEpoch], [ErrorCode.NONE, 1000, 0]);
  assert.equal(await fixture.add(next), ErrorCode.NONE);
});

test('adding by writing waits a little for the last markers', async () => {
  const fixture = await TransactionFixture.start();
  const producer = await begun(fixture);
  fixture.holdMarkers();
  const next = await fixture.end(producer, true);
  const add = () => fixture.coordinator.addToTransaction(ID, next, new Map([['orders', new Set([0])]]));
  const patient = add();
  for (let waitedMs = 0; waitedMs < 60; waitedMs += 20) await fixture.advance(20);
  await fixture.releaseMarkers();
  await fixture.advance(20);
  assert.equal(await patient, ErrorCode.NONE);
  fixture.holdMarkers();
  const last = await fixture.end(next, true);
  const impatient = fixture.coordinator.addToTransaction(ID, last, new Map([['orders', new Set([0])]]));
  for (let waitedMs = 0; waitedMs < 120; waitedMs += 20) await fixture.advance(20);
  assert.equal(await impatient, ErrorCode.CONCURRENT_TRANSACTIONS);
});

test('offsets join as a partition of the offsets topic', async () => {
  const fixture = await TransactionFixture.start();
  const producer = await fixture.init();
  const request = { transactionalId: ID, groupId: 'g', ...producer };
  const { errorCode } = await fixture.coordinator.addOffsetsToTxn(request, '__consumer_offsets', 3, 4);
  assert.equal(errorCode, ErrorCode.NONE);
  assert.deepEqual((await fixture.describe()).topics, [{ topic: '__consumer_offsets', partitions: [3] }]);
  const zombie = { ...request, producerEpoch: 9 };
  const answers = [2, 1].map((version) =>
    fixture.coordinator.addOffsetsToTxn(zombie, '__consumer_offsets', 3, version),
  );
  const codes = (await Promise.all(answers)).map((answer) => answer.errorCode);
  assert.deepEqual(codes, [ErrorCode.PRODUCER_FENCED, ErrorCode.INVALID_PRODUCER_EPOCH]);
});

test('markers wait for the decision to be durable', async () => {
  const fixture = await TransactionFixture.start();
  const producer = await begun(fixture);
  fixture.log.hold();
  void fixture.end(producer, true);
  await settle();
  assert.equal(fixture.markers.length, 0);
  fixture.log.release();
  await settle();
  assert.equal(fixture.markers.length, 2);
});

test('a decision that cannot be written is none', async () => {
  const fixture = await TransactionFixture.start();
  const producer = await begun(fixture);
  fixture.log.failWith(ErrorCode.NOT_ENOUGH_REPLICAS);
  assert.equal((await fixture.end(producer, true)).errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE);
  fixture.log.failWith(null);
  assert.equal(await fixture.state(), 'Ongoing');
  assert.equal(fixture.markers.length, 0);
  assert.equal((await fixture.end(producer, false)).errorCode, ErrorCode.NONE);
});
