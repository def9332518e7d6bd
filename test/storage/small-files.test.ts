import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '../../src/base/random.ts';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import { readOffsetCheckpoint, writeOffsetCheckpoint } from '../../src/storage/checkpoint-file.ts';
import { readCleanShutdown, removeCleanShutdown, writeCleanShutdown } from '../../src/storage/clean-shutdown-file.ts';
import { LeaderEpochCache } from '../../src/storage/leader-epoch-cache.ts';
import { deletedFolderName, parseOffsetFile, parsePartitionFolder } from '../../src/storage/log-files.ts';
import { readMetaProperties, writeMetaProperties } from '../../src/storage/meta-properties.ts';
import { readPartitionMetadata, writePartitionMetadata } from '../../src/storage/partition-metadata-file.ts';
import { StorageError } from '../../src/storage/storage-error.ts';

function newFiles(): MemoryFileSpace {
  const files = new MemoryFileSpace(() => 0);
  files.makeFolder('/d');
  return files;
}

function textOf(files: MemoryFileSpace, path: string): string {
  const bytes = files.readFile(path);
  if (typeof bytes === 'number') throw new Error(`${path}: ${bytes}`);
  return Buffer.from(bytes).toString();
}

const put = (files: MemoryFileSpace, path: string, text: string): number =>
  files.writeFileAtomic(path, Buffer.from(text));

describe('offset checkpoints', () => {
  test('have Kafka’s format', () => {
    const files = newFiles();
    writeOffsetCheckpoint(
      files,
      '/d/c',
      new Map([
        ['my-topic-0', 5],
        ['t-12', 0],
      ]),
    );
    assert.equal(textOf(files, '/d/c'), '0\n2\nmy-topic 0 5\nt 12 0\n');
    assert.deepEqual(
      [...readOffsetCheckpoint(files, '/d/c')],
      [
        ['my-topic-0', 5],
        ['t-12', 0],
      ],
    );
  });

  test('a missing or empty one is empty; a malformed one throws', () => {
    const files = newFiles();
    assert.equal(readOffsetCheckpoint(files, '/d/c').size, 0);
    put(files, '/d/c', '');
    assert.equal(readOffsetCheckpoint(files, '/d/c').size, 0);
    for (const text of ['1\n0\n', '0\n2\nt 0 5\n', '0\n1\nt 0\n', '0\n1\nt 0 x\n', '0\nx\n', 'x']) {
      put(files, '/d/c', text);
      assert.throws(() => readOffsetCheckpoint(files, '/d/c'), StorageError, JSON.stringify(text));
    }
  });
});

describe('leader epoch cache', () => {
  function cacheOf(...entries: [number, number][]): { cache: LeaderEpochCache; files: MemoryFileSpace } {
    const files = newFiles();
    const cache = new LeaderEpochCache(files, '/d');
    for (const [epoch, startOffset] of entries) cache.assign(epoch, startOffset);
    return { cache, files };
  }

  test('keeps epochs in its file', () => {
    const { cache, files } = cacheOf([0, 0], [2, 10], [5, 30]);
    assert.equal(textOf(files, '/d/leader-epoch-checkpoint'), '0\n3\n0 0\n2 10\n5 30\n');
    assert.deepEqual(new LeaderEpochCache(files, '/d').entries, cache.entries);
  });

  test('one that is synced with its log may have been lost in a power failure, another one may not', () => {
    const { files } = cacheOf([0, 0], [2, 10]);
    files.edit('/d/leader-epoch-checkpoint', (bytes) => new Uint8Array(bytes.length));
    assert.equal(new LeaderEpochCache(files, '/d', true).latestEpoch, -1);
    assert.throws(() => new LeaderEpochCache(files, '/d'), StorageError);
  });

  test('an epoch is assigned once; contradicting entries go', () => {
    const { cache } = cacheOf([0, 0], [2, 10], [2, 20], [5, 30]);
    assert.deepEqual(
      cache.entries.map(({ epoch, startOffset }) => [epoch, startOffset]),
      [
        [0, 0],
        [2, 10],
        [5, 30],
      ],
    );
    cache.assign(6, 30);
    assert.deepEqual(
      cache.entries.map(({ epoch }) => epoch),
      [0, 2, 6],
    );
    cache.assign(4, 40);
    assert.deepEqual(
      cache.entries.map(({ epoch }) => epoch),
      [0, 2, 4],
    );
    cache.assign(7, 5);
    assert.deepEqual(
      cache.entries.map(({ epoch, startOffset }) => [epoch, startOffset]),
      [
        [0, 0],
        [7, 5],
      ],
    );
  });

  test('end offsets', () => {
    const { cache } = cacheOf([1, 5], [3, 10], [6, 20]);
    const ends = (epochs: number[], leaderEpoch: number) =>
      epochs.map((epoch) => Object.values(cache.endOffsetFor(epoch, 33, leaderEpoch)));
    assert.deepEqual(ends([-1, 0, 1, 2, 3, 5, 6, 7], 6), [
      [-1, -1],
      [0, 5],
      [1, 10],
      [1, 10],
      [3, 20],
      [3, 20],
      [6, 33],
      [-1, -1],
    ]);
    // Epochs 7 and 8 have led, and nothing was written.
    assert.deepEqual(ends([3, 6, 7, 8, 9], 8), [
      [3, 20],
      [6, 33],
      [6, 33],
      [8, 33],
      [-1, -1],
    ]);
    assert.deepEqual(
      [4, 5, 9, 10, 50].map((offset) => cache.epochFor(offset)),
      [-1, 1, 1, 3, 6],
    );
  });

  test('an epoch in which nothing was written ends where it began', () => {
    const { cache } = cacheOf();
    assert.deepEqual(cache.endOffsetFor(0, 0, 0), { epoch: 0, endOffset: 0 });
    assert.deepEqual(cache.endOffsetFor(0, 0, 1), { epoch: 0, endOffset: 0 });
    assert.deepEqual(cache.endOffsetFor(2, 0, 1), { epoch: -1, endOffset: -1 });
  });

  test('truncation from both ends', () => {
    const { cache } = cacheOf([1, 5], [3, 10], [6, 20]);
    cache.truncateFromEnd(20);
    assert.deepEqual(
      cache.entries.map(({ epoch }) => epoch),
      [1, 3],
    );
    cache.truncateFromStart(12);
    assert.deepEqual(
      cache.entries.map(({ epoch, startOffset }) => [epoch, startOffset]),
      [[3, 12]],
    );
    cache.truncateFromStart(3);
    assert.equal(cache.entries.length, 1);
    cache.truncateFromEnd(0);
    assert.equal(cache.latestEpoch, -1);
  });
});

describe('small files', () => {
  test('partition.metadata', () => {
    const files = newFiles();
    assert.equal(readPartitionMetadata(files, '/d'), undefined);
    writePartitionMetadata(files, '/d', 'vPQhNbeeT0yXPzRUKV5Lhg');
    assert.equal(textOf(files, '/d/partition.metadata'), 'version: 0\ntopic_id: vPQhNbeeT0yXPzRUKV5Lhg');
    assert.equal(readPartitionMetadata(files, '/d'), 'vPQhNbeeT0yXPzRUKV5Lhg');
    for (const text of ['', '\0\0\0']) {
      put(files, '/d/partition.metadata', text);
      assert.equal(readPartitionMetadata(files, '/d'), undefined, 'lost in a power failure');
    }
    for (const text of ['version: 0\n', 'version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAA', 'version: 0\ntopic_id: x']) {
      put(files, '/d/partition.metadata', text);
      assert.throws(() => readPartitionMetadata(files, '/d'), StorageError);
    }
  });

  test('.kafka_cleanshutdown', () => {
    const files = newFiles();
    assert.equal(readCleanShutdown(files, '/d'), undefined);
    writeCleanShutdown(files, '/d', 17);
    assert.equal(textOf(files, '/d/.kafka_cleanshutdown'), '{"version":0,"brokerEpoch":17}');
    assert.deepEqual(readCleanShutdown(files, '/d'), { brokerEpoch: 17 });
    put(files, '/d/.kafka_cleanshutdown', '');
    assert.deepEqual(readCleanShutdown(files, '/d'), { brokerEpoch: -1 });
    removeCleanShutdown(files, '/d');
    removeCleanShutdown(files, '/d');
    assert.equal(readCleanShutdown(files, '/d'), undefined);
  });

  test('meta.properties', () => {
    const files = newFiles();
    assert.equal(readMetaProperties(files, '/d'), undefined);
    const properties = { clusterId: 'q1Sh-9_ISia_zwGINzRvyQ', nodeId: 3, directoryId: 'tyUBjnvcT5aX0Fbd5ox8Zg' };
    writeMetaProperties(files, '/d', properties);
    assert.deepEqual(readMetaProperties(files, '/d'), properties);
    put(files, '/d/meta.properties', '#\n#Sat Nov 01 2025\ncluster.id=abc\nnode.id=1\nversion=1\n');
    assert.deepEqual(readMetaProperties(files, '/d'), { clusterId: 'abc', nodeId: 1, directoryId: undefined });
    for (const text of ['version=0\ncluster.id=a\nbroker.id=1', 'version=1\nnode.id=1', 'version=1\ncluster.id=a']) {
      put(files, '/d/meta.properties', text);
      assert.throws(() => readMetaProperties(files, '/d'), StorageError);
    }
  });

  test('names', () => {
    assert.deepEqual(parseOffsetFile('00000000000000000042.log.deleted'), {
      name: '00000000000000000042.log.deleted',
      offset: 42,
      kind: 'log',
      suffix: '.deleted',
    });
    assert.equal(parseOffsetFile('leader-epoch-checkpoint'), undefined);
    assert.equal(parseOffsetFile('00000000000000000010-0000000002.checkpoint'), undefined);
    assert.deepEqual(parsePartitionFolder('my-topic-3'), {
      name: 'my-topic-3',
      topic: 'my-topic',
      partition: 3,
      state: 'online',
    });
    assert.equal(parsePartitionFolder('lost+found'), undefined);
    const long = deletedFolderName('t'.repeat(249), 7, seededRandom(1));
    assert.equal(long.length, 255);
    assert.match(long, /^t+-7\.[0-9a-f]{32}-delete$/);
    assert.equal(parsePartitionFolder(long)?.state, 'delete');
    assert.equal(parsePartitionFolder('a-1.0123-future')?.state, 'future');
    assert.equal(parsePartitionFolder('a-1.0123-stray')?.state, 'stray');
  });
});
