import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from '../../../../src/protocol/errors.ts';
import { GroupFixture } from '../group-fixture.ts';
import { ConsumerClient, describe, heartbeat, JOIN, names, reconcile } from './consumer-fixture.ts';

test('the first member gets everything with its first heartbeat', async () => {
  const fixture = await GroupFixture.start();
  const response = await heartbeat(fixture, 'a', JOIN);
  assert.deepEqual(
    { ...response, assignment: null },
    {
      throttleTimeMs: 0,
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      memberId: 'a',
      memberEpoch: 2,
      heartbeatIntervalMs: 5_000,
      assignment: null,
    },
  );
  assert.equal(names(fixture, response.assignment!.topicPartitions).length, 8);
  const next = await heartbeat(fixture, 'a', { memberEpoch: 2 });
  assert.equal(next.assignment, null, 'nothing new');
  const full = await heartbeat(fixture, 'a', {
    ...JOIN,
    memberEpoch: 2,
    topicPartitions: response.assignment!.topicPartitions,
  });
  assert.equal(names(fixture, full.assignment!.topicPartitions).length, 8, 'a full request is answered in full');
  assert.equal((await describe(fixture)).groupState, 'Stable');
});

test('a second member gets its part when the first one has given it back, and nothing has two owners', async () => {
  const fixture = await GroupFixture.start();
  const a = new ConsumerClient(fixture, 'a');
  const b = new ConsumerClient(fixture, 'b');
  await a.beat();
  await b.beat();
  assert.deepEqual(b.names, [], 'the target is a second old at least before it is computed again');
  assert.equal((await describe(fixture)).groupState, 'Assigning');
  await fixture.advance(1_000);
  assert.equal((await describe(fixture)).assignmentEpoch, 3);
  await b.beat();
  assert.deepEqual(b.names, [], 'the first member still owns it');
  assert.equal(b.epoch, 3);
  const revoke = await heartbeat(fixture, 'a', { memberEpoch: 2 });
  assert.equal(revoke.memberEpoch, 2, 'the epoch stands still until the partitions are given back');
  assert.equal(names(fixture, revoke.assignment!.topicPartitions).length, 4);
  await b.beat();
  assert.deepEqual(b.names, []);
  a.held = revoke.assignment!.topicPartitions;
  const acknowledged = await a.beat();
  assert.equal(acknowledged.memberEpoch, 3);
  await b.beat();
  assert.equal(b.names.length, 4);
  assert.equal(new Set([...a.names, ...b.names]).size, 8);
  assert.equal((await describe(fixture)).groupState, 'Stable');
});

test('a member that leaves frees its partitions at once', async () => {
  const fixture = await GroupFixture.start();
  const a = new ConsumerClient(fixture, 'a');
  const b = new ConsumerClient(fixture, 'b');
  await reconcile(fixture, a, b);
  const left = await b.leave();
  assert.deepEqual([left.errorCode, left.memberEpoch], [ErrorCode.NONE, -1]);
  await fixture.advance(1_000);
  await a.beat();
  assert.equal(a.names.length, 8);
  assert.equal((await a.leave()).errorCode, ErrorCode.NONE);
  assert.equal((await describe(fixture)).groupState, 'Empty');
  assert.equal((await a.leave()).errorCode, ErrorCode.UNKNOWN_MEMBER_ID);
});

test('a member whose session is over is removed, and comes back with epoch 0', async () => {
  const fixture = await GroupFixture.start();
  const a = new ConsumerClient(fixture, 'a');
  await a.beat();
  await fixture.advance(44_999);
  await a.beat();
  assert.equal(a.lastError, ErrorCode.NONE);
  await fixture.advance(45_000);
  await a.beat();
  assert.equal(a.lastError, ErrorCode.UNKNOWN_MEMBER_ID);
  a.epoch = 0;
  await a.beat();
  assert.equal(a.names.length, 8);
});

test('a member that does not give partitions back in its rebalance time-out is removed', async () => {
  const fixture = await GroupFixture.start();
  const a = new ConsumerClient(fixture, 'a', { rebalanceTimeoutMs: 20_000 });
  const b = new ConsumerClient(fixture, 'b');
  await a.beat();
  await b.beat();
  await fixture.advance(1_000);
  const stubborn = () => heartbeat(fixture, 'a', { memberEpoch: 2 });
  await stubborn();
  for (let second = 0; second < 19; second++) {
    await fixture.advance(1_000);
    assert.equal((await stubborn()).errorCode, ErrorCode.NONE);
  }
  await fixture.advance(1_000);
  assert.equal((await stubborn()).errorCode, ErrorCode.UNKNOWN_MEMBER_ID);
  await reconcile(fixture, b);
  assert.equal(b.names.length, 8);
});

test('epochs: the current one, the one before when the answer was lost, and nothing else', async () => {
  const fixture = await GroupFixture.start();
  const a = new ConsumerClient(fixture, 'a');
  const b = new ConsumerClient(fixture, 'b');
  await reconcile(fixture, a, b);
  const { epoch } = a;
  const code = async (memberEpoch: number, topicPartitions: typeof a.held | null) =>
    (await heartbeat(fixture, 'a', { memberEpoch, topicPartitions })).errorCode;
  assert.equal(await code(epoch + 1, a.held), ErrorCode.FENCED_MEMBER_EPOCH);
  assert.equal(await code(epoch - 1, a.held), ErrorCode.NONE);
  assert.equal(await code(epoch - 1, null), ErrorCode.FENCED_MEMBER_EPOCH, 'what it holds must be said');
  assert.equal(await code(epoch - 1, [...a.held, ...b.held]), ErrorCode.FENCED_MEMBER_EPOCH);
  assert.equal((await heartbeat(fixture, 'who', { memberEpoch: 1 })).errorCode, ErrorCode.UNKNOWN_MEMBER_ID);
  const rejoined = await heartbeat(fixture, 'a', JOIN);
  assert.equal(rejoined.errorCode, ErrorCode.NONE, 'a fenced member joins again under its id');
  assert.deepEqual(names(fixture, rejoined.assignment!.topicPartitions), a.names);
});

test('a member that waits for partitions, and has come with its new epoch, may not come with the one before', async () => {
  const fixture = await GroupFixture.start();
  const a = new ConsumerClient(fixture, 'a');
  const b = new ConsumerClient(fixture, 'b');
  const c = new ConsumerClient(fixture, 'c');
  await a.beat();
  await b.beat();
  await fixture.advance(1_000);
  await c.beat();
  const before = b.epoch;
  await b.beat();
  assert.ok(b.epoch > before);
  const code = async () => (await heartbeat(fixture, 'b', { memberEpoch: before, topicPartitions: [] })).errorCode;
  assert.equal(await code(), ErrorCode.NONE);
  await b.beat();
  assert.equal(await code(), ErrorCode.FENCED_MEMBER_EPOCH);
});

test('requests that cannot be', async () => {
  const fixture = await GroupFixture.start({
    config: { consumer: { ...new GroupFixture().config.consumer, maxSize: 1 } },
  });
  const code = async (memberId: string, request: Parameters<typeof heartbeat>[2], apiVersion = 1) =>
    (await heartbeat(fixture, memberId, request, apiVersion)).errorCode;
  assert.equal(await code('a', { ...JOIN, groupId: '' }), ErrorCode.INVALID_REQUEST);
  assert.equal(await code('', JOIN), ErrorCode.INVALID_REQUEST);
  assert.equal(await code('a', { ...JOIN, instanceId: '' }), ErrorCode.INVALID_REQUEST);
  assert.equal(await code('a', { ...JOIN, rackId: '' }), ErrorCode.INVALID_REQUEST);
  assert.equal(await code('a', { ...JOIN, rebalanceTimeoutMs: -1 }), ErrorCode.INVALID_REQUEST);
  assert.equal(await code('a', { ...JOIN, topicPartitions: null }), ErrorCode.INVALID_REQUEST);
  assert.equal(await code('a', { ...JOIN, subscribedTopicNames: null }), ErrorCode.INVALID_REQUEST);
  assert.equal(await code('a', { memberEpoch: -3 }), ErrorCode.INVALID_REQUEST);
  assert.equal(await code('a', { memberEpoch: -2 }), ErrorCode.INVALID_REQUEST);
  assert.equal(await code('', { memberEpoch: -2, instanceId: 'i' }), ErrorCode.INVALID_REQUEST);
  assert.equal(await code('', { memberEpoch: -2, instanceId: 'i' }, 0), ErrorCode.GROUP_ID_NOT_FOUND);
  assert.equal(await code('a', { ...JOIN, serverAssignor: 'x' }), ErrorCode.UNSUPPORTED_ASSIGNOR);
  assert.equal(await code('a', { ...JOIN, subscribedTopicRegex: '(' }), ErrorCode.INVALID_REGULAR_EXPRESSION);
  assert.equal(await code('a', { memberEpoch: 1 }), ErrorCode.GROUP_ID_NOT_FOUND);
  assert.equal(await code('a', { memberEpoch: 1, subscribedTopicRegex: '(' }), ErrorCode.GROUP_ID_NOT_FOUND);
  assert.equal(await code('a', { memberEpoch: -1 }), ErrorCode.GROUP_ID_NOT_FOUND);
  assert.equal((await describe(fixture)).errorCode, ErrorCode.GROUP_ID_NOT_FOUND, 'none of these made a group');
  const made = await heartbeat(fixture, '', JOIN, 0);
  assert.match(made.memberId!, /^[\w-]{22}$/, 'version 0 gives ids');
  assert.equal(await code('b', JOIN), ErrorCode.GROUP_MAX_SIZE_REACHED);
  assert.equal(await code(made.memberId!, { memberEpoch: 2 }), ErrorCode.NONE);
  const malformed = { memberEpoch: 9, subscribedTopicRegex: '(' };
  assert.equal(await code(made.memberId!, malformed), ErrorCode.FENCED_MEMBER_EPOCH, 'before the expression is read');
});

test('a static member that leaves for a while comes back to its partitions without moving the group', async () => {
  const fixture = await GroupFixture.start();
  const one = new ConsumerClient(fixture, 'one', { instanceId: 'i1' });
  const two = new ConsumerClient(fixture, 'two', { instanceId: 'i2' });
  await reconcile(fixture, one, two);
  const { groupEpoch } = await describe(fixture);
  const intruder = new ConsumerClient(fixture, 'intruder', { instanceId: 'i1' });
  await intruder.beat();
  assert.equal(intruder.lastError, ErrorCode.UNRELEASED_INSTANCE_ID);
  assert.equal((await one.leave(-2)).memberEpoch, -2);
  await two.beat();
  assert.equal(two.names.length, 4);
  const back = new ConsumerClient(fixture, 'back', { instanceId: 'i1' });
  await back.beat();
  assert.equal(back.lastError, ErrorCode.NONE);
  assert.deepEqual(back.names, one.names);
  assert.equal((await describe(fixture)).groupEpoch, groupEpoch);
  await one.beat();
  assert.equal(one.lastError, ErrorCode.FENCED_INSTANCE_ID);
  await fixture.restart();
  await back.beat();
  assert.equal(back.lastError, ErrorCode.NONE);
  assert.equal((await back.leave(-1)).errorCode, ErrorCode.NONE);
  await reconcile(fixture, two);
  assert.equal(two.names.length, 8);
});

test('a static member that leaves for a while takes nothing along that it was to give back', async () => {
  const fixture = await GroupFixture.start();
  const one = new ConsumerClient(fixture, 'one', { instanceId: 'i1' });
  const two = new ConsumerClient(fixture, 'two', { instanceId: 'i2' });
  await one.beat();
  await two.beat();
  await fixture.advance(1_000);
  await one.beat();
  assert.equal(one.names.length, 4);
  await one.leave(-2);
  await two.beat();
  assert.equal(two.names.length, 4);
});

test('a static member that is away is fenced in whichever epoch it comes, but to join', async () => {
  const fixture = await GroupFixture.start();
  const one = new ConsumerClient(fixture, 'one', { instanceId: 'i1' });
  await one.beat();
  const previous = one.epoch;
  await reconcile(fixture, one, new ConsumerClient(fixture, 'two'));
  await one.leave(-2);
  for (const memberEpoch of [previous, one.epoch]) {
    const answer = await heartbeat(fixture, 'one', { memberEpoch, instanceId: 'i1', topicPartitions: [] });
    assert.equal(answer.errorCode, ErrorCode.FENCED_MEMBER_EPOCH);
  }
  one.epoch = 0;
  assert.equal((await one.beat()).errorCode, ErrorCode.NONE, 'under its own id too');
});

test('a target that was put off is not computed for a group that has become empty', async () => {
  const fixture = await GroupFixture.start();
  const a = new ConsumerClient(fixture, 'a');
  await a.beat();
  const { assignmentEpoch } = await describe(fixture);
  await a.beat({ subscribedTopicNames: ['payments'] });
  await a.leave();
  await fixture.advance(2_000);
  const left = await describe(fixture);
  assert.equal(left.groupState, 'Empty');
  assert.equal(left.assignmentEpoch, assignmentEpoch);
});

test('a static member that is away too long loses its place', async () => {
  const fixture = await GroupFixture.start();
  const one = new ConsumerClient(fixture, 'one', { instanceId: 'i1' });
  const two = new ConsumerClient(fixture, 'two');
  await reconcile(fixture, one, two);
  await one.leave(-2);
  for (let beat = 0; beat < 10; beat++) {
    await fixture.advance(5_000);
    await two.beat();
  }
  assert.equal(two.names.length, 8);
});

test('a change of subscription, and topics that grow, come and go', async () => {
  const fixture = await GroupFixture.start();
  const a = new ConsumerClient(fixture, 'a', { subscribedTopicNames: ['orders', 'later'] });
  await a.beat();
  assert.equal(a.names.length, 8);
  fixture.topics.add('later', 2);
  fixture.coordinator.topicsChanged();
  await reconcile(fixture, a);
  assert.equal(a.names.length, 10);
  fixture.topics.add('orders', 12);
  fixture.coordinator.topicsChanged();
  await reconcile(fixture, a);
  assert.equal(a.names.length, 14);
  const { groupEpoch } = await describe(fixture);
  fixture.topics.add('other', 1);
  fixture.coordinator.topicsChanged();
  await reconcile(fixture, a);
  assert.equal((await describe(fixture)).groupEpoch, groupEpoch, 'not its topic');
  await a.beat({ subscribedTopicNames: ['later'] });
  await reconcile(fixture, a);
  assert.deepEqual(a.names, ['later-0', 'later-1']);
  fixture.topics.remove('later');
  fixture.coordinator.topicsChanged();
  await reconcile(fixture, a);
  assert.deepEqual(a.names, []);
});

test('members may choose an assignor; most votes win', async () => {
  const fixture = await GroupFixture.start();
  const a = new ConsumerClient(fixture, 'a', { serverAssignor: 'range' });
  const b = new ConsumerClient(fixture, 'b', { serverAssignor: 'range' });
  const c = new ConsumerClient(fixture, 'c', { serverAssignor: 'uniform' });
  await reconcile(fixture, a, b, c);
  assert.equal((await describe(fixture)).assignorName, 'range');
  assert.deepEqual(a.names, ['orders-0', 'orders-1', 'orders-2']);
});

test('of assignors with as many votes, the one wins that is new, later on the one that Kafka lists first', async () => {
  const fixture = await GroupFixture.start();
  const subscribedTopicNames = ['orders', 'payments'];
  const a = new ConsumerClient(fixture, 'a', { subscribedTopicNames, serverAssignor: 'range' });
  const b = new ConsumerClient(fixture, 'b', { subscribedTopicNames, serverAssignor: 'uniform' });
  const c = new ConsumerClient(fixture, 'c', { subscribedTopicNames });
  const counts = async () => {
    const { members, assignorName } = await describe(fixture);
    const sizes = members.map(({ targetAssignment }) => names(fixture, targetAssignment.topicPartitions).length);
    return `${assignorName} ${sizes.sort().join(' ')}`;
  };
  await reconcile(fixture, b, c);
  await a.beat();
  assert.equal(await counts(), 'uniform 3 4 5', 'computed with range');
  await c.beat({ subscribedTopicNames: ['orders', 'payments', 'none'] });
  await fixture.advance(1_000);
  assert.equal(await counts(), 'uniform 4 4 4');
});

test('regular expressions: found, found again when topics come, filtered, dropped with their last user', async () => {
  const fixture = await GroupFixture.start();
  const a = new ConsumerClient(fixture, 'a', { subscribedTopicNames: [], subscribedTopicRegex: 'pay.*|or' });
  await a.beat();
  assert.deepEqual(a.names, ['payments-0', 'payments-1', 'payments-2', 'payments-3'], 'whole names');
  fixture.topics.add('payouts', 1);
  fixture.coordinator.topicsChanged();
  await reconcile(fixture, a);
  assert.equal(a.names.length, 5);
  await fixture.restart();
  await a.beat();
  assert.equal(a.lastError, ErrorCode.NONE);
  const [member] = (await describe(fixture)).members;
  assert.equal(member.subscribedTopicRegex, 'pay.*|or');
  await a.beat({ subscribedTopicRegex: '', subscribedTopicNames: ['payouts'] });
  await reconcile(fixture, a);
  assert.deepEqual(a.names, ['payouts-0']);
  const hidden = await heartbeat(
    fixture,
    'h',
    { ...JOIN, groupId: 'h', subscribedTopicNames: null, subscribedTopicRegex: '.*' },
    1,
    (topic) => topic === 'payouts',
  );
  assert.deepEqual(names(fixture, hidden.assignment!.topicPartitions), ['payouts-0']);
});

test('an expression that matches nothing yet makes no new epoch', async () => {
  const fixture = await GroupFixture.start();
  const a = new ConsumerClient(fixture, 'a', { subscribedTopicNames: [], subscribedTopicRegex: 'new.*' });
  await a.beat();
  assert.deepEqual([a.epoch, a.names], [1, []]);
  await fixture.restart();
  fixture.topics.add('news', 1);
  fixture.coordinator.topicsChanged();
  await reconcile(fixture, a);
  assert.deepEqual([a.epoch, a.names], [2, ['news-0']]);
  const b = new ConsumerClient(fixture, 'b', { subscribedTopicNames: [], subscribedTopicRegex: 'new.*' });
  await reconcile(fixture, a, b);
  assert.deepEqual([a.epoch, b.epoch], [3, 3], 'it is known what it matches');
  await a.beat({ subscribedTopicRegex: 'n.*s' });
  await reconcile(fixture, a, b);
  assert.deepEqual([a.epoch, b.epoch], [4, 4], 'another one, for the same topic');
});

test('names and an expression together', async () => {
  const fixture = await GroupFixture.start();
  const a = new ConsumerClient(fixture, 'a', { subscribedTopicNames: ['orders'], subscribedTopicRegex: 'pay.*' });
  await a.beat();
  assert.equal(a.names.length, 12);
});

test('the group survives a restart in the middle of a rebalance', async () => {
  const fixture = await GroupFixture.start();
  const a = new ConsumerClient(fixture, 'a');
  const b = new ConsumerClient(fixture, 'b');
  await a.beat();
  await b.beat();
  await fixture.advance(1_000);
  await heartbeat(fixture, 'a', { memberEpoch: 2 });
  const before = await fixture.durableState();
  await fixture.restart();
  assert.equal(await fixture.durableState(), before);
  await reconcile(fixture, a, b);
  assert.equal(new Set([...a.names, ...b.names]).size, 8);
  await fixture.advance(45_000);
  assert.equal((await describe(fixture)).groupState, 'Empty', 'sessions run from the load on');
});

test('a heartbeat whose records cannot be written changes nothing', async () => {
  const fixture = await GroupFixture.start();
  const a = new ConsumerClient(fixture, 'a');
  await a.beat();
  const before = await fixture.durableState();
  fixture.log.failWith(ErrorCode.NOT_ENOUGH_REPLICAS);
  assert.equal((await heartbeat(fixture, 'b', JOIN)).errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE);
  assert.equal((await a.leave()).errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE);
  assert.equal(await fixture.durableState(), before);
  fixture.log.failWith(null);
  await a.beat();
  assert.equal(a.lastError, ErrorCode.NONE);
  await fixture.advance(45_000);
  assert.equal((await describe(fixture)).groupState, 'Empty');
});

test('offset commits of members: epochs, partitions held since, versions', async () => {
  const fixture = await GroupFixture.start();
  const a = new ConsumerClient(fixture, 'a');
  await a.beat();
  assert.equal(await fixture.commitError(1, { memberId: 'a', generationIdOrMemberEpoch: 2 }), ErrorCode.NONE);
  assert.equal(
    await fixture.commitError(1, { memberId: 'a', generationIdOrMemberEpoch: 2 }, 8),
    ErrorCode.UNSUPPORTED_VERSION,
  );
  assert.equal(
    await fixture.commitError(1, { memberId: 'x', generationIdOrMemberEpoch: 1 }),
    ErrorCode.UNKNOWN_MEMBER_ID,
  );
  assert.equal(await fixture.commitError(1), ErrorCode.UNKNOWN_MEMBER_ID);
  const b = new ConsumerClient(fixture, 'b');
  await reconcile(fixture, a, b);
  assert.ok(a.epoch > 2);
  const partitionOf = (client: ConsumerClient): number => Number(client.names[0].slice('orders-'.length));
  const commit = (client: ConsumerClient, epoch: number, partition: number) =>
    fixture.commitError(5, { memberId: client.memberId, generationIdOrMemberEpoch: epoch, partition });
  assert.equal(await commit(a, 2, partitionOf(a)), ErrorCode.NONE, 'held since epoch 2');
  assert.equal(await commit(a, 2, partitionOf(b)), ErrorCode.STALE_MEMBER_EPOCH);
  assert.equal(await commit(a, a.epoch + 1, partitionOf(a)), ErrorCode.STALE_MEMBER_EPOCH);
  assert.equal(
    await commit(b, b.epoch - 1, partitionOf(b)),
    ErrorCode.STALE_MEMBER_EPOCH,
    'given in its present epoch',
  );
  const fetch = async (memberId: string | null, memberEpoch: number) => {
    const groups = [{ groupId: 'g', memberId, memberEpoch, topics: null }];
    const request = { groupId: '', topics: [], groups, requireStable: false };
    return (await fixture.coordinator.offsetFetch(request, fixture.context(9))).groups[0].errorCode;
  };
  assert.equal(await fetch('a', a.epoch), ErrorCode.NONE);
  assert.equal(await fetch('a', a.epoch - 1), ErrorCode.STALE_MEMBER_EPOCH);
  assert.equal(await fetch('x', 1), ErrorCode.UNKNOWN_MEMBER_ID);
  assert.equal(await fetch(null, -1), ErrorCode.NONE);
});

test('administration: describe, list, delete', async () => {
  const fixture = await GroupFixture.start();
  const a = new ConsumerClient(fixture, 'a', { rackId: 'r1' });
  await a.beat();
  const described = await describe(fixture);
  assert.deepEqual(
    [described.groupState, described.groupEpoch, described.assignmentEpoch, described.assignorName],
    ['Stable', 2, 2, 'uniform'],
  );
  const [member] = described.members;
  assert.deepEqual(
    [member.memberId, member.rackId, member.memberEpoch, member.subscribedTopicNames, member.memberType],
    ['a', 'r1', 2, ['orders'], 1],
  );
  assert.deepEqual(member.assignment, member.targetAssignment);
  assert.equal(member.assignment.topicPartitions[0].topicName, 'orders');
  const listed = await fixture.coordinator.listGroups(
    { statesFilter: ['stable'], typesFilter: ['CONSUMER'] },
    fixture.context(5),
  );
  assert.deepEqual(listed.groups, [
    { groupId: 'g', protocolType: 'consumer', groupState: 'Stable', groupType: 'consumer' },
  ]);
  const classic = { groups: ['g'], includeAuthorizedOperations: false };
  assert.equal(
    (await fixture.coordinator.describeGroups(classic, fixture.context(6))).groups[0].errorCode,
    ErrorCode.GROUP_ID_NOT_FOUND,
  );
  const remove = async () =>
    (await fixture.coordinator.deleteGroups({ groupsNames: ['g'] }, fixture.context(3))).results[0].errorCode;
  assert.equal(await remove(), ErrorCode.NON_EMPTY_GROUP);
  await a.leave();
  assert.equal(await remove(), ErrorCode.NONE);
  await fixture.restart();
  assert.equal((await describe(fixture)).errorCode, ErrorCode.GROUP_ID_NOT_FOUND);
});

test('offsets of subscribed topics neither expire nor may they be deleted', async () => {
  const fixture = await GroupFixture.start();
  await fixture.commit(1);
  await fixture.commit(1, { topic: 'payments' });
  const a = new ConsumerClient(fixture, 'a');
  await a.beat();
  const request = { groupId: 'g', topics: [{ name: 'orders', partitions: [{ partitionIndex: 0 }] }] };
  const deleted = await fixture.coordinator.offsetDelete(request, fixture.context(0));
  assert.equal(deleted.topics[0].partitions[0].errorCode, ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC);
  for (let beat = 0; beat < 8 * 24 * 90; beat++) {
    fixture.clock.advance(40_000);
    if (beat % 400 === 0) await fixture.advance(0);
    void a.beat();
  }
  await fixture.advance(0);
  assert.equal(await fixture.committed('orders'), 1);
  assert.equal(await fixture.committed('payments'), -1);
});

test('a group may have settings of its own', async () => {
  const consumerOverrides = (groupId: string) =>
    groupId === 'g' ? { sessionTimeoutMs: 60_000, heartbeatIntervalMs: 7_000 } : {};
  const fixture = await GroupFixture.start({ config: { consumerOverrides } });
  assert.equal((await heartbeat(fixture, 'a', JOIN)).heartbeatIntervalMs, 7_000);
  assert.equal((await heartbeat(fixture, 'a', { ...JOIN, groupId: 'h' })).heartbeatIntervalMs, 5_000);
  await fixture.advance(59_999);
  assert.equal((await describe(fixture, 'g')).groupState, 'Stable');
  assert.equal((await describe(fixture, 'h')).groupState, 'Empty');
  await fixture.advance(1);
  assert.equal((await describe(fixture, 'g')).groupState, 'Empty');
});
