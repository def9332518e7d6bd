import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partitionForId } from '../../../src/coordinator/runtime/partition-for-id.ts';
import { ErrorCode } from '../../../src/protocol/errors.ts';
import { GroupFixture, Pending, settle } from './group-fixture.ts';

test('a stable group goes on after a restart', async () => {
  const fixture = await GroupFixture.start();
  const { ids, generation } = await fixture.stableGroup(2);
  await fixture.commit(5, { memberId: ids[0], generationIdOrMemberEpoch: generation });
  await fixture.restart();
  assert.equal(await fixture.state(), 'Stable');
  assert.equal(await fixture.heartbeat(ids[0], generation), ErrorCode.NONE);
  const synced = await fixture.sync(ids[1], generation);
  assert.match(Buffer.from(synced.assignment).toString(), /^part /);
  assert.equal(await fixture.committed(), 5);
  const follower = await fixture.join({ memberId: ids[1] });
  assert.equal(follower.generationId, generation);
  await fixture.advance(10_000);
  assert.equal(await fixture.state(), 'Empty', 'sessions run from the load on');
});

test('a rebalance that was under way is forgotten by a restart: the last stored generation counts', async () => {
  const fixture = await GroupFixture.start();
  const { ids, generation } = await fixture.stableGroup(1);
  const newcomer = await fixture.joinWithId();
  await fixture.restart();
  assert.equal(newcomer.join.answer?.errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE);
  assert.equal(await fixture.heartbeat(ids[0], generation), ErrorCode.NONE);
  assert.equal((await fixture.join({ memberId: newcomer.memberId })).errorCode, ErrorCode.UNKNOWN_MEMBER_ID);
});

test('assignments leave only when they are durable', async () => {
  const fixture = await GroupFixture.start();
  const { memberId } = await fixture.joinWithId();
  await fixture.advance(3_000);
  fixture.log.hold();
  const synced = new Pending(fixture.sync(memberId, 1, { [memberId]: 'all' }));
  await settle();
  assert.ok(synced.waits);
  assert.equal(await fixture.heartbeat(memberId, 1), ErrorCode.NONE);
  fixture.log.release();
  await settle();
  assert.equal(synced.answer?.errorCode, ErrorCode.NONE);
});

test('assignments that cannot be stored send everybody to join again', async () => {
  for (const [appendError, seen] of [
    [ErrorCode.NOT_ENOUGH_REPLICAS, ErrorCode.COORDINATOR_NOT_AVAILABLE],
    [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.COORDINATOR_NOT_AVAILABLE],
    [ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.NOT_COORDINATOR],
    [ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.NOT_COORDINATOR],
    [ErrorCode.MESSAGE_TOO_LARGE, ErrorCode.UNKNOWN_SERVER_ERROR],
  ]) {
    const fixture = await GroupFixture.start();
    const a = await fixture.joinWithId();
    const b = await fixture.joinWithId();
    await fixture.advance(6_000);
    const follower = new Pending(fixture.sync(b.memberId, 1));
    fixture.log.failWith(appendError);
    assert.equal((await fixture.sync(a.memberId, 1, { [a.memberId]: 'all' })).errorCode, seen);
    await settle();
    assert.equal(follower.answer?.errorCode, seen);
    fixture.log.failWith(null);
    await settle();
    assert.equal(await fixture.heartbeat(a.memberId, 1), ErrorCode.REBALANCE_IN_PROGRESS);
  }
});

test('a leader that syncs again while its assignments are written gets those, and so does everybody after a restart', async () => {
  const fixture = await GroupFixture.start();
  const { memberId } = await fixture.joinWithId({ sessionTimeoutMs: 60_000 });
  await fixture.advance(3_000);
  fixture.log.hold();
  const first = new Pending(fixture.sync(memberId, 1, { [memberId]: 'first' }));
  await fixture.advance(5_000);
  assert.equal(first.answer?.errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE);
  const second = new Pending(fixture.sync(memberId, 1, { [memberId]: 'second' }));
  await settle();
  fixture.log.release();
  await settle();
  assert.equal(Buffer.from(second.answer!.assignment).toString(), 'first');
  await fixture.restart();
  assert.equal(Buffer.from((await fixture.sync(memberId, 1)).assignment).toString(), 'first');
});

test('a group whose first record cannot be written never was', async () => {
  const fixture = await GroupFixture.start();
  fixture.log.failWith(ErrorCode.NOT_ENOUGH_REPLICAS);
  const first = await fixture.join({}, 3);
  assert.equal(first.errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE);
  fixture.log.failWith(null);
  assert.equal(await fixture.state(), 'Dead');
  await fixture.advance(60_000);
  const { ids } = await fixture.stableGroup(1);
  assert.equal(ids.length, 1);
});

test('an append whose outcome nobody knows makes the partition load again', async () => {
  const fixture = await GroupFixture.start();
  await fixture.commit(1);
  fixture.log.failWith(ErrorCode.REQUEST_TIMED_OUT);
  assert.equal(await fixture.commitError(2), ErrorCode.COORDINATOR_NOT_AVAILABLE);
  assert.equal(await fixture.commitError(3), ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
  assert.equal(
    (await fixture.coordinator.listGroups({ statesFilter: [], typesFilter: [] }, fixture.context(5))).errorCode,
    ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  );
  assert.equal(await fixture.heartbeat('who', 1), ErrorCode.NONE, 'no reason to alarm members while loading');
  fixture.log.failWith(null);
  await fixture.advance(1_000);
  assert.equal(await fixture.committed(), 1);
});

test('a commit that is not durable is not seen, and is gone when it fails', async () => {
  const fixture = await GroupFixture.start();
  await fixture.commit(1);
  fixture.log.hold();
  const second = new Pending(fixture.commit(2));
  const seen = new Pending(fixture.committed());
  await settle();
  assert.ok(second.waits);
  assert.ok(seen.waits);
  fixture.log.failWith(ErrorCode.NOT_LEADER_OR_FOLLOWER);
  fixture.log.release();
  await settle();
  assert.equal(second.answer?.topics[0].partitions[0].errorCode, ErrorCode.NOT_COORDINATOR);
  assert.equal(seen.answer, 1);
});

test('a slow append is answered as unavailable in time, and counts when it succeeds', async () => {
  const fixture = await GroupFixture.start();
  fixture.log.hold();
  const slow = new Pending(fixture.commit(7));
  await fixture.advance(5_000);
  assert.equal(slow.answer?.topics[0].partitions[0].errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE);
  fixture.log.release();
  await settle();
  assert.equal(await fixture.committed(), 7);
});

test('commits of one turn share an append, and those that come meanwhile share the next', async () => {
  const fixture = await GroupFixture.start();
  const before = fixture.log.appends;
  await Promise.all(Array.from({ length: 50 }, (_, index) => fixture.commit(index, { groupId: `g${index}` })));
  assert.equal(fixture.log.appends - before, 1);
  fixture.log.hold();
  const first = fixture.commit(1);
  await settle();
  const rest = Array.from({ length: 50 }, (_, index) => fixture.commit(index, { groupId: `g${index}` }));
  await settle();
  fixture.log.release();
  await Promise.all([first, ...rest]);
  assert.equal(fixture.log.appends - before, 3);
});

test('only the partitions that are led here are served', async () => {
  const fixture = new GroupFixture({ config: { offsetsTopicPartitions: 3 } });
  assert.equal(await fixture.commitError(1), ErrorCode.NOT_COORDINATOR);
  const mine = fixture.coordinator.partitionFor('g');
  await fixture.coordinator.elected(mine, 4);
  assert.equal(await fixture.commitError(1), ErrorCode.NONE);
  assert.equal(await fixture.state(), 'Empty');
  fixture.coordinator.resigned(mine, 3);
  assert.equal(await fixture.commitError(2), ErrorCode.NONE, 'an old epoch says nothing');
  const { join } = await fixture.joinWithId();
  fixture.coordinator.resigned(mine, 4);
  await settle();
  assert.equal(join.answer?.errorCode, ErrorCode.NOT_COORDINATOR);
  assert.equal(await fixture.commitError(3), ErrorCode.NOT_COORDINATOR);
  assert.equal((await fixture.fetchAll()).groups[0].errorCode, ErrorCode.NOT_COORDINATOR);
  const request = { groupIds: ['g'], includeAuthorizedOperations: false };
  const [described] = (await fixture.coordinator.consumerGroupDescribe(request, fixture.context(1))).groups;
  assert.deepEqual([described.errorCode, described.errorMessage], [ErrorCode.NOT_COORDINATOR, null]);
  await fixture.coordinator.elected(mine, 5);
  assert.equal(await fixture.committed(), 2);
});

test("a group's partition is the one that Kafka takes", () => {
  // Java: Utils.abs("...".hashCode()) % 50
  assert.equal(partitionForId('', 50), 0);
  assert.equal(partitionForId('a', 50), 97 % 50);
  assert.equal(partitionForId('hello', 50), 99162322 % 50);
  assert.equal(partitionForId('polygenelubricants', 50), 0, 'the hash is the least integer');
});
