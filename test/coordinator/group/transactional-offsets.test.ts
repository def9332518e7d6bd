import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ZERO_UUID } from '../../../src/base/uuid.ts';
import { ErrorCode, KafkaError } from '../../../src/protocol/errors.ts';
import type { TxnOffsetCommitRequest } from '../../../src/protocol/messages/28-txn-offset-commit.ts';
import { heartbeat, JOIN } from './consumer/consumer-fixture.ts';
import { GroupFixture, Pending, settle } from './group-fixture.ts';

const HOUR_MS = 3_600_000;

async function commitInTransaction(
  fixture: GroupFixture,
  producerId: number,
  offset: number,
  request: Partial<TxnOffsetCommitRequest> = {},
  apiVersion = 5,
): Promise<number> {
  const response = await fixture.coordinator.txnOffsetCommit(
    {
      transactionalId: `t${producerId}`,
      groupId: 'g',
      producerId,
      producerEpoch: 0,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      groupInstanceId: null,
      topics: [
        {
          name: 'orders',
          topicId: fixture.topics.byName('orders')!.id,
          partitions: [
            { partitionIndex: 0, committedOffset: offset, committedLeaderEpoch: -1, committedMetadata: null },
          ],
        },
      ],
      ...request,
    },
    fixture.context(apiVersion),
  );
  return response.topics[0].partitions[0].errorCode;
}

function end(fixture: GroupFixture, producerId: number, committed: boolean): Promise<void> {
  return fixture.coordinator.completeTransaction(0, {
    producerId,
    producerEpoch: 0,
    coordinatorEpoch: 0,
    committed,
    transactionVersion: 2,
  });
}

async function stableFetch(fixture: GroupFixture): Promise<[number, number] | undefined> {
  const [group] = (await fixture.fetchAll('g', true)).groups;
  const partition = group.topics[0]?.partitions[0];
  return partition && [partition.committedOffset, partition.errorCode];
}

test('a group without a name takes no offsets, and its transaction is not begun', async () => {
  const fixture = await GroupFixture.start();
  assert.equal(await commitInTransaction(fixture, 1, 5, { groupId: '' }), ErrorCode.INVALID_GROUP_ID);
});

test('an offset counts when its transaction commits, and never when it aborts', async () => {
  const fixture = await GroupFixture.start();
  await fixture.commit(1);
  assert.equal(await commitInTransaction(fixture, 7, 10), ErrorCode.NONE);
  assert.equal(await fixture.committed(), 1);
  assert.deepEqual(await stableFetch(fixture), [-1, ErrorCode.UNSTABLE_OFFSET_COMMIT]);
  await end(fixture, 7, false);
  assert.deepEqual(await stableFetch(fixture), [1, ErrorCode.NONE]);
  await commitInTransaction(fixture, 7, 20);
  await end(fixture, 7, true);
  assert.deepEqual(await stableFetch(fixture), [20, ErrorCode.NONE]);
});

test('markers survive a restart, and so does an open transaction', async () => {
  const fixture = await GroupFixture.start();
  await commitInTransaction(fixture, 7, 10);
  await end(fixture, 7, true);
  await commitInTransaction(fixture, 8, 30);
  await commitInTransaction(fixture, 9, 40);
  await end(fixture, 9, false);
  await fixture.restart();
  assert.equal(await fixture.committed(), 10);
  assert.deepEqual(await stableFetch(fixture), [-1, ErrorCode.UNSTABLE_OFFSET_COMMIT]);
  await end(fixture, 8, true);
  assert.equal(await fixture.committed(), 30);
  await fixture.restart();
  assert.equal(await fixture.committed(), 30);
});

test('of a commit within and one outside a transaction the later one in the log counts', async () => {
  for (const restart of [false, true]) {
    const fixture = await GroupFixture.start();
    await commitInTransaction(fixture, 7, 10);
    await fixture.commit(11);
    await end(fixture, 7, true);
    if (restart) await fixture.restart();
    assert.equal(await fixture.committed(), 11);
    await fixture.commit(12);
    await commitInTransaction(fixture, 7, 13);
    await end(fixture, 7, true);
    if (restart) await fixture.restart();
    assert.equal(await fixture.committed(), 13);
  }
});

test('a marker for a producer without offsets here changes nothing, twice neither', async () => {
  const fixture = await GroupFixture.start();
  await end(fixture, 5, true);
  await commitInTransaction(fixture, 7, 10);
  await end(fixture, 7, true);
  await end(fixture, 7, true);
  await end(fixture, 7, false);
  assert.equal(await fixture.committed(), 10);
});

test('transactional batches and markers are recognisable in the log', async () => {
  const fixture = await GroupFixture.start();
  await Promise.all([
    fixture.commit(1),
    commitInTransaction(fixture, 7, 10),
    commitInTransaction(fixture, 8, 11),
    fixture.commit(2),
  ]);
  await end(fixture, 7, true);
  const seen = fixture.log
    .batches(0)
    .map((batch) => [batch.producerId, batch.isTransactional, batch.endTransaction?.committed ?? null]);
  assert.deepEqual(seen, [
    [-1, false, null],
    [7, true, null],
    [8, true, null],
    [-1, false, null],
    [7, true, true],
  ]);
});

test('an open transaction keeps offsets and groups from expiring', async () => {
  const fixture = await GroupFixture.start();
  await fixture.commit(1);
  await commitInTransaction(fixture, 7, 10);
  await fixture.advance(8 * 24 * HOUR_MS);
  assert.equal(await fixture.committed(), 1);
  await end(fixture, 7, false);
  await fixture.advance(HOUR_MS);
  assert.equal(await fixture.state(), 'Dead');
});

test('deleting the topic or the group drops pending offsets too', async () => {
  const fixture = await GroupFixture.start();
  await commitInTransaction(fixture, 7, 10);
  await fixture.coordinator.topicsDeleted([fixture.topics.byName('orders')!]);
  await end(fixture, 7, true);
  assert.equal(await fixture.committed(), -1);
  await commitInTransaction(fixture, 8, 10);
  await fixture.coordinator.deleteGroups({ groupsNames: ['g'] }, fixture.context(3));
  await end(fixture, 8, true);
  assert.equal(await fixture.committed(), -1);
});

test('TxnOffsetCommit: who may, by version', async () => {
  const fixture = await GroupFixture.start();
  const stranger = { generationIdOrMemberEpoch: 3, memberId: 'm' };
  assert.equal(await commitInTransaction(fixture, 7, 1, stranger, 5), ErrorCode.ILLEGAL_GENERATION);
  assert.equal(await commitInTransaction(fixture, 7, 1, stranger, 6), ErrorCode.GROUP_ID_NOT_FOUND);
  const { ids, generation } = await fixture.stableGroup(1);
  const member = { generationIdOrMemberEpoch: generation, memberId: ids[0] };
  assert.equal(
    await commitInTransaction(fixture, 7, 1, {}, 2),
    ErrorCode.NONE,
    'older versions do not say who they are',
  );
  assert.equal(await commitInTransaction(fixture, 7, 1, member), ErrorCode.NONE);
  assert.equal(await commitInTransaction(fixture, 7, 1, { ...member, memberId: 'who' }), ErrorCode.UNKNOWN_MEMBER_ID);
  assert.equal(
    await commitInTransaction(fixture, 7, 1, { ...member, generationIdOrMemberEpoch: 9 }),
    ErrorCode.ILLEGAL_GENERATION,
  );
  assert.equal(
    await commitInTransaction(fixture, 7, 1, { ...member, groupInstanceId: 'i' }),
    ErrorCode.UNKNOWN_MEMBER_ID,
  );
  const again = fixture.join({ memberId: ids[0] });
  await settle();
  assert.equal(await fixture.state(), 'CompletingRebalance');
  const next = { ...member, generationIdOrMemberEpoch: generation + 1 };
  assert.equal(
    await commitInTransaction(fixture, 7, 1, next),
    ErrorCode.NONE,
    'the state of the group is not looked at',
  );
  await again;
});

test('TxnOffsetCommit to a consumer group: whoever says who it is must be a member', async () => {
  const fixture = await GroupFixture.start();
  const { memberEpoch } = await heartbeat(fixture, 'a', JOIN);
  assert.equal(await commitInTransaction(fixture, 7, 1, {}), ErrorCode.NONE, 'a producer that knows only the group');
  const commit = (memberId: string, generationIdOrMemberEpoch: number, groupInstanceId: string | null = null) =>
    commitInTransaction(fixture, 7, 1, { memberId, generationIdOrMemberEpoch, groupInstanceId });
  assert.equal(await commit('a', memberEpoch), ErrorCode.NONE);
  assert.equal(await commit('x', -1), ErrorCode.UNKNOWN_MEMBER_ID);
  assert.equal(await commit('', memberEpoch), ErrorCode.UNKNOWN_MEMBER_ID);
  assert.equal(await commit('', -1, 'i'), ErrorCode.UNKNOWN_MEMBER_ID);
  assert.equal(await commit('a', -1), ErrorCode.ILLEGAL_GENERATION);
});

test('a transaction that cannot be verified is refused, in the words of a coordinator', async () => {
  const fixture = await GroupFixture.start();
  for (const [verification, seen] of [
    [ErrorCode.INVALID_PRODUCER_ID_MAPPING, ErrorCode.INVALID_PRODUCER_ID_MAPPING],
    [ErrorCode.NETWORK_EXCEPTION, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS],
    [ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.NOT_COORDINATOR],
  ]) {
    Object.assign(fixture.log, { verifyTransaction: () => Promise.reject(new KafkaError(verification)) });
    assert.equal(await commitInTransaction(fixture, 7, 1), seen);
  }
  assert.equal(await commitInTransaction(fixture, 7, 1, {}, 1), ErrorCode.NOT_COORDINATOR);
  Object.assign(fixture.log, { verifyTransaction: () => Promise.reject(new KafkaError(ErrorCode.NETWORK_EXCEPTION)) });
  assert.equal(await commitInTransaction(fixture, 7, 1, {}, 1), ErrorCode.COORDINATOR_NOT_AVAILABLE);
});

test('offsets of partitions that do not exist begin no transaction', async () => {
  const fixture = await GroupFixture.start();
  let asked = 0;
  const refusal = new KafkaError(ErrorCode.INVALID_PRODUCER_ID_MAPPING);
  Object.assign(fixture.log, { verifyTransaction: () => Promise.reject(refusal).finally(() => asked++) });
  const partition = (partitionIndex: number) => ({
    partitionIndex,
    committedOffset: 1,
    committedLeaderEpoch: -1,
    committedMetadata: null,
  });
  const commit = async (...partitions: number[]): Promise<number[]> => {
    const topics = [{ name: 'orders', topicId: ZERO_UUID, partitions: partitions.map(partition) }];
    const request = { transactionalId: 't7', groupId: 'g', producerId: 7, producerEpoch: 0, topics };
    const member = { generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null };
    const response = await fixture.coordinator.txnOffsetCommit({ ...request, ...member }, fixture.context(5));
    return response.topics[0].partitions.map((each) => each.errorCode);
  };
  assert.deepEqual(await commit(8), [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]);
  assert.equal(asked, 0);
  assert.deepEqual(await commit(8, 0), [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, refusal.code]);
  assert.equal(asked, 1);
});

test('a marker that cannot be written leaves the transaction open', async () => {
  const fixture = await GroupFixture.start();
  await commitInTransaction(fixture, 7, 10);
  fixture.log.hold();
  const marker = new Pending(
    end(fixture, 7, true).then(
      () => 'done',
      (error: KafkaError) => error.code,
    ),
  );
  await settle();
  assert.ok(marker.waits);
  fixture.log.failWith(ErrorCode.NOT_ENOUGH_REPLICAS);
  fixture.log.release();
  await settle();
  assert.equal(marker.answer, ErrorCode.COORDINATOR_NOT_AVAILABLE);
  fixture.log.failWith(null);
  assert.deepEqual(await stableFetch(fixture), undefined, 'nothing is committed yet');
  await end(fixture, 7, true);
  assert.equal(await fixture.committed(), 10);
});

test('who waits behind a producer that is refused learns nothing of its error', async () => {
  const fixture = await GroupFixture.start();
  fixture.log.hold();
  const refused = commitInTransaction(fixture, 7, 10);
  await settle();
  const behind = fixture.coordinator.offsetCommit(
    {
      groupId: 'other',
      generationIdOrMemberEpoch: -1,
      memberId: '',
      groupInstanceId: null,
      retentionTimeMs: -1,
      topics: [
        {
          name: 'orders',
          topicId: '',
          partitions: [{ partitionIndex: 0, committedOffset: 1, committedLeaderEpoch: -1, committedMetadata: null }],
        },
      ],
    },
    fixture.context(8),
  );
  await settle();
  fixture.log.failWith(ErrorCode.INVALID_PRODUCER_EPOCH);
  fixture.log.release();
  assert.equal(await refused, ErrorCode.INVALID_PRODUCER_EPOCH);
  const { topics } = await behind;
  assert.equal(topics[0].partitions[0].errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE, 'it only has to come again');
});
