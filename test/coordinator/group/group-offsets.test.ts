import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ZERO_UUID } from '../../../src/base/uuid.ts';
import { ErrorCode } from '../../../src/protocol/errors.ts';
import { GroupFixture, Pending, settle, subscription } from './group-fixture.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

test('who only stores offsets makes a simple group', async () => {
  const fixture = await GroupFixture.start();
  assert.equal(await fixture.committed(), -1);
  assert.equal(await fixture.commitError(42, { metadata: 'note' }), ErrorCode.NONE);
  const [group] = (await fixture.fetchAll()).groups;
  assert.deepEqual(group.topics, [
    {
      name: 'orders',
      topicId: fixture.topics.byName('orders')?.id,
      partitions: [
        { partitionIndex: 0, committedOffset: 42, committedLeaderEpoch: -1, metadata: 'note', errorCode: 0 },
      ],
    },
  ]);
  assert.equal(await fixture.state(), 'Empty');
});

test('OffsetCommit: refusals of the group', async () => {
  const fixture = await GroupFixture.start();
  assert.equal(await fixture.commitError(1, { generationIdOrMemberEpoch: 0 }, 8), ErrorCode.ILLEGAL_GENERATION);
  assert.equal(await fixture.commitError(1, { generationIdOrMemberEpoch: 0 }, 9), ErrorCode.GROUP_ID_NOT_FOUND);
  const { ids, generation } = await fixture.stableGroup(2);
  const member = { memberId: ids[0], generationIdOrMemberEpoch: generation };
  assert.equal(await fixture.commitError(1, member), ErrorCode.NONE);
  assert.equal(await fixture.commitError(1, { ...member, memberId: 'who' }), ErrorCode.UNKNOWN_MEMBER_ID);
  assert.equal(await fixture.commitError(1, { ...member, generationIdOrMemberEpoch: 9 }), ErrorCode.ILLEGAL_GENERATION);
  assert.equal(await fixture.commitError(1), ErrorCode.UNKNOWN_MEMBER_ID, 'the group has members');
  const newcomer = await fixture.joinWithId();
  assert.equal(await fixture.commitError(2, member), ErrorCode.NONE, 'PreparingRebalance takes the last commits');
  await Promise.all([...ids.map((memberId) => fixture.join({ memberId })), newcomer.join.promise]);
  const next = { ...member, generationIdOrMemberEpoch: generation + 1 };
  assert.equal(await fixture.commitError(3, next), ErrorCode.REBALANCE_IN_PROGRESS);
  assert.equal(await fixture.committed(), 2);
});

test('a commit keeps the session alive', async () => {
  const fixture = await GroupFixture.start();
  const { ids, generation } = await fixture.stableGroup(1);
  for (let commit = 0; commit < 5; commit++) {
    await fixture.advance(9_000);
    await fixture.commit(commit, { memberId: ids[0], generationIdOrMemberEpoch: generation });
  }
  assert.equal(await fixture.state(), 'Stable');
});

test('OffsetCommit: refusals of single partitions leave the others alone', async () => {
  const fixture = await GroupFixture.start();
  const partition = (partitionIndex: number, committedMetadata: string | null = null) => ({
    partitionIndex,
    committedOffset: 7,
    committedLeaderEpoch: 3,
    committedMetadata,
  });
  const orders = { name: 'orders', topicId: ZERO_UUID };
  const topics = [
    {
      ...orders,
      partitions: [partition(0), partition(1, 'x'.repeat(4097)), partition(8), partition(2, 'x'.repeat(4096))],
    },
    { name: 'nowhere', topicId: ZERO_UUID, partitions: [partition(0)] },
  ];
  const response = await fixture.commit(0, { topics });
  const codes = response.topics.map((topic) => topic.partitions.map((each) => each.errorCode));
  const { NONE, OFFSET_METADATA_TOO_LARGE, UNKNOWN_TOPIC_OR_PARTITION } = ErrorCode;
  assert.deepEqual(codes, [
    [NONE, OFFSET_METADATA_TOO_LARGE, UNKNOWN_TOPIC_OR_PARTITION, NONE],
    [UNKNOWN_TOPIC_OR_PARTITION],
  ]);
  const [{ partitions }] = (await fixture.fetchAll()).groups[0].topics;
  assert.deepEqual(
    partitions.map((each) => [each.partitionIndex, each.committedOffset, each.committedLeaderEpoch]),
    [
      [0, 7, 3],
      [2, 7, 3],
    ],
  );
});

test('of a client that the group refuses, partitions that do not exist have their own error', async () => {
  const fixture = await GroupFixture.start();
  const partition = (partitionIndex: number) => ({
    partitionIndex,
    committedOffset: 1,
    committedLeaderEpoch: -1,
    committedMetadata: null,
  });
  const codes = async (...partitions: number[]): Promise<number[]> => {
    const topics = [{ name: 'orders', topicId: ZERO_UUID, partitions: partitions.map(partition) }];
    const response = await fixture.commit(0, { topics, memberId: 'm', generationIdOrMemberEpoch: 1 }, 8);
    return response.topics[0].partitions.map((each) => each.errorCode);
  };
  const { ILLEGAL_GENERATION, UNKNOWN_TOPIC_OR_PARTITION } = ErrorCode;
  assert.deepEqual(await codes(0, 8), [ILLEGAL_GENERATION, UNKNOWN_TOPIC_OR_PARTITION]);
  assert.deepEqual(await codes(8), [UNKNOWN_TOPIC_OR_PARTITION]);
});

test('version 10 names topics by id', async () => {
  const fixture = await GroupFixture.start();
  const topicId = fixture.topics.byName('orders')!.id;
  const partitions = [{ partitionIndex: 0, committedOffset: 9, committedLeaderEpoch: -1, committedMetadata: null }];
  const topics = [topicId, 'QUJDREVGR0hJSktMTU5PUA'].map((id) => ({ name: '', topicId: id, partitions }));
  const committed = await fixture.commit(0, { topics }, 10);
  assert.deepEqual(
    committed.topics.map((topic) => [topic.topicId, topic.partitions[0].errorCode]),
    [
      [topicId, ErrorCode.NONE],
      ['QUJDREVGR0hJSktMTU5PUA', ErrorCode.UNKNOWN_TOPIC_ID],
    ],
  );
  const asked = topics.map((topic) => ({ ...topic, partitionIndexes: [0, 1] }));
  const fetch = (wanted: typeof asked | null) =>
    fixture.coordinator.offsetFetch(
      {
        groupId: '',
        topics: [],
        groups: [{ groupId: 'g', memberId: null, memberEpoch: -1, topics: wanted }],
        requireStable: false,
      },
      fixture.context(10),
    );
  const [group] = (await fetch(asked.toReversed())).groups;
  assert.deepEqual(
    group.topics.map((topic) => topic.partitions.map((each) => [each.committedOffset, each.errorCode])),
    [
      [
        [9, ErrorCode.NONE],
        [-1, ErrorCode.NONE],
      ],
      [
        [-1, ErrorCode.UNKNOWN_TOPIC_ID],
        [-1, ErrorCode.UNKNOWN_TOPIC_ID],
      ],
    ],
  );
  fixture.topics.add('orders', 8, 'T2xkT3JkZXJzTmV3T3JkZQ');
  const [again] = (await fetch([{ ...asked[0], topicId: 'T2xkT3JkZXJzTmV3T3JkZQ' }])).groups;
  assert.equal(again.topics[0].partitions[0].committedOffset, -1, 'the offset belongs to an older topic of that name');
});

test('OffsetFetch by version: one group before 8, errors of the group from 2 on', async () => {
  const fixture = await GroupFixture.start();
  await fixture.commit(3);
  const fetch = (apiVersion: number, groupId = 'g') =>
    fixture.coordinator.offsetFetch(
      { groupId, topics: [{ name: 'orders', partitionIndexes: [0, 5] }], groups: [], requireStable: false },
      fixture.context(apiVersion),
    );
  const answer = await fetch(1);
  assert.deepEqual(
    answer.topics[0].partitions.map((each) => [each.committedOffset, each.metadata, each.errorCode]),
    [
      [3, '', ErrorCode.NONE],
      [-1, '', ErrorCode.NONE],
    ],
  );
  assert.equal((await fetch(7, 'unknown')).topics[0].partitions[0].committedOffset, -1);
  fixture.coordinator.resigned(0, null);
  assert.deepEqual((await fetch(2)).topics, []);
  assert.equal((await fetch(2)).errorCode, ErrorCode.NOT_COORDINATOR);
  assert.equal((await fetch(1)).topics[0].partitions[0].errorCode, ErrorCode.NOT_COORDINATOR);
  const topics = [{ name: 'orders', topicId: ZERO_UUID, partitionIndexes: [0] }];
  const groups = [{ groupId: 'g', memberId: null, memberEpoch: -1, topics }];
  const several = await fixture.coordinator.offsetFetch(
    { groupId: '', topics: null, groups, requireStable: false },
    fixture.context(9),
  );
  assert.deepEqual(several.groups, [{ groupId: 'g', topics: [], errorCode: ErrorCode.NOT_COORDINATOR }]);
});

test("a simple group's offsets expire by their commit, and then the group does", async () => {
  const fixture = await GroupFixture.start();
  await fixture.commit(1);
  await fixture.advance(4 * DAY_MS);
  await fixture.commit(2, { partition: 1 });
  await fixture.advance(3 * DAY_MS + HOUR_MS);
  assert.equal(await fixture.committed('orders', 0), -1);
  assert.equal(await fixture.committed('orders', 1), 2);
  await fixture.advance(4 * DAY_MS);
  assert.equal(await fixture.committed('orders', 1), -1);
  assert.equal(await fixture.state(), 'Dead');
  await fixture.restart();
  assert.equal(await fixture.state(), 'Dead');
});

test("a consumer group's offsets expire when it has been empty for so long, and not while it lives", async () => {
  const fixture = await GroupFixture.start();
  const { ids, generation } = await fixture.stableGroup(1, { sessionTimeoutMs: 1_800_000 });
  await fixture.commit(1, { memberId: ids[0], generationIdOrMemberEpoch: generation });
  await fixture.commit(1, { memberId: ids[0], generationIdOrMemberEpoch: generation, topic: 'payments' });
  for (let beat = 0; beat < 10 * 48; beat++) {
    fixture.clock.advance(HOUR_MS / 2 - 1);
    await fixture.heartbeat(ids[0], generation);
  }
  assert.equal(await fixture.committed('orders'), 1, 'subscribed');
  assert.equal(await fixture.committed('payments'), -1, 'not subscribed any more');
  await fixture.leave(ids[0]);
  await fixture.advance(6 * DAY_MS);
  assert.equal(await fixture.committed('orders'), 1);
  await fixture.restart();
  await fixture.advance(DAY_MS + HOUR_MS);
  assert.equal(await fixture.committed('orders'), -1);
  assert.equal(await fixture.state(), 'Dead');
});

test('offsets of topics that a group no longer wants stay while it rebalances', async () => {
  const config = { offsetsRetentionMs: 20_000, offsetsRetentionCheckIntervalMs: 5_000 };
  const fixture = await GroupFixture.start({ config });
  const session = { sessionTimeoutMs: 600_000 };
  const { ids, generation } = await fixture.stableGroup(2, session);
  const member = { memberId: ids[0], generationIdOrMemberEpoch: generation };
  await fixture.commit(1, { ...member, topic: 'payments' });
  await fixture.joinWithId({ ...session, memberId: '' });
  await fixture.advance(30_000);
  assert.equal(await fixture.state(), 'PreparingRebalance');
  assert.equal(await fixture.committed('payments'), 1);
});

test('a group does not expire while somebody is about to join it', async () => {
  const fixture = await GroupFixture.start({ config: { offsetsRetentionCheckIntervalMs: 5_000 } });
  const { memberId } = await fixture.join();
  await fixture.advance(5_000);
  const join = new Pending(fixture.join({ memberId }));
  await settle();
  assert.ok(join.waits, 'its id is known');
});

test('offsets of a topic that is gone have no id to be named by', async () => {
  const fixture = await GroupFixture.start();
  await fixture.commit(1);
  await fixture.commit(2, { topic: 'payments' });
  fixture.topics.remove('orders');
  const groups = [{ groupId: 'g', memberId: null, memberEpoch: -1, topics: null }];
  const names = async (apiVersion: number): Promise<string[]> => {
    const request = { groupId: '', topics: null, groups, requireStable: false };
    const answer = await fixture.coordinator.offsetFetch(request, fixture.context(apiVersion));
    return answer.groups[0].topics.map(({ name }) => name).sort();
  };
  assert.deepEqual(await names(9), ['orders', 'payments']);
  assert.deepEqual(await names(10), ['payments']);
});

test('versions 2 to 4 may ask for a retention time of their own', async () => {
  const fixture = await GroupFixture.start();
  await fixture.commit(1, { retentionTimeMs: HOUR_MS }, 4);
  await fixture.commit(1, { partition: 1 }, 4);
  await fixture.advance(2 * HOUR_MS);
  assert.equal(await fixture.committed('orders', 0), -1);
  assert.equal(await fixture.committed('orders', 1), 1);
});

test('DeleteGroups: only empty ones, with their offsets', async () => {
  const fixture = await GroupFixture.start();
  const deleteGroup = async (groupId: string, apiVersion = 3) =>
    (await fixture.coordinator.deleteGroups({ groupsNames: [groupId] }, fixture.context(apiVersion))).results[0];
  assert.equal((await deleteGroup('nobody')).errorCode, ErrorCode.GROUP_ID_NOT_FOUND);
  assert.equal((await deleteGroup('nobody', 2)).errorMessage, null);
  const { ids, generation } = await fixture.stableGroup(1);
  await fixture.commit(1, { memberId: ids[0], generationIdOrMemberEpoch: generation });
  assert.equal((await deleteGroup('g')).errorCode, ErrorCode.NON_EMPTY_GROUP);
  await fixture.leave(ids[0]);
  assert.deepEqual(await deleteGroup('g'), { groupId: 'g', errorCode: ErrorCode.NONE, errorMessage: null });
  assert.equal(await fixture.state(), 'Dead');
  await fixture.commit(5, { partition: 1 });
  assert.equal(await fixture.committed(), -1);
  await fixture.restart();
  assert.equal(await fixture.committed(), -1);
  assert.equal(await fixture.committed('orders', 1), 5);
});

test('OffsetDelete: not of subscribed topics, not of groups whose topics are unknown', async () => {
  const fixture = await GroupFixture.start();
  const deleteOffsets = (groupId = 'g') =>
    fixture.coordinator.offsetDelete(
      {
        groupId,
        topics: ['orders', 'payments', 'nowhere'].map((name) => ({
          name,
          partitions: [{ partitionIndex: 0 }, { partitionIndex: 1 }],
        })),
      },
      fixture.context(0),
    );
  assert.equal((await deleteOffsets()).errorCode, ErrorCode.GROUP_ID_NOT_FOUND);
  const { ids, generation } = await fixture.stableGroup(1);
  for (const topic of ['orders', 'payments']) {
    await fixture.commit(1, { topic, memberId: ids[0], generationIdOrMemberEpoch: generation });
  }
  const response = await deleteOffsets();
  const { GROUP_SUBSCRIBED_TO_TOPIC: SUBSCRIBED, UNKNOWN_TOPIC_OR_PARTITION: UNKNOWN, NONE } = ErrorCode;
  assert.deepEqual(
    response.topics.map((topic) => topic.partitions.map((each) => each.errorCode)),
    [
      [SUBSCRIBED, SUBSCRIBED],
      [NONE, NONE],
      [UNKNOWN, UNKNOWN],
    ],
  );
  assert.equal(await fixture.committed('orders'), 1);
  assert.equal(await fixture.committed('payments'), -1);
  await fixture.leave(ids[0]);
  assert.deepEqual(
    (await deleteOffsets()).topics[0].partitions.map((each) => each.errorCode),
    [NONE, NONE],
  );
  assert.equal(await fixture.committed('orders'), -1);
  const connect = { groupId: 'c', protocolType: 'connect' };
  const { join } = await fixture.joinWithId(connect);
  assert.equal((await deleteOffsets('c')).errorCode, ErrorCode.NON_EMPTY_GROUP);
  assert.ok(join.waits);
});

test('offsets go with their topic, and stay with one that took its name', async () => {
  const fixture = await GroupFixture.start();
  const old = fixture.topics.byName('orders')!;
  await fixture.commit(1);
  await fixture.commit(2, { topic: 'payments' });
  fixture.topics.add('orders', 8, 'T2xkT3JkZXJzTmV3T3JkZQ');
  await fixture.commit(3, { partition: 1 });
  await fixture.coordinator.topicsDeleted([old]);
  assert.equal(await fixture.committed('orders', 0), -1);
  assert.equal(await fixture.committed('orders', 1), 3);
  assert.equal(await fixture.committed('payments'), 2);
});

test('ListGroups: filters without case', async () => {
  const fixture = await GroupFixture.start({ config: { offsetsTopicPartitions: 4 } });
  await fixture.stableGroup(1);
  await fixture.commit(1, { groupId: 'simple' });
  const list = async (statesFilter: string[], typesFilter: string[] = []) => {
    const { groups } = await fixture.coordinator.listGroups({ statesFilter, typesFilter }, fixture.context(5));
    return groups.map((group) => [group.groupId, group.protocolType, group.groupState, group.groupType]).sort();
  };
  const g = ['g', 'consumer', 'Stable', 'classic'];
  const simple = ['simple', '', 'Empty', 'classic'];
  assert.deepEqual(await list([]), [g, simple]);
  assert.deepEqual(await list(['STABLE']), [g]);
  assert.deepEqual(await list(['empty', 'stable'], ['Classic']), [g, simple]);
  assert.deepEqual(await list([], ['consumer']), []);
});

test('DescribeGroups: what is not there is dead, or an error from version 6 on', async () => {
  const fixture = await GroupFixture.start();
  const describe = async (apiVersion: number) =>
    (
      await fixture.coordinator.describeGroups(
        { groups: ['g'], includeAuthorizedOperations: false },
        fixture.context(apiVersion),
      )
    ).groups[0];
  assert.deepEqual([(await describe(5)).errorCode, (await describe(5)).groupState], [ErrorCode.NONE, 'Dead']);
  assert.equal((await describe(5)).errorMessage, null);
  assert.deepEqual(
    [(await describe(6)).errorCode, (await describe(6)).groupState],
    [ErrorCode.GROUP_ID_NOT_FOUND, 'Dead'],
  );
  const { memberId } = await fixture.joinWithId();
  const preparing = await describe(6);
  assert.deepEqual(
    [preparing.groupState, preparing.protocolData, preparing.members[0].memberMetadata.length],
    ['PreparingRebalance', '', 0],
  );
  await fixture.advance(3_000);
  await fixture.sync(memberId, 1, { [memberId]: 'all' });
  const stable = await describe(6);
  assert.deepEqual([stable.groupState, stable.protocolType, stable.protocolData], ['Stable', 'consumer', 'range']);
  const [member] = stable.members;
  assert.deepEqual([member.memberId, member.clientId, member.clientHost], [memberId, 'client', '/127.0.0.1']);
  assert.deepEqual(Buffer.from(member.memberMetadata), subscription('orders'));
  assert.equal(Buffer.from(member.memberAssignment).toString(), 'all');
});
