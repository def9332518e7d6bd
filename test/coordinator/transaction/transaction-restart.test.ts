// Whatever producers do, and whenever the coordinator stops: what it knows comes from its log alone, no transaction is
// lost or ends twice, and no two producers ever have the same identity.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ErrorCode } from '../../../src/protocol/errors.ts';
import { type Producer, settle, TransactionFixture } from './transaction-fixture.ts';

type Step =
  | { readonly kind: 'init' | 'resume' | 'restart' | 'holdMarkers' | 'releaseMarkers' | 'timeout' }
  | { readonly kind: 'add'; readonly partition: number; readonly old: boolean }
  | { readonly kind: 'end'; readonly commit: boolean; readonly old: boolean; readonly retry: boolean };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom<Step>({ kind: 'init' }, { kind: 'resume' }) },
  { weight: 2, arbitrary: fc.constantFrom<Step>({ kind: 'holdMarkers' }, { kind: 'releaseMarkers' }) },
  { weight: 2, arbitrary: fc.constantFrom<Step>({ kind: 'restart' }, { kind: 'timeout' }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('add' as const), partition: fc.nat(3), old: fc.boolean() }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      commit: fc.boolean(),
      old: fc.boolean(),
      retry: fc.boolean(),
    }),
  },
);

class Run {
  readonly fixture: TransactionFixture;
  /** Identities that were handed out by InitProducerId. */
  readonly given = new Set<string>();
  producer: Producer = { producerId: -1, producerEpoch: -1 };
  before: Producer = this.producer;

  constructor(fixture: TransactionFixture) {
    this.fixture = fixture;
  }

  async take(step: Step): Promise<void> {
    const { fixture } = this;
    switch (step.kind) {
      case 'init':
        await this.#become(await fixture.init(), true);
        break;
      case 'resume':
        await this.#become(await fixture.init({ ...identityOf(this.producer) }), false);
        break;
      case 'restart':
        await fixture.restart();
        break;
      case 'timeout':
        await fixture.advance(71_000);
        break;
      case 'holdMarkers':
        fixture.holdMarkers();
        break;
      case 'releaseMarkers':
        await fixture.releaseMarkers();
        break;
      case 'add':
        await fixture.add(this.producer, [step.partition], step.old ? 0 : 2);
        break;
      case 'end': {
        const ended = await fixture.end(step.retry ? this.before : this.producer, step.commit, step.old ? 4 : 5);
        if (ended.errorCode === ErrorCode.NONE && !step.old) await this.#become(ended, false);
      }
    }
    await settle();
  }

  async #become(answer: Producer & { errorCode: number }, isNew: boolean): Promise<void> {
    if (answer.errorCode !== ErrorCode.NONE) return;
    const name = `${answer.producerId}/${answer.producerEpoch}`;
    if (isNew) assert.ok(!this.given.has(name), `${name} is handed out twice`);
    this.given.add(name);
    this.before = this.producer;
    this.producer = identityOf(answer);
  }

  /** Every partition that joined a transaction got the marker of its end, and the same decision everywhere. */
  checkMarkers(): void {
    const decisions = new Map<string, boolean>();
    for (const { producerId, producerEpoch, transactionVersion, committed } of this.fixture.markers) {
      // Before transaction.version 2 an epoch has many transactions.
      if (transactionVersion < 2) continue;
      const key = `${producerId}/${producerEpoch}`;
      assert.equal(decisions.get(key) ?? committed, committed, `${key} is committed and aborted`);
      decisions.set(key, committed);
    }
  }
}

function identityOf({ producerId, producerEpoch }: Producer): Producer {
  return { producerId, producerEpoch };
}

test('the state after a restart is the state before it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 5, maxLength: 40 }), async (steps) => {
      const run = new Run(await TransactionFixture.start());
      await run.take({ kind: 'init' });
      for (const step of steps) await run.take(step);
      const { fixture } = run;
      fixture.holdMarkers();
      await settle();
      const before = await fixture.coordinator.durableState();
      await fixture.restart();
      assert.deepEqual(await fixture.coordinator.durableState(), before);
      await fixture.releaseMarkers();
      await fixture.advance(71_000);
      assert.match(await fixture.state(), /^(Empty|CompleteCommit|CompleteAbort)$/, 'all comes to an end');
      run.checkMarkers();
      const { errorCode } = await fixture.init();
      assert.equal(errorCode, ErrorCode.NONE);
    }),
    { numRuns: 60 },
  );
});
