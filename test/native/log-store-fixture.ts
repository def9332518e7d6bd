import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe } from 'node:test';
import {
  APPEND_STRIDE,
  AppendSlot,
  type LogHandle,
  type LogStore,
  PLAN_STRIDE,
  PlanSlot,
  SEGMENT_STRIDE,
} from '../../src/native/log-store.ts';
import { type Adapter, adapters } from './adapters.ts';

/** A log in an empty folder on each adapter of the storage engine, for the tests of the port. */

export const OPTIONS = { indexIntervalBytes: 4096, indexBytesMax: 1 << 20 };
export const POLICY = { decompressedBytesMax: 1 << 20 };

interface Patch {
  readonly epoch?: number;
  readonly appendTimeMs?: number;
  readonly maxTimestamp?: number;
}

export class LogStoreFixture {
  store!: LogStore;
  folder = '';
  log: LogHandle = -1;
  readonly state = new Float64Array(SEGMENT_STRIDE);
  readonly plan = new Float64Array(PLAN_STRIDE);
  #dispose: () => void = () => {};

  begin(adapter: Adapter): void {
    const { store, folder, dispose } = adapter.open();
    this.store = store;
    this.folder = `${folder}/t-0`;
    this.#dispose = dispose;
    this.log = store.openLog(this.folder, OPTIONS);
    assert.ok(this.log >= 0);
  }

  end(): void {
    this.#dispose();
  }

  /** Appends batches with ascending offsets from `baseOffset` on, in one call; returns the next offset. */
  append(baseOffset: number, batches: readonly Uint8Array[], patch: Patch = {}): number {
    const { store, log, state } = this;
    const memory = Buffer.concat(batches);
    const shared = new Uint8Array(new SharedArrayBuffer(memory.length));
    shared.set(memory);
    const id = store.registerMemory(shared);
    const list = new Float64Array(batches.length * APPEND_STRIDE);
    let at = 0;
    let offset = baseOffset;
    batches.forEach((batch, index) => {
      const slot = index * APPEND_STRIDE;
      list[slot + AppendSlot.memoryId] = id;
      list[slot + AppendSlot.offset] = at;
      list[slot + AppendSlot.sizeBytes] = batch.length;
      list[slot + AppendSlot.baseOffset] = offset;
      list[slot + AppendSlot.appendTimeMs] = patch.appendTimeMs ?? -1;
      list[slot + AppendSlot.maxTimestamp] = patch.maxTimestamp ?? -1;
      at += batch.length;
      offset += Buffer.from(batch).readInt32BE(23) + 1;
    });
    assert.equal(store.append(log, patch.epoch ?? 0, list, batches.length, state), 0);
    store.releaseMemory(id);
    return offset;
  }

  fileBytes(name: string): Buffer {
    const bytes = this.store.files.readFile(`${this.folder}/${name}`);
    if (typeof bytes === 'number') assert.fail(`${name}: ${bytes}`);
    return Buffer.from(bytes);
  }

  names(): string[] {
    const entries = this.store.files.list(this.folder);
    if (typeof entries === 'number') assert.fail(`${entries}`);
    return entries.map((entry) => entry.name).filter((name) => !name.includes('.deleted'));
  }

  readPlan(): Buffer {
    const bytes = Buffer.alloc(this.plan[PlanSlot.sizeBytes]);
    const got = this.store.readPlanned(this.plan[PlanSlot.file], this.plan[PlanSlot.position], bytes, 0, bytes.length);
    assert.equal(got, bytes.length);
    return bytes;
  }

  reopen(): void {
    this.store.closeLog(this.log);
    this.log = this.store.openLog(this.folder, OPTIONS);
    assert.ok(this.log >= 0);
  }
}

/** Runs a suite once for each adapter. */
export function describeStores(what: string, suite: (t: LogStoreFixture) => void): void {
  for (const adapter of adapters)
    describe(`log store, ${what}: ${adapter.name}`, () => {
      const t = new LogStoreFixture();
      beforeEach(() => t.begin(adapter));
      afterEach(() => t.end());
      suite(t);
    });
}
