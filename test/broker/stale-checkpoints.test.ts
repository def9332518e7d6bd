// Checkpoint files and topics that are deleted and created anew: what they say of one must not be believed of the other.
import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import { SegmentedLogStore } from '../../src/native/segmented-log-store.ts';
import { deleteRecordsRequest, deleteRecordsResponse } from '../../src/protocol/messages/21-delete-records.ts';
import { readOffsetCheckpoint } from '../../src/storage/checkpoint-file.ts';
import { startTestBroker } from '../../src/testing/test-broker.ts';
import { StorageClient } from './storage-client.ts';

class CountedFiles extends MemoryFileSpace {
  /** Those beside the partitions' folders. */
  readonly written: string[] = [];

  override writeFileAtomic(path: string, bytes: Uint8Array): number {
    if (dirname(path) === '/a') this.written.push(path);
    return super.writeFileAtomic(path, bytes);
  }
}

test('starts that DeleteRecords moves are written together, alone, and once', async () => {
  const files = new CountedFiles(() => Date.now());
  const broker = await startTestBroker({
    store: new SegmentedLogStore(files),
    configs: { 'log.dirs': '/a' },
  });
  const client = await StorageClient.connect(broker.port);
  const remove = async (offset: number) => {
    const partitions = [0, 1, 2].map((partitionIndex) => ({ partitionIndex, offset }));
    const topics = [{ name: 't', partitions }];
    files.written.length = 0;
    const response = await client.raw.ask(deleteRecordsRequest, deleteRecordsResponse, 2, { topics });
    assert.deepEqual(new Set(response.topics[0].partitions.map(({ lowWatermark }) => lowWatermark)), new Set([offset]));
    return [...files.written];
  };
  try {
    await client.create('t', 3);
    for (const index of [0, 1, 2]) await client.produce('t', 'one', { index });
    assert.deepEqual(await remove(0), []);
    assert.deepEqual(await remove(1), ['/a/log-start-offset-checkpoint']);
    assert.deepEqual(await remove(1), []);
  } finally {
    client.close();
    await broker.stop();
  }
});

test('a topic that is created anew finds no checkpoints of the one before', async () => {
  const files = new MemoryFileSpace(() => Date.now());
  const broker = await startTestBroker({ store: new SegmentedLogStore(files), configs: { 'log.dirs': '/a' } });
  const client = await StorageClient.connect(broker.port);
  const starts = () => [...readOffsetCheckpoint(files, '/a/log-start-offset-checkpoint')].sort();
  try {
    await client.create('t');
    await client.create('u');
    for (const value of ['one', 'two']) await client.produce('t', value);
    const topics = [{ name: 't', partitions: [{ partitionIndex: 0, offset: 2 }] }];
    await client.raw.ask(deleteRecordsRequest, deleteRecordsResponse, 2, { topics });
    assert.deepEqual(starts(), [['t-0', 2]]);
    await client.delete('t');
    await client.create('other');
    assert.deepEqual(starts(), [['t-0', 2]], 'neither a deletion nor a creation writes them');
    await client.create('t');
    assert.deepEqual(
      starts().filter(([name]) => name === 't-0'),
      [],
    );
    assert.deepEqual(await client.produce('t', 'three'), [0, 0]);
  } finally {
    client.close();
    await broker.stop();
  }
});
