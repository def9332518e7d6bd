// Blocks that the engine takes ahead of what is appended, and gives back: seen in what the files take on the disk.
import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { SegmentSlot } from '../../src/native/log-store.ts';
import { appendBatches, nativeStore, skip, state, temporaryFolder } from './native-fixture.ts';
import { simpleBatch } from './record-batches.ts';

const OPTIONS = { indexIntervalBytes: 4096, indexBytesMax: 1 << 20 };
const EXT4 = 0xef53;
const MIB = 1 << 20;
/** What a file takes besides its bytes: the rest of its last block, and blocks of the file system's own. */
const SLACK = 256 * 1024;

const { folder, dispose } = temporaryFolder();
after(dispose);
const disk = statfsSync(folder);
const reserves = disk.type === EXT4 && disk.bavail * disk.bsize > 2 ** 31;

describe('room on the disk', { skip: skip || (reserves ? false : 'no ext4 with 2 GiB free') }, () => {
  const store = nativeStore();
  const batch = simpleBatch(1, 1000, MIB / 2);
  let log: number;
  let path: string;
  let nextOffset = 0;
  let logs = 0;

  beforeEach(() => {
    path = `${folder}/t-${logs++}`;
    log = store.openLog(path, OPTIONS);
    store.roll(log, 0);
    nextOffset = 0;
  });
  afterEach(() => void store.closeLog(log));

  function append(count: number): void {
    for (let at = 0; at < count; at++) nextOffset = appendBatches(store, log, nextOffset, [batch]);
  }
  /** Bytes that a segment's file takes beyond its size. */
  function beyond(segment: number): number {
    const file = readdirSync(path)
      .filter((name) => name.endsWith('.log'))
      .sort()[segment];
    const { size, blocks } = statSync(`${path}/${file}`);
    return blocks * 512 - size;
  }

  test('is taken ahead in a segment that has grown, whose size stays what was written', () => {
    append(7);
    assert.ok(beyond(0) < SLACK, 'a small one has none');
    append(9);
    assert.ok(beyond(0) > MIB && beyond(0) < 10 * MIB, `${beyond(0)} bytes`);
    store.state(log, -1, state);
    assert.equal(statSync(`${path}/00000000000000000000.log`).size, state[SegmentSlot.sizeBytes]);
    assert.equal(state[SegmentSlot.sizeBytes], 16 * batch.length);
  });

  test('is given back by a roll, a cut and the end', () => {
    append(16);
    store.roll(log, nextOffset);
    assert.ok(beyond(0) < SLACK, 'rolled');
    append(16);
    assert.ok(beyond(1) > MIB);
    store.truncate(log, nextOffset - 1);
    nextOffset--;
    assert.ok(beyond(1) < SLACK, 'cut');
    append(1);
    assert.ok(beyond(1) > MIB, 'and taken again');
    store.closeLog(log);
    assert.ok(beyond(1) < SLACK, 'closed');
    log = store.openLog(path, OPTIONS);
    append(1);
    assert.ok(beyond(1) > MIB, 'opened again');
  });

  test('is taken anew when the log has been emptied', () => {
    append(16);
    store.reset(log, nextOffset);
    append(7);
    assert.ok(beyond(0) < SLACK, 'small again');
    append(9);
    assert.ok(beyond(0) > MIB, `${beyond(0)} bytes`);
  });

  test('is given back by who opens a log that was never closed', () => {
    append(16);
    const killed = log;
    log = store.openLog(path, OPTIONS);
    assert.ok(beyond(0) > MIB, 'opened');
    store.roll(log, nextOffset);
    assert.ok(beyond(0) < SLACK, 'rolled');
    store.closeLog(killed);
  });

  test('is left where bytes that are no batch lie before it, for somebody to look at', () => {
    append(16);
    const killed = log;
    appendFileSync(`${path}/00000000000000000000.log`, 'damage');
    const { size } = statSync(`${path}/00000000000000000000.log`);
    log = store.openLog(path, OPTIONS);
    store.rebuild(log, 0);
    store.closeLog(log);
    assert.equal(statSync(`${path}/00000000000000000000.log`).size, size);
    log = killed;
  });

  test('is not taken where the whole file has its size already', () => {
    store.closeLog(log);
    log = store.openLog(`${path}p`, { ...OPTIONS, preallocateBytes: 16 * MIB });
    path = `${path}p`;
    store.roll(log, 0);
    append(31);
    assert.ok(beyond(0) < SLACK, `${beyond(0)} bytes`);
    assert.equal(statSync(`${path}/00000000000000000000.log`).size, 16 * MIB);
  });
});
