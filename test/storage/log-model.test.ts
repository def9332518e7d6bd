import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { AppendOrigin } from '../../src/storage/append-origin.ts';
import { AppendOutcome } from '../../src/storage/append-outcome.ts';
import { registerBatchMemory } from '../../src/storage/batch-memory.ts';
import { makeBatch } from '../native/record-batches.ts';
import { FOLDER, LogFixture, NOW_MS } from './log-fixture.ts';

/**
 * Random appends, rolls, truncations, deletions, clean stops and crashes that cut or damage what was not synced, against
 * a list of records: the log must always be what was appended, cut at the end at most, and never below its recovery point.
 */

interface ModelBatch {
  readonly baseOffset: number;
  readonly values: readonly string[];
  readonly timestamp: number;
  /** -1 for batches without a producer. */
  readonly sequence: number;
}

class Model {
  batches: ModelBatch[] = [];
  logStartOffset = 0;
  logEndOffset = 0;
  count = 0;
  producerId = 42;
  /** The producer's last batch. */
  last: ModelBatch | undefined;

  get producer(): { producerId: number; producerEpoch: number } {
    return { producerId: this.producerId, producerEpoch: 0 };
  }

  get nextSequence(): number {
    return this.last ? this.last.sequence + this.last.values.length : 0;
  }

  /** What was deleted may or may not be remembered (in a snapshot) when the log is opened again. */
  forgetDeletedProducer(): void {
    if (!this.last || this.last.baseOffset + this.last.values.length > this.logStartOffset) return;
    this.last = undefined;
    this.producerId++;
  }

  make(size: number, idempotent: boolean, timestamp: number): { batch: ModelBatch; bytes: Buffer } {
    const values = Array.from({ length: size }, () => `value-${this.count++}`);
    const sequence = idempotent ? this.nextSequence : -1;
    const batch = { baseOffset: this.logEndOffset, values, timestamp, sequence };
    const records = values.map((value) => ({ timestamp, value }));
    const producer = idempotent ? { ...this.producer, baseSequence: sequence } : {};
    this.batches.push(batch);
    if (idempotent) this.last = batch;
    this.logEndOffset += size;
    return { batch, bytes: makeBatch({ records, ...producer }) };
  }

  cut(offset: number): void {
    this.batches = this.batches.filter((batch) => batch.baseOffset + batch.values.length <= offset);
    this.logEndOffset = offset;
    this.logStartOffset = Math.min(this.logStartOffset, offset);
    if (!this.last || this.batches.includes(this.last)) return;
    this.last = this.batches.findLast((batch) => batch.sequence >= 0);
    if (!this.last || this.last.baseOffset < this.logStartOffset) {
      this.last = undefined;
      this.producerId++;
    }
  }

  records(): { offset: number; value: string }[] {
    return this.batches.flatMap(({ baseOffset, values }) =>
      values.map((value, index) => ({ offset: baseOffset + index, value })),
    );
  }
}

type Step =
  | {
      readonly do: 'append';
      readonly sizes: readonly number[];
      readonly idempotent: boolean;
      readonly timestamp: number;
    }
  | { readonly do: 'repeat' }
  | { readonly do: 'truncate'; readonly batch: number }
  | { readonly do: 'deleteRecords'; readonly part: number }
  | { readonly do: 'sync' }
  | { readonly do: 'roll' }
  | { readonly do: 'reopen' }
  | {
      readonly do: 'crash';
      readonly harm: 'none' | 'cut' | 'flip' | 'garbage';
      readonly place: number;
      readonly dropSnapshots: boolean;
    };

const part = fc.double({ min: 0, max: 1, noNaN: true });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }),
      idempotent: fc.boolean(),
      timestamp: fc.integer({ min: NOW_MS - 1000, max: NOW_MS }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('repeat' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('truncate' as const), batch: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deleteRecords' as const), part }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('sync' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('roll' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('crash' as const),
      harm: fc.constantFrom('none' as const, 'cut' as const, 'flip' as const, 'garbage' as const),
      place: part,
      dropSnapshots: fc.boolean(),
    }),
  },
);

class Run {
  readonly fixture = new LogFixture({ segmentBytes: 700, indexIntervalBytes: 100, retentionMs: -1 });
  readonly model = new Model();

  async take(given: Step): Promise<void> {
    const { fixture, model } = this;
    switch (given.do) {
      case 'append':
        this.append(given.sizes, given.idempotent, given.timestamp);
        break;
      case 'repeat':
        this.repeat();
        break;
      case 'truncate': {
        const batch = model.batches.at(-1 - given.batch);
        if (!batch) break;
        fixture.log.truncateTo(batch.baseOffset);
        model.cut(batch.baseOffset);
        break;
      }
      case 'deleteRecords': {
        const offset = Math.floor(given.part * model.logEndOffset);
        assert.equal(fixture.log.deleteRecords(offset), ErrorCode.NONE);
        model.logStartOffset = Math.max(model.logStartOffset, offset);
        fixture.log.deleteOldSegments();
        break;
      }
      case 'sync':
        assert.equal(await fixture.sync(), 0);
        break;
      case 'roll':
        assert.equal(fixture.log.roll(), ErrorCode.NONE);
        break;
      case 'reopen':
        fixture.reopen();
        assert.equal(fixture.log.logEndOffset, model.logEndOffset);
        model.forgetDeletedProducer();
        break;
      case 'crash':
        this.crash(given.harm, given.place, given.dropSnapshots);
        break;
    }
    this.check();
  }

  append(sizes: readonly number[], idempotent: boolean, timestamp: number): void {
    const { fixture, model } = this;
    const made = sizes.map((size) => model.make(size, idempotent, timestamp));
    const memory = registerBatchMemory(fixture.store, Buffer.concat(made.map(({ bytes }) => bytes)));
    let at = 0;
    const outcomes = made.map(({ bytes }) => {
      const outcome = new AppendOutcome();
      fixture.log.stage(memory, at, bytes.length, AppendOrigin.client, outcome);
      at += bytes.length;
      return outcome;
    });
    fixture.log.write();
    fixture.log.setHighWatermark(fixture.log.logEndOffset);
    for (const [index, outcome] of outcomes.entries()) {
      assert.equal(outcome.errorCode, ErrorCode.NONE);
      assert.equal(outcome.baseOffset, made[index].batch.baseOffset);
    }
    fixture.store.releaseMemory(memory.id);
  }

  /** The last idempotent batch once more. */
  repeat(): void {
    const { last, producer } = this.model;
    if (!last) return;
    const { timestamp, values, sequence } = last;
    const records = values.map((value) => ({ timestamp, value }));
    const outcome = this.fixture.append(makeBatch({ records, ...producer, baseSequence: sequence }));
    assert.deepEqual(
      [outcome.errorCode, outcome.isDuplicate, outcome.baseOffset],
      [ErrorCode.NONE, true, last.baseOffset],
    );
  }

  crash(harm: 'none' | 'cut' | 'flip' | 'garbage', place: number, dropSnapshots: boolean): void {
    const { fixture, model } = this;
    const { recoveryPoint } = fixture.log;
    if (harm !== 'none') this.harm(harm, place, recoveryPoint);
    if (dropSnapshots)
      for (const name of fixture.names()) if (name.endsWith('.snapshot')) fixture.files.unlink(`${FOLDER}/${name}`);
    fixture.crash();
    const { logEndOffset } = fixture.log;
    assert.ok(logEndOffset >= recoveryPoint, `${logEndOffset} < ${recoveryPoint}`);
    assert.ok(logEndOffset <= model.logEndOffset);
    if (harm === 'none' || harm === 'garbage') assert.equal(logEndOffset, model.logEndOffset);
    model.cut(logEndOffset);
    model.forgetDeletedProducer();
  }

  /** Harms bytes of one segment that were not synced. */
  harm(harm: 'cut' | 'flip' | 'garbage', place: number, recoveryPoint: number): void {
    const { log, files, store } = this.fixture;
    const first = Math.max(
      0,
      log.segments.findLastIndex((base) => base <= recoveryPoint),
    );
    const candidates = log.segments.slice(first);
    const segment =
      harm === 'garbage' ? candidates.at(-1)! : candidates[Math.floor(place * (candidates.length - 0.01))];
    const synced = recoveryPoint <= segment ? 0 : store.positionOf(log.handle, segment, recoveryPoint);
    files.edit(`${FOLDER}/${String(segment).padStart(20, '0')}.log`, (bytes) => {
      const from = synced < 0 ? bytes.length : synced;
      const position = from + (Math.floor(place * 7919) % Math.max(1, bytes.length - from));
      if (harm === 'garbage') return Buffer.concat([bytes, Buffer.alloc(50, 7)]);
      if (harm === 'cut') return bytes.slice(0, position);
      // Offset and epoch of a batch are outside of its CRC; damage there need not be seen.
      let start = from;
      const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      while (start < position && start + 12 + view.readInt32BE(start + 8) <= position)
        start += 12 + view.readInt32BE(start + 8);
      if (position < bytes.length) bytes[Math.max(position, start + 17)] ^= 0xff;
      return bytes;
    });
  }

  check(): void {
    const { fixture, model } = this;
    const { log } = fixture;
    assert.equal(log.logEndOffset, model.logEndOffset);
    const from = log.segments[0];
    assert.ok(log.logStartOffset >= from);
    const records = log.logEndOffset > log.logStartOffset ? fixture.records(Math.max(from, log.logStartOffset)) : [];
    const expected = model.records().filter(({ offset }) => offset >= (records[0]?.offset ?? model.logEndOffset));
    assert.deepEqual(records, expected);
    if (records.length > 0) assert.ok(records[0].offset <= log.logStartOffset);
    const target = NOW_MS - 500;
    const found = log.offsetForTimestamp(target, log.logEndOffset)?.offset;
    const wanted = model.batches
      .flatMap(({ baseOffset, values, timestamp }) => values.map((_, at) => ({ offset: baseOffset + at, timestamp })))
      .find(({ offset, timestamp }) => offset >= log.logStartOffset && timestamp >= target);
    assert.equal(found, wanted?.offset);
  }
}

test('a log is what was appended to it, through anything', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
      const run = new Run();
      for (const given of steps) await run.take(given);
    }),
    { numRuns: 200 },
  );
});
