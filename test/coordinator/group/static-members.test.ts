import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from '../../../src/protocol/errors.ts';
import { GroupFixture, Pending, settle } from './group-fixture.ts';

/** Two static members, instances 'one' (who leads) and 'two', in a stable group. */
async function staticGroup(fixture: GroupFixture): Promise<{ one: string; two: string; generation: number }> {
  const one = new Pending(fixture.join({ groupInstanceId: 'one' }));
  const two = new Pending(fixture.join({ groupInstanceId: 'two' }));
  await fixture.advance(3_000);
  await fixture.advance(3_000);
  const generation = one.answer!.generationId;
  const ids = { one: one.answer!.memberId, two: two.answer!.memberId };
  await fixture.sync(ids.one, generation, { [ids.one]: 'first', [ids.two]: 'second' });
  await fixture.sync(ids.two, generation);
  return { ...ids, generation };
}

test('a static member needs no second round, and is named after its instance', async () => {
  const fixture = await GroupFixture.start();
  const { one, two } = await staticGroup(fixture);
  assert.match(one, /^one-/);
  assert.match(two, /^two-/);
  assert.equal(await fixture.state(), 'Stable');
});

test('a follower that comes back takes its place without a rebalance, and its old self is fenced', async () => {
  const fixture = await GroupFixture.start();
  const { one, two, generation } = await staticGroup(fixture);
  const back = await fixture.join({ groupInstanceId: 'two' });
  assert.equal(back.errorCode, ErrorCode.NONE);
  assert.equal(back.generationId, generation);
  assert.equal(back.leader, one);
  assert.equal(back.skipAssignment, false);
  assert.notEqual(back.memberId, two);
  assert.equal(await fixture.state(), 'Stable');
  const synced = await fixture.sync(back.memberId, generation, {}, { groupInstanceId: 'two' });
  assert.equal(Buffer.from(synced.assignment).toString(), 'second');
  assert.equal(await fixture.heartbeat(two, generation, 'two'), ErrorCode.FENCED_INSTANCE_ID);
  assert.equal(await fixture.heartbeat(two, generation), ErrorCode.UNKNOWN_MEMBER_ID);
  assert.equal((await fixture.join({ memberId: two, groupInstanceId: 'two' })).errorCode, ErrorCode.FENCED_INSTANCE_ID);
  assert.equal(
    (await fixture.sync(two, generation, {}, { groupInstanceId: 'two' })).errorCode,
    ErrorCode.FENCED_INSTANCE_ID,
  );
  assert.equal(
    await fixture.commitError(1, { memberId: two, groupInstanceId: 'two', generationIdOrMemberEpoch: generation }),
    ErrorCode.FENCED_INSTANCE_ID,
  );
  assert.equal(await fixture.leave(two, 'two'), ErrorCode.FENCED_INSTANCE_ID);
});

test('a leader that comes back must not assign again: version 9 says so, older ones name the old leader', async () => {
  for (const apiVersion of [9, 8]) {
    const fixture = await GroupFixture.start();
    const { one, generation } = await staticGroup(fixture);
    const back = await fixture.join({ groupInstanceId: 'one' }, apiVersion);
    assert.equal(back.generationId, generation);
    assert.equal(back.skipAssignment, apiVersion === 9);
    assert.equal(back.leader, apiVersion === 9 ? back.memberId : one);
    assert.equal(back.members.length, apiVersion === 9 ? 2 : 0);
    const synced = await fixture.sync(back.memberId, generation, {}, { groupInstanceId: 'one' });
    assert.equal(Buffer.from(synced.assignment).toString(), 'first');
  }
});

test('the new member id survives a restart', async () => {
  const fixture = await GroupFixture.start();
  const { generation } = await staticGroup(fixture);
  const back = await fixture.join({ groupInstanceId: 'two' });
  await fixture.restart();
  assert.equal(await fixture.heartbeat(back.memberId, generation, 'two'), ErrorCode.NONE);
});

test('when the new member id cannot be stored, the old one stays', async () => {
  const fixture = await GroupFixture.start();
  const { two, generation } = await staticGroup(fixture);
  fixture.log.failWith(ErrorCode.NOT_ENOUGH_REPLICAS);
  const back = await fixture.join({ groupInstanceId: 'two' });
  assert.equal(back.errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE);
  fixture.log.failWith(null);
  assert.equal(await fixture.heartbeat(two, generation, 'two'), ErrorCode.NONE);
  await fixture.advance(10_000);
  assert.equal(await fixture.heartbeat(two, generation, 'two'), ErrorCode.UNKNOWN_MEMBER_ID, 'its session runs again');
});

test('a change of protocol does need a rebalance', async () => {
  const fixture = await GroupFixture.start();
  const first = new Pending(
    fixture.join({
      groupInstanceId: 'one',
      protocols: [
        { name: 'range', metadata: new Uint8Array(0) },
        { name: 'sticky', metadata: new Uint8Array(0) },
      ],
    }),
  );
  await fixture.advance(3_000);
  await fixture.sync(first.answer!.memberId, 1, {});
  const back = new Pending(
    fixture.join({ groupInstanceId: 'one', protocols: [{ name: 'sticky', metadata: new Uint8Array(0) }] }),
  );
  await settle();
  assert.equal(back.answer?.generationId, 2);
  assert.equal(back.answer?.protocolName, 'sticky');
});

test('coming back while the others wait for assignments starts the generation over', async () => {
  const fixture = await GroupFixture.start();
  const one = new Pending(fixture.join({ groupInstanceId: 'one' }));
  const two = new Pending(fixture.join({ groupInstanceId: 'two' }));
  await fixture.advance(6_000);
  const waiting = new Pending(fixture.sync(two.answer!.memberId, 1));
  const back = new Pending(fixture.join({ groupInstanceId: 'two' }));
  await settle();
  assert.equal(waiting.answer?.errorCode, ErrorCode.FENCED_INSTANCE_ID);
  assert.ok(back.waits);
  const again = await fixture.join({ memberId: one.answer!.memberId, groupInstanceId: 'one' });
  assert.equal(again.generationId, 2);
  await settle();
  assert.equal(back.answer?.generationId, 2);
});

test('a static member that does not join again keeps its place until its session is over', async () => {
  const fixture = await GroupFixture.start();
  const { one, two, generation } = await staticGroup(fixture);
  const session = { sessionTimeoutMs: 200_000, groupInstanceId: 'one', memberId: one };
  const again = new Pending(fixture.join(session));
  for (let beat = 0; beat < 10; beat++) {
    await fixture.advance(6_000);
    await fixture.heartbeat(two, generation, 'two');
  }
  assert.equal(again.answer?.generationId, generation + 1);
  assert.deepEqual(
    again.answer?.members.map((member) => member.memberId),
    [one, two],
  );
  assert.equal(await fixture.heartbeat(two, generation + 1, 'two'), ErrorCode.NONE);
  await fixture.advance(10_000);
  assert.equal(await fixture.heartbeat(two, generation + 1, 'two'), ErrorCode.UNKNOWN_MEMBER_ID);
});

test('when no member comes back at all, the rebalance waits on until the sessions are over', async () => {
  const fixture = await GroupFixture.start();
  const { one, two } = await staticGroup(fixture);
  await fixture.leave(two, 'two');
  assert.equal(await fixture.state(), 'PreparingRebalance');
  for (let beat = 0; beat < 15; beat++) {
    await fixture.advance(8_000);
    assert.equal(await fixture.heartbeat(one, 1, 'one'), ErrorCode.REBALANCE_IN_PROGRESS);
  }
  await fixture.advance(10_000);
  assert.equal(await fixture.state(), 'Empty');
});

test('an administrator removes a static member by its instance', async () => {
  const fixture = await GroupFixture.start();
  const { one, generation } = await staticGroup(fixture);
  assert.equal(await fixture.leave('', 'nobody'), ErrorCode.UNKNOWN_MEMBER_ID);
  assert.equal(await fixture.leave('', 'one'), ErrorCode.NONE);
  assert.equal(await fixture.heartbeat(one, generation), ErrorCode.UNKNOWN_MEMBER_ID);
});

test('an old incarnation whose JoinGroup still waits is fenced', async () => {
  const fixture = await GroupFixture.start();
  const old = new Pending(fixture.join({ groupInstanceId: 'one' }));
  await settle();
  const fresh = new Pending(fixture.join({ groupInstanceId: 'one' }));
  await settle();
  assert.equal(old.answer?.errorCode, ErrorCode.FENCED_INSTANCE_ID);
  await fixture.advance(6_000);
  assert.equal(fresh.answer?.errorCode, ErrorCode.NONE);
});
