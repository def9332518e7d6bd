/**
 * Partitions around a transaction coordinator, for its simulation: each has the real producer state of a log, asks the
 * coordinator as a leader does (KIP-890), takes markers, and notes what it accepted, so that a history can be judged.
 */
import assert from 'node:assert/strict';
import type { Random } from '../../../src/base/random.ts';
import { ErrorCode } from '../../../src/protocol/errors.ts';
import { AppendOrigin } from '../../../src/storage/append-origin.ts';
import { ProducerState } from '../../../src/storage/producer/producer-state.ts';
import { NO_GUARD } from '../../../src/storage/producer/verification-states.ts';
import type { Producer, TransactionFixture, WrittenMarker } from './transaction-fixture.ts';

const TOPIC = 'orders';
const DAY_MS = 86_400_000;

/** One transaction as its client sees it. */
export interface Attempt {
  readonly name: string;
  readonly transactionalId: string;
  /** How many producers of the id were initialised when this one was. */
  readonly generation: number;
  /** What the client was told. */
  outcome: 'committed' | 'aborted' | 'unknown';
  /** The client asked for it. */
  askedToCommit: boolean;
}

export interface Write extends Producer {
  readonly attempt: Attempt;
  readonly sequence: number;
  /** The client leaves adding partitions to the leader. */
  readonly implicit: boolean;
}

type LogEntry =
  | (Producer & { readonly kind: 'data'; readonly attempt: Attempt })
  | (Producer & { readonly kind: 'marker'; readonly committed: boolean });

class Partition {
  readonly index: number;
  readonly log: LogEntry[] = [];
  readonly #world: TransactionWorld;
  readonly #producers = new ProducerState({ producerIdExpirationMs: DAY_MS, verificationEnabled: true });

  constructor(world: TransactionWorld, index: number) {
    this.#world = world;
    this.index = index;
  }

  get hasOpenTransaction(): boolean {
    return this.#producers.firstUndecidedOffset >= 0;
  }

  async write(write: Write): Promise<number> {
    const { producerId, producerEpoch, sequence, implicit, attempt } = write;
    const nowMs = this.#world.fixture.clock.wallMs();
    let guard = NO_GUARD;
    if (this.#producers.mustVerify(producerId, producerEpoch, implicit)) {
      guard = this.#producers.verifications.start(producerId, sequence, producerEpoch, implicit, nowMs);
      const errorCode = await this.#ask(write);
      if (errorCode !== ErrorCode.NONE) return errorCode;
      await this.#world.pause();
    }
    const offset = this.log.length;
    const batch = { producerId, producerEpoch, baseSequence: sequence, baseOffset: offset, lastOffset: offset };
    const details = { maxTimestamp: nowMs, isTransactional: true };
    const errorCode = this.#producers.appendBatch({ ...batch, ...details }, AppendOrigin.client, guard);
    if (errorCode !== ErrorCode.NONE) return errorCode;
    this.#producers.commit();
    this.log.push({ kind: 'data', producerId, producerEpoch, attempt });
    this.#world.noteAccepted(attempt);
    return ErrorCode.NONE;
  }

  async #ask({ attempt: { transactionalId }, implicit, producerId, producerEpoch }: Write): Promise<number> {
    const { coordinator } = this.#world.fixture;
    const producer = { producerId, producerEpoch };
    if (implicit) {
      return coordinator.addToTransaction(transactionalId, producer, new Map([[TOPIC, new Set([this.index])]]));
    }
    return (await coordinator.verifyPartitions(transactionalId, producer, [[TOPIC, this.index]]))[0];
  }

  takeMarker({ producerId, producerEpoch, coordinatorEpoch, committed, transactionVersion }: WrittenMarker): number {
    const marker = { producerId, producerEpoch, coordinatorEpoch, aborted: !committed, transactionVersion };
    const full = { ...marker, offset: this.log.length, timestamp: this.#world.fixture.clock.wallMs() };
    const errorCode = this.#producers.checkMarker(full);
    if (errorCode !== ErrorCode.NONE) return errorCode;
    this.#producers.appendMarker(full);
    this.#producers.commit();
    this.log.push({ kind: 'marker', producerId, producerEpoch, committed });
    return ErrorCode.NONE;
  }

  /** Whether each attempt that has records here was committed, by the markers that follow them. */
  decisions(): Map<Attempt, boolean> {
    const decisions = new Map<Attempt, boolean>();
    const open = new Map<number, Attempt[]>();
    for (const entry of this.log) {
      if (entry.kind === 'data') open.set(entry.producerId, [...(open.get(entry.producerId) ?? []), entry.attempt]);
      else {
        for (const attempt of open.get(entry.producerId) ?? []) {
          const before: boolean = decisions.get(attempt) ?? entry.committed;
          assert.equal(before, entry.committed, `${attempt.name} ends twice in partition ${this.index}`);
          decisions.set(attempt, entry.committed);
        }
        open.delete(entry.producerId);
      }
    }
    assert.equal(open.size, 0, `partition ${this.index} has records of a transaction without an end`);
    return decisions;
  }
}

export class TransactionWorld {
  readonly fixture: TransactionFixture;
  readonly partitions: readonly Partition[];
  readonly attempts: Attempt[] = [];
  /** How many producers of each transactional id were told that they are the id's. */
  readonly #generations = new Map<string, number>();
  readonly #given = new Set<string>();

  readonly #random: Random;

  constructor(fixture: TransactionFixture, partitionCount: number, random: Random) {
    this.fixture = fixture;
    this.#random = random;
    this.partitions = Array.from({ length: partitionCount }, (_, index) => new Partition(this, index));
    fixture.takeMarker = (marker) => this.partitions[marker.partition].takeMarker(marker);
  }

  /** The time that an answer may take from the coordinator to a partition. */
  async pause(): Promise<void> {
    if (this.#random.below(3) > 0) return;
    const { clock } = this.fixture;
    await new Promise<void>((resolve) => void clock.schedule(this.#random.below(300), resolve));
  }

  generationOf(transactionalId: string): number {
    return this.#generations.get(transactionalId) ?? 0;
  }

  /** InitProducerId told a producer that it is the id's: nobody else ever was told the same, and all others are fenced. */
  noteInitialised(transactionalId: string, { producerId, producerEpoch }: Producer): void {
    const identity = `${producerId}/${producerEpoch}`;
    assert.ok(!this.#given.has(identity), `${identity} is handed out twice`);
    this.#given.add(identity);
    this.#generations.set(transactionalId, this.generationOf(transactionalId) + 1);
  }

  noteAccepted({ name, transactionalId, generation }: Attempt): void {
    const now = this.generationOf(transactionalId);
    assert.equal(generation, now, `a record of ${name} is accepted, although its producer is fenced`);
  }

  /** All is over: every transaction has one end everywhere, the one that its client was told. */
  check(): void {
    const decided = new Map<Attempt, boolean>();
    for (const partition of this.partitions) {
      assert.ok(!partition.hasOpenTransaction, `partition ${partition.index} has an open transaction`);
      for (const [attempt, committed] of partition.decisions()) {
        assert.equal(decided.get(attempt) ?? committed, committed, `${attempt.name} is committed and aborted`);
        decided.set(attempt, committed);
      }
    }
    for (const [attempt, committed] of decided) {
      const { name, outcome, askedToCommit } = attempt;
      if (outcome !== 'unknown') assert.equal(committed, outcome === 'committed', `${name} was told: ${outcome}`);
      if (committed) assert.ok(askedToCommit, `${name} is committed, and nobody asked for it`);
    }
  }
}
