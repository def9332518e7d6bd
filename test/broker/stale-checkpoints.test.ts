// Checkpoint files and topics that are deleted and created anew: what they say of one must not be believed of the other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import { SegmentedLogStore } from '../../src/native/segmented-log-store.ts';
import { deleteRecordsRequest, deleteRecordsResponse } from '../../src/protocol/messages/21-delete-records.ts';
import { readOffsetCheckpoint } from '../../src/storage/checkpoint-file.ts';
import { startTestBroker } from '../../src/testing/test-broker.ts';
import { StorageClient } from './storage-client.ts';

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
    assert.deepEqual(starts(), [
      ['t-0', 2],
      ['u-0', 0],
    ]);
    await client.delete('t');
    await client.create('other');
    assert.equal(starts().length, 2, 'neither a deletion nor a creation writes them');
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
