/**
 * Offsets in and out of transactions against a model that fits on a page: of two commits the later one in the log counts,
 * and one in a transaction counts from its marker on. Appends fail and the coordinator restarts in between.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ErrorCode } from '../../../src/protocol/errors.ts';
import { GroupFixture } from './group-fixture.ts';

const PARTITIONS = 3;

type Step =
  | { readonly kind: 'commit'; readonly partition: number; readonly fails: boolean }
  | { readonly kind: 'inTransaction'; readonly partition: number; readonly producerId: number; readonly fails: boolean }
  | { readonly kind: 'end'; readonly producerId: number; readonly committed: boolean; readonly fails: boolean }
  | { readonly kind: 'delete'; readonly partition: number }
  | { readonly kind: 'restart' };

const partition = fc.nat(PARTITIONS - 1);
const producerId = fc.integer({ min: 1, max: 3 });
const fails = fc.integer({ min: 0, max: 6 }).map((dice) => dice === 0);
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('commit' as const), partition, fails }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('inTransaction' as const), partition, producerId, fails }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('end' as const), producerId, committed: fc.boolean(), fails }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), partition }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
);

/** Offsets grow with each attempt, so they tell the order in the log too. */
class Model {
  readonly committed = new Map<number, number>();
  readonly pending = new Map<number, Map<number, number>>();

  apply(step: Step, offset: number): void {
    switch (step.kind) {
      case 'commit':
        this.committed.set(step.partition, offset);
        break;
      case 'inTransaction':
        this.pending.set(step.producerId, (this.pending.get(step.producerId) ?? new Map()).set(step.partition, offset));
        break;
      case 'end':
        for (const [each, pending] of (step.committed && this.pending.get(step.producerId)) || []) {
          this.committed.set(each, Math.max(pending, this.committed.get(each) ?? -1));
        }
        this.pending.delete(step.producerId);
        break;
      case 'delete':
        this.committed.delete(step.partition);
        for (const pending of this.pending.values()) pending.delete(step.partition);
        break;
    }
  }

  /** What a fetch of stable offsets finds. */
  stable(each: number): string {
    const isPending = [...this.pending.values()].some((pending) => pending.has(each));
    return isPending ? `error ${ErrorCode.UNSTABLE_OFFSET_COMMIT}` : `offset ${this.committed.get(each) ?? -1}`;
  }
}

async function run(fixture: GroupFixture, step: Step, offset: number): Promise<boolean> {
  const topics = (partitionIndex: number) => [
    {
      name: 'orders',
      topicId: fixture.topics.byName('orders')!.id,
      partitions: [{ partitionIndex, committedOffset: offset, committedLeaderEpoch: -1, committedMetadata: null }],
    },
  ];
  switch (step.kind) {
    case 'commit':
      return (await fixture.commitError(offset, { partition: step.partition })) === ErrorCode.NONE;
    case 'inTransaction': {
      const member = { generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null };
      const producer = { transactionalId: `t${step.producerId}`, producerId: step.producerId, producerEpoch: 0 };
      const request = { groupId: 'g', ...member, ...producer, topics: topics(step.partition) };
      const response = await fixture.coordinator.txnOffsetCommit(request, fixture.context(5));
      return response.topics[0].partitions[0].errorCode === ErrorCode.NONE;
    }
    case 'end': {
      const marker = { producerEpoch: 0, coordinatorEpoch: 0, transactionVersion: 2 };
      const { producerId: id, committed } = step;
      return fixture.coordinator.completeTransaction(0, { ...marker, producerId: id, committed }).then(
        () => true,
        () => false,
      );
    }
    case 'delete': {
      const partitions = [{ partitionIndex: step.partition }];
      await fixture.coordinator.offsetDelete(
        { groupId: 'g', topics: [{ name: 'orders', partitions }] },
        fixture.context(0),
      );
      return true;
    }
    case 'restart':
      await fixture.restart();
      return true;
  }
}

async function stableOffsets(fixture: GroupFixture): Promise<string[]> {
  const partitionIndexes = Array.from({ length: PARTITIONS }, (_, index) => index);
  const topics = [{ name: 'orders', topicId: fixture.topics.byName('orders')!.id, partitionIndexes }];
  const groups = [{ groupId: 'g', memberId: null, memberEpoch: -1, topics }];
  const request = { groupId: '', topics: [], groups, requireStable: true };
  const response = await fixture.coordinator.offsetFetch(request, fixture.context(8));
  return response.groups[0].topics[0].partitions.map(({ errorCode, committedOffset }) =>
    errorCode === ErrorCode.NONE ? `offset ${committedOffset}` : `error ${errorCode}`,
  );
}

test('offsets follow the model, whatever fails and whenever the coordinator restarts', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 40 }), async (sequence) => {
      const fixture = await GroupFixture.start();
      const model = new Model();
      for (const [index, step] of sequence.entries()) {
        const isToFail = 'fails' in step && step.fails;
        if (isToFail) fixture.log.failWith(ErrorCode.NOT_ENOUGH_REPLICAS);
        const done = await run(fixture, step, index);
        fixture.log.failWith(null);
        assert.equal(done, !isToFail);
        if (done) model.apply(step, index);
        const expected = Array.from({ length: PARTITIONS }, (_, each) => model.stable(each));
        assert.deepEqual(await stableOffsets(fixture), expected);
      }
    }),
    { numRuns: 150 },
  );
});
