// The words in which producers learn what their transaction coordinator says of a partition.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransactionVerifier } from '../../src/broker/transaction-verifier.ts';
import type { TransactionCoordinator } from '../../src/coordinator/transaction/transaction-coordinator.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';

const TRANSACTION = { transactionalId: 'id', producerId: 1, producerEpoch: 0 };

/** What the coordinator was asked. */
let asked: string[] = [];

/** Over a coordinator that says `errorCode`. */
function verifierOf(errorCode: number, isEnabled = true): TransactionVerifier {
  asked = [];
  const coordinator = {
    verifyPartitions: async () => {
      asked.push('verify');
      return [errorCode];
    },
    addToTransaction: async () => {
      asked.push('add');
      return errorCode;
    },
  } as unknown as TransactionCoordinator;
  return new TransactionVerifier(coordinator, () => isEnabled);
}

/** What a Produce request of that version is told where the coordinator says `errorCode`. */
async function produced(errorCode: number, apiVersion: number): Promise<number> {
  const question = { ...TRANSACTION, apiVersion, topics: ['t'], partitions: [0] };
  return (await verifierOf(errorCode).forProduce(question))[0];
}

test('what passes makes a producer try again without asking for metadata', async () => {
  const { COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR, NETWORK_EXCEPTION } = ErrorCode;
  for (const version of [9, 11, 12])
    for (const code of [COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR, NETWORK_EXCEPTION])
      assert.equal(await produced(code, version), ErrorCode.NOT_ENOUGH_REPLICAS, `${code} in version ${version}`);
});

test('a transaction that is just being ended is told by name to those who begin them by writing', async () => {
  assert.equal(await produced(ErrorCode.CONCURRENT_TRANSACTIONS, 11), ErrorCode.NOT_ENOUGH_REPLICAS);
  assert.equal(await produced(ErrorCode.CONCURRENT_TRANSACTIONS, 12), ErrorCode.CONCURRENT_TRANSACTIONS);
});

test('who has been fenced, or has no such transaction, is told in the words of its version', async () => {
  for (const version of [9, 11, 12])
    assert.equal(await produced(ErrorCode.PRODUCER_FENCED, version), ErrorCode.INVALID_PRODUCER_EPOCH);
  assert.equal(await produced(ErrorCode.TRANSACTION_ABORTABLE, 10), ErrorCode.INVALID_TXN_STATE);
  assert.equal(await produced(ErrorCode.TRANSACTION_ABORTABLE, 11), ErrorCode.TRANSACTION_ABORTABLE);
});

test('partitions are verified for older producers, and added for those that leave it to the broker', async () => {
  await produced(ErrorCode.NONE, 11);
  assert.deepEqual(asked, ['verify']);
  await produced(ErrorCode.NONE, 12);
  assert.deepEqual(asked, ['add']);
  await verifierOf(ErrorCode.NONE).forOffsets('offsets', 0, TRANSACTION, 4);
  assert.deepEqual(asked, ['verify']);
  await verifierOf(ErrorCode.NONE).forOffsets('offsets', 0, TRANSACTION, 5);
  assert.deepEqual(asked, ['add']);
});

test('offsets are not committed where the coordinator refuses, in the words of the version', async () => {
  const { INVALID_TXN_STATE, TRANSACTION_ABORTABLE } = ErrorCode;
  const refused = (apiVersion: number): Promise<void> =>
    verifierOf(TRANSACTION_ABORTABLE).forOffsets('offsets', 0, TRANSACTION, apiVersion);
  await assert.rejects(refused(3), { code: INVALID_TXN_STATE });
  await assert.rejects(refused(4), { code: TRANSACTION_ABORTABLE });
});

test('without verification offsets are still added to the transaction', async () => {
  await verifierOf(ErrorCode.INVALID_TXN_STATE, false).forOffsets('offsets', 0, TRANSACTION, 4);
  assert.deepEqual(asked, []);
  await verifierOf(ErrorCode.NONE, false).forOffsets('offsets', 0, TRANSACTION, 5);
  assert.deepEqual(asked, ['add']);
});
