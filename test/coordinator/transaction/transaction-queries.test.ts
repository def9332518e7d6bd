import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from '../../../src/protocol/errors.ts';
import { ID, TransactionFixture } from './transaction-fixture.ts';

test('a transaction is described', async () => {
  const fixture = await TransactionFixture.start();
  assert.equal((await fixture.describe('')).errorCode, ErrorCode.INVALID_REQUEST);
  assert.equal((await fixture.describe('unknown')).errorCode, ErrorCode.TRANSACTIONAL_ID_NOT_FOUND);
  const producer = await fixture.init();
  await fixture.add(producer, [2, 1]);
  assert.deepEqual(await fixture.describe(), {
    errorCode: 0,
    transactionalId: ID,
    transactionState: 'Ongoing',
    transactionTimeoutMs: 60_000,
    transactionStartTimeMs: fixture.clock.wallMs(),
    producerId: producer.producerId,
    producerEpoch: producer.producerEpoch,
    topics: [{ topic: 'orders', partitions: [2, 1] }],
  });
});

test('transactions are listed by state, producer, duration and pattern', async () => {
  const fixture = await TransactionFixture.start({ stateTopicPartitions: 3 });
  for (const transactionalId of ['a-1', 'a-2', 'b-1']) await fixture.init({ transactionalId });
  const open = await fixture.init();
  await fixture.add(open);
  await fixture.advance(5_000);
  const ids = async (filters: Parameters<TransactionFixture['list']>[0]) =>
    (await fixture.list(filters)).transactionStates.map(({ transactionalId }) => transactionalId).sort();
  assert.deepEqual(await ids({}), ['a-1', 'a-2', 'b-1', ID]);
  assert.deepEqual(await ids({ states: ['Ongoing'] }), [ID]);
  assert.deepEqual(await ids({ states: ['Ongoing', 'Empty'] }), ['a-1', 'a-2', 'b-1', ID]);
  assert.deepEqual(await ids({ producerIds: [1001] }), ['a-2']);
  assert.deepEqual(await ids({ pattern: 'a-.*' }), ['a-1', 'a-2']);
  assert.deepEqual(await ids({ pattern: 'a' }), [], 'the whole id has to match');
  assert.deepEqual(await ids({ pattern: '' }), ['a-1', 'a-2', 'b-1', ID], 'no pattern');
  assert.deepEqual(await ids({ states: ['Ongoing'], durationMs: 4_999 }), [ID]);
  assert.deepEqual(await ids({ states: ['Ongoing'], durationMs: 5_000 }), []);
  const unknown = await fixture.list({ states: ['Open', 'Ongoing'] });
  assert.deepEqual(unknown.unknownStateFilters, ['Open']);
  assert.equal(unknown.transactionStates.length, 1);
  assert.deepEqual(await ids({ states: ['Open'] }), []);
  assert.equal((await fixture.list({ pattern: '(' })).errorCode, ErrorCode.INVALID_REGULAR_EXPRESSION);
});

test('a list is refused while a partition loads', async () => {
  const fixture = await TransactionFixture.start();
  const loading = fixture.restart();
  await new Promise((resolve) => setImmediate(resolve));
  await loading;
  const other = new TransactionFixture();
  void other.coordinator.elected(0, 1);
  assert.equal((await other.list()).errorCode, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
});
