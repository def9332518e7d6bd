import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupSources } from '../../../src/storage/cleaner/clean-groups.ts';
import type { CleanJob, CleanSource } from '../../../src/storage/cleaner/clean-job.ts';

const INDEX_BYTES = 1_200;

function basesOf(segmentBytes: number, endOffset: number, ...sources: Partial<CleanSource>[]): number[][] {
  const whole = sources.map((source, at) => ({
    baseOffset: 0,
    sizeBytes: 100,
    offsetIndexEntries: 0,
    timeIndexEntries: 0,
    modifiedMs: 0,
    nextBaseOffset: sources[at + 1]?.baseOffset ?? 1_000,
    abortedCount: 0,
    ...source,
  }));
  const job = { sources: whole, segmentBytes, segmentIndexBytes: INDEX_BYTES } as Partial<CleanJob> as CleanJob;
  return groupSources(job, endOffset).map((group) => group.map(({ baseOffset }) => baseOffset));
}

test('segments are grouped up to segment.bytes, those behind the end left out', () => {
  const sources = [0, 10, 20, 30].map((baseOffset) => ({ baseOffset }));
  assert.deepEqual(basesOf(200, 30, ...sources), [[0, 10], [20]]);
  assert.deepEqual(basesOf(50, 30, ...sources), [[0], [10], [20]], 'one that is too large stands alone');
});

test('the indexes of a group fit segment.index.bytes', () => {
  const offsets = [0, 10].map((baseOffset) => ({ baseOffset, offsetIndexEntries: 80 }));
  assert.deepEqual(basesOf(1_000, 99, ...offsets), [[0], [10]]);
  const times = [0, 10].map((baseOffset) => ({ baseOffset, timeIndexEntries: 51 }));
  assert.deepEqual(basesOf(1_000, 99, ...times), [[0], [10]]);
  const few = [0, 10].map((baseOffset) => ({ baseOffset, offsetIndexEntries: 75, timeIndexEntries: 50 }));
  assert.deepEqual(basesOf(1_000, 99, ...few), [[0, 10]]);
});

test('no offset of a group is further from its first one than 31 bits hold, empty segments aside', () => {
  const far = 2 ** 31;
  const end = 2 ** 40;
  assert.deepEqual(basesOf(1_000, end, { baseOffset: 0 }, { baseOffset: 9, nextBaseOffset: far }), [[0, 9]]);
  assert.deepEqual(basesOf(1_000, end, { baseOffset: 0 }, { baseOffset: 9, nextBaseOffset: far + 1 }), [[0], [9]]);
  const empty = { baseOffset: 9, nextBaseOffset: far + 1, sizeBytes: 0 };
  assert.deepEqual(basesOf(1_000, end, { baseOffset: 0 }, empty), [[0, 9]]);
});
