import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BOOTSTRAP_FEATURES,
  METADATA_VERSION_BOOTSTRAP,
  metadataChangedBetween,
  permittedAt,
  recordVersionAt,
  releaseOf,
  SUPPORTED_FEATURES,
} from '../../src/metadata/metadata-version.ts';

test('a level names its release', () => {
  assert.equal(releaseOf(30), '4.3-IV0');
  assert.equal(releaseOf(99), '99');
});

test('record versions follow the level of metadata.version', () => {
  const at = (level: number) => [
    recordVersionAt.registerBroker(level),
    recordVersionAt.partition(level),
    recordVersionAt.partitionChange(level),
  ];
  assert.deepEqual([7, 8, 16, 17, 22, 23, 29, 30].map(at), [
    [1, 0, 0],
    [2, 0, 0],
    [2, 0, 0],
    [3, 1, 1],
    [3, 1, 1],
    [3, 2, 2],
    [3, 2, 2],
    [4, 2, 2],
  ]);
});

test('what a fresh directory starts with is supported', () => {
  for (const [name, level] of BOOTSTRAP_FEATURES) {
    const range = SUPPORTED_FEATURES.get(name);
    assert.ok(range && level >= range.min && level <= range.max, name);
  }
  assert.ok(permittedAt.transactions(METADATA_VERSION_BOOTSTRAP));
});

test('a step down across new metadata is told from one that loses nothing', () => {
  assert.ok(metadataChangedBetween(29, 30));
  assert.ok(!metadataChangedBetween(24, 29));
  assert.ok(!metadataChangedBetween(30, 30));
});
