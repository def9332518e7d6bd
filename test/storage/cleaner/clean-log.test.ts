import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CompactedLog } from './cleaner-fixture.ts';

const LAST: readonly [string, string][] = [['last', 'x']];

describe('cleaning a log', () => {
  test('keeps the last record of each key, at its offset, and leaves the active segment alone', async () => {
    const log = new CompactedLog();
    for (let round = 0; round < 3; round++) {
      log.put([
        ['a', `a${round}`],
        ['b', `b${round}`],
      ]);
      log.log.roll();
    }
    log.put([['a', 'active']]);
    const result = await log.clean();
    assert.equal(result.isComplete, true);
    assert.equal(result.cleanedOffset, 6);
    assert.deepEqual(
      log.data().map(({ offset, key, value }) => [offset, key, value]),
      [
        [4, 'a', 'a2'],
        [5, 'b', 'b2'],
        [6, 'a', 'active'],
      ],
    );
    assert.deepEqual(log.log.segments, [0, 6]);
    assert.equal(log.log.logEndOffset, 7);
    log.put(LAST);
    assert.equal(log.data().at(-1)?.offset, 7);
  });

  test('what the last cleaning replaced makes way for what this one replaces, which has its whole delay', async () => {
    const log = new CompactedLog({ fileDeleteDelayMs: 60_000 });
    const waiting = () => log.names().filter((name) => name.endsWith('.deleted'));
    const { files } = log;
    const rename = files.rename.bind(files);
    files.rename = (from, to) => {
      assert.equal(typeof files.stat(to), 'number', `${to} is overwritten`);
      return rename(from, to);
    };
    for (let round = 0; round < 2; round++) {
      log.put([['a', `a${round}`]]);
      log.put([['b', `b${round}`]]);
      log.log.roll();
      log.put([['a', 'later']]);
      log.log.roll();
      await log.clean();
      assert.ok(waiting().includes('00000000000000000000.log.deleted'));
      log.clock.advance(40_000);
    }
    assert.ok(waiting().includes('00000000000000000000.log.deleted'));
    assert.ok(!waiting().some((name) => name.includes('superseded')));
    log.clock.advance(20_000);
    assert.deepEqual(waiting(), []);
  });

  test('a cleaning that changes nothing swaps nothing', async () => {
    const log = new CompactedLog();
    log.put([['a', '1']]);
    log.log.roll();
    log.put([['b', '1']]);
    const groups: number[] = [];
    assert.equal((await log.clean({ onGroup: () => groups.push(1) })).isComplete, true);
    assert.deepEqual(groups, []);
    assert.ok(!log.names().some((name) => name.includes('cleaned') || name.includes('deleted')));
  });

  test('tombstones outlive delete.retention.ms, counted from the first cleaning that met them', async () => {
    const log = new CompactedLog();
    log.put([['a', '1']]);
    log.put([['a', null]]);
    log.log.roll();
    log.put(LAST);
    log.clock.advance(5_000);
    await log.clean();
    const [tombstone] = log.read(0);
    assert.equal(tombstone.deleteHorizonMs, log.clock.wallMs() + 1_000);
    assert.deepEqual(log.data()[0], { offset: 1, key: 'a', value: null, timestamp: log.clock.wallMs() - 5_000 });
    log.clock.advance(999);
    await log.clean();
    assert.equal(log.data()[0].value, null);
    log.clock.advance(1);
    await log.clean();
    assert.deepEqual(
      log.data().map(({ key }) => key),
      ['last'],
    );
    assert.equal(log.log.logEndOffset, 3);
  });

  test('records of aborted transactions go, their markers and index entries when nothing is left of them', async () => {
    const log = new CompactedLog();
    const producer = { producerId: 7, producerEpoch: 0, attributes: 0x10 };
    log.put([['a', 'committed']], { ...producer, baseSequence: 0 });
    log.end(7, 0, true);
    log.put([['a', 'aborted']], { ...producer, baseSequence: 1 });
    const abort = log.end(7, 0, false);
    log.put([['y', 'y']]);
    log.log.roll();
    // The producer's last sequence moves on, so that nothing below has to be kept for it.
    log.put([['z', 'z']], { ...producer, baseSequence: 2 });
    log.end(7, 0, true);
    const before = log.committed();
    await log.clean();
    assert.deepEqual(log.committed(), before);
    assert.deepEqual(
      log.data().map(({ value }) => value),
      ['committed', 'y', 'z'],
    );
    assert.equal(log.log.lastAbortedOffset, abort);
    // Nothing of the aborted transaction was met this time: its marker gets a horizon and leaves the index.
    await log.clean();
    assert.equal(log.log.lastAbortedOffset, -1);
    assert.deepEqual(log.committed(), before);
    log.clock.advance(1_000);
    await log.clean();
    const control = log.read(0).filter(({ isControl }) => isControl);
    assert.deepEqual(
      control.map(({ baseOffset }) => baseOffset),
      [1, 6],
    );
    assert.deepEqual(log.committed(), before);
  });

  test('open transactions are not touched, nor what lies behind their beginning', async () => {
    const log = new CompactedLog();
    log.put([['a', '1']]);
    log.put([['a', '2']]);
    log.put([['a', 'open']], { producerId: 7, producerEpoch: 0, baseSequence: 0, attributes: 0x10 });
    log.put([['b', '1']]);
    log.put([['b', '2']]);
    log.log.roll();
    log.put(LAST);
    const result = await log.clean();
    assert.equal(result.cleanedOffset, 2);
    assert.deepEqual(
      log.data().map(({ value }) => value),
      ['2', 'open', '1', '2', 'x'],
    );
    log.end(7, 0, true);
    await log.clean();
    assert.deepEqual(
      log.data().map(({ value }) => value),
      ['open', '2', 'x'],
    );
  });

  test('the last batch of a live producer stays, emptied, and so do sequences after a restart', async () => {
    const log = new CompactedLog();
    log.put(
      [
        ['a', '1'],
        ['a', '2'],
      ],
      { producerId: 9, producerEpoch: 3, baseSequence: 10 },
    );
    log.put([['a', '3']]);
    log.log.roll();
    log.put(LAST);
    await log.clean();
    const [empty] = log.read(0);
    assert.equal(empty.recordsCount, 0);
    assert.deepEqual([empty.baseOffset, empty.lastOffset, empty.baseSequence, empty.baseTimestamp], [0, 1, 10, -1]);
    assert.equal(empty.hasValidCrc(), true);
    const before = log.log.activeProducers();
    for (const name of log.names()) if (name.endsWith('.snapshot')) log.files.unlink(`/data/t-0/${name}`);
    log.crash();
    assert.deepEqual(log.log.activeProducers(), before);
    assert.equal(before[0].lastSequence, 11);
  });

  test('the marker with the epoch of a producer without data in it stays, emptied', async () => {
    const log = new CompactedLog();
    log.put([['a', '1']], { producerId: 9, producerEpoch: 3, baseSequence: 0, attributes: 0x10 });
    log.end(9, 4, true);
    log.put([['a', '2']]);
    log.log.roll();
    log.put(LAST);
    const [before] = log.log.activeProducers();
    assert.equal(before.producerEpoch, 4);
    for (let cleaning = 0; cleaning < 3; cleaning++) {
      await log.clean();
      log.clock.advance(1_000);
    }
    assert.deepEqual(
      log.read(0).map(({ baseOffset, isControl, recordsCount }) => [baseOffset, isControl, recordsCount]),
      [
        [1, true, 0],
        [2, false, 1],
        [3, false, 1],
      ],
    );
  });

  test('the marker of a committed transaction goes when nothing is left of it', async () => {
    const log = new CompactedLog();
    const producer = { producerId: 9, producerEpoch: 0, attributes: 0x10 };
    log.put([['a', '1']], { ...producer, baseSequence: 0 });
    const marker = log.end(9, 0, true);
    log.put([['a', '2']]);
    log.log.roll();
    // The producer's last sequence moves on, so that nothing below has to be kept for it.
    log.put([['b', '1']], { ...producer, baseSequence: 1 });
    log.end(9, 0, true);
    // The first cleaning takes the data, the second one gives the marker its last time.
    for (let cleaning = 0; cleaning < 2; cleaning++) {
      await log.clean();
      log.clock.advance(1_000);
      assert.equal(log.read(marker)[0].baseOffset, marker);
    }
    await log.clean();
    assert.ok(log.read(0)[0].baseOffset > marker);
  });

  test('the time at which the broker appended a batch stays that of all its records', async () => {
    const log = new CompactedLog({ messageTimestampType: 'LogAppendTime' });
    const records = [1, 2].map((value) => ({ timestamp: 5, key: value === 1 ? 'a' : 'b', value: `${value}` }));
    log.put([], { records });
    const appendedMs = log.clock.wallMs();
    log.clock.advance(1_000);
    log.put([['a', '3']]);
    log.log.roll();
    log.put(LAST);
    await log.clean();
    const [cleaned] = log.read(0);
    assert.deepEqual(
      [cleaned.recordsCount, cleaned.isLogAppendTime, cleaned.maxTimestamp, cleaned.hasValidCrc()],
      [1, true, appendedMs, true],
    );
  });

  test('the end of what was cleaned stays as an empty batch', async () => {
    const log = new CompactedLog();
    log.put([['a', '1']]);
    log.put([['b', '1']]);
    log.put([['b', null]]);
    log.log.roll();
    log.put([['b', '2']]);
    log.log.roll();
    log.put(LAST);
    await log.clean();
    assert.deepEqual(
      log.read(0).map(({ baseOffset, recordsCount }) => [baseOffset, recordsCount]),
      [
        [0, 1],
        [3, 1],
        [4, 1],
      ],
    );
    log.put([['a', '2']]);
    log.log.roll();
    log.put(LAST);
    log.put([['last', null]]);
    log.log.roll();
    log.put([['c', 'active']]);
    await log.clean();
    log.clock.advance(1_000);
    await log.clean();
    assert.deepEqual(
      log.read(0).map(({ baseOffset, recordsCount }) => [baseOffset, recordsCount]),
      [
        [3, 1],
        [5, 1],
        [7, 0],
        [8, 1],
      ],
    );
    assert.equal(log.log.logEndOffset, 9);
  });

  test('a map that is too small cleans as far as it goes, then further', async () => {
    const log = new CompactedLog();
    for (let round = 0; round < 2; round++) for (let key = 0; key < 40; key++) log.put([[`k${key}`, `${round}`]]);
    log.log.roll();
    log.put(LAST);
    let passes = 0;
    while ((await log.clean({ mapBytesMax: 24 * 12 })).cleanedOffset < 80) passes++;
    assert.ok(passes > 3);
    const left = log.data();
    assert.deepEqual(
      left.slice(0, 40).map(({ offset, value }) => [offset, value]),
      Array.from({ length: 40 }, (_, key) => [40 + key, '1']),
    );
  });

  test('compressed batches keep their codec', async () => {
    const log = new CompactedLog();
    for (const codec of [1, 2, 3, 4])
      log.put(
        [
          ['a', `old${codec}`],
          [`keep${codec}`, 'x'.repeat(100)],
        ],
        { codec },
      );
    log.log.roll();
    log.put(LAST);
    await log.clean();
    const batches = log.read(0);
    assert.deepEqual(
      batches.map(({ compression }) => compression),
      [1, 2, 3, 4, 0],
    );
    assert.ok(batches.every((batch) => batch.hasValidCrc()));
    assert.deepEqual(
      log.data().map(({ key }) => key),
      ['keep1', 'keep2', 'keep3', 'a', 'keep4', 'last'],
    );
  });

  test('a record without a key, from before the topic was compacted, goes', async () => {
    const log = new CompactedLog({ cleanupCompact: false });
    log.put([[null, '1']]);
    log.put([['a', '1']]);
    log.log.roll();
    log.put(LAST);
    log.log.setConfig({ ...log.config, cleanupCompact: true });
    await log.clean();
    assert.deepEqual(
      log.data().map(({ key }) => key),
      ['a', 'last'],
    );
  });

  test('segments are joined up to segment.bytes, and no further', async () => {
    const log = new CompactedLog({ segmentBytes: 1_000 });
    for (let at = 0; at < 110; at++) log.put([[`k${at % 50}`, 'v'.repeat(40)]]);
    const before = log.log.segments.length;
    await log.clean();
    await log.clean();
    assert.ok(log.log.segments.length < before);
    for (const base of log.log.segments) {
      const { sizeBytes } = log.files.stat(`/data/t-0/${String(base).padStart(20, '0')}.log`) as { sizeBytes: number };
      assert.ok(sizeBytes <= 1_000);
    }
    const seen = log.data();
    assert.equal(new Set(seen.map(({ key }) => key)).size, 50);
  });

  test('what changed meanwhile is not swapped, and nothing is left of the attempt', async () => {
    const changes: ((log: CompactedLog) => void)[] = [
      (log) => log.log.truncateTo(1),
      (log) => log.log.truncateFullyAndStartAt(100),
      (log) => log.log.setConfig({ ...log.config, cleanupCompact: false }),
      (log) => {
        log.log.setConfig({ ...log.config, cleanupDelete: true });
        log.log.deleteRecords(3);
        log.log.deleteOldSegments();
      },
    ];
    for (const change of changes) {
      const log = new CompactedLog();
      for (let round = 0; round < 3; round++) {
        log.put([['a', `${round}`]]);
        log.log.roll();
      }
      log.put(LAST);
      const { isComplete, cleanedOffset } = await log.clean({ onGroup: () => change(log) });
      assert.deepEqual([isComplete, cleanedOffset], [false, 0]);
      assert.ok(!log.names().some((name) => /cleaned|swap/.test(name)));
      log.data();
    }
  });

  test('a segment that is found damaged while it is cleaned stays as it is', async () => {
    const log = new CompactedLog();
    for (let round = 0; round < 3; round++) {
      log.put([['a', `${round}`]]);
      log.log.roll();
    }
    log.put(LAST);
    await log.sync();
    const [, segment] = log.log.scrubSegments();
    const range = {
      segment: 1,
      fromPosition: 0,
      toPosition: segment.sizeBytes,
      fromOffset: 1,
      toOffset: 2,
      what: 'crc',
    };
    const { isComplete } = await log.clean({ onGroup: () => log.log.noteDamage(segment, [range]) });
    assert.equal(isComplete, false);
    assert.deepEqual(log.log.segments, [0, 1, 2, 3]);
    assert.deepEqual(log.log.damage, [range]);
    assert.equal(log.read(0, 1).length, 1);
    assert.throws(() => log.read(1), /planRead\(1\)/);
  });
});
