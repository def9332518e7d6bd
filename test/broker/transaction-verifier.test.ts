// The words in which producers learn what their transaction coordinator says of a partition.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransactionVerifier } from '../../src/broker/transaction-verifier.ts';
import type { TransactionCoordinator } from '../../src/coordinator/transaction/transaction-coordinator.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';

/** What a Produce request of that version is told where the coordinator says `errorCode`. */
async function produced(errorCode: number, apiVersion: number): Promise<number> {
  const coordinator = {
    verifyPartitions: async () => [errorCode],
    addToTransaction: async () => errorCode,
  } as unknown as TransactionCoordinator;
  const verifier = new TransactionVerifier(coordinator, () => true);
  const question = {
    transactionalId: 'id',
    producerId: 1,
    producerEpoch: 0,
    apiVersion,
    topics: ['t'],
    partitions: [0],
  };
  return (await verifier.forProduce(question))[0];
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
