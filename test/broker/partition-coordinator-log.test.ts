// What a coordinator's log makes of a transaction coordinator's word when markers arrive while it is asked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../src/base/manual-clock.ts';
import {
  PartitionCoordinatorLog,
  type PartitionCoordinatorLogContext,
} from '../../src/broker/partition-coordinator-log.ts';
import { ErrorCode, KafkaError } from '../../src/protocol/errors.ts';
import { VOUCHED } from '../../src/storage/log-appender.ts';

const PARTITION = 3;
const transaction = { transactionalId: 'job', producerId: 7, producerEpoch: 1 };
const marker = { producerId: 7, producerEpoch: 1, coordinatorEpoch: 0, committed: true, transactionVersion: 2 };

/** A log whose questions to the coordinator run `answers`, one each, in order. */
function logWith(answers: (() => Promise<void>)[]): {
  log: PartitionCoordinatorLog;
  guards: number[];
  asked(): number;
} {
  const guards: number[] = [];
  let asked = 0;
  const appender = {
    append: (_row: number, _batch: Uint8Array, guard: number) => {
      guards.push(guard);
      return Promise.resolve({ baseOffset: 0 });
    },
  };
  const context = {
    topic: '__consumer_offsets',
    clock: new ManualClock(1),
    appender,
    locate: () => ({ errorCode: ErrorCode.NONE, row: 0 }),
    verify: () => answers[asked++](),
  };
  const log = new PartitionCoordinatorLog(context as unknown as PartitionCoordinatorLogContext);
  return { log, guards, asked: () => asked };
}

const agree = () => Promise.resolve();
const append = (log: PartitionCoordinatorLog) => log.append(PARTITION, [{ key: null, value: null }], transaction);

test('a transaction is vouched for from the word of its coordinator to its marker', async () => {
  const { log, guards } = logWith([agree]);
  await append(log);
  await log.verifyTransaction(PARTITION, transaction, 5);
  await append(log);
  await log.appendEndTransaction(PARTITION, marker);
  await append(log);
  assert.deepEqual(guards, [0, VOUCHED, 2, 0]);
});

test('the marker of the transaction before makes the log ask again', async () => {
  const { log, guards, asked } = logWith([
    agree,
    async () => void (await log.appendEndTransaction(PARTITION, marker)),
    agree,
  ]);
  await log.verifyTransaction(PARTITION, transaction, 5);
  const next = { ...transaction, producerEpoch: 2 };
  await log.verifyTransaction(PARTITION, next, 5);
  assert.equal(asked(), 3);
  await append(log);
  assert.deepEqual(guards, [2, VOUCHED]);
});

test('a transaction that ended while it was asked about is refused', async () => {
  const { log, guards, asked } = logWith([
    async () => void (await log.appendEndTransaction(PARTITION, marker)),
    () => Promise.reject(new KafkaError(ErrorCode.INVALID_PRODUCER_EPOCH)),
  ]);
  await assert.rejects(log.verifyTransaction(PARTITION, transaction, 5), { code: ErrorCode.INVALID_PRODUCER_EPOCH });
  assert.equal(asked(), 2);
  await append(log);
  assert.deepEqual(guards, [2, 0]);
});
