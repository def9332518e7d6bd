// Writes that fail in the middle, in the portable engine; the addon's are tested on a real full disk.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Errno } from '../../src/native/file-space.ts';
import { APPEND_STRIDE, AppendSlot, SEGMENT_STRIDE, SegmentSlot } from '../../src/native/log-store.ts';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import { SegmentedLogStore } from '../../src/native/segmented-log-store.ts';
import { simpleBatch } from './record-batches.ts';

const FILE = '/t-0/00000000000000000000.log';

test('what a failed write has left is cut off, so that the log ends with whole batches', () => {
  const files = new MemoryFileSpace(() => 0);
  const store = new SegmentedLogStore(files);
  const log = store.openLog('/t-0', { indexIntervalBytes: 4096, indexBytesMax: 1 << 20 });
  store.roll(log, 0);
  const state = new Float64Array(SEGMENT_STRIDE);
  const append = (baseOffset: number, valueBytes: number): number => {
    const batch = simpleBatch(1, 1000, valueBytes);
    const list = new Float64Array(APPEND_STRIDE);
    list[AppendSlot.memoryId] = store.registerMemory(batch);
    list[AppendSlot.sizeBytes] = batch.length;
    list[AppendSlot.baseOffset] = baseOffset;
    list[AppendSlot.appendTimeMs] = list[AppendSlot.maxTimestamp] = -1;
    return store.append(log, 0, list, 1, state);
  };
  assert.equal(append(0, 10), 0);
  const sizeBytes = state[SegmentSlot.sizeBytes];
  files.failWith('write', Errno.EIO, FILE);
  assert.equal(append(1, 1_000), Errno.EIO);
  assert.equal(state[SegmentSlot.sizeBytes], sizeBytes);
  assert.deepEqual(files.stat(FILE), { sizeBytes, modifiedMs: 0, isFolder: false });
  files.failWith('write', 0, FILE);
  assert.equal(append(1, 10), 0);
  assert.equal(state[SegmentSlot.nextOffset], 2);
});
