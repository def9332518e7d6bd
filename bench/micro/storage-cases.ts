/** The storage port: checksums, validation, appends, fetch plans; on the native engine where it is built, else portable. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fsFileSpace } from '../../src/native/fs-file-space.ts';
import {
  APPEND_STRIDE,
  AppendSlot,
  BATCH_STRIDE,
  type LogStore,
  PLAN_STRIDE,
  PlanSlot,
  SEGMENT_STRIDE,
} from '../../src/native/log-store.ts';
import { openNativeLogStore } from '../../src/native/native-log-store.ts';
import { SegmentedLogStore } from '../../src/native/segmented-log-store.ts';
import { buildBatch } from '../../src/protocol/records/batch-builder.ts';
import type { MicroCase } from './micro-case.ts';

const VALUE_BYTES = 1000;
const LOG_OPTIONS = { indexIntervalBytes: 4096, indexBytesMax: 10 * 2 ** 20 };
/** A new segment before a file grows beyond what a run should leave in the page cache. */
const SEGMENT_BYTES_MAX = 256 * 2 ** 20;

function batchOf(records: number, valueBytes = VALUE_BYTES): Buffer {
  return buildBatch(
    Array.from({ length: records }, () => ({ value: Buffer.alloc(valueBytes, 'v'), timestamp: 1_700_000_000_000 })),
  );
}

function expectZero(result: number): void {
  if (result !== 0) throw new Error(`the storage engine answered ${result}`);
}

/** A log in a folder of its own, to which the same batch is appended over and over. */
function openLogCase(store: LogStore, records: number) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-micro-'));
  const batch = batchOf(records);
  const memory = new Uint8Array(new SharedArrayBuffer(batch.length));
  memory.set(batch);
  const id = store.registerMemory(memory);
  const log = store.openLog(join(folder, 'log-0'), LOG_OPTIONS);
  store.roll(log, 0);
  const list = new Float64Array(APPEND_STRIDE);
  const state = new Float64Array(SEGMENT_STRIDE);
  list[AppendSlot.memoryId] = id;
  list[AppendSlot.sizeBytes] = batch.length;
  list[AppendSlot.appendTimeMs] = list[AppendSlot.maxTimestamp] = -1;
  let next = 0;
  let inSegment = 0;
  const append = () => {
    if (inSegment + batch.length > SEGMENT_BYTES_MAX) {
      for (const base of store.segments(log).slice(0, -1)) store.remove(log, base);
      store.roll(log, next);
      inSegment = 0;
    }
    list[AppendSlot.baseOffset] = next;
    expectZero(store.append(log, 0, list, 1, state));
    next += records;
    inSegment += memory.length; // in use for as long as appends go on: it must not be freed
  };
  const dispose = () => {
    store.closeLog(log);
    store.releaseMemory(id);
    rmSync(folder, { recursive: true, force: true });
  };
  return { log, append, dispose, bytes: batch.length };
}

function appendCase(store: LogStore, records: number): MicroCase {
  const { append, dispose, bytes } = openLogCase(store, records);
  return { name: `append: ${records} x 1000 B (${store.kind})`, bytes, run: append, dispose };
}

/** Logs of 64 MB, read at offsets all over them. */
function planCase(store: LogStore): MicroCase {
  const records = 16;
  const filler = openLogCase(store, records);
  const batches = 4000;
  for (let i = 0; i < batches; i++) filler.append();
  const plan = new Float64Array(PLAN_STRIDE);
  const end = batches * records;
  let offset = 0;
  return {
    name: `fetch plan: find, hold and release 1 MiB (${store.kind})`,
    bytes: 0,
    run: () => {
      offset = (offset + 7919) % end;
      if (store.planRead(filler.log, offset, 1 << 20, end, plan, 0) === 0) store.release(plan[PlanSlot.file]!);
    },
    dispose: filler.dispose,
  };
}

function validateCase(store: LogStore, records: number, valueBytes = VALUE_BYTES): MicroCase {
  const batch = batchOf(records, valueBytes);
  const memory = new Uint8Array(new SharedArrayBuffer(batch.length));
  memory.set(batch);
  const id = store.registerMemory(memory);
  const out = new Float64Array(BATCH_STRIDE);
  const policy = { decompressedBytesMax: 2 ** 28 };
  return {
    name: `validate: ${records} x ${valueBytes} B (${store.kind})`,
    bytes: batch.length,
    run: () => expectZero(store.validate(id, 0, memory.length, policy, out, 0)), // memory stays in use: it must not be freed
    dispose: () => store.releaseMemory(id),
  };
}

export function storageCases(): MicroCase[] {
  const store: LogStore = openNativeLogStore() ?? new SegmentedLogStore(fsFileSpace);
  const bytes = Buffer.alloc(64 * 1024, 'c');
  return [
    { name: `crc32c: 64 KiB (${store.kind})`, bytes: bytes.length, run: () => store.crc32c(bytes, 0, bytes.length) },
    validateCase(store, 1),
    validateCase(store, 16),
    validateCase(store, 5000, 100),
    appendCase(store, 1),
    appendCase(store, 16),
    appendCase(store, 128),
    planCase(store),
  ];
}
