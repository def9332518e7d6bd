/**
 * Random runs of consumer groups in simulated time: members join, leave, die, come back, lose answers; topics grow, are
 * deleted and made anew; the coordinator restarts, is slow, and loses appends. What must hold:
 *
 *   - no partition is held by two clients at a time
 *   - the coordinator never gives a partition to a member while another one may still hold it
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
import { describe, heartbeat, JOIN, names } from './consumer-fixture.ts';

const STEPS_MAX = 300;
/** More in a longer run: SIMULATION_SEEDS=1000. */
const SEEDS = Number(process.env.SIMULATION_SEEDS ?? 40);
const PEACE_ROUNDS = 150;
const ORDERS_PARTITIONS_MAX = 14;

interface Actor {
  alive: boolean;
  /** What it holds, as topic id and partition. */
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
    return this.#topicPartitions.flatMap(({ topicId, partitions }) => partitions.map((each) => `${topicId}-${each}`));
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
    const joins = this.#epoch === 0;
    // Not every heartbeat says what the client holds; the coordinator must not take that for nothing.
    const isSilent = !joins && !this.#full && random.below(3) === 0;
    const topicPartitions = isSilent ? null : this.#topicPartitions;
    const say = { memberEpoch: this.#epoch, instanceId: this.#instanceId, topicPartitions };
    const everything = { ...JOIN, subscribedTopicNames: random.below(30) === 0 ? ['orders'] : ['orders', 'payments'] };
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
    const topicId = this.#fixture.topics.byName('orders')?.id;
    return this.#client.held.map((partition) => `${topicId}-${partition}`);
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
  const shared: string[] = [];
  const check = (): void => {
    const held = all.flatMap((actor) => [...actor.held]);
    if (isExclusive) assert.equal(new Set(held).size, held.length, `seed ${seed}: a partition has two owners`);
    // Answered when what it tells of is durable, which may be long after.
    void sharedPartitions(fixture).then((found) => shared.push(...found));
    assert.deepEqual(shared, [], `seed ${seed}: partitions are given to two members`);
  };
  for (let step = 20 + random.below(STEPS_MAX - 20); step > 0; step--) {
    const actor = all[random.below(all.length)];
    const dice = random.below(102);
    if (dice < 72) actor.act(random);
    else if (dice < 75) actor.die();
    else if (dice < 84) actor.start();
    else if (dice < 86) fixture.log.hold();
    else if (dice < 91) fixture.log.release();
    else if (dice < 92) fixture.log.failWith(ErrorCode.NOT_ENOUGH_REPLICAS);
    else if (dice < 96) fixture.log.failWith(null);
    else if (dice < 98) await restart(fixture, seed);
    else if (dice < 100) changeTopics(fixture, random);
    else await fixture.advance(random.below(5_000));
    await fixture.advance(random.below(800));
    check();
  }
  fixture.log.failWith(null);
  fixture.log.release();
  let settledRounds = 0;
  for (let round = 0; round < PEACE_ROUNDS && settledRounds < 5; round++) {
    for (const actor of all) {
      // Peace: nobody leaves, nothing is lost.
      actor.start();
      actor.act({ ...random, below: () => 1 });
    }
    await fixture.advance(1_000);
    check();
    settledRounds = (await unsettled(fixture, all)) === '' ? settledRounds + 1 : 0;
  }
  assert.equal(await unsettled(fixture, all), '', `seed ${seed}`);
}

/** Partitions that the coordinator gives to one member while another one has them, or has yet to give them back. */
async function sharedPartitions(fixture: GroupFixture): Promise<string[]> {
  const { members } = await describe(fixture);
  const owned = members.flatMap(({ assignment }) => names(fixture, assignment.topicPartitions));
  return owned.filter((name, index) => owned.indexOf(name) < index);
}

/** Why the group has not come to rest; '' when it has. */
async function unsettled(fixture: GroupFixture, all: readonly Actor[]): Promise<string> {
  const { groups } = await fixture.coordinator.listGroups({ statesFilter: [], typesFilter: [] }, fixture.context(5));
  const state = `${groups[0]?.groupType} ${groups[0]?.groupState}`;
  if (state !== 'consumer Stable') return state;
  const orders = fixture.topics.byName('orders')!;
  const held = all.flatMap((actor) => [...actor.held]).filter((name) => name.startsWith(orders.id));
  const isComplete = held.length === orders.partitionCount && new Set(held).size === held.length;
  return isComplete ? '' : `held: ${held}`;
}

/** Orders only grows; payments comes and goes, with another id each time. */
function changeTopics(fixture: GroupFixture, random: Random): void {
  const { topics, coordinator } = fixture;
  const [orders, payments] = [topics.byName('orders')!, topics.byName('payments')];
  if (random.below(2) === 0) {
    topics.add('orders', Math.min(orders.partitionCount + 1, ORDERS_PARTITIONS_MAX));
  } else if (payments) {
    topics.remove('payments');
    void coordinator.topicsDeleted([payments]).catch(() => {}); // the log may be failing just now
  } else {
    const id = Buffer.from(`payments${random.below(1_000_000)}`.padEnd(16, '_').slice(0, 16)).toString('base64url');
    topics.add('payments', 1 + random.below(6), id);
  }
  coordinator.topicsChanged();
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
