import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConsumerGroup } from '../../../../src/coordinator/group/consumer/consumer-group.ts';
import { MemberState, newConsumerMember } from '../../../../src/coordinator/group/consumer/consumer-member.ts';
import { reconcileMember } from '../../../../src/coordinator/group/consumer/reconcile-member.ts';
import { UndoLog } from '../../../../src/coordinator/runtime/undo-log.ts';

const unchanged = { subscribed: () => new Set(['t']), subscriptionChanged: false };
const owned = (...partitions: number[]) => new Map([['t', new Map(partitions.map((partition) => [partition, 1]))]]);

test('in a compacted log a partition may be seen with its new owner before the old one gives it back', () => {
  const group = new ConsumerGroup('g', new UndoLog());
  group.putMember({ ...newConsumerMember('old'), assigned: owned(0, 1) });
  group.putMember({ ...newConsumerMember('new'), assigned: owned(1) });
  group.putMember({ ...newConsumerMember('old'), assigned: owned(0) });
  assert.ok(group.isOwned('t', 1));
  group.replaySubscription('old', null);
  assert.ok(!group.isOwned('t', 0));
  assert.ok(group.isOwned('t', 1));
  group.replayCurrent('new', null);
  assert.ok(!group.isOwned('t', 1));
});

test('a member in a state of a newer coordinator starts over, once it holds nothing', () => {
  const member = { ...newConsumerMember('m'), epoch: 4, state: MemberState.Unknown, assigned: owned(0) };
  const target = new Map([['t', new Set([1])]]);
  const input = { targetEpoch: 5, target, isOwned: () => false, ...unchanged };
  assert.throws(() => reconcileMember(member, { ...input, reported: null }), /join again/);
  const next = reconcileMember(member, { ...input, reported: [] });
  assert.deepEqual([next.epoch, next.state], [5, MemberState.Stable]);
  assert.deepEqual(next.assigned, new Map([['t', new Map([[1, 5]])]]));
});

test('a target that moves while a member gives partitions back: it gets back what it had let go of', () => {
  const member = {
    ...newConsumerMember('m'),
    epoch: 4,
    state: MemberState.UnrevokedPartitions,
    assigned: owned(0),
    pendingRevocation: owned(1),
  };
  const target = new Map([['t', new Set([0, 1])]]);
  const input = { targetEpoch: 6, target, isOwned: () => true, ...unchanged };
  assert.equal(reconcileMember(member, { ...input, reported: [{ topicId: 't', partitions: [0, 1] }] }), member);
  const next = reconcileMember(member, { ...input, reported: [{ topicId: 't', partitions: [0] }] });
  assert.deepEqual([next.epoch, next.previousEpoch, next.state], [6, 4, MemberState.Stable]);
  assert.deepEqual(
    [...next.assigned.get('t')!],
    [
      [0, 1],
      [1, 6],
    ],
  );
});

test('a target that moves on while a member gives partitions back: the same epoch, and the next things to give back', () => {
  const member = {
    ...newConsumerMember('m'),
    epoch: 4,
    state: MemberState.UnrevokedPartitions,
    assigned: owned(0, 1),
    pendingRevocation: owned(2),
  };
  const input = { targetEpoch: 9, target: new Map([['t', new Set([0])]]), isOwned: () => true, ...unchanged };
  const next = reconcileMember(member, { ...input, reported: [{ topicId: 't', partitions: [0, 1] }] });
  assert.deepEqual([next.epoch, next.state], [4, MemberState.UnrevokedPartitions]);
  assert.deepEqual([next.assigned, next.pendingRevocation], [owned(0), owned(1)]);
});

test('a topic that a member unsubscribes from is given back before the target follows, and not handed out', () => {
  const stable = { ...newConsumerMember('m'), epoch: 4, state: MemberState.Stable, assigned: owned(0, 1) };
  const target = new Map([['t', new Set([0, 1])]]);
  const input = { targetEpoch: 4, target, isOwned: () => true, subscribed: () => new Set<string>() };
  const holding = { ...input, reported: [{ topicId: 't', partitions: [0, 1] }], subscriptionChanged: true };
  assert.equal(reconcileMember(stable, { ...holding, subscriptionChanged: false }), stable);
  const revoking = reconcileMember(stable, holding);
  assert.deepEqual([revoking.epoch, revoking.state], [4, MemberState.UnrevokedPartitions]);
  assert.deepEqual([revoking.assigned.size, revoking.pendingRevocation], [0, owned(0, 1)]);
  // A member that is giving one back already gives the other back too.
  const half = { ...stable, state: MemberState.UnrevokedPartitions, assigned: owned(0), pendingRevocation: owned(1) };
  const more = reconcileMember(half, { ...holding, reported: null });
  assert.deepEqual([more.assigned.size, more.pendingRevocation], [0, owned(0, 1)]);
  const free = reconcileMember(stable, { ...holding, reported: [] });
  assert.deepEqual([free.epoch, free.state, free.assigned.size], [4, MemberState.Stable, 0]);
  const later = reconcileMember(free, { ...input, targetEpoch: 5, reported: [], subscriptionChanged: false });
  assert.deepEqual([later.epoch, later.state, later.assigned.size], [5, MemberState.Stable, 0]);
});

test('states are written with the numbers of Kafka', () => {
  assert.deepEqual(MemberState, { Stable: 0, UnrevokedPartitions: 1, UnreleasedPartitions: 2, Unknown: 127 });
});
