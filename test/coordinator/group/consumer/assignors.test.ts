import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type {
  AssignorInput,
  PartitionAssignor,
} from '../../../../src/coordinator/group/consumer/partition-assignor.ts';
import {
  NO_PARTITIONS,
  type PartitionSet,
  partitionsOf,
} from '../../../../src/coordinator/group/consumer/partition-sets.ts';
import { rangeAssignor } from '../../../../src/coordinator/group/consumer/range-assignor.ts';
import { uniformAssignor } from '../../../../src/coordinator/group/consumer/uniform-assignor.ts';

const TOPICS = ['a', 'b', 'c', 'd'];

/** Members with the topics each one wants; partitions of each topic. */
const groups = fc.record({
  wanted: fc.array(fc.subarray(TOPICS), { minLength: 1, maxLength: 8 }),
  counts: fc.tuple(...TOPICS.map(() => fc.integer({ min: 1, max: 12 }))),
});

function countPartitions(set: PartitionSet): number {
  return [...partitionsOf(set)].length;
}

function inputOf(
  wanted: readonly (readonly string[])[],
  counts: readonly number[],
  last?: Map<string, PartitionSet>,
): AssignorInput {
  const inUse = new Set(wanted.flat());
  return {
    members: wanted.map((topics, index) => ({
      memberId: `m${index}`,
      instanceId: null,
      topicIds: new Set(topics),
      lastTarget: last?.get(`m${index}`) ?? NO_PARTITIONS,
    })),
    partitionCounts: new Map(TOPICS.flatMap((topic, index) => (inUse.has(topic) ? [[topic, counts[index]]] : []))),
  };
}

function assertComplete(assignor: PartitionAssignor, input: AssignorInput): Map<string, PartitionSet> {
  const result = assignor.assign(input);
  assert.deepEqual([...result.keys()].sort(), input.members.map(({ memberId }) => memberId).sort());
  const given = new Set<string>();
  for (const member of input.members) {
    for (const [topic, partition] of partitionsOf(result.get(member.memberId)!)) {
      assert.ok(member.topicIds.has(topic), 'only what the member wants');
      assert.ok(partition < input.partitionCounts.get(topic)!);
      assert.ok(!given.has(`${topic}${partition}`), 'one owner each');
      given.add(`${topic}${partition}`);
    }
  }
  const all = [...input.partitionCounts.values()].reduce((sum, count) => sum + count, 0);
  assert.equal(given.size, all, 'nothing is left');
  return result;
}

test('both assignors give every partition to one member that wants it', () => {
  fc.assert(
    fc.property(groups, groups, (before, { wanted, counts }) => {
      for (const assignor of [uniformAssignor, rangeAssignor]) {
        const last = assertComplete(assignor, inputOf(before.wanted, before.counts));
        assertComplete(assignor, inputOf(wanted, counts, last));
      }
    }),
  );
});

test('uniform: members with the same topics differ by one partition at most', () => {
  fc.assert(
    fc.property(groups, fc.integer({ min: 1, max: 8 }), ({ wanted, counts }, size) => {
      const last = uniformAssignor.assign(inputOf(wanted, counts));
      const same = Array.from({ length: size }, () => TOPICS);
      const sizes = [...assertComplete(uniformAssignor, inputOf(same, counts, last)).values()].map(countPartitions);
      assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
    }),
  );
});

test('uniform: no partition could move from one member to one that has two less and wants it', () => {
  fc.assert(
    fc.property(groups, ({ wanted, counts }) => {
      const input = inputOf(wanted, counts);
      const result = uniformAssignor.assign(input);
      for (const from of input.members) {
        const had = result.get(from.memberId)!;
        for (const to of input.members) {
          const difference = countPartitions(had) - countPartitions(result.get(to.memberId)!);
          if (difference < 2) continue;
          for (const topic of had.keys()) assert.ok(!to.topicIds.has(topic));
        }
      }
    }),
  );
});

test('uniform: what need not move stays', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 40 }), (size, partitions) => {
      const members = (count: number) => Array.from({ length: count }, () => ['a']);
      const counts = [partitions, 1, 1, 1];
      const first = uniformAssignor.assign(inputOf(members(size), counts));
      assert.deepEqual(uniformAssignor.assign(inputOf(members(size), counts, first)), first);
      const grown = uniformAssignor.assign(inputOf(members(size + 1), counts, first));
      let moved = 0;
      for (const [memberId, had] of first) {
        for (const [topic, partition] of partitionsOf(had))
          if (!grown.get(memberId)!.get(topic)?.has(partition)) moved++;
      }
      assert.ok(moved <= Math.ceil(partitions / (size + 1)), 'no more than the newcomer gets');
    }),
  );
});

test('range: neighbours, and equal partitions of equal topics together', () => {
  const result = rangeAssignor.assign(
    inputOf(
      [
        ['a', 'b'],
        ['a', 'b'],
        ['a', 'b'],
      ],
      [7, 7, 1, 1],
    ),
  );
  const seen = [...result.values()].map((topics) => [...topics].map(([topic, partitions]) => [topic, [...partitions]]));
  assert.deepEqual(seen, [
    [
      ['a', [0, 1, 2]],
      ['b', [0, 1, 2]],
    ],
    [
      ['a', [3, 4]],
      ['b', [3, 4]],
    ],
    [
      ['a', [5, 6]],
      ['b', [5, 6]],
    ],
  ]);
});

test('range: static members come in the order of their instances, whatever their ids', () => {
  const member = (memberId: string, instanceId: string) => ({
    memberId,
    instanceId,
    topicIds: new Set(['a']),
    lastTarget: NO_PARTITIONS,
  });
  const partitionCounts = new Map([['a', 2]]);
  const before = rangeAssignor.assign({ members: [member('x', 'i1'), member('y', 'i2')], partitionCounts });
  const after = rangeAssignor.assign({ members: [member('y', 'i2'), member('z', 'i1')], partitionCounts });
  assert.deepEqual(after.get('z'), before.get('x'));
  assert.deepEqual(after.get('y'), before.get('y'));
});

test('uniform: a thousand members and ten thousand partitions take no time to speak of', () => {
  const members = Array.from({ length: 1_000 }, () => ['a']);
  const first = uniformAssignor.assign(inputOf(members, [10_000, 1, 1, 1]));
  assertComplete(uniformAssignor, inputOf([...members, ['a']], [10_000, 1, 1, 1], first));
});
