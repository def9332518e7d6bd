/**
 * Random runs of transactional producers in simulated time: old and new ones (transaction.version 0 and 2) share
 * transactional ids, fence each other, fall asleep, die, lose answers and ask again, while the coordinator restarts, is
 * slow, loses appends, lets transactions run out of time, and markers are late or fail. What must hold:
 *
 *   - no producer id and epoch is handed out twice
 *   - once a producer is told that it is the id's, no partition accepts a record of an earlier one
 *   - a transaction ends once, the same way in all its partitions, as its client was told, and is committed only if asked
 *   - the state in memory is the state that the log gives
 *   - left in peace, every transaction comes to its end, and a new producer can begin
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '../../../src/base/random.ts';
import { ErrorCode } from '../../../src/protocol/errors.ts';
import { type Producer, settle, TransactionFixture } from './transaction-fixture.ts';
import { type Attempt, TransactionWorld } from './transaction-world.ts';

/** More in a longer run: SIMULATION_SEEDS=1000. */
const SEEDS = Number(process.env.SIMULATION_SEEDS ?? 80);
const PARTITIONS = 3;
const CLIENTS = 5;
const TIMEOUT_MS = 60_000;
const PEACE_SECONDS = 400;

const { NONE, CONCURRENT_TRANSACTIONS } = ErrorCode;
/** The client asks again. */
const RETRIABLE: ReadonlySet<number> = new Set([
  CONCURRENT_TRANSACTIONS,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.REQUEST_TIMED_OUT,
]);

/** What went through, to see that the runs are not idle. */
const seen = { committed: 0, aborted: 0, unknown: 0, fenced: 0, timeouts: 0 };

class Ended extends Error {}

class Client {
  readonly #world: TransactionWorld;
  readonly #random: Random;
  readonly #transactionalId: string;
  /** Leaves adding partitions to their leaders, and gets a new epoch with each end. */
  readonly #implicit: boolean;
  #producer: Producer | null = null;
  /** The producer that it was, to go on from (KIP-360). */
  #before: Producer | null = null;
  #generation = 0;
  #sequences = new Map<number, number>();
  #life = 0;
  #attempts = 0;
  busy = false;

  constructor(world: TransactionWorld, random: Random, transactionalId: string, implicit: boolean) {
    this.#world = world;
    this.#random = random;
    this.#transactionalId = transactionalId;
    this.#implicit = implicit;
  }

  /** One transaction, from the beginning to its end or to where the client gives up. */
  start(): void {
    if (this.busy) return;
    this.busy = true;
    const life = ++this.#life;
    void this.#transact(life).then(
      () => (this.busy = false),
      (error) => {
        if (!(error instanceof Ended)) throw error;
      },
    );
  }

  /** Whatever it waits for will not be heard any more; a new process begins anew. */
  die(): void {
    this.#life++;
    this.busy = false;
    this.#forget(null);
  }

  #forget(before: Producer | null): void {
    this.#producer = null;
    this.#before = before;
    this.#sequences.clear();
  }

  async #transact(life: number): Promise<void> {
    if (!this.#producer) await this.#init(life);
    if (!this.#producer) return;
    const attempt: Attempt = {
      name: `${this.#transactionalId}/${this.#producer.producerId}/${this.#producer.producerEpoch} (${this.#generation}.${++this.#attempts})`,
      transactionalId: this.#transactionalId,
      generation: this.#generation,
      outcome: 'unknown',
      askedToCommit: false,
    };
    let isSound = true;
    let hasBegun = false;
    for (let write = this.#random.below(5); write > 0 && isSound; write--) {
      hasBegun = true;
      isSound = await this.#write(life, attempt);
      if (this.#random.below(25) === 0) await this.#sleep(life, this.#random.below(2) * 65_000);
    }
    if (!hasBegun) return;
    await this.#end(life, attempt, isSound && this.#random.below(3) > 0);
    seen[attempt.outcome]++;
    // One that something went wrong with begins a new epoch.
    if (this.#producer && !isSound) this.#forget(this.#producer);
  }

  async #init(life: number): Promise<void> {
    const { fixture } = this.#world;
    for (;;) {
      const request = { transactionalId: this.#transactionalId, transactionTimeoutMs: TIMEOUT_MS, ...this.#before };
      const answer = await this.#heard(life, fixture.init(request));
      if (answer.errorCode === NONE) {
        this.#producer = { producerId: answer.producerId, producerEpoch: answer.producerEpoch };
        this.#sequences.clear();
        this.#world.noteInitialised(this.#transactionalId, this.#producer);
        this.#generation = this.#world.generationOf(this.#transactionalId);
        return;
      }
      assert.notEqual(answer.errorCode, ErrorCode.UNKNOWN_SERVER_ERROR);
      if (!RETRIABLE.has(answer.errorCode)) {
        seen.fenced++;
        return this.#forget(null);
      }
      await this.#sleep(life, 50);
    }
  }

  async #write(life: number, attempt: Attempt): Promise<boolean> {
    const partition = this.#random.below(PARTITIONS);
    const producer = this.#producer as Producer;
    if (!this.#implicit) {
      const byTopic = new Map([['orders', new Set([partition])]]);
      const request = { transactionalId: this.#transactionalId, ...producer, partitions: byTopic };
      const add = () => this.#world.fixture.coordinator.addPartitions({ ...request, clientTransactionVersion: 0 });
      if ((await this.#persist(life, add)) !== NONE) return false;
    }
    const sequence = this.#sequences.get(partition) ?? 0;
    const write = { ...producer, attempt, sequence, implicit: this.#implicit };
    if (this.#random.below(15) === 0) {
      // Its answer takes so long, or the write itself, that the client gives up.
      const arrive = () => void this.#world.partitions[partition].write(write);
      if (this.#random.below(2) === 0) arrive();
      else this.#world.fixture.clock.schedule(this.#random.below(1_000), arrive);
      return false;
    }
    const errorCode = await this.#persist(life, () => this.#world.partitions[partition].write(write));
    if (errorCode === NONE) this.#sequences.set(partition, sequence + 1);
    return errorCode === NONE;
  }

  /** Asks again while that may help. */
  async #persist(life: number, ask: () => Promise<number>): Promise<number> {
    for (;;) {
      const errorCode = await this.#heard(life, ask());
      assert.notEqual(errorCode, ErrorCode.UNKNOWN_SERVER_ERROR);
      if (!RETRIABLE.has(errorCode)) return errorCode;
      await this.#sleep(life, 50);
    }
  }

  async #end(life: number, attempt: Attempt, commit: boolean): Promise<void> {
    const { fixture } = this.#world;
    const producer = this.#producer as Producer;
    attempt.askedToCommit = commit;
    for (;;) {
      const wasFenced = this.#world.generationOf(this.#transactionalId) > attempt.generation;
      const request = { transactionalId: this.#transactionalId, ...producer, committed: commit };
      const answer = await this.#heard(life, fixture.coordinator.endTxn(request, this.#implicit ? 5 : 4));
      const { errorCode } = answer;
      assert.notEqual(errorCode, ErrorCode.UNKNOWN_SERVER_ERROR);
      // Now and then an answer is lost, and the client asks again.
      if (RETRIABLE.has(errorCode) || this.#random.below(8) === 0) {
        await this.#sleep(life, 50);
        continue;
      }
      if (errorCode !== NONE) {
        seen.fenced++;
        return this.#forget(null);
      }
      assert.ok(!wasFenced, `${attempt.name} is ended by a producer that is fenced`);
      attempt.outcome = commit ? 'committed' : 'aborted';
      if (!this.#implicit) return;
      this.#producer = { producerId: answer.producerId, producerEpoch: answer.producerEpoch };
      this.#sequences.clear();
      return;
    }
  }

  async #heard<T>(life: number, answer: Promise<T>): Promise<T> {
    const heard = await answer;
    if (this.#life !== life) throw new Ended();
    return heard;
  }

  async #sleep(life: number, ms: number): Promise<void> {
    const { clock } = this.#world.fixture;
    await this.#heard(life, new Promise<void>((resolve) => void clock.schedule(ms, resolve)));
  }
}

async function run(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const fixture = await TransactionFixture.start({ abortTimedOutIntervalMs: 1_000 });
  const world = new TransactionWorld(fixture, PARTITIONS, random);
  const clients = Array.from(
    { length: CLIENTS },
    (_, index) => new Client(world, random, `id-${index % 2}`, random.below(3) > 0),
  );
  const steps = 50 + random.below(250);
  for (let step = 0; step < steps; step++) {
    const client = clients[random.below(CLIENTS)];
    const dice = random.below(100);
    if (dice < 70) client.start();
    else if (dice < 75) client.die();
    else if (dice < 77) fixture.log.hold();
    else if (dice < 82) fixture.log.release();
    else if (dice < 83) fixture.log.failWith(ErrorCode.NOT_ENOUGH_REPLICAS);
    else if (dice < 87) fixture.log.failWith(null);
    else if (dice < 89) fixture.holdMarkers();
    else if (dice < 93) await fixture.releaseMarkers();
    else if (dice < 95) fixture.failMarkers(ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.NOT_ENOUGH_REPLICAS);
    else if (dice < 96) await restart(fixture);
    else if (dice < 97) await crash(fixture);
    else if (dice < 98) {
      seen.timeouts++;
      await fixture.advance(TIMEOUT_MS + 2_000);
    }
    await fixture.advance(random.below(60));
  }
  fixture.log.failWith(null);
  fixture.log.release();
  fixture.failMarkers();
  await fixture.releaseMarkers();
  const isOver = (): boolean =>
    clients.every(({ busy }) => !busy) && world.partitions.every((partition) => !partition.hasOpenTransaction);
  for (let second = 0; second < PEACE_SECONDS && !isOver(); second++) await fixture.advance(1_000);
  assert.ok(isOver(), 'all comes to an end');
  world.check();
  for (const transactionalId of ['id-0', 'id-1']) {
    // What was begun and never written to ends now.
    let { errorCode } = await fixture.init({ transactionalId });
    for (let second = 0; second < PEACE_SECONDS && errorCode === CONCURRENT_TRANSACTIONS; second++) {
      await fixture.advance(1_000);
      ({ errorCode } = await fixture.init({ transactionalId }));
    }
    assert.equal(errorCode, NONE, 'a new producer begins');
  }
}

async function restart(fixture: TransactionFixture): Promise<void> {
  fixture.log.failWith(null);
  fixture.log.release();
  fixture.holdMarkers();
  await settle();
  const before = await fixture.coordinator.durableState();
  await fixture.restart();
  assert.deepEqual(await fixture.coordinator.durableState(), before, 'the log gives the state that was in memory');
}

/** A restart that loses what was not durable yet. */
async function crash(fixture: TransactionFixture): Promise<void> {
  fixture.log.failWith(ErrorCode.NOT_LEADER_OR_FOLLOWER);
  fixture.log.release();
  await settle();
  fixture.log.failWith(null);
  await fixture.restart();
}

test('random runs of transactional producers', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    await run(seed).catch((cause: Error) => {
      throw new Error(`seed ${seed}: ${cause.message}`, { cause });
    });
  }
  if (process.env.SIMULATION_SEEDS) console.error(seen);
  for (const [what, count] of Object.entries(seen)) assert.ok(count > SEEDS / 10, `${what}: ${count}`);
});
