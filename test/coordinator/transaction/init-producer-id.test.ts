import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransactionState } from '../../../src/coordinator/transaction/transaction-metadata.ts';
import { ErrorCode, KafkaError } from '../../../src/protocol/errors.ts';
import { ID, settle, TransactionFixture } from './transaction-fixture.ts';

const NO_PRODUCER = { producerId: -1, producerEpoch: -1 };

test('without a transactional id every request gets a producer id of its own', async () => {
  const fixture = await TransactionFixture.start();
  const first = await fixture.init({ transactionalId: null });
  const second = await fixture.init({ transactionalId: null });
  assert.deepEqual([first.errorCode, first.producerId, first.producerEpoch], [0, 1000, 0]);
  assert.equal(second.producerId, 1001);
  assert.equal(fixture.log.logEndOffset(0), 0, 'nothing is kept of them');
});

test('requests that contradict themselves or ask for too much are refused', async () => {
  const fixture = await TransactionFixture.start();
  const refused = async (request: Parameters<TransactionFixture['init']>[0]) => {
    const { errorCode, producerId, producerEpoch } = await fixture.init(request);
    assert.deepEqual({ producerId, producerEpoch }, NO_PRODUCER);
    return errorCode;
  };
  assert.equal(await refused({ transactionalId: '' }), ErrorCode.INVALID_REQUEST);
  assert.equal(await refused({ producerId: 5 }), ErrorCode.INVALID_REQUEST);
  assert.equal(await refused({ producerEpoch: 5 }), ErrorCode.INVALID_REQUEST);
  assert.equal(await refused({ transactionTimeoutMs: 0 }), ErrorCode.INVALID_TRANSACTION_TIMEOUT);
  assert.equal(await refused({ transactionTimeoutMs: -1 }), ErrorCode.INVALID_TRANSACTION_TIMEOUT);
  assert.equal(await refused({ transactionTimeoutMs: 900_001 }), ErrorCode.INVALID_TRANSACTION_TIMEOUT);
  assert.equal(await refused({ enable2Pc: true }), ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
  assert.equal(await refused({ keepPreparedTxn: true }), ErrorCode.UNSUPPORTED_VERSION);
  assert.equal((await fixture.init({ transactionTimeoutMs: 900_000 })).errorCode, ErrorCode.NONE);
});

test('a transactional id keeps its producer id, and each new producer gets the next epoch', async () => {
  const fixture = await TransactionFixture.start();
  const epochs: number[] = [];
  for (let round = 0; round < 3; round++) {
    const { errorCode, producerId, producerEpoch } = await fixture.init();
    assert.deepEqual([errorCode, producerId], [ErrorCode.NONE, 1000]);
    epochs.push(producerEpoch);
  }
  assert.deepEqual(epochs, [0, 1, 2]);
  assert.equal(await fixture.state(), 'Empty');
});

test('the producer id leaves when the record is durable', async () => {
  const fixture = await TransactionFixture.start();
  fixture.log.hold();
  let answered = false;
  const answer = fixture.init().then((response) => {
    answered = true;
    return response;
  });
  await settle();
  assert.equal(answered, false);
  fixture.log.release();
  assert.equal((await answer).errorCode, ErrorCode.NONE);
});

test('without a producer id from the controller the id is not known afterwards either', async () => {
  const fixture = await TransactionFixture.start();
  fixture.producerIdError = new KafkaError(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
  assert.equal((await fixture.init()).errorCode, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
  assert.equal((await fixture.describe()).errorCode, ErrorCode.TRANSACTIONAL_ID_NOT_FOUND);
});

test('a producer that says who it is goes on where it was', async () => {
  const fixture = await TransactionFixture.start();
  const first = await fixture.init();
  const resumed = await fixture.init({ producerId: first.producerId, producerEpoch: 0 });
  assert.deepEqual([resumed.producerId, resumed.producerEpoch], [first.producerId, 1]);
  const again = await fixture.init({ producerId: first.producerId, producerEpoch: 0 });
  assert.deepEqual([again.errorCode, again.producerEpoch], [ErrorCode.NONE, 1], 'the answer was lost: no second bump');
  const wrongId = await fixture.init({ producerId: 999, producerEpoch: 1 });
  assert.equal(wrongId.errorCode, ErrorCode.PRODUCER_FENCED);
  const wrongEpoch = await fixture.init({ producerId: first.producerId, producerEpoch: 7 });
  assert.equal(wrongEpoch.errorCode, ErrorCode.PRODUCER_FENCED);
  await fixture.init();
  const zombie = await fixture.init({ producerId: first.producerId, producerEpoch: 1 });
  assert.equal(zombie.errorCode, ErrorCode.PRODUCER_FENCED, 'somebody else has taken over');
  const oldZombie = await fixture.init({ producerId: first.producerId, producerEpoch: 1 }, 3);
  assert.equal(oldZombie.errorCode, ErrorCode.INVALID_PRODUCER_EPOCH, 'older clients know no other error');
});

test('a producer whose id was forgotten gets a new one, whoever it says to be', async () => {
  const fixture = await TransactionFixture.start();
  const { errorCode, producerId, producerEpoch } = await fixture.init({ producerId: 5, producerEpoch: 3 });
  assert.deepEqual([errorCode, producerId, producerEpoch], [ErrorCode.NONE, 1000, 0]);
});

test('an open transaction is aborted first, and its producer fenced', async () => {
  const fixture = await TransactionFixture.start();
  const zombie = await fixture.init();
  await fixture.add(zombie, [0, 1]);
  fixture.holdMarkers();
  assert.equal((await fixture.init()).errorCode, ErrorCode.CONCURRENT_TRANSACTIONS);
  assert.equal(await fixture.state(), 'PrepareAbort');
  assert.equal((await fixture.init()).errorCode, ErrorCode.CONCURRENT_TRANSACTIONS, 'the markers are on their way');
  assert.equal(await fixture.add(zombie, [2]), ErrorCode.PRODUCER_FENCED);
  await fixture.releaseMarkers();
  assert.equal(await fixture.state(), 'CompleteAbort');
  const successor = await fixture.init();
  assert.deepEqual([successor.errorCode, successor.producerId], [ErrorCode.NONE, zombie.producerId]);
  assert.ok(successor.producerEpoch > fixture.markers[0].producerEpoch);
  assert.ok(fixture.markers[0].producerEpoch > zombie.producerEpoch);
  assert.deepEqual(
    fixture.markers.map(({ partition, committed, transactionVersion }) => [partition, committed, transactionVersion]),
    [
      [0, false, 2],
      [1, false, 2],
    ],
  );
});

test('when the epochs run out there is a new producer id', async () => {
  const fixture = await TransactionFixture.start();
  await fixture.restartWith({ producerEpoch: 32_765 });
  const last = await fixture.init();
  assert.deepEqual([last.producerId, last.producerEpoch], [7, 32_766], 'the greatest epoch is kept back');
  const rotated = await fixture.init({ producerId: 7, producerEpoch: 32_766 });
  assert.deepEqual([rotated.producerId, rotated.producerEpoch], [1000, 0]);
  const older = await fixture.init({ producerId: 7, producerEpoch: 0 });
  assert.equal(older.errorCode, ErrorCode.PRODUCER_FENCED, 'an epoch of the old id that happens to be the new one');
  const retried = await fixture.init({ producerId: 7, producerEpoch: 32_766 });
  assert.deepEqual([retried.errorCode, retried.producerId, retried.producerEpoch], [ErrorCode.NONE, 1000, 0]);
  const next = await fixture.init();
  assert.deepEqual([next.producerId, next.producerEpoch], [1000, 1]);
  const zombie = await fixture.init({ producerId: 7, producerEpoch: 32_766 });
  assert.equal(zombie.errorCode, ErrorCode.PRODUCER_FENCED);
});

test('fencing never runs out of epochs', async () => {
  for (const [producerEpoch, transactionVersion, fenced] of [
    [32_765, 2, 32_766],
    [32_766, 2, 32_767],
    [32_767, 2, 32_767],
    [32_765, 0, 32_766],
    [32_766, 0, 32_767],
  ]) {
    const fixture = await TransactionFixture.start({ transactionVersion });
    const partitions = new Map([['orders', new Set([0])]]);
    const startTimestampMs = fixture.clock.wallMs();
    await fixture.restartWith({ state: TransactionState.Ongoing, producerEpoch, partitions, startTimestampMs });
    assert.equal((await fixture.init()).errorCode, ErrorCode.CONCURRENT_TRANSACTIONS);
    await settle();
    assert.equal(fixture.markers[0].producerEpoch, fenced);
    const next = await fixture.init();
    assert.deepEqual([next.errorCode, next.producerId], [ErrorCode.NONE, 1000]);
  }
});

test('a write that fails leaves the producer as it was', async () => {
  const fixture = await TransactionFixture.start();
  await fixture.init();
  fixture.log.failWith(ErrorCode.NOT_ENOUGH_REPLICAS);
  assert.equal((await fixture.init()).errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE);
  fixture.log.failWith(null);
  assert.equal((await fixture.init()).producerEpoch, 1);
});

test('a partition that is led elsewhere or still loads says so', async () => {
  const fixture = new TransactionFixture();
  assert.equal((await fixture.init()).errorCode, ErrorCode.NOT_COORDINATOR);
  const loading = fixture.elect();
  assert.equal((await fixture.init()).errorCode, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
  await loading;
  assert.equal((await fixture.init()).errorCode, ErrorCode.NONE);
  fixture.coordinator.resigned(fixture.coordinator.partitionFor(ID), null);
  assert.equal((await fixture.init()).errorCode, ErrorCode.NOT_COORDINATOR);
});

test('transactions that an outside coordinator decides have no time-out, where that is allowed', async () => {
  const fixture = await TransactionFixture.start({ twoPhaseCommitEnabled: true });
  const producer = await fixture.init({ enable2Pc: true, transactionTimeoutMs: 0 }, 6);
  assert.equal(producer.errorCode, ErrorCode.NONE);
  await fixture.add(producer);
  await fixture.advance(3_600_000);
  assert.equal(await fixture.state(), 'Ongoing');
});
