// Memory that a store was told of by id stays until it is released, even when nothing else refers to it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { LogStore, MemoryId } from '../../src/native/log-store.ts';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import { SegmentedLogStore } from '../../src/native/segmented-log-store.ts';
import { nativeStore, skip } from './native-fixture.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** In a function of its own, whose frame is gone when garbage is collected. */
function register(store: LogStore): { id: MemoryId; memory: WeakRef<Uint8Array> } {
  const bytes = new Uint8Array(1024 * 1024);
  return { id: store.registerMemory(bytes), memory: new WeakRef(bytes) };
}

async function keepsUntilReleased(store: LogStore): Promise<void> {
  const { id, memory } = register(store);
  // What a WeakRef points to is kept until the turn in which it was made ends.
  await turn();
  collectGarbage();
  assert.notEqual(memory.deref(), undefined);
  store.releaseMemory(id);
  await turn();
  collectGarbage();
  assert.equal(memory.deref(), undefined);
}

test('the engine keeps memory that it knows by id', { skip }, () => keepsUntilReleased(nativeStore()));
test('so do the portable ones', () => keepsUntilReleased(new SegmentedLogStore(new MemoryFileSpace(() => 0))));
