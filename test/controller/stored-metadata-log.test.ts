import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../src/base/logger.ts';
import { ZERO_UUID } from '../../src/base/uuid.ts';
import { StoredMetadataLog } from '../../src/controller/stored-metadata-log.ts';
import { encodeRecordBatch, readBatches } from '../../src/metadata/metadata-batch.ts';
import { metadataRecord } from '../../src/metadata/metadata-records.ts';
import { Errno } from '../../src/native/file-space.ts';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import { SegmentedLogStore } from '../../src/native/segmented-log-store.ts';
import { adapters } from '../native/adapters.ts';

const FOLDER = '/meta';
const SEGMENT = `${FOLDER}/00000000000000000000.log`;

function openOver(files: MemoryFileSpace, segmentBytes = 2 ** 30): StoredMetadataLog {
  return new StoredMetadataLog(new SegmentedLogStore(files), FOLDER, { segmentBytes }, silentLogger);
}

const freshFiles = () => new MemoryFileSpace(() => 1_700_000_000_000);

function batch(baseOffset: number, epoch: number, name: string, valueChars = 1): Buffer {
  const resource = { resourceType: 2, resourceName: name };
  const chunks = Math.ceil(valueChars / 30_000);
  const value = 'v'.repeat(Math.ceil(valueChars / chunks));
  const records = Array.from({ length: chunks }, () =>
    metadataRecord('ConfigRecord', { ...resource, name: 'n', value }),
  );
  return encodeRecordBatch(records, { baseOffset, epoch, timestampMs: 5 });
}

async function append(log: StoredMetadataLog, epoch: number, name: string, valueChars?: number): Promise<void> {
  const bytes = batch(log.endOffset, epoch, name, valueChars);
  const [{ lastOffset }] = readBatches(bytes);
  await log.append(bytes, epoch, lastOffset);
}

function namesFrom(log: StoredMetadataLog, offset = 0): string[] {
  const names: string[] = [];
  for (const piece of log.read(offset)) {
    for (const { records } of readBatches(piece)) {
      const [record] = records;
      if (record.kind === 'ConfigRecord') names.push(record.data.resourceName);
    }
  }
  return names;
}

for (const adapter of adapters) {
  test(`${adapter.name}: what was appended is there after opening anew`, async () => {
    const { store, folder, dispose } = adapter.open();
    try {
      const open = () => new StoredMetadataLog(store, folder, { segmentBytes: 2 ** 30 }, silentLogger);
      const log = open();
      assert.deepEqual([log.startOffset, log.endOffset, log.lastEpoch], [0, 0, 0]);
      await append(log, 1, 'a');
      await append(log, 1, 'b', 400_000);
      await append(log, 3, 'c', 32_000);
      log.writeQuorumState({ leaderId: 1, leaderEpoch: 3, votedId: -1, votedDirectoryId: ZERO_UUID, voters: [1] });
      log.writeSnapshot({ endOffset: 2, epoch: 1 }, [Buffer.from('part1'), Buffer.from('part2')]);
      log.close();
      const again = open();
      assert.deepEqual([again.startOffset, again.endOffset, again.lastEpoch], [0, 17, 3]);
      assert.deepEqual(namesFrom(again), ['a', 'b', 'c']);
      assert.deepEqual(namesFrom(again, 15), ['c']);
      assert.deepEqual(namesFrom(again, 17), []);
      assert.equal(again.readQuorumState()?.leaderEpoch, 3);
      assert.deepEqual(
        again.snapshots().map(({ endOffset, epoch, sizeBytes }) => [endOffset, epoch, sizeBytes]),
        [[2, 1, 10]],
      );
      assert.equal(Buffer.from(again.readSnapshot({ endOffset: 2, epoch: 1 })).toString(), 'part1part2');
      again.deleteSnapshot({ endOffset: 2, epoch: 1 });
      assert.deepEqual(again.snapshots(), []);
      again.close();
    } finally {
      dispose();
    }
  });
}

test('many batches beyond the size of one read', async () => {
  const log = openOver(freshFiles());
  const expected: string[] = [];
  for (let i = 0; i < 60; i++) {
    expected.push(`t${i}`);
    await append(log, 1, `t${i}`, 25_000 + i);
  }
  await append(log, 1, 'large', 3_000_000);
  assert.deepEqual(namesFrom(log), [...expected, 'large']);
  assert.deepEqual(namesFrom(log, 58), ['t58', 't59', 'large']);
});

test('full segments are rolled, and go when a snapshot covers them', async () => {
  const files = freshFiles();
  const log = openOver(files, 1000);
  for (let i = 0; i < 10; i++) await append(log, 1, `t${i}`, 300);
  const before = log.sizeBytes;
  log.deleteBefore(5);
  assert.ok(log.startOffset > 0 && log.startOffset <= 5);
  assert.ok(log.sizeBytes < before);
  assert.equal(namesFrom(log, 5).length, 5);
  const entries = files.list(FOLDER);
  assert.ok(Array.isArray(entries) && entries.every(({ name }) => !name.endsWith('.deleted')));
  log.close();
  const again = openOver(files, 1000);
  assert.deepEqual([again.startOffset > 0, again.endOffset], [true, 10]);
});

test('a segment that is too old is rolled', async () => {
  const files = freshFiles();
  const log = new StoredMetadataLog(
    new SegmentedLogStore(files),
    FOLDER,
    { segmentBytes: 2 ** 30, segmentMs: 1000 },
    silentLogger,
  );
  for (const timestampMs of [5000, 5999, 6000, 6500, 7000]) {
    const offset = log.endOffset;
    const record = metadataRecord('NoOpRecord', {});
    await log.append(encodeRecordBatch([record], { baseOffset: offset, epoch: 1, timestampMs }), 1, offset);
  }
  const entries = files.list(FOLDER);
  assert.ok(Array.isArray(entries));
  const segments = entries.map(({ name }) => name).filter((name) => name.endsWith('.log'));
  assert.deepEqual(
    segments.map((name) => Number.parseInt(name, 10)),
    [0, 2, 4],
  );
});

test('a write that was cut short is dropped at every length', async () => {
  const files = freshFiles();
  const log = openOver(files);
  await append(log, 1, 'a');
  const whole = log.sizeBytes;
  await append(log, 1, 'b');
  const end = log.sizeBytes;
  for (let sizeBytes = whole; sizeBytes < end; sizeBytes++) {
    const crashed = files.clone();
    crashed.edit(SEGMENT, (bytes) => bytes.slice(0, sizeBytes));
    const again = openOver(crashed);
    assert.deepEqual(namesFrom(again), ['a'], `${sizeBytes} bytes`);
    assert.equal(again.endOffset, 1);
    await append(again, 2, 'c');
    assert.deepEqual(namesFrom(again), ['a', 'c']);
  }
});

test('zeros behind the last batch, as a crash leaves them, are dropped', async () => {
  const files = freshFiles();
  const log = openOver(files);
  await append(log, 1, 'a');
  files.edit(SEGMENT, (bytes) => Buffer.concat([bytes, Buffer.alloc(5000)]));
  const again = openOver(files.clone());
  assert.deepEqual([namesFrom(again), again.endOffset], [['a'], 1]);
});

test('damage before a good batch is not cut away but reported', async () => {
  const files = freshFiles();
  const log = openOver(files);
  await append(log, 1, 'a');
  const middle = log.sizeBytes;
  await append(log, 1, 'b');
  await append(log, 1, 'c');
  files.edit(SEGMENT, (bytes) => {
    bytes[middle + 70] ^= 1;
    return bytes;
  });
  assert.throws(() => openOver(files.clone()), /damaged at byte \d+ of segment 0/);
});

test('after a failed write or sync the log takes nothing more', async () => {
  for (const call of ['write', 'sync'] as const) {
    const files = freshFiles();
    const log = openOver(files);
    await append(log, 1, 'a');
    files.failWith(call, Errno.EIO);
    await assert.rejects(append(log, 1, 'b'), /EIO/, call);
    files.failWith(call, 0);
    await assert.rejects(log.append(batch(log.endOffset, 1, 'c'), 1, log.endOffset), /EIO/, call);
  }
});

test('a snapshot that reaches beyond the log replaces the log', async () => {
  const files = freshFiles();
  const log = openOver(files);
  await append(log, 1, 'a');
  log.writeSnapshot({ endOffset: 50, epoch: 7 }, [Buffer.from('x')]);
  log.close();
  const again = openOver(files);
  assert.deepEqual([again.startOffset, again.endOffset, again.lastEpoch], [50, 50, 7]);
});

test('left-over files of unfinished snapshots and deleted segments go at opening', () => {
  const files = freshFiles();
  openOver(files).close();
  for (const name of ['00000000000000000009-0000000001.checkpoint.part', '00000000000000000000.log.deleted']) {
    files.writeFileAtomic(`${FOLDER}/${name}`, Buffer.from('x'));
  }
  openOver(files);
  const entries = files.list(FOLDER);
  assert.ok(Array.isArray(entries));
  assert.deepEqual(
    entries.map(({ name }) => name).filter((name) => /\.(part|deleted)$/.test(name)),
    [],
  );
});
