/**
 * Random runs of consumer groups in simulated time: members join, leave, die, come back, lose answers; the coordinator
 * restarts, is slow, and loses appends. What must hold:
 *
 *   - no partition is held by two clients at a time
 *   - the state in memory is the state that the log gives
 *   - the coordinator never fails in a way it did not expect
 *   - left in peace, all partitions are held, and the group is stable
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '../../../../src/base/random.ts';
import { ErrorCode } from '../../../../src/protocol/errors.ts';
import { GroupFixture, settle } from '../group-fixture.ts';
import { ClassicClient } from './classic-client.ts';
import { heartbeat, JOIN, names } from './consumer-fixture.ts';

const STEPS = 300;
/** More in a longer run: SIMULATION_SEEDS=1000. */
const SEEDS = Number(process.env.SIMULATION_SEEDS ?? 8);

interface Actor {
  alive: boolean;
  readonly held: readonly string[];
  act(random: Random): void;
  die(): void;
  start(): void;
}

class ConsumerActor implements Actor {
  readonly #fixture: GroupFixture;
  readonly #name: string;
  readonly #instanceId: string | null;
  #memberId = '';
  #epoch = 0;
  #topicPartitions: { topicId: string; partitions: number[] }[] = [];
  /** The last answer was lost: say everything. */
  #full = false;
  #busy = false;
  #life = 0;
  alive = false;

  constructor(fixture: GroupFixture, name: string, instanceId: string | null) {
    this.#fixture = fixture;
    this.#name = name;
    this.#instanceId = instanceId;
  }

  get held(): string[] {
    return names(this.#fixture, this.#topicPartitions);
  }

  start(): void {
    if (this.alive) return;
    this.alive = true;
    this.#life++;
    this.#memberId = `${this.#name}-${this.#life}`;
    this.#busy = false;
    this.#forget();
  }

  die(): void {
    this.alive = false;
    this.#life++;
    this.#forget();
  }

  act(random: Random): void {
    if (!this.alive || this.#busy) return;
    if (random.below(60) === 0) {
      const memberEpoch = this.#instanceId !== null && random.below(2) === 0 ? -2 : -1;
      void heartbeat(this.#fixture, this.#memberId, { memberEpoch, instanceId: this.#instanceId });
      this.die();
      return;
    }
    const life = this.#life;
    this.#busy = true;
    const say = { memberEpoch: this.#epoch, instanceId: this.#instanceId, topicPartitions: this.#topicPartitions };
    const everything = { ...JOIN, subscribedTopicNames: random.below(30) === 0 ? ['orders'] : ['orders', 'payments'] };
    const joins = this.#epoch === 0;
    const request = joins || this.#full || random.below(20) === 0 ? { ...everything, ...say } : say;
    void heartbeat(this.#fixture, this.#memberId, request).then((response) => {
      assert.notEqual(response.errorCode, ErrorCode.UNKNOWN_SERVER_ERROR);
      if (this.#life !== life) return;
      this.#busy = false;
      this.#hear(response, random);
    });
  }

  #hear(response: Awaited<ReturnType<typeof heartbeat>>, random: Random): void {
    switch (response.errorCode) {
      case ErrorCode.NONE:
        // A client that lost the answer goes on with what it has, and says so.
        this.#full = random.below(15) === 0;
        if (this.#full) return;
        this.#epoch = response.memberEpoch;
        if (response.assignment) this.#topicPartitions = response.assignment.topicPartitions;
        return;
      case ErrorCode.UNKNOWN_MEMBER_ID:
      case ErrorCode.FENCED_MEMBER_EPOCH:
        this.#forget();
        return;
      case ErrorCode.FENCED_INSTANCE_ID:
        this.die();
        return;
      default:
        this.#full = true;
    }
  }

  #forget(): void {
    this.#epoch = 0;
    this.#topicPartitions = [];
    this.#full = false;
  }
}

class ClassicActor implements Actor {
  readonly #fixture: GroupFixture;
  #client: ClassicClient;
  #busy = false;
  alive = false;

  constructor(fixture: GroupFixture) {
    this.#fixture = fixture;
    this.#client = new ClassicClient(fixture);
  }

  get held(): string[] {
    return this.#client.names;
  }

  start(): void {
    if (this.alive) return;
    this.alive = true;
    this.#busy = false;
    this.#client = new ClassicClient(this.#fixture);
  }

  die(): void {
    this.alive = false;
    this.#client = new ClassicClient(this.#fixture);
  }

  act(): void {
    if (!this.alive || this.#busy) return;
    const client = this.#client;
    this.#busy = true;
    const step = client.generation === -1 ? client.join() : client.beat();
    void step.then((code) => {
      assert.notEqual(code, ErrorCode.UNKNOWN_SERVER_ERROR);
      if (this.#client !== client) return;
      this.#busy = false;
      if (code === ErrorCode.UNKNOWN_MEMBER_ID || code === ErrorCode.ILLEGAL_GENERATION) {
        this.#client = new ClassicClient(this.#fixture);
      }
    });
  }
}

async function run(seed: number, actors: (fixture: GroupFixture) => Actor[], isExclusive: boolean): Promise<void> {
  const random = seededRandom(seed);
  const fixture = await GroupFixture.start({ seed, config: { initialRebalanceDelayMs: 500 } });
  const all = actors(fixture);
  const check = (): void => {
    const held = all.flatMap((actor) => [...actor.held]);
    if (isExclusive) assert.equal(new Set(held).size, held.length, `seed ${seed}: a partition has two owners`);
  };
  for (let step = 0; step < STEPS; step++) {
    const actor = all[random.below(all.length)];
    const dice = random.below(100);
    if (dice < 72) actor.act(random);
    else if (dice < 75) actor.die();
    else if (dice < 84) actor.start();
    else if (dice < 86) fixture.log.hold();
    else if (dice < 91) fixture.log.release();
    else if (dice < 92) fixture.log.failWith(ErrorCode.NOT_ENOUGH_REPLICAS);
    else if (dice < 96) fixture.log.failWith(null);
    else if (dice < 98) await restart(fixture, seed);
    else await fixture.advance(random.below(5_000));
    await fixture.advance(random.below(800));
    check();
  }
  fixture.log.failWith(null);
  fixture.log.release();
  for (const actor of all) actor.start();
  for (let round = 0; round < 150; round++) {
    for (const actor of all) {
      // Peace: nobody leaves, nothing is lost.
      actor.start();
      actor.act({ ...random, below: () => 1 });
    }
    await fixture.advance(1_000);
    check();
  }
  const { groups } = await fixture.coordinator.listGroups({ statesFilter: [], typesFilter: [] }, fixture.context(5));
  assert.deepEqual([groups[0].groupType, groups[0].groupState], ['consumer', 'Stable'], `seed ${seed}`);
  const held = all.flatMap((actor) => [...actor.held]).filter((name) => name.startsWith('orders'));
  assert.equal(held.length, 8, `seed ${seed}`);
  assert.equal(new Set(held).size, 8, `seed ${seed}`);
}

async function restart(fixture: GroupFixture, seed: number): Promise<void> {
  fixture.log.failWith(null);
  fixture.log.release();
  await settle();
  const before = await fixture.durableState();
  await fixture.restart();
  assert.ok((await fixture.durableState()) === before, `seed ${seed}: the log gives the state that was in memory`);
}

test('random runs of a consumer group: a partition never has two owners', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const actors = (fixture: GroupFixture) =>
      ['a', 'b', 'c', 'd', 'e'].map((name, index) => new ConsumerActor(fixture, name, index < 2 ? `i${index}` : null));
    await run(seed, actors, true);
  }
});

test('random runs of a group with members of both protocols', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const actors = (fixture: GroupFixture) => [
      new ConsumerActor(fixture, 'a', null),
      new ConsumerActor(fixture, 'b', 'i1'),
      new ClassicActor(fixture),
      new ClassicActor(fixture),
    ];
    await run(seed, actors, false);
  }
});
