import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MigrationPolicy } from '../../../../src/coordinator/group/group-config.ts';
import { ErrorCode } from '../../../../src/protocol/errors.ts';
import { GroupFixture, Pending, settle } from '../group-fixture.ts';
import { ClassicClient } from './classic-client.ts';
import { ConsumerClient, describe, heartbeat, JOIN } from './consumer-fixture.ts';

async function classicGroup(fixture: GroupFixture, ...clients: ClassicClient[]): Promise<void> {
  const joins = clients.map((client) => client.join());
  await settle();
  await fixture.advance(3_000);
  await fixture.advance(3_000);
  assert.deepEqual(
    await Promise.all(joins),
    clients.map(() => ErrorCode.NONE),
  );
}

async function rounds(fixture: GroupFixture, ...clients: { beat(): Promise<unknown> }[]): Promise<void> {
  for (let round = 0; round < 14; round++) {
    for (const client of clients) {
      const beat = new Pending(client.beat());
      await settle();
      if (beat.waits) void beat.promise;
    }
    await fixture.advance(500);
  }
}

const all = (...clients: { names: string[] }[]): string[] => clients.flatMap((client) => client.names).sort();
const EIGHT = Array.from({ length: 8 }, (_, partition) => `orders-${partition}`);

async function groupType(fixture: GroupFixture): Promise<string> {
  const { groups } = await fixture.coordinator.listGroups({ statesFilter: [], typesFilter: [] }, fixture.context(5));
  return `${groups[0]?.groupType} ${groups[0]?.groupState}`;
}

test('a classic group is upgraded member by member, and goes back the same way', async () => {
  const fixture = await GroupFixture.start();
  const a = new ClassicClient(fixture);
  const b = new ClassicClient(fixture);
  await classicGroup(fixture, a, b);
  assert.deepEqual(all(a, b), EIGHT);
  assert.equal(await groupType(fixture), 'classic Stable');
  const { generation } = a;

  const c = new ConsumerClient(fixture, 'c');
  await c.beat();
  assert.equal(c.lastError, ErrorCode.NONE);
  assert.ok(c.epoch > generation);
  await rounds(fixture, a, b, c);
  assert.equal(await groupType(fixture), 'consumer Stable');
  assert.deepEqual(all(a, b, c), EIGHT);
  assert.ok(c.names.length >= 2);
  const types = (await describe(fixture)).members.map((member) => [member.memberId === 'c', member.memberType]);
  assert.deepEqual(types.sort(), [
    [false, 0],
    [false, 0],
    [true, 1],
  ]);

  await fixture.restart();
  await rounds(fixture, a, b, c);
  assert.deepEqual(all(a, b, c), EIGHT);

  assert.equal(await fixture.leave(a.memberId), ErrorCode.NONE);
  const d = new ConsumerClient(fixture, 'd');
  await rounds(fixture, b, c, d);
  assert.deepEqual(all(b, c, d), EIGHT);

  await c.leave();
  await rounds(fixture, b, d);
  assert.deepEqual(all(b, d), EIGHT);
  assert.equal(await groupType(fixture), 'consumer Stable');
  await d.leave();
  assert.equal(await groupType(fixture), 'classic PreparingRebalance');
  assert.equal(await b.beat(), ErrorCode.NONE);
  assert.equal(await groupType(fixture), 'classic Stable');
  assert.deepEqual(b.names, EIGHT);
  await fixture.restart();
  assert.equal(await groupType(fixture), 'classic Stable');
  assert.equal(await b.beat(), ErrorCode.NONE);
});

test('when the last classic member leaves, the rest is a plain consumer group', async () => {
  const fixture = await GroupFixture.start();
  const a = new ClassicClient(fixture);
  await classicGroup(fixture, a);
  const c = new ConsumerClient(fixture, 'c');
  await rounds(fixture, a, c);
  await fixture.leave(a.memberId);
  await rounds(fixture, c);
  assert.deepEqual(c.names, EIGHT);
  assert.equal(await groupType(fixture), 'consumer Stable');
});

test('classic members that are never heard of again after the upgrade time out', async () => {
  const fixture = await GroupFixture.start();
  const a = new ClassicClient(fixture);
  await classicGroup(fixture, a);
  const c = new ConsumerClient(fixture, 'c');
  await c.beat();
  for (let beat = 0; beat < 12; beat++) {
    await fixture.advance(5_000);
    await c.beat();
  }
  assert.deepEqual(c.names, EIGHT);
});

test('offsets stay through every change', async () => {
  const fixture = await GroupFixture.start();
  const a = new ClassicClient(fixture);
  await classicGroup(fixture, a);
  await fixture.commit(5, { memberId: a.memberId, generationIdOrMemberEpoch: a.generation });
  const c = new ConsumerClient(fixture, 'c');
  await rounds(fixture, a, c);
  assert.equal(await fixture.committed(), 5);
  const code = await fixture.commitError(6, { memberId: a.memberId, generationIdOrMemberEpoch: a.generation }, 8);
  assert.equal(code, ErrorCode.NONE, 'a classic member of a consumer group commits as ever');
  const wrong = await fixture.commitError(7, { memberId: a.memberId, generationIdOrMemberEpoch: a.generation - 1 }, 8);
  assert.equal(wrong, ErrorCode.ILLEGAL_GENERATION);
  await c.leave();
  await fixture.restart();
  assert.equal(await fixture.committed(), 6);
});

test('a static member is upgraded in its place, and downgraded in it', async () => {
  const fixture = await GroupFixture.start();
  const classic = new ClassicClient(fixture, 'i1');
  const other = new ClassicClient(fixture, 'i2');
  await classicGroup(fixture, classic, other);
  const upgraded = new ConsumerClient(fixture, 'new', { instanceId: 'i1' });
  await upgraded.beat();
  assert.equal(upgraded.lastError, ErrorCode.NONE);
  await rounds(fixture, upgraded, other);
  assert.deepEqual(all(upgraded, other), EIGHT);
  assert.equal(await fixture.heartbeat(classic.memberId, classic.generation, 'i1'), ErrorCode.FENCED_INSTANCE_ID);
  const back = new ClassicClient(fixture, 'i1');
  assert.equal(await back.join(), ErrorCode.NONE);
  assert.equal(await groupType(fixture), 'classic Stable');
  assert.deepEqual(all(back, other), EIGHT);
  await fixture.restart();
  assert.equal(await fixture.heartbeat(back.memberId, back.generation, 'i1'), ErrorCode.NONE);
});

test('a classic member in the place of the only static one makes the group a classic one', async () => {
  const fixture = await GroupFixture.start();
  const consumer = new ConsumerClient(fixture, 'new', { instanceId: 'i1' });
  await rounds(fixture, consumer);
  const classic = new ClassicClient(fixture, 'i1');
  assert.equal(await classic.join(), ErrorCode.NONE);
  assert.equal(await groupType(fixture), 'classic Stable');
  assert.deepEqual(all(classic), EIGHT);
  assert.equal(await classic.beat(), ErrorCode.NONE);
  await fixture.restart();
  assert.equal(await groupType(fixture), 'classic Stable');
  assert.equal(await classic.beat(), ErrorCode.NONE);
  assert.equal(await classic.join(), ErrorCode.NONE);
  assert.deepEqual(all(classic), EIGHT);
});

test('a static member that comes back with the classic protocol and another subscription gets what it wants', async () => {
  const fixture = await GroupFixture.start();
  const other = new ClassicClient(fixture, 'i2');
  await classicGroup(fixture, other);
  const consumer = new ConsumerClient(fixture, 'new', { instanceId: 'i1', subscribedTopicNames: ['none'] });
  await rounds(fixture, consumer, other);
  assert.deepEqual(all(other), EIGHT);
  const back = new ClassicClient(fixture, 'i1');
  assert.equal(await back.join(), ErrorCode.ILLEGAL_GENERATION);
  assert.equal(await groupType(fixture), 'classic PreparingRebalance');
  await Promise.all([back.join(), other.beat()]);
  assert.equal(await groupType(fixture), 'classic Stable');
  assert.deepEqual(all(back, other), EIGHT);
  assert.equal(back.held.length, 4);
});

test('members that wait for a rebalance are sent to join the new one', async () => {
  const fixture = await GroupFixture.start();
  const a = new ClassicClient(fixture);
  await classicGroup(fixture, a);
  const newcomer = await fixture.joinWithId(new ClassicClient(fixture).request);
  await heartbeat(fixture, 'c', JOIN);
  await settle();
  assert.equal(newcomer.join.answer?.errorCode, ErrorCode.REBALANCE_IN_PROGRESS);
  const again = await fixture.join({ ...new ClassicClient(fixture).request, memberId: newcomer.memberId });
  assert.equal(again.errorCode, ErrorCode.NONE);
});

test('an upgrade knows the topics of the classic members: who brings none moves no epoch', async () => {
  const fixture = await GroupFixture.start();
  const a = new ClassicClient(fixture);
  await classicGroup(fixture, a);
  const c = new ConsumerClient(fixture, 'c', { subscribedTopicNames: [] });
  await c.beat();
  assert.deepEqual([c.lastError, c.epoch], [ErrorCode.NONE, a.generation]);
});

test('a classic member of a consumer group: refusals and sessions', async () => {
  const fixture = await GroupFixture.start();
  const c = new ConsumerClient(fixture, 'c');
  await c.beat();
  const a = new ClassicClient(fixture);
  assert.equal(await a.join(), ErrorCode.NONE);
  assert.equal(
    (await fixture.join({ ...a.request, protocolType: 'connect' })).errorCode,
    ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
  );
  const other = [{ name: 'other', metadata: a.request.protocols![0].metadata }];
  assert.equal(
    (await fixture.join({ ...a.request, memberId: 'x', protocols: other })).errorCode,
    ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
  );
  assert.equal(
    (await fixture.join({ ...a.request, memberId: a.memberId, protocols: other })).errorCode,
    ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
    'its own protocols of before count too',
  );
  const malformed = [{ name: 'cooperative-sticky', metadata: Buffer.from([1]) }];
  assert.equal(
    (await fixture.join({ ...a.request, protocols: malformed })).errorCode,
    ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
  );
  const unknown = { ...a.request, memberId: 'x', groupInstanceId: 'i', protocols: malformed };
  assert.equal((await fixture.join(unknown)).errorCode, ErrorCode.UNKNOWN_MEMBER_ID);
  assert.equal(await fixture.heartbeat('c', c.epoch), ErrorCode.UNKNOWN_MEMBER_ID, 'not one of the classic protocol');
  assert.equal(await fixture.heartbeat(a.memberId, a.generation + 1), ErrorCode.ILLEGAL_GENERATION);
  assert.equal(
    (await fixture.sync(a.memberId, a.generation + 1, {}, { protocolName: 'cooperative-sticky' })).errorCode,
    ErrorCode.ILLEGAL_GENERATION,
  );
  assert.equal(
    (await fixture.sync(a.memberId, a.generation, {}, { protocolName: 'x' })).errorCode,
    ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
  );
  assert.equal(await fixture.leave('x'), ErrorCode.UNKNOWN_MEMBER_ID);
  await rounds(fixture, a, c);
  assert.deepEqual(all(a, c), EIGHT);
  for (let beat = 0; beat < 6; beat++) {
    await fixture.advance(5_000);
    await c.beat();
  }
  assert.equal(await fixture.heartbeat(a.memberId, a.generation), ErrorCode.UNKNOWN_MEMBER_ID, 'its session was 30 s');
});

test('a classic member that never joins again, or never syncs, is removed in its rebalance time-out', async () => {
  const fixture = await GroupFixture.start();
  const c = new ConsumerClient(fixture, 'c');
  await c.beat();
  const silent = new ClassicClient(fixture);
  const { memberId } = await fixture.join(silent.request);
  const joined = await fixture.join({ ...silent.request, memberId, rebalanceTimeoutMs: 20_000 });
  assert.equal(joined.errorCode, ErrorCode.NONE);
  await fixture.advance(20_000);
  assert.equal(await fixture.heartbeat(memberId, joined.generationId), ErrorCode.UNKNOWN_MEMBER_ID);
});

test('a classic member that is told to join again has its rebalance time-out for it, however often it is told', async () => {
  const fixture = await GroupFixture.start();
  const c = new ConsumerClient(fixture, 'c');
  await c.beat();
  const stubborn = new ClassicClient(fixture);
  assert.equal(await stubborn.join(), ErrorCode.NONE);
  const d = new ConsumerClient(fixture, 'd');
  await d.beat();
  assert.equal(await fixture.heartbeat(stubborn.memberId, stubborn.generation), ErrorCode.NONE, 'no new target yet');
  await fixture.advance(1_000);
  const told: number[] = [];
  for (let second = 0; second < 70; second += 5) {
    told.push(await fixture.heartbeat(stubborn.memberId, stubborn.generation));
    await fixture.advance(5_000);
    for (const client of [c, d]) await client.beat();
  }
  assert.equal(told[0], ErrorCode.REBALANCE_IN_PROGRESS);
  assert.equal(told.at(-1), ErrorCode.UNKNOWN_MEMBER_ID);
});

test('a group that only classic members are left in goes back with the next that leaves', async () => {
  const fixture = await GroupFixture.start({ config: { maxSize: 2 } });
  const c = new ConsumerClient(fixture, 'c');
  await c.beat();
  const classics = [0, 1, 2].map(() => new ClassicClient(fixture));
  for (const classic of classics) assert.equal(await classic.join(), ErrorCode.NONE);
  await c.leave();
  assert.match(await groupType(fixture), /^consumer/, 'too large for a classic group');
  assert.equal(await fixture.leave(classics[0].memberId), ErrorCode.NONE);
  assert.equal(await groupType(fixture), 'classic PreparingRebalance');
});

test('migration by policy', async () => {
  for (const [migrationPolicy, upgrades, downgrades] of [
    ['BIDIRECTIONAL', true, true],
    ['UPGRADE', true, false],
    ['DOWNGRADE', false, true],
    ['DISABLED', false, false],
  ] as [MigrationPolicy, boolean, boolean][]) {
    const { consumer } = new GroupFixture().config;
    const fixture = await GroupFixture.start({ config: { consumer: { ...consumer, migrationPolicy } } });
    await classicGroup(fixture, new ClassicClient(fixture));
    const upgrade = await heartbeat(fixture, 'c', JOIN);
    assert.equal(upgrade.errorCode, upgrades ? ErrorCode.NONE : ErrorCode.GROUP_ID_NOT_FOUND, migrationPolicy);
    await heartbeat(fixture, 'c', { ...JOIN, groupId: 'h' });
    const d = new ClassicClient(fixture);
    const { memberId, errorCode } = await fixture.join({ ...d.request, groupId: 'h' });
    if (migrationPolicy === 'DISABLED') {
      assert.deepEqual([errorCode, memberId], [ErrorCode.INCONSISTENT_GROUP_PROTOCOL, '']);
    }
    await fixture.join({ ...d.request, groupId: 'h', memberId });
    await heartbeat(fixture, 'c', { groupId: 'h', memberEpoch: -1 });
    const { groups } = await fixture.coordinator.listGroups({ statesFilter: [], typesFilter: [] }, fixture.context(5));
    assert.equal(
      groups.find(({ groupId }) => groupId === 'h')?.groupType,
      downgrades ? 'classic' : 'consumer',
      migrationPolicy,
    );
  }
});

test('a group whose assignments hold data of an assignor of their own is not upgraded', async () => {
  const fixture = await GroupFixture.start();
  const a = new ClassicClient(fixture, null, Buffer.from([7]));
  await classicGroup(fixture, a);
  assert.equal((await heartbeat(fixture, 'c', JOIN)).errorCode, ErrorCode.GROUP_ID_NOT_FOUND);
  assert.equal(await groupType(fixture), 'classic Stable');
  assert.equal(await fixture.leave(a.memberId), ErrorCode.NONE);
  assert.equal((await heartbeat(fixture, 'c', JOIN)).errorCode, ErrorCode.NONE, 'nothing is lost with an empty group');
});

test('a classic member does not hurry the next target, and goes on with the last one until it is there', async () => {
  const fixture = await GroupFixture.start();
  const c = new ConsumerClient(fixture, 'c');
  await c.beat();
  const a = new ClassicClient(fixture);
  assert.equal(await a.join(), ErrorCode.NONE);
  assert.deepEqual([a.generation, a.names], [c.epoch, []]);
  assert.equal(await a.beat(), ErrorCode.NONE);
  await rounds(fixture, a, c);
  assert.deepEqual(all(a, c), EIGHT);
  assert.equal(a.names.length, 4);
});

test('a classic member in the place of the last other one rebalances for what it wants, even where a target is not due', async () => {
  const { consumer } = new GroupFixture().config;
  const config = { consumer: { ...consumer, assignmentIntervalMs: 60_000 } };
  const fixture = await GroupFixture.start({ config });
  await new ConsumerClient(fixture, 'new', { instanceId: 'i1', subscribedTopicNames: ['none'] }).beat();
  await new ClassicClient(fixture, 'i1').join();
  assert.equal(await groupType(fixture), 'classic PreparingRebalance');
});

test('groups of other protocols are not upgraded', async () => {
  const fixture = await GroupFixture.start();
  await fixture.stableGroup(1, { protocolType: 'connect' });
  assert.equal((await heartbeat(fixture, 'c', JOIN)).errorCode, ErrorCode.GROUP_ID_NOT_FOUND);
});

test('empty groups change freely', async () => {
  const fixture = await GroupFixture.start();
  await fixture.commit(3);
  const { ids } = await fixture.stableGroup(1);
  await fixture.leave(ids[0]);
  const c = new ConsumerClient(fixture, 'c');
  await c.beat();
  assert.equal(await groupType(fixture), 'consumer Stable');
  await c.leave();
  const a = new ClassicClient(fixture);
  await classicGroup(fixture, a);
  assert.equal(await groupType(fixture), 'classic Stable');
  assert.equal(await fixture.committed(), 3);
  const before = await fixture.durableState();
  await fixture.restart();
  assert.equal(await fixture.durableState(), before);
});

test('a change of protocol that cannot be written leaves the group as it was', async () => {
  const fixture = await GroupFixture.start();
  const a = new ClassicClient(fixture);
  await classicGroup(fixture, a);
  const before = await fixture.durableState();
  fixture.log.failWith(ErrorCode.NOT_ENOUGH_REPLICAS);
  assert.equal((await heartbeat(fixture, 'c', JOIN)).errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE);
  assert.equal(await fixture.durableState(), before);
  fixture.log.failWith(null);
  assert.equal(await a.beat(), ErrorCode.NONE);
  const c = new ConsumerClient(fixture, 'c');
  await rounds(fixture, a, c);
  const mixed = await fixture.durableState();
  fixture.log.failWith(ErrorCode.NOT_ENOUGH_REPLICAS);
  assert.equal((await c.leave()).errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE);
  fixture.log.failWith(null);
  assert.equal(await fixture.durableState(), mixed);
  await rounds(fixture, a, c);
  assert.deepEqual(all(a, c), EIGHT);
  await fixture.advance(60_000);
  assert.match(await groupType(fixture), /Empty/, 'sessions still run');
});

test('what a member owed to a group that went back to the classic protocol is forgotten', async () => {
  const fixture = await GroupFixture.start();
  const a = new ClassicClient(fixture);
  await classicGroup(fixture, a);
  const c = new ConsumerClient(fixture, 'c');
  await c.beat();
  // It is told to join within a minute, but the group is a classic one again before it does.
  assert.equal(await fixture.heartbeat(a.memberId, a.generation), ErrorCode.REBALANCE_IN_PROGRESS);
  await c.leave();
  assert.equal(await a.join(), ErrorCode.NONE);
  assert.equal(await groupType(fixture), 'classic Stable');
  for (let beat = 0; beat < 5; beat++) {
    await fixture.advance(10_000);
    assert.equal(await a.beat(), ErrorCode.NONE);
  }
  await new ConsumerClient(fixture, 'd').beat();
  assert.equal(await fixture.heartbeat(a.memberId, a.generation), ErrorCode.REBALANCE_IN_PROGRESS);
  await fixture.advance(15_000);
  assert.equal(await fixture.heartbeat(a.memberId, a.generation), ErrorCode.REBALANCE_IN_PROGRESS, 'a minute from now');
  assert.equal(await a.join(), ErrorCode.NONE);
});
