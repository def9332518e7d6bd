/**
 * Random runs of a classic group in simulated time: clients that behave as consumers do (join, sync, heartbeat, commit),
 * vanish, come back, and a coordinator that restarts, loses appends or is slow. What must hold:
 *
 *   - all members of a generation that got an assignment got it from the same leader's plan
 *   - a generation has one plan, and generations that members see never go back
 *   - every commit that was acknowledged is there after a restart, and no older one takes its place
 *   - the state in memory is the state that the log gives
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '../../../src/base/random.ts';
import { ErrorCode } from '../../../src/protocol/errors.ts';
import { GroupFixture, settle } from './group-fixture.ts';

const STEPS_MAX = 400;
/** More in a longer run: SIMULATION_SEEDS=1000 npm test. */
const SEEDS = Number(process.env.SIMULATION_SEEDS ?? 40);
const PEACE_ROUNDS = 80;

class Client {
  readonly fixture: GroupFixture;
  readonly history: Map<number, string>;
  readonly instance: string | null;
  readonly partition: number;
  readonly acknowledged: Map<number, number>;
  memberId = '';
  generation = -1;
  assigned: string | null = null;
  busy = false;
  alive = true;
  /** A client process of a dead or restarted incarnation must not act any more. */
  incarnation = 0;

  constructor(
    fixture: GroupFixture,
    instance: string | null,
    partition: number,
    history: Map<number, string>,
    acknowledged: Map<number, number>,
  ) {
    this.fixture = fixture;
    this.instance = instance;
    this.partition = partition;
    this.history = history;
    this.acknowledged = acknowledged;
  }

  act(random: Random): void {
    if (this.busy || !this.alive) return;
    this.busy = true;
    const { incarnation } = this;
    const step =
      this.generation === -1 ? this.#joinAndSync(incarnation) : random.below(3) === 0 ? this.#commit() : this.#beat();
    void step.finally(() => {
      if (this.incarnation === incarnation) this.busy = false;
    });
  }

  vanish(): void {
    this.alive = false;
    this.incarnation++;
    this.busy = false;
    this.assigned = null;
    this.generation = -1;
  }

  start(): void {
    this.alive = true;
    this.memberId = '';
  }

  async #joinAndSync(incarnation: number): Promise<void> {
    this.assigned = null;
    const joined = await this.fixture.join({
      memberId: this.memberId,
      groupInstanceId: this.instance,
      rebalanceTimeoutMs: 20_000,
    });
    if (incarnation !== this.incarnation) return;
    if (joined.errorCode === ErrorCode.MEMBER_ID_REQUIRED) this.memberId = joined.memberId;
    else if (joined.errorCode === ErrorCode.UNKNOWN_MEMBER_ID) this.memberId = '';
    else if (joined.errorCode === ErrorCode.FENCED_INSTANCE_ID) this.memberId = '';
    if (joined.errorCode !== ErrorCode.NONE) return;
    this.memberId = joined.memberId;
    const leads = joined.leader === joined.memberId && !joined.skipAssignment;
    if (leads) assert.ok(joined.members.some((member) => member.memberId === joined.memberId));
    const plan = `plan of ${joined.generationId} by ${joined.memberId} at ${this.fixture.clock.wallMs()}`;
    const assignments = leads ? Object.fromEntries(joined.members.map((member) => [member.memberId, plan])) : {};
    const synced = await this.fixture.sync(joined.memberId, joined.generationId, assignments, {
      groupInstanceId: this.instance,
    });
    if (incarnation !== this.incarnation || synced.errorCode !== ErrorCode.NONE) return;
    const got = Buffer.from(synced.assignment).toString();
    // Generation numbers may be used again for a rebalance that a restart forgot, but only with nothing assigned in it.
    const known = this.history.get(joined.generationId);
    if (got !== '') {
      assert.equal(known ?? got, got, `generation ${joined.generationId} has one plan`);
      this.history.set(joined.generationId, got);
    }
    this.generation = joined.generationId;
    this.assigned = got;
  }

  async #beat(): Promise<void> {
    const { memberId, generation, incarnation } = this;
    const code = await this.fixture.heartbeat(memberId, generation, this.instance);
    if (incarnation === this.incarnation) this.#obey(code);
  }

  async #commit(): Promise<void> {
    const { memberId, generation, incarnation } = this;
    const offset = this.fixture.clock.wallMs();
    const code = await this.fixture.commitError(offset, {
      partition: this.partition,
      memberId,
      generationIdOrMemberEpoch: generation,
      groupInstanceId: this.instance,
    });
    if (code === ErrorCode.NONE) {
      const before = this.acknowledged.get(this.partition) ?? -1;
      this.acknowledged.set(this.partition, Math.max(before, offset));
    }
    if (incarnation === this.incarnation) this.#obey(code);
  }

  #obey(code: number): void {
    switch (code) {
      case ErrorCode.UNKNOWN_MEMBER_ID:
      case ErrorCode.FENCED_INSTANCE_ID:
        this.memberId = '';
        this.generation = -1;
        this.assigned = null;
        break;
      case ErrorCode.ILLEGAL_GENERATION:
      case ErrorCode.REBALANCE_IN_PROGRESS:
        this.generation = -1;
        break;
    }
  }
}

async function run(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const fixture = await GroupFixture.start({ seed });
  const history = new Map<number, string>();
  const acknowledged = new Map<number, number>();
  const clients = Array.from(
    { length: 5 },
    (_, index) => new Client(fixture, index < 2 ? `instance-${index}` : null, index, history, acknowledged),
  );
  for (let step = 20 + random.below(STEPS_MAX - 20); step > 0; step--) {
    const client = clients[random.below(clients.length)];
    const dice = random.below(100);
    if (dice < 75) client.act(random);
    else if (dice < 79) client.vanish();
    else if (dice < 86) client.start();
    else if (dice < 88) fixture.log.hold();
    else if (dice < 94) fixture.log.release();
    else if (dice < 95) fixture.log.failWith(ErrorCode.NOT_ENOUGH_REPLICAS);
    else if (dice < 98) fixture.log.failWith(null);
    else if (dice < 99) {
      fixture.log.failWith(null);
      fixture.log.release();
      await settle();
      const before = await fixture.durableState();
      await fixture.restart();
      assert.ok((await fixture.durableState()) === before, `seed ${seed}: the log gives the state that was in memory`);
    } else await fixture.advance(random.below(30_000));
    await fixture.advance(random.below(1_500));
  }
  await converge(fixture, clients, random, seed);
  for (const [partition, offset] of acknowledged) {
    const committed = await fixture.committed('orders', partition);
    assert.ok(committed >= offset, `seed ${seed}: partition ${partition} has ${committed}, acknowledged ${offset}`);
  }
}

/** Left in peace, all clients that live end in one generation with one plan. */
async function converge(fixture: GroupFixture, clients: Client[], random: Random, seed: number): Promise<void> {
  fixture.log.failWith(null);
  fixture.log.release();
  for (const client of clients) if (!client.alive) client.start();
  const isTogether = (): boolean =>
    clients.every(({ generation, assigned }) => assigned && generation === clients[0].generation);
  for (let round = 0, settledRounds = 0; round < PEACE_ROUNDS && settledRounds < 5; round++) {
    for (const client of clients) client.act(random);
    await fixture.advance(1_000);
    settledRounds = isTogether() ? settledRounds + 1 : 0;
  }
  const [first] = clients;
  assert.equal(await fixture.state(), 'Stable', `seed ${seed}`);
  assert.ok(first.assigned);
  for (const client of clients) {
    assert.deepEqual([client.generation, client.assigned], [first.generation, first.assigned], `seed ${seed}`);
  }
}

test('random runs of a classic group', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) await run(seed);
});
