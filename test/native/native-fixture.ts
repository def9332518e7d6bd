import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAddon } from '../../src/native/addon.ts';
import {
  APPEND_STRIDE,
  AppendSlot,
  type LogHandle,
  type LogStore,
  SEGMENT_STRIDE,
} from '../../src/native/log-store.ts';
import { type NativeLogStore, openNativeLogStore } from '../../src/native/native-log-store.ts';

/** For tests of what only the addon has. Without the addon they are skipped. */

export const skip = loadAddon() ? false : 'the addon is not built';

export function nativeStore(): NativeLogStore {
  const store = openNativeLogStore();
  if (!store) throw new Error('the addon is not there');
  return store;
}

export function temporaryFolder(): { readonly folder: string; dispose(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-native-'));
  return { folder, dispose: () => rmSync(folder, { recursive: true, force: true }) };
}

export function sharedBytes(sizeBytes: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(sizeBytes));
}

export const state = new Float64Array(SEGMENT_STRIDE);

/** Syncs logs together; the results in their order, when each was told once. */
export function syncTogether(store: LogStore, logs: readonly LogHandle[]): Promise<number[]> {
  return new Promise((resolve) => {
    const results: number[] = [];
    let left = logs.length;
    store.together(() => {
      for (const [at, log] of logs.entries()) {
        store.sync(log, (result) => {
          assert.ok(!(at in results), 'told twice');
          results[at] = result;
          if (--left === 0) resolve(results);
        });
      }
      assert.equal(left, logs.length, 'nothing begins before all have been asked for');
    });
  });
}

/** Appends batches with ascending offsets in one call; returns the next offset, or the negative errno. */
export function appendBatches(
  store: LogStore,
  log: LogHandle,
  baseOffset: number,
  batches: readonly Uint8Array[],
  epoch = 0,
): number {
  const memory = sharedBytes(batches.reduce((sum, batch) => sum + batch.length, 0));
  const id = store.registerMemory(memory);
  const list = new Float64Array(batches.length * APPEND_STRIDE);
  let at = 0;
  let offset = baseOffset;
  batches.forEach((batch, index) => {
    const slot = index * APPEND_STRIDE;
    memory.set(batch, at);
    list[slot + AppendSlot.memoryId] = id;
    list[slot + AppendSlot.offset] = at;
    list[slot + AppendSlot.sizeBytes] = batch.length;
    list[slot + AppendSlot.baseOffset] = offset;
    list[slot + AppendSlot.appendTimeMs] = -1;
    list[slot + AppendSlot.maxTimestamp] = -1;
    at += batch.length;
    offset += Buffer.from(batch.buffer, batch.byteOffset, batch.length).readInt32BE(23) + 1;
  });
  const result = store.append(log, epoch, list, batches.length, state);
  store.releaseMemory(id);
  return result < 0 ? result : offset;
}
