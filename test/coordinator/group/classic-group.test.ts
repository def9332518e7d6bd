import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from '../../../src/protocol/errors.ts';
import { GroupFixture, Pending, settle, subscription } from './group-fixture.ts';

test('a member joins in two steps, leads, syncs and is stable', async () => {
  const fixture = await GroupFixture.start();
  const first = await fixture.join();
  assert.equal(first.errorCode, ErrorCode.MEMBER_ID_REQUIRED);
  assert.match(first.memberId, /^client-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const join = new Pending(fixture.join({ memberId: first.memberId }));
  await fixture.advance(2_999);
  assert.ok(join.waits);
  await fixture.advance(1);
  assert.deepEqual(join.answer, {
    throttleTimeMs: 0,
    errorCode: 0,
    generationId: 1,
    protocolType: 'consumer',
    protocolName: 'range',
    leader: first.memberId,
    skipAssignment: false,
    memberId: first.memberId,
    members: [{ memberId: first.memberId, groupInstanceId: null, metadata: Uint8Array.from(subscription('orders')) }],
  });
  assert.equal(await fixture.state(), 'CompletingRebalance');
  const synced = await fixture.sync(first.memberId, 1, { [first.memberId]: 'all' });
  assert.equal(Buffer.from(synced.assignment).toString(), 'all');
  assert.equal(synced.protocolName, 'range');
  assert.equal(await fixture.state(), 'Stable');
  assert.equal(await fixture.heartbeat(first.memberId, 1), ErrorCode.NONE);
});

test('members that start together share the first generation, and each one extends the wait', async () => {
  const fixture = await GroupFixture.start();
  const a = await fixture.joinWithId();
  await fixture.advance(2_000);
  const b = await fixture.joinWithId();
  await fixture.advance(1_000);
  assert.ok(a.join.waits);
  await fixture.advance(3_000);
  assert.equal(a.join.answer?.generationId, 1);
  assert.equal(b.join.answer?.generationId, 1);
  assert.equal(a.join.answer?.leader, a.memberId);
  assert.deepEqual(
    a.join.answer?.members.map((member) => member.memberId),
    [a.memberId, b.memberId],
  );
  assert.deepEqual(b.join.answer?.members, []);
});

test('the first wait never exceeds the rebalance time-out', async () => {
  const fixture = await GroupFixture.start();
  const first = await fixture.joinWithId({ rebalanceTimeoutMs: 7_000 });
  for (let second = 0; second < 8 && first.join.answer === null; second++) {
    await fixture.joinWithId({ rebalanceTimeoutMs: 7_000 });
    await fixture.advance(1_000);
  }
  assert.equal(first.join.answer?.errorCode, ErrorCode.NONE);
});

test('a newcomer makes everybody join again; the leader stays', async () => {
  const fixture = await GroupFixture.start();
  const { ids, generation } = await fixture.stableGroup(2);
  const newcomer = await fixture.joinWithId();
  assert.equal(await fixture.state(), 'PreparingRebalance');
  assert.equal(await fixture.heartbeat(ids[0], generation), ErrorCode.REBALANCE_IN_PROGRESS);
  const again = ids.map((memberId) => new Pending(fixture.join({ memberId })));
  await settle();
  assert.equal(newcomer.join.answer?.generationId, generation + 1);
  for (const join of again) assert.equal(join.answer?.generationId, generation + 1);
  assert.equal(newcomer.join.answer?.leader, ids[0]);
  assert.equal(again[0].answer?.members.length, 3);
});

test('a dynamic member that does not join again is dropped when the rebalance time-out is over', async () => {
  const fixture = await GroupFixture.start();
  const request = { sessionTimeoutMs: 1_000_000 };
  const { ids, generation } = await fixture.stableGroup(2, request);
  const newcomer = await fixture.joinWithId(request);
  const again = new Pending(fixture.join({ memberId: ids[0], ...request }));
  await fixture.advance(59_999);
  assert.ok(newcomer.join.waits);
  await fixture.advance(1);
  assert.equal(again.answer?.members.length, 2);
  assert.equal(await fixture.heartbeat(ids[1], generation), ErrorCode.UNKNOWN_MEMBER_ID);
});

test('an expired session ends membership; the last one leaves the group empty in the next generation', async () => {
  const fixture = await GroupFixture.start();
  const { ids, generation } = await fixture.stableGroup(1);
  await fixture.advance(9_000);
  assert.equal(await fixture.heartbeat(ids[0], generation), ErrorCode.NONE);
  await fixture.advance(9_999);
  assert.equal(await fixture.state(), 'Stable');
  await fixture.advance(1);
  assert.equal(await fixture.state(), 'Empty');
  assert.equal(await fixture.heartbeat(ids[0], generation), ErrorCode.UNKNOWN_MEMBER_ID);
  const back = await fixture.joinWithId();
  await fixture.advance(3_000);
  assert.equal(back.join.answer?.generationId, generation + 2);
});

test('a member that waits for the others needs no heartbeat, unless it is new', async () => {
  const fixture = await GroupFixture.start();
  const { ids } = await fixture.stableGroup(2, { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 600_000 });
  const again = new Pending(fixture.join({ memberId: ids[0], rebalanceTimeoutMs: 600_000 }));
  const newcomer = await fixture.joinWithId({ rebalanceTimeoutMs: 600_000 });
  for (let beat = 0; beat < 37; beat++) {
    await fixture.advance(8_000);
    await fixture.heartbeat(ids[1], 1);
  }
  assert.ok(again.waits);
  assert.ok(newcomer.join.waits);
  await fixture.advance(4_000);
  assert.equal(newcomer.join.answer?.errorCode, ErrorCode.UNKNOWN_MEMBER_ID, 'new members wait five minutes');
  assert.ok(again.waits);
});

test('leaving starts a rebalance for the rest', async () => {
  const fixture = await GroupFixture.start();
  const { ids, generation } = await fixture.stableGroup(2);
  assert.equal(await fixture.leave(ids[0]), ErrorCode.NONE);
  assert.equal(await fixture.heartbeat(ids[1], generation), ErrorCode.REBALANCE_IN_PROGRESS);
  const again = await fixture.join({ memberId: ids[1] });
  assert.equal(again.leader, ids[1]);
  assert.equal(await fixture.leave(ids[0]), ErrorCode.UNKNOWN_MEMBER_ID);
  assert.equal(await fixture.leave(ids[1]), ErrorCode.NONE);
  assert.equal(await fixture.state(), 'Empty');
});

test('when somebody leaves who was no member, nobody has to join again', async () => {
  const fixture = await GroupFixture.start();
  await fixture.stableGroup(2);
  assert.equal(await fixture.leave('who'), ErrorCode.UNKNOWN_MEMBER_ID);
  assert.equal(await fixture.state(), 'Stable');
});

test('LeaveGroup before version 3 has one member and one error', async () => {
  const fixture = await GroupFixture.start();
  const { ids } = await fixture.stableGroup(1);
  const leave = (memberId: string) =>
    fixture.coordinator.leaveGroup({ groupId: 'g', memberId, members: [] }, fixture.context(2));
  assert.deepEqual(await leave('nobody'), { throttleTimeMs: 0, errorCode: ErrorCode.UNKNOWN_MEMBER_ID, members: [] });
  assert.deepEqual(await leave(ids[0]), { throttleTimeMs: 0, errorCode: ErrorCode.NONE, members: [] });
});

test('a pending member joins after all others have left', async () => {
  const fixture = await GroupFixture.start();
  const { ids } = await fixture.stableGroup(2);
  const { memberId } = await fixture.join();
  for (const id of ids) assert.equal(await fixture.leave(id), ErrorCode.NONE);
  assert.equal(await fixture.state(), 'PreparingRebalance');
  const join = new Pending(fixture.join({ memberId }));
  await settle();
  assert.deepEqual([join.answer!.errorCode, join.answer!.leader], [ErrorCode.NONE, memberId]);
});

test('a pending member holds the rebalance up until it joins, leaves or times out', async () => {
  const fixture = await GroupFixture.start();
  const { ids } = await fixture.stableGroup(1);
  const pending = await fixture.join();
  assert.equal(pending.errorCode, ErrorCode.MEMBER_ID_REQUIRED);
  const again = new Pending(fixture.join({ memberId: ids[0] }));
  await settle();
  assert.ok(again.waits);
  assert.equal(await fixture.leave(pending.memberId), ErrorCode.NONE);
  assert.equal(again.answer!.generationId, 2);
  await fixture.join();
  const third = new Pending(
    fixture.join({ memberId: ids[0], protocols: [{ name: 'range', metadata: subscription('x') }] }),
  );
  await fixture.advance(9_999);
  assert.ok(third.waits);
  await fixture.advance(1);
  assert.equal(third.answer!.generationId, 3);
});

test('JoinGroup: refusals', async () => {
  const fixture = await GroupFixture.start({ config: { maxSize: 1 } });
  const code = async (...parameters: Parameters<GroupFixture['join']>) => (await fixture.join(...parameters)).errorCode;
  assert.equal(await code({ groupId: '' }), ErrorCode.INVALID_GROUP_ID);
  assert.equal(await code({ sessionTimeoutMs: 5_999 }), ErrorCode.INVALID_SESSION_TIMEOUT);
  assert.equal(await code({ sessionTimeoutMs: 1_800_001 }), ErrorCode.INVALID_SESSION_TIMEOUT);
  assert.equal(await code({ memberId: 'who' }), ErrorCode.UNKNOWN_MEMBER_ID);
  assert.equal(await code({ protocols: [] }), ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  assert.equal(await code({ protocolType: '' }), ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  assert.equal(await fixture.state(), 'Dead', 'none of these made a group');
  const { ids } = await fixture.stableGroup(1);
  assert.equal(await code({ memberId: 'who' }), ErrorCode.GROUP_MAX_SIZE_REACHED);
  assert.equal(await code({ memberId: ids[0], groupInstanceId: 'i' }), ErrorCode.UNKNOWN_MEMBER_ID);
  assert.equal(await code({ memberId: ids[0], protocolType: 'connect' }), ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  const other = [{ name: 'other', metadata: new Uint8Array(0) }];
  assert.equal(await code({ memberId: ids[0], protocols: other }), ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
});

test('JoinGroup by version: member ids, protocol names, the single time-out of version 0', async () => {
  const fixture = await GroupFixture.start();
  const old = new Pending(fixture.join({ rebalanceTimeoutMs: -1, sessionTimeoutMs: 6_000 }, 0));
  await fixture.advance(3_000);
  assert.equal(old.answer?.errorCode, ErrorCode.NONE, 'below version 4 no member id is required');
  assert.equal((await fixture.join({ memberId: 'who' }, 6)).protocolName, '');
  assert.equal((await fixture.join({ memberId: 'who' }, 7)).protocolName, null);
  const newcomer = new Pending(fixture.join({}, 3));
  await fixture.advance(6_000);
  assert.equal(newcomer.answer?.generationId, 2, 'the first member had six seconds to come back');
});

test('the protocol is the one that most members prefer of those that all know', async () => {
  const fixture = await GroupFixture.start();
  const offer = (...names: string[]) => ({ protocols: names.map((name) => ({ name, metadata: Buffer.from(name) })) });
  await fixture.joinWithId(offer('sticky', 'range', 'only-mine'));
  await fixture.joinWithId(offer('range', 'sticky'));
  const last = await fixture.joinWithId(offer('range', 'sticky'));
  await fixture.advance(6_000);
  assert.equal(last.join.answer?.protocolName, 'range');
});

test('of protocols with as many votes, the one is taken that Kafka meets first, whoever came first', async () => {
  const offer = (...names: string[]) => ({ protocols: names.map((name) => ({ name, metadata: Buffer.from(name) })) });
  for (const offers of [
    [offer('range', 'rr'), offer('rr', 'range')],
    [offer('rr', 'range'), offer('range', 'rr')],
  ]) {
    const fixture = await GroupFixture.start();
    await fixture.joinWithId(offers[0]);
    const last = await fixture.joinWithId(offers[1]);
    await fixture.advance(6_000);
    assert.equal(last.join.answer?.protocolName, 'rr');
  }
});

test('a group whose last member leaves is empty at once, though an id was given out', async () => {
  const fixture = await GroupFixture.start();
  const { ids } = await fixture.stableGroup(1);
  const given = await fixture.join({ memberId: '' }, 4);
  assert.equal(given.errorCode, ErrorCode.MEMBER_ID_REQUIRED);
  assert.equal(await fixture.leave(ids[0]), ErrorCode.NONE);
  assert.equal(await fixture.state(), 'Empty');
});

test('other protocol types are opaque', async () => {
  const fixture = await GroupFixture.start();
  const connect = { protocolType: 'connect', protocols: [{ name: 'sessioned', metadata: Buffer.from([1, 2, 3]) }] };
  const { ids, generation } = await fixture.stableGroup(2, connect);
  assert.equal(await fixture.heartbeat(ids[1], generation), ErrorCode.NONE);
  const request = { groups: ['g'], includeAuthorizedOperations: false };
  const [group] = (await fixture.coordinator.describeGroups(request, fixture.context(6))).groups;
  assert.equal(group.protocolType, 'connect');
  assert.equal(group.protocolData, 'sessioned');
  assert.deepEqual(
    group.members.map((member) => Buffer.from(member.memberMetadata)),
    [Buffer.from([1, 2, 3]), Buffer.from([1, 2, 3])],
  );
});

test('joining again without a change disturbs nobody, except by the leader', async () => {
  const fixture = await GroupFixture.start();
  const { ids, generation } = await fixture.stableGroup(2);
  const follower = await fixture.join({ memberId: ids[1] });
  assert.equal(follower.generationId, generation);
  assert.equal(await fixture.state(), 'Stable');
  const leader = new Pending(fixture.join({ memberId: ids[0] }));
  await settle();
  assert.ok(leader.waits);
  assert.equal(await fixture.state(), 'PreparingRebalance');
  const [joined] = await Promise.all([leader.promise, fixture.join({ memberId: ids[1] })]);
  assert.equal(joined.generationId, generation + 1);
  const repeated = await fixture.join({ memberId: ids[0] });
  assert.deepEqual(repeated, joined, 'the answer was lost and is given again');
});

test('a JoinGroup that is repeated on another connection answers the first one too', async () => {
  const fixture = await GroupFixture.start();
  const { memberId, join } = await fixture.joinWithId();
  const again = new Pending(fixture.join({ memberId }));
  await settle();
  assert.equal(join.answer?.errorCode, ErrorCode.REBALANCE_IN_PROGRESS);
  await fixture.advance(3_000);
  assert.equal(again.answer?.errorCode, ErrorCode.NONE);
});

test('a JoinGroup that is repeated keeps its place in a full group', async () => {
  const fixture = await GroupFixture.start({ config: { maxSize: 2 } });
  const a = await fixture.joinWithId();
  const b = await fixture.joinWithId();
  const again = new Pending(fixture.join({ memberId: a.memberId }));
  await settle();
  assert.ok(again.waits);
  const { join: late } = await fixture.joinWithId();
  assert.equal(late.answer?.errorCode, ErrorCode.GROUP_MAX_SIZE_REACHED);
  await fixture.advance(6_000);
  assert.equal(again.answer?.errorCode, ErrorCode.NONE);
  assert.equal(b.join.answer?.errorCode, ErrorCode.NONE);
});

test('SyncGroup: followers wait for the leader, who forgot one', async () => {
  const fixture = await GroupFixture.start();
  const a = await fixture.joinWithId();
  const b = await fixture.joinWithId();
  await fixture.advance(6_000);
  const follower = new Pending(fixture.sync(b.memberId, 1));
  await settle();
  assert.ok(follower.waits);
  await fixture.sync(a.memberId, 1, { [a.memberId]: 'all' });
  await settle();
  assert.equal(follower.answer!.errorCode, ErrorCode.NONE);
  assert.equal(follower.answer!.assignment.length, 0);
  const again = await fixture.sync(a.memberId, 1);
  assert.equal(Buffer.from(again.assignment).toString(), 'all');
});

test('SyncGroup: refusals', async () => {
  const fixture = await GroupFixture.start();
  const { ids, generation } = await fixture.stableGroup(2);
  const code = async (...parameters: Parameters<GroupFixture['sync']>) => (await fixture.sync(...parameters)).errorCode;
  assert.equal(await code(ids[0], generation, {}, { groupId: '' }), ErrorCode.INVALID_GROUP_ID);
  assert.equal(await code(ids[0], generation, {}, { groupId: 'other' }), ErrorCode.UNKNOWN_MEMBER_ID);
  assert.equal(await code('who', generation), ErrorCode.UNKNOWN_MEMBER_ID);
  assert.equal(await code(ids[0], generation + 1), ErrorCode.ILLEGAL_GENERATION);
  assert.equal(await code(ids[0], generation, {}, { protocolName: 'x' }), ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  assert.equal(await code(ids[0], generation, {}, { protocolType: 'x' }), ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  const silent = { protocolType: null, protocolName: null };
  assert.equal(await code(ids[0], generation, {}, silent, 5), ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  assert.equal(await code(ids[0], generation, {}, silent, 4), ErrorCode.NONE);
  await fixture.leave(ids[1]);
  assert.equal(await code(ids[0], generation), ErrorCode.REBALANCE_IN_PROGRESS);
});

test('a rebalance sends away who waits in SyncGroup', async () => {
  const fixture = await GroupFixture.start();
  const a = await fixture.joinWithId();
  const b = await fixture.joinWithId();
  await fixture.advance(6_000);
  const waiting = new Pending(fixture.sync(b.memberId, 1));
  await fixture.leave(a.memberId);
  assert.equal(waiting.answer?.errorCode, ErrorCode.REBALANCE_IN_PROGRESS);
});

test('members who never sync are dropped after the rebalance time-out', async () => {
  const fixture = await GroupFixture.start();
  const request = { sessionTimeoutMs: 1_000_000 };
  const a = await fixture.joinWithId(request);
  const b = await fixture.joinWithId(request);
  await fixture.advance(6_000);
  await fixture.sync(a.memberId, 1, {});
  assert.equal(await fixture.state(), 'Stable');
  await fixture.advance(60_000);
  assert.equal(await fixture.state(), 'PreparingRebalance');
  assert.equal(await fixture.heartbeat(b.memberId, 1), ErrorCode.UNKNOWN_MEMBER_ID);
  assert.equal(await fixture.heartbeat(a.memberId, 1), ErrorCode.REBALANCE_IN_PROGRESS);
});

test('Heartbeat: refusals', async () => {
  const fixture = await GroupFixture.start();
  assert.equal(await fixture.heartbeat('who', 1), ErrorCode.UNKNOWN_MEMBER_ID);
  const { ids, generation } = await fixture.stableGroup(1);
  assert.equal(await fixture.heartbeat('who', generation), ErrorCode.UNKNOWN_MEMBER_ID);
  assert.equal(await fixture.heartbeat(ids[0], generation - 1), ErrorCode.ILLEGAL_GENERATION);
  const empty = { groupId: '', generationId: 1, memberId: '', groupInstanceId: null };
  assert.equal((await fixture.coordinator.heartbeat(empty, fixture.context(4))).errorCode, ErrorCode.INVALID_GROUP_ID);
});
