import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  APPEND_STRIDE,
  AppendSlot,
  BATCH_STRIDE,
  type LogHandle,
  type LogStore,
  PLAN_STRIDE,
  PlanSlot,
  SEGMENT_STRIDE,
  SegmentSlot,
} from '../../src/native/log-store.ts';
import { adapters } from './adapters.ts';
import { simpleBatch } from './record-batches.ts';

/** Random operations on a log, the same on all adapters: what they answer and the files they leave must be equal. */

const OPTIONS = { indexIntervalBytes: 300, indexBytesMax: 1 << 16 };

type Step =
  | { readonly do: 'append'; readonly sizes: readonly number[]; readonly timestamp: number; readonly gap: number }
  | { readonly do: 'roll' | 'reopen' | 'remove' | 'sync' | 'rebuild' }
  | { readonly do: 'truncate' | 'plan' | 'find' | 'replace'; readonly place: number; readonly span: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }),
      timestamp: fc.integer({ min: -1, max: 1000 }),
      gap: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 9 }) }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('roll' as const, 'reopen' as const, 'remove' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('sync' as const, 'rebuild' as const) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom<'truncate' | 'plan' | 'find' | 'replace'>(
        'truncate',
        'plan',
        'plan',
        'find',
        'find',
        'replace',
      ),
      place: fc.double({ min: 0, max: 1, noNaN: true }),
      span: fc.integer({ min: 0, max: 1500 }),
    }),
  },
);

class Subject {
  readonly #store: LogStore;
  readonly #folder: string;
  #log: LogHandle;
  #endOffset = 0;

  constructor(store: LogStore, folder: string) {
    this.#store = store;
    this.#folder = folder;
    this.#log = store.openLog(folder, OPTIONS);
    store.roll(this.#log, 0);
  }

  take(given: Step): unknown {
    const store = this.#store;
    const segments = store.segments(this.#log);
    switch (given.do) {
      case 'append':
        return this.#append(given.sizes, given.timestamp, given.gap);
      case 'roll':
        return store.roll(this.#log, this.#endOffset) >= 0;
      case 'reopen':
        store.closeLog(this.#log);
        this.#log = store.openLog(this.#folder, OPTIONS);
        return this.#log >= 0;
      case 'remove':
        return segments.length > 1 ? store.remove(this.#log, segments[0]) : 0;
      case 'sync':
        return store.syncNow(this.#log);
      case 'rebuild':
        return segments.map((segment) => store.rebuild(this.#log, segment));
      case 'truncate': {
        const result = store.truncate(this.#log, Math.floor(given.place * (this.#endOffset + 2)));
        this.#endOffset = this.#state(-1)[SegmentSlot.nextOffset];
        return [result, this.#endOffset];
      }
      case 'plan':
        return this.#plan(Math.floor(given.place * (this.#endOffset + 2)), given.span);
      case 'find':
        return this.#find(Math.floor(given.place * (this.#endOffset + 2)), given.span);
      case 'replace': {
        const from = Math.floor(given.place * segments.length);
        return this.#replace(segments.slice(from, from + 1 + (given.span % 3)));
      }
    }
  }

  /** Every other batch of the segments, in one. */
  #replace(segments: readonly number[]): unknown {
    const { files } = this.#store;
    const kept: Buffer[] = [];
    for (const segment of segments) {
      const headers = new Float64Array(200 * BATCH_STRIDE);
      const count = this.#store.readHeaders(this.#log, segment, 0, headers);
      for (let at = 0; at < count; at += 2) {
        const [position, sizeBytes] = headers.subarray(at * BATCH_STRIDE);
        const bytes = Buffer.alloc(sizeBytes);
        assert.equal(this.#store.readAt(this.#log, segment, position, bytes, sizeBytes), sizeBytes);
        kept.push(bytes);
      }
    }
    const path = `${this.#folder}/${String(segments[0]).padStart(20, '0')}`;
    for (const extension of ['.index', '.timeindex', '.log']) {
      const content = extension === '.log' ? Buffer.concat(kept) : Buffer.alloc(0);
      assert.equal(files.writeFileAtomic(`${path}${extension}.cleaned`, content), 0);
    }
    return this.#store.replace(this.#log, segments);
  }

  #append(sizes: readonly number[], timestamp: number, gap: number): unknown {
    const batches = sizes.map((size, at) => simpleBatch(size, timestamp < 0 ? -1 : timestamp + at * 7, 50));
    const memory = new Uint8Array(new SharedArrayBuffer(batches.reduce((sum, batch) => sum + batch.length, 0)));
    const id = this.#store.registerMemory(memory);
    const list = new Float64Array(batches.length * APPEND_STRIDE);
    let place = 0;
    let offset = this.#endOffset + gap;
    for (const [index, batch] of batches.entries()) {
      memory.set(batch, place);
      const at = index * APPEND_STRIDE;
      list[at + AppendSlot.memoryId] = id;
      list[at + AppendSlot.offset] = place;
      list[at + AppendSlot.sizeBytes] = batch.length;
      list[at + AppendSlot.baseOffset] = offset;
      list[at + AppendSlot.appendTimeMs] = index === 3 ? timestamp : -1;
      list[at + AppendSlot.maxTimestamp] = index === 2 ? 2000 : -1;
      place += batch.length;
      offset += sizes[index];
    }
    const state = new Float64Array(SEGMENT_STRIDE);
    const result = this.#store.append(this.#log, 3, list, batches.length, state);
    this.#store.releaseMemory(id);
    this.#endOffset = offset;
    return [result, ...state.subarray(0, SegmentSlot.modifiedMs)];
  }

  #plan(offset: number, span: number): unknown {
    const plan = new Float64Array(PLAN_STRIDE);
    const upper = offset + (span % 50);
    const status = this.#store.planRead(this.#log, offset, span, upper, plan, 0);
    if (status !== 0) return status;
    const bytes = Buffer.alloc(plan[PlanSlot.sizeBytes]);
    const got = this.#store.readPlanned(plan[PlanSlot.file], plan[PlanSlot.position], bytes, 0, bytes.length);
    this.#store.release(plan[PlanSlot.file]);
    return [got, bytes.toString('hex'), ...plan.subarray(PlanSlot.position, PlanSlot.cached)];
  }

  #find(offset: number, span: number): unknown {
    const headers = new Float64Array(3 * BATCH_STRIDE);
    return this.#store.segments(this.#log).map((segment) => {
      const position = this.#store.positionOf(this.#log, segment, Math.max(segment, offset));
      const count = position < 0 ? -1 : this.#store.readHeaders(this.#log, segment, position, headers);
      const found = count < 0 ? [] : [...headers.subarray(0, count * BATCH_STRIDE)];
      return [segment, position, this.#store.positionOfTimestamp(this.#log, segment, span), count, found];
    });
  }

  #state(segment: number): Float64Array {
    const state = new Float64Array(SEGMENT_STRIDE);
    assert.equal(this.#store.state(this.#log, segment, state), 0);
    return state;
  }

  states(): unknown {
    return this.#store
      .segments(this.#log)
      .map((segment) => [...this.#state(segment).subarray(0, SegmentSlot.modifiedMs)]);
  }

  /** Closes the log and gives its files. */
  files(): unknown {
    this.#store.closeLog(this.#log);
    const entries = this.#store.files.list(this.#folder);
    assert.ok(Array.isArray(entries));
    return entries.map(({ name }) => {
      const bytes = this.#store.files.readFile(`${this.#folder}/${name}`);
      return [name, typeof bytes === 'number' ? bytes : Buffer.from(bytes).toString('hex')];
    });
  }
}

test('all adapters do the same', () => {
  const opened = adapters.map((adapter) => ({ name: adapter.name, ...adapter.open() }));
  let run = 0;
  try {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
        run++;
        const subjects = opened.map(({ name, store, folder }) => ({
          name,
          log: new Subject(store, `${folder}/t-${run}`),
        }));
        const [first, ...others] = subjects;
        for (const given of steps) {
          const answer = [first.log.take(given), first.log.states()];
          for (const { name, log } of others)
            assert.deepEqual([log.take(given), log.states()], answer, `${name}: ${given.do}`);
        }
        const files = first.log.files();
        for (const { name, log } of others) assert.deepEqual(log.files(), files, `${name}: files`);
      }),
      { numRuns: 60 },
    );
  } finally {
    for (const { dispose } of opened) dispose();
  }
});
