import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Errno } from '../../src/native/file-space.ts';
import { PlanStatus } from '../../src/native/log-store.ts';
import { SegmentedLogStore } from '../../src/native/segmented-log-store.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { LogCorruptionError } from '../../src/storage/log-recovery.ts';
import { StorageError } from '../../src/storage/storage-error.ts';
import { makeBatch, simpleBatch } from '../native/record-batches.ts';
import { DEFAULT_CONFIG, FOLDER, LogFixture, NOW_MS } from './log-fixture.ts';

const BATCH_BYTES = simpleBatch(1, NOW_MS).length;
const path = (offset: number, extension: string): string => `${FOLDER}/${String(offset).padStart(20, '0')}${extension}`;

/** Five segments of two batches each, except the last one, which has one. */
function filled(): LogFixture {
  const fixture = new LogFixture({ segmentBytes: 2 * BATCH_BYTES, indexIntervalBytes: 0 });
  for (let batch = 0; batch < 9; batch++) fixture.append(simpleBatch(1, NOW_MS + batch));
  assert.deepEqual(fixture.log.segments, [0, 2, 4, 6, 8]);
  return fixture;
}

function damage(fixture: LogFixture, segment: number, position: number): void {
  fixture.files.edit(path(segment, '.log'), (bytes) => {
    bytes[position] ^= 1;
    return bytes;
  });
}

describe('recovery', () => {
  test('after a crash everything that was written is there', () => {
    const fixture = filled();
    fixture.crash();
    assert.equal(fixture.log.logEndOffset, 9);
    assert.deepEqual(
      fixture.records().map(({ offset }) => offset),
      [0, 1, 2, 3, 4, 5, 6, 7, 8],
    );
    assert.equal(fixture.appendRecords(1).baseOffset, 9);
  });

  test('a torn tail is cut at the last whole batch', () => {
    const fixture = filled();
    fixture.files.edit(path(8, '.log'), (bytes) => Buffer.concat([bytes, bytes.subarray(0, 40)]));
    fixture.crash();
    assert.equal(fixture.log.logEndOffset, 9);
    assert.equal(fixture.file('00000000000000000008.log').length, BATCH_BYTES);
  });

  test('a bad batch ends the log: what follows it is cut, later segments go', () => {
    const fixture = filled();
    damage(fixture, 4, BATCH_BYTES + 70);
    fixture.crash();
    assert.equal(fixture.log.logEndOffset, 5);
    assert.deepEqual(fixture.log.segments, [0, 2, 4]);
    assert.equal(fixture.appendRecords(1).baseOffset, 5);
    fixture.clock.advance(60_000);
    assert.ok(!fixture.names().some((name) => name.includes('.deleted')));
    assert.ok(!fixture.names().some((name) => name.startsWith('00000000000000000006')));
  });

  test('garbage behind the last batch of a segment that is not the last', () => {
    const fixture = filled();
    fixture.files.edit(path(2, '.log'), (bytes) => Buffer.concat([bytes, Buffer.alloc(7, 1)]));
    fixture.crash();
    assert.equal(fixture.log.logEndOffset, 4);
    assert.deepEqual(fixture.log.segments, [0, 2]);
    assert.equal(fixture.file('00000000000000000002.log').length, 2 * BATCH_BYTES);
  });

  test('zeros behind the last batch, as preallocation leaves them, are cut wherever they are', () => {
    const fixture = filled();
    const preallocated = (bytes: Uint8Array): Uint8Array => Buffer.concat([bytes, Buffer.alloc(100_000)]);
    for (const segment of [2, 6, 8]) fixture.files.edit(path(segment, '.log'), preallocated);
    fixture.crash({ recoveryPoint: 1 });
    assert.deepEqual(fixture.log.segments, [0, 2, 4, 6, 8]);
    assert.equal(fixture.log.logEndOffset, 9);
    for (const segment of [2, 6])
      assert.equal(fixture.file(`0000000000000000000${segment}.log`).length, 2 * BATCH_BYTES);
    assert.equal(fixture.file('00000000000000000008.log').length, BATCH_BYTES);
    assert.equal(fixture.appendRecords(1).baseOffset, 9);
    assert.equal(fixture.records().length, 10);
  });

  test('damage below the recovery point in the last segment is reported, and nothing is cut', () => {
    const fixture = filled();
    damage(fixture, 8, 70);
    const before = fixture.file('00000000000000000008.log');
    assert.throws(
      () => fixture.crash({ recoveryPoint: 9 }),
      (error: unknown) =>
        error instanceof LogCorruptionError && error.offset === 8 && /below the recovery point 9/.test(error.message),
    );
    assert.deepEqual(fixture.file('00000000000000000008.log'), before);
  });

  test('damage below the recovery point in a closed segment is not served, the rest is, and nothing is cut', () => {
    const fixture = filled();
    damage(fixture, 4, 70);
    const before = fixture.file('00000000000000000004.log');
    const check = (): void => {
      assert.equal(fixture.log.logEndOffset, 9);
      assert.deepEqual(
        fixture.log.damage.map(({ segment, fromOffset, toOffset }) => [segment, fromOffset, toOffset]),
        [[4, 4, 6]],
      );
      assert.deepEqual(
        fixture.read(0, 4).map(({ baseOffset }) => baseOffset),
        [0, 1, 2, 3],
      );
      assert.throws(() => fixture.read(0), new RegExp(`planRead\\(4\\): ${PlanStatus.damaged}`));
      assert.deepEqual(
        fixture.read(6).map(({ baseOffset }) => baseOffset),
        [6, 7, 8],
      );
      assert.deepEqual(fixture.file('00000000000000000004.log'), before);
    };
    fixture.crash({ recoveryPoint: 5 });
    check();
    fixture.reopen();
    check();
    fixture.crash({ recoveryPoint: 9 });
    check();
    fixture.log.deleteRecords(6);
    fixture.log.deleteOldSegments();
    assert.deepEqual(fixture.log.damage, []);
  });

  test('damage at the recovery point is cut', () => {
    const fixture = filled();
    damage(fixture, 4, BATCH_BYTES + 70);
    fixture.crash({ recoveryPoint: 5 });
    assert.equal(fixture.log.logEndOffset, 5);
  });

  test('segments below the recovery point are not read', () => {
    const fixture = filled();
    damage(fixture, 0, 70);
    fixture.crash({ recoveryPoint: 6 });
    assert.equal(fixture.log.logEndOffset, 9);
  });

  test('after a clean stop nothing is scanned, and the recovery point is the end', () => {
    const fixture = filled();
    fixture.log.close();
    damage(fixture, 8, 70);
    fixture.open({ cleanShutdown: true });
    assert.equal(fixture.log.logEndOffset, 9);
    assert.equal(fixture.log.recoveryPoint, 9);
  });

  test('a torn tail is found even when the stop is said to have been clean', () => {
    const fixture = filled();
    fixture.log.close();
    fixture.files.edit(path(8, '.log'), (bytes) => Buffer.concat([bytes, bytes.subarray(0, 40)]));
    fixture.open({ cleanShutdown: true, recoveryPoint: 9 });
    assert.equal(fixture.log.logEndOffset, 9);
    assert.equal(fixture.appendRecords(1).baseOffset, 9);
  });

  test('a gap between segments is damage, but not where compaction has been at work', () => {
    const shorten = (fixture: LogFixture): void =>
      fixture.files.edit(path(4, '.log'), (bytes) => bytes.subarray(0, BATCH_BYTES));
    const damaged = filled();
    shorten(damaged);
    assert.equal(damaged.crash().logEndOffset, 5);
    for (const [cleanedOffset, logEndOffset] of [
      [6, 9],
      [5, 5],
    ]) {
      const cleaned = filled();
      shorten(cleaned);
      // The topic was compacted once; now its policy is delete.
      assert.equal(cleaned.crash({ cleanedOffset }).logEndOffset, logEndOffset);
    }
  });

  test('missing or damaged indexes are made anew', () => {
    const fixture = filled();
    fixture.log.close();
    const names = ['.index', '.timeindex'].map((extension) => path(2, extension));
    const before = names.map((name) => Buffer.from(fixture.files.readFile(name) as Uint8Array));
    fixture.files.unlink(names[0]);
    fixture.open({ cleanShutdown: true });
    fixture.log.close();
    assert.deepEqual(
      names.map((name) => Buffer.from(fixture.files.readFile(name) as Uint8Array)),
      before,
    );
    fixture.files.edit(names[1], (bytes) => bytes.subarray(0, 7));
    fixture.open({ cleanShutdown: true });
    assert.equal(fixture.log.offsetForTimestamp(NOW_MS + 3, 9)?.offset, 3);
    fixture.log.close();
    assert.deepEqual(
      names.map((name) => Buffer.from(fixture.files.readFile(name) as Uint8Array)),
      before,
    );
  });

  test('indexes that Kafka had sized in advance are made anew after its crash', () => {
    const fixture = filled();
    for (const extension of ['.index', '.timeindex'])
      fixture.files.edit(path(8, extension), () => Buffer.alloc(extension === '.index' ? 10 << 20 : (10 << 20) - 4));
    fixture.crash();
    assert.equal(fixture.log.logEndOffset, 9);
    fixture.log.close();
    assert.equal(fixture.file('00000000000000000008.index').length, 0);
    assert.equal(fixture.file('00000000000000000008.timeindex').length, 12);
  });

  test('leftovers go: deleted and cleaned files, indexes without a log', () => {
    const fixture = filled();
    fixture.log.close();
    for (const name of [
      '.log.deleted',
      '.log.superseded.deleted',
      '.index.cleaned',
      '.log.cleaned',
      '.timeindex',
      '.txnindex',
    ])
      fixture.files.writeFileAtomic(path(77, name), new Uint8Array(0));
    fixture.files.writeFileAtomic(`${FOLDER}/00000000000000000010-0000000002.checkpoint.deleted`, new Uint8Array(0));
    fixture.open({ cleanShutdown: true });
    assert.ok(!fixture.names().some((name) => name.startsWith('00000000000000000077')));
    assert.ok(fixture.names().includes('00000000000000000010-0000000002.checkpoint.deleted'));
  });

  test('a swap that had begun is finished', () => {
    const fixture = filled();
    fixture.log.close();
    // Segments 0 and 2 were cleaned into one that keeps only offset 3.
    const kept = simpleBatch(1, NOW_MS, 10, { baseOffset: 3 });
    fixture.files.writeFileAtomic(path(0, '.log.swap'), kept);
    fixture.files.writeFileAtomic(path(0, '.index.swap'), new Uint8Array(0));
    fixture.files.writeFileAtomic(path(0, '.timeindex.swap'), new Uint8Array(0));
    fixture.open({ cleanShutdown: true });
    assert.deepEqual(fixture.log.segments, [0, 4, 6, 8]);
    assert.deepEqual(
      fixture.records().map(({ offset }) => offset),
      [3, 4, 5, 6, 7, 8],
    );
  });

  /** Opens what a crash leaves of two segments; `synced` are the names of files that are synced from then on. */
  function openUnsynced(options: Parameters<LogFixture['open']>[0]) {
    const fixture = new LogFixture();
    fixture.appendRecords(3);
    fixture.log.roll();
    fixture.appendRecords(3);
    const files = fixture.files.clone();
    const names = new Map<number, string>();
    const synced: (string | undefined)[] = [];
    const { open, sync, syncNow } = files;
    files.open = (path, create) => {
      const file = open.call(files, path, create);
      names.set(file, path.slice(FOLDER.length + 1));
      return file;
    };
    files.sync = (file, done) => {
      synced.push(names.get(file));
      sync.call(files, file, done);
    };
    files.syncNow = (file) => {
      synced.push(names.get(file));
      return syncNow.call(files, file);
    };
    fixture.files = files;
    fixture.store = new SegmentedLogStore(files);
    const log = fixture.open({ recoveryPoint: 0, ...options });
    return { fixture, log, synced };
  }
  const UNSYNCED = ['00000000000000000000.log', '00000000000000000003.log'];

  test('what an unclean stop left unsynced is synced with the first sync, and once', async () => {
    const { log, synced } = openUnsynced({});
    for (const name of UNSYNCED) assert.ok(!synced.includes(name), 'the start does not wait for the disk');
    assert.equal(log.recoveryPoint, 0);
    const sync = () => new Promise<number>((resolve) => log.sync((_, recoveryPoint) => resolve(recoveryPoint)));
    const atStart = synced.length;
    assert.equal(await sync(), 6);
    // The indexes of closed segments were made anew, and nobody will do so again below the recovery point.
    for (const name of [...UNSYNCED, '00000000000000000000.index', '00000000000000000000.timeindex'])
      assert.ok(synced.slice(atStart).includes(name), name);
    const syncs = synced.length;
    assert.equal(await sync(), 6);
    assert.equal(synced.length, syncs);
  });

  test('a segment that went before it was synced does not matter', async () => {
    const { fixture, log, synced } = openUnsynced({});
    log.deleteRecords(3);
    assert.equal(log.deleteOldSegments(), 1);
    assert.deepEqual(log.segments, [3]);
    fixture.clock.advance(DEFAULT_CONFIG.fileDeleteDelayMs);
    const result = await new Promise<number[]>((resolve) => log.sync((...all) => resolve(all)));
    assert.deepEqual(result, [0, 6]);
    assert.ok(synced.includes(UNSYNCED[1]));
  });

  test('a failure to sync what was left unsynced fails the sync', async () => {
    const { fixture, log } = openUnsynced({});
    fixture.files.sync = (_, done) => queueMicrotask(() => done(Errno.EIO));
    const result = await new Promise<number[]>((resolve) => log.sync((...all) => resolve(all)));
    assert.deepEqual(result, [Errno.EIO, 0]);
  });

  test('what others act on is synced before it is used', () => {
    const { log, synced } = openUnsynced({ syncRecovered: true });
    for (const name of UNSYNCED) assert.ok(synced.includes(name), name);
    assert.equal(log.recoveryPoint, 6);
  });

  test('a swap that had not wholly begun is undone', () => {
    const fixture = filled();
    fixture.log.close();
    fixture.files.writeFileAtomic(path(4, '.log.swap'), simpleBatch(1, NOW_MS, 10, { baseOffset: 5 }));
    fixture.files.writeFileAtomic(path(0, '.log.cleaned'), simpleBatch(1, NOW_MS, 10, { baseOffset: 1 }));
    fixture.open({ cleanShutdown: true });
    assert.deepEqual(fixture.log.segments, [0, 2, 4, 6, 8]);
    assert.equal(fixture.records().length, 9);
  });

  test('a log that ends below its start is begun anew there', () => {
    const fixture = filled();
    fixture.log.close();
    fixture.open({ logStartOffset: 50 });
    assert.deepEqual(fixture.log.segments, [50]);
    assert.deepEqual([fixture.log.logStartOffset, fixture.log.logEndOffset], [50, 50]);
    assert.equal(fixture.appendRecords(1).baseOffset, 50);
  });

  test('nor are those lost whose segment was closed behind the recovery point, before the next sync', async () => {
    const fixture = new LogFixture();
    fixture.appendRecords(1);
    assert.equal(fixture.log.roll(), ErrorCode.NONE);
    fixture.log.setLeaderEpoch(4);
    fixture.appendRecords(1);
    fixture.log.setLeaderEpoch(6);
    fixture.appendRecords(1);
    assert.equal(await fixture.sync(), 0);
    assert.equal(fixture.log.roll(), ErrorCode.NONE);
    const before = fixture.file('leader-epoch-checkpoint').toString();
    assert.equal(before, '0\n3\n0 0\n4 1\n6 2\n');
    // What a power failure leaves of it.
    fixture.files.edit(`${FOLDER}/leader-epoch-checkpoint`, () => Buffer.from('0\n1\n0 0\n'));
    fixture.crash();
    assert.deepEqual([fixture.log.recoveryPoint, fixture.log.segments], [3, [0, 1, 3]]);
    assert.equal(fixture.file('leader-epoch-checkpoint').toString(), before);
    assert.deepEqual(fixture.log.endOffsetForEpoch(4), { epoch: 4, endOffset: 2 });
  });

  test('nor where a power failure leaves a part of their file, after a clean stop too', () => {
    const fixture = new LogFixture();
    for (let epoch = 0; epoch < 12; epoch++) {
      fixture.log.setLeaderEpoch(epoch);
      fixture.appendRecords(1);
    }
    fixture.log.close();
    const path = `${FOLDER}/leader-epoch-checkpoint`;
    const whole = fixture.file('leader-epoch-checkpoint');
    const damage: ((at: number) => Buffer)[] = [
      (at) => whole.subarray(0, at),
      (at) => Buffer.concat([whole.subarray(0, at), Buffer.alloc(whole.length - at)]),
      (at) => Buffer.concat([Buffer.alloc(whole.length - at), whole.subarray(whole.length - at)]),
    ];
    for (const cleanShutdown of [true, false]) {
      for (const [kind, leave] of damage.entries()) {
        for (let at = 0; at < whole.length; at++) {
          fixture.files.edit(path, () => leave(at));
          fixture.open({ recoveryPoint: 12, cleanShutdown });
          const where = `${cleanShutdown}, ${kind}, ${at}`;
          assert.deepEqual(fixture.log.endOffsetForEpoch(5), { epoch: 5, endOffset: 6 }, where);
          fixture.log.close();
          assert.equal(fixture.file('leader-epoch-checkpoint').toString(), whole.toString(), where);
        }
      }
    }
  });

  test('nor in a power failure soon after a clean stop', () => {
    const fixture = filled();
    fixture.reopen();
    fixture.log.setLeaderEpoch(4);
    fixture.appendRecords(1);
    const end = fixture.log.logEndOffset;
    // Thousands of logs are closed one after the other.
    fixture.files.syncFolderNow = () => assert.fail('the file is not waited for');
    fixture.log.close();
    fixture.store = new SegmentedLogStore((fixture.files = fixture.files.clone()));
    const before = fixture.file('leader-epoch-checkpoint').toString();
    fixture.files.edit(`${FOLDER}/leader-epoch-checkpoint`, () => Buffer.alloc(0));
    fixture.open({ recoveryPoint: end, cleanShutdown: true });
    assert.deepEqual(fixture.log.endOffsetForEpoch(4), { epoch: 4, endOffset: end });
    fixture.reopen();
    assert.equal(fixture.file('leader-epoch-checkpoint').toString(), before);
  });

  test('nor in a clean stop on a full disk', () => {
    const fixture = filled();
    fixture.reopen();
    fixture.log.setLeaderEpoch(4);
    fixture.appendRecords(1);
    const end = fixture.log.logEndOffset;
    const before = fixture.log.endOffsetForEpoch(0);
    fixture.files.failWith('write', Errno.ENOSPC, `${FOLDER}/leader-epoch`);
    fixture.reopen();
    assert.deepEqual(fixture.log.endOffsetForEpoch(4), { epoch: 4, endOffset: end });
    assert.deepEqual(fixture.log.endOffsetForEpoch(0), before);
  });

  test('leader epochs are found again in the batches', () => {
    const fixture = filled();
    fixture.log.setLeaderEpoch(4);
    fixture.appendRecords(1);
    fixture.log.setLeaderEpoch(6);
    fixture.appendRecords(1);
    const expected = '0\n3\n0 0\n4 9\n6 10\n';
    fixture.crash();
    fixture.reopen();
    assert.equal(fixture.file('leader-epoch-checkpoint').toString(), expected);
    fixture.files.unlink(`${FOLDER}/leader-epoch-checkpoint`);
    fixture.crash({ recoveryPoint: 0 });
    assert.deepEqual(fixture.log.endOffsetForEpoch(4), { epoch: 4, endOffset: 10 });
    assert.deepEqual(fixture.log.endOffsetForEpoch(5), { epoch: 4, endOffset: 10 });
    assert.deepEqual(fixture.log.endOffsetForEpoch(6), { epoch: 6, endOffset: 11 });
    assert.deepEqual(fixture.log.endOffsetForEpoch(7), { epoch: -1, endOffset: -1 });
  });

  test('producers are found again with the snapshot, with an older one, and with none', () => {
    const fixture = new LogFixture({ segmentBytes: 400 });
    const batch = (sequence: number): Buffer =>
      makeBatch({ producerId: 5, producerEpoch: 2, baseSequence: sequence, records: [{ timestamp: NOW_MS }] });
    for (let sequence = 0; sequence < 20; sequence++) fixture.append(batch(sequence));
    const check = (): void => {
      assert.equal(fixture.append(batch(19)).isDuplicate, true);
      assert.equal(fixture.append(batch(21)).errorCode, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    };
    check();
    fixture.reopen();
    check();
    fixture.log.close();
    fixture.files.edit(path(20, '.snapshot'), (bytes) => bytes.subarray(0, 12));
    fixture.open({ cleanShutdown: true });
    check();
    fixture.log.close();
    for (const name of fixture.names()) if (name.endsWith('.snapshot')) fixture.files.unlink(`${FOLDER}/${name}`);
    fixture.open({ cleanShutdown: true });
    check();
    fixture.crash();
    check();
    assert.equal(fixture.append(batch(20)).baseOffset, 20);
  });

  test('snapshots of no segment go, except the latest', () => {
    const fixture = filled();
    fixture.log.close();
    const empty = fixture.file('00000000000000000002.snapshot');
    for (const offset of [1, 3, 5]) fixture.files.writeFileAtomic(path(offset, '.snapshot'), empty);
    fixture.open({ cleanShutdown: true });
    const snapshots = fixture.names().filter((name) => name.endsWith('.snapshot'));
    assert.deepEqual(
      snapshots.map((name) => Number.parseInt(name, 10)),
      [2, 4, 6, 8, 9],
    );
  });

  test('a snapshot that finds no room does not keep a log from being closed in order', () => {
    const fixture = new LogFixture();
    const batch = (baseSequence: number): Buffer =>
      makeBatch({ producerId: 3, producerEpoch: 0, baseSequence, records: [{ timestamp: NOW_MS }] });
    fixture.append(batch(0));
    fixture.files.failWith('write', Errno.ENOSPC, '/data/t-0/00000000000000000001.snapshot');
    fixture.reopen();
    assert.equal(fixture.append(batch(0)).isDuplicate, true);
    assert.equal(fixture.append(batch(1)).baseOffset, 1);
    assert.ok(!fixture.names().includes('00000000000000000001.snapshot'));
  });

  test('a folder of another topic id is refused', () => {
    const fixture = filled();
    fixture.log.close();
    assert.throws(() => fixture.open({ topicId: 'yyyyyyyyyyyyyyyyyyyyyA' }), StorageError);
  });

  test('the recovery point follows syncs', async () => {
    const fixture = filled();
    assert.equal(fixture.log.recoveryPoint, 0);
    assert.equal(await fixture.sync(), 0);
    assert.equal(fixture.log.recoveryPoint, 9);
    assert.equal(fixture.log.rolledSinceSync, false);
    const pending = fixture.sync();
    fixture.log.truncateTo(4);
    await pending;
    assert.equal(fixture.log.recoveryPoint, 4);
    fixture.files.failWith('sync', -5);
    fixture.appendRecords(1);
    assert.equal(await fixture.sync(), -5);
    assert.equal(fixture.log.recoveryPoint, 4);
  });
});

describe('truncation', () => {
  test('to offsets in all places', () => {
    for (let offset = 0; offset <= 9; offset++) {
      const fixture = filled();
      assert.equal(fixture.log.truncateTo(offset), offset < 9);
      assert.equal(fixture.log.logEndOffset, offset);
      assert.equal(fixture.log.highWatermark, offset);
      assert.deepEqual(
        fixture.records().map((record) => record.offset),
        Array.from({ length: offset }, (_, at) => at),
      );
      assert.equal(fixture.appendRecords(1).baseOffset, offset);
      fixture.reopen();
      assert.equal(fixture.log.logEndOffset, offset + 1);
      assert.equal(fixture.records().length, offset + 1);
    }
  });

  test('within a batch: the whole batch goes', () => {
    const fixture = new LogFixture();
    fixture.appendRecords(3);
    fixture.appendRecords(3);
    assert.equal(fixture.log.truncateTo(4), true);
    assert.equal(fixture.log.logEndOffset, 3);
    assert.equal(fixture.records().length, 3);
    fixture.reopen();
    assert.equal(fixture.log.logEndOffset, 3);
  });

  test('below the first segment, and fully', () => {
    const fixture = filled();
    fixture.log.deleteRecords(4);
    fixture.log.deleteOldSegments();
    assert.equal(fixture.log.truncateTo(2), true);
    assert.deepEqual([fixture.log.logStartOffset, fixture.log.logEndOffset], [2, 2]);
    fixture.log.truncateFullyAndStartAt(1000);
    assert.deepEqual(fixture.log.segments, [1000]);
    assert.equal(fixture.appendRecords(1).baseOffset, 1000);
    fixture.reopen();
    assert.equal(fixture.file('leader-epoch-checkpoint').toString(), '0\n1\n0 1000\n');
  });
});
