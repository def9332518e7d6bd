import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CleanableState, dirtyRatio, filthiest, isFilthy } from '../../../src/storage/cleaner/cleanable.ts';
import { CompactedLog } from './cleaner-fixture.ts';

/** A log of closed segments with one record each, and an active one. */
async function segments(count: number, config = {}): Promise<CompactedLog> {
  const log = new CompactedLog(config);
  for (let at = 0; at < count; at++) {
    log.put([[`k${at}`, 'v']]);
    log.log.roll();
    log.clock.advance(1_000);
  }
  log.put([['active', 'v']]);
  await log.sync();
  return log;
}

const state = (cleanBytes: number, cleanableBytes: number, isOverdue = false): CleanableState => ({
  firstDirtyOffset: 0,
  endOffset: 10,
  cleanBytes,
  cleanableBytes,
  isOverdue,
  minDirtyRatio: 0.5,
});

describe('what may be cleaned', () => {
  test('everything from the checkpoint to the active segment', async () => {
    const log = await segments(4);
    const fresh = log.log.cleanable(undefined)!;
    assert.deepEqual([fresh.firstDirtyOffset, fresh.endOffset, fresh.cleanBytes], [0, 4, 0]);
    assert.equal(dirtyRatio(fresh), 1);
    const later = log.log.cleanable(3)!;
    assert.equal(later.firstDirtyOffset, 3);
    assert.equal(dirtyRatio(later), 0.25);
    assert.equal(isFilthy(log.log.cleanable(4)!), false);
  });

  test('a checkpoint outside of the log counts for nothing', async () => {
    const log = await segments(4);
    assert.equal(log.log.cleanable(6)!.firstDirtyOffset, 0);
    log.log.setConfig({ ...log.config, cleanupDelete: true });
    log.log.deleteRecords(2);
    assert.equal(log.log.cleanable(1)!.firstDirtyOffset, 2);
  });

  test('not what is younger than min.compaction.lag.ms', async () => {
    const log = await segments(4, { minCompactionLagMs: 2_500 });
    assert.equal(log.log.cleanable(undefined)!.endOffset, 2);
    log.clock.advance(1_000);
    assert.equal(log.log.cleanable(undefined)!.endOffset, 3);
  });

  test('not what an open transaction may still change, and a segment in part only does not count', async () => {
    const log = new CompactedLog();
    log.put([['a', '1']]);
    log.log.roll();
    log.put([['b', '1']]);
    log.put([['c', '1']], { producerId: 1, producerEpoch: 0, baseSequence: 0, attributes: 0x10 });
    log.log.roll();
    log.put([['d', '1']]);
    await log.sync();
    const found = log.log.cleanable(undefined)!;
    assert.equal(found.endOffset, 2);
    assert.equal(found.cleanableBytes, log.read(0, 1)[0].sizeBytes);
    log.checkpoint = 2;
    assert.equal(isFilthy(log.log.cleanable(2)!), false);
  });

  test('not what is not durable yet', async () => {
    const log = await segments(2);
    log.log.roll();
    log.put([['a', 'v']]);
    log.log.roll();
    assert.equal(log.log.cleanable(undefined)!.endOffset, 3);
    await log.sync();
    assert.equal(log.log.cleanable(undefined)!.endOffset, 4);
  });

  test('max.compaction.lag.ms makes a log overdue, and closes its active segment', async () => {
    const log = await segments(2, { maxCompactionLagMs: 60_000 });
    assert.equal(log.log.cleanable(2)!.isOverdue, false);
    assert.equal(log.log.segments.length, 3);
    log.clock.advance(60_001);
    assert.equal(log.log.cleanable(2)!.isOverdue, true);
    assert.deepEqual(log.log.segments, [0, 1, 2, 3]);
    assert.equal(log.log.cleanable(2)!.endOffset, 3);
    assert.equal(log.log.cleanable(3)!.isOverdue, false);
    // An append begins a new segment after the same time.
    log.put([['a', 'v']]);
    log.clock.advance(60_001);
    log.put([['b', 'v']]);
    assert.deepEqual(log.log.segments, [0, 1, 2, 3, 4]);
  });

  test('only of compacted logs', async () => {
    assert.equal(new CompactedLog({ cleanupCompact: false }).log.cleanable(undefined), undefined);
  });

  test('the dirtiest log is first, if it is dirty enough or overdue', async () => {
    const [half, most, overdue] = [state(50, 50), state(10, 90), state(99, 1, true)];
    assert.equal(filthiest([half]), undefined);
    assert.equal(filthiest([half, most, overdue]), most);
    assert.equal(filthiest([half, overdue]), overdue);
    assert.equal(filthiest([state(100, 0, true)]), undefined);
    assert.equal(filthiest([]), undefined);
  });
});
