import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { CompactedLog, type SeenRecord } from './cleaner-fixture.ts';

/**
 * Random histories of a compacted log (keys, tombstones, transactions, rolls, cleanings, restarts) against a model that
 * says which records survive.
 */

const RETENTION_MS = 1_000;
const PRODUCERS = 3;
const TRANSACTIONAL = 0x10;

type Step =
  | { readonly do: 'put'; readonly entries: readonly (readonly [number, boolean])[]; readonly codec: number }
  | {
      readonly do: 'produce' | 'transact';
      readonly producer: number;
      readonly entries: readonly (readonly [number, boolean])[];
    }
  | { readonly do: 'end'; readonly producer: number; readonly commit: boolean }
  | { readonly do: 'roll' | 'restart' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'clean'; readonly mapEntries: number };

const entries = fc.array(fc.tuple(fc.nat(5), fc.boolean()), { minLength: 1, maxLength: 4 });
const producer = fc.nat(PRODUCERS - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('put' as const), entries, codec: fc.constantFrom(0, 0, 1, 4) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('produce' as const), producer, entries }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('transact' as const), producer, entries }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('end' as const), producer, commit: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('roll' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 500, 1_000) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('clean' as const), mapEntries: fc.constantFrom(12, 1_000) }) },
);

interface ModelBatch {
  readonly baseOffset: number;
  readonly transaction: ModelTransaction | undefined;
  records: SeenRecord[];
  horizonMs: number | undefined;
}

interface ModelTransaction {
  state: 'open' | 'committed' | 'aborted';
}

class Model {
  readonly log = new CompactedLog({ deleteRetentionMs: RETENTION_MS, indexIntervalBytes: 1 });
  readonly batches: ModelBatch[] = [];
  readonly open: (ModelTransaction | undefined)[] = [];
  readonly sequences: number[] = Array(PRODUCERS).fill(0);
  #values = 0;

  async run(action: Step): Promise<void> {
    const { log } = this;
    switch (action.do) {
      case 'put':
        this.#put(action.entries, undefined, { codec: action.codec });
        break;
      case 'produce':
        if (!this.open[action.producer]) this.#produce(action.producer, action.entries, undefined);
        break;
      case 'transact':
        this.open[action.producer] ??= { state: 'open' };
        this.#produce(action.producer, action.entries, this.open[action.producer]);
        break;
      case 'end':
        this.#end(action.producer, action.commit);
        break;
      case 'roll':
        log.log.roll();
        break;
      case 'wait':
        log.clock.advance(action.ms);
        break;
      case 'restart':
        this.#restart();
        break;
      case 'clean':
        await this.#clean(action.mapEntries);
        break;
    }
    this.check();
  }

  #put(
    wanted: readonly (readonly [number, boolean])[],
    transaction: ModelTransaction | undefined,
    extra: Parameters<CompactedLog['put']>[1],
  ): void {
    const written = wanted.map(([key, isValue]) => [`k${key}`, isValue ? `v${this.#values++}` : null] as const);
    const baseOffset = this.log.put(written, extra);
    const timestamp = this.log.clock.wallMs();
    const records = written.map(([key, value], at) => ({ offset: baseOffset + at, key, value, timestamp }));
    this.batches.push({ baseOffset, transaction, records, horizonMs: undefined });
  }

  #produce(
    producerAt: number,
    wanted: readonly (readonly [number, boolean])[],
    transaction: ModelTransaction | undefined,
  ): void {
    const baseSequence = this.sequences[producerAt];
    this.sequences[producerAt] += wanted.length;
    const attributes = transaction ? TRANSACTIONAL : 0;
    this.#put(wanted, transaction, { producerId: producerAt, producerEpoch: 0, baseSequence, attributes });
  }

  #end(producerAt: number, commit: boolean): void {
    const transaction = this.open[producerAt];
    if (!transaction) return;
    this.log.end(producerAt, 0, commit);
    transaction.state = commit ? 'committed' : 'aborted';
    this.open[producerAt] = undefined;
  }

  /** What producers stand at must be readable from what is left of the log alone. */
  #restart(): void {
    const { log } = this;
    const before = this.#producers();
    for (const name of log.names()) if (name.endsWith('.snapshot')) log.files.unlink(`/data/t-0/${name}`);
    log.crash();
    assert.deepEqual(this.#producers(), before);
  }

  #producers() {
    return this.log.log
      .activeProducers()
      .filter(({ lastSequence }) => lastSequence >= 0)
      .map(({ producerId, producerEpoch, lastSequence, currentTxnStartOffset }) => ({
        producerId,
        producerEpoch,
        lastSequence,
        currentTxnStartOffset,
      }))
      .sort((a, b) => a.producerId - b.producerId);
  }

  async #clean(mapEntries: number): Promise<void> {
    const { log } = this;
    await log.sync();
    const committed = latest(log.committed());
    const dirtyFrom = log.log.cleanJob(log.checkpoint).firstDirtyOffset;
    const bases = log.log.segments;
    const nowMs = log.clock.wallMs();
    const { cleanedOffset, isComplete } = await log.clean({ mapBytesMax: mapEntries * 24 });
    assert.equal(isComplete, true);
    assert.ok(cleanedOffset <= log.log.lastStableOffset);
    const rewrittenTo = bases.find((base) => base >= cleanedOffset) ?? Number.POSITIVE_INFINITY;
    this.#expectCleaned(dirtyFrom, cleanedOffset, bases[0] >= cleanedOffset ? 0 : rewrittenTo, nowMs);
    assert.deepEqual(latest(log.committed()), committed);
  }

  #expectCleaned(dirtyFrom: number, cleanedOffset: number, rewrittenTo: number, nowMs: number): void {
    const last = new Map<string, number>();
    for (const { transaction, records } of this.batches)
      for (const { key, offset } of records)
        if (offset >= dirtyFrom && offset < cleanedOffset && transaction?.state !== 'aborted') last.set(key!, offset);
    for (const batch of this.batches) {
      if (batch.baseOffset >= rewrittenTo) continue;
      if (batch.transaction?.state === 'aborted') {
        batch.records = [];
        continue;
      }
      const { horizonMs } = batch;
      batch.records = batch.records.filter(({ key, offset, value }) => {
        if (offset >= cleanedOffset) return true;
        if (offset < (last.get(key!) ?? -1)) return false;
        return value !== null || horizonMs === undefined || nowMs < horizonMs;
      });
      if (batch.records.some(({ value }) => value === null)) batch.horizonMs ??= nowMs + RETENTION_MS;
    }
  }

  check(): void {
    const { log } = this;
    assert.deepEqual(
      log.data(),
      this.batches.flatMap(({ records }) => records),
    );
    let next = 0;
    for (const batch of log.read(0)) {
      assert.ok(batch.baseOffset >= next);
      assert.equal(batch.hasValidCrc(), true);
      next = batch.nextOffset;
    }
    for (const offset of log.data().map((record) => record.offset)) {
      const [batch] = log.read(offset, offset + 1);
      assert.ok(batch.baseOffset <= offset && offset <= batch.lastOffset);
    }
    const stable = log.log.lastStableOffset;
    const expected = this.batches
      .filter(({ transaction }) => transaction === undefined || transaction.state === 'committed')
      .flatMap(({ records }) => records)
      .filter(({ offset }) => offset < stable);
    assert.deepEqual(log.committed(), expected);
  }
}

/** Values by key, without those that a tombstone ended. */
function latest(records: readonly SeenRecord[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const { key, value } of records)
    if (value === null) values.delete(key!);
    else values.set(key!, value);
  return new Map([...values].sort());
}

describe('cleaning, as a model', () => {
  test('what survives is what the rules say, whatever came before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
        const model = new Model();
        for (const action of steps) await model.run(action);
      }),
      { numRuns: 120 },
    );
  });
});
