import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Errno } from '../../src/native/file-space.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { buildBatch } from '../../src/protocol/records/batch-builder.ts';
import { CompressionType } from '../../src/protocol/records/compression.ts';
import { RowSlot, RowState } from '../../src/ring/partition-table.ts';
import { DEFAULT_CONFIG, NOW_MS, TOPIC_ID } from '../storage/log-fixture.ts';
import { type Answer, StorageFixture, someBatch } from './storage-fixture.ts';

const ALL = -1;
const outcomes = (answers: readonly Answer[]): number[][] =>
  answers.map(({ token, errorCode, baseOffset }) => [token, errorCode, baseOffset]);

async function fixtureWith(config: Parameters<StorageFixture['open']>[1] = {}, options = {}): Promise<StorageFixture> {
  const fixture = new StorageFixture(options);
  assert.equal(await fixture.open(0, config), null);
  return fixture;
}

describe('partition: when batches are answered', () => {
  test('acks=1 and acks=0 when written, acks=all when synced', async () => {
    const fixture = await fixtureWith();
    const one = fixture.push(0, 1);
    const all = fixture.push(0, ALL);
    const none = fixture.push(0, 0);
    fixture.host.drain();
    assert.deepEqual(outcomes(fixture.answers()), [
      [one, 0, 0],
      [none, 0, 2],
    ]);
    assert.equal(fixture.table.get(0, RowSlot.highWatermark), 3, 'readers need not wait for the sync');
    assert.equal(fixture.table.get(0, RowSlot.recoveryPoint), 0);
    await fixture.finishSync();
    assert.deepEqual(outcomes(fixture.answers()), [[all, 0, 1]]);
    assert.equal(fixture.table.get(0, RowSlot.recoveryPoint), 3);
    assert.equal(fixture.syncs.length, 0);
  });

  test('what is written while a sync runs waits for the next, and all of it shares that one', async () => {
    const fixture = await fixtureWith();
    const first = fixture.send(0, ALL);
    assert.equal(fixture.syncs.length, 1);
    const later = [0, 1, 2, 3].map(() => fixture.send(0, ALL));
    assert.equal(fixture.syncs.length, 1, 'one sync at a time');
    await fixture.finishSync();
    assert.deepEqual(outcomes(fixture.answers()), [[first, 0, 0]]);
    assert.equal(fixture.syncs.length, 1);
    await fixture.finishSync();
    assert.deepEqual(
      outcomes(fixture.answers()),
      later.map((token, index) => [token, 0, index + 1]),
    );
    assert.equal(fixture.syncs.length, 0);
  });

  test('partitions sync by themselves', async () => {
    const fixture = await fixtureWith();
    await fixture.open(1);
    const one = fixture.push(0, ALL);
    const other = fixture.push(1, ALL);
    fixture.host.drain();
    assert.equal(fixture.syncs.length, 2);
    await fixture.finishSync(0, 1);
    assert.deepEqual(outcomes(fixture.answers()), [[other, 0, 0]]);
    await fixture.finishSync();
    assert.deepEqual(outcomes(fixture.answers()), [[one, 0, 0]]);
  });

  test('work that never ends leaves room for what else the thread has to do', async () => {
    const fixture = await fixtureWith();
    const write = fixture.files.write.bind(fixture.files);
    let answered = 0;
    let left = 1_000;
    fixture.files.write = (...parameters) => {
      answered += fixture.answers().length;
      if (left-- > 0) fixture.push(0, 1);
      return write(...parameters);
    };
    fixture.push(0, 1);
    fixture.host.drain();
    assert.ok(left > 500, `${left} are left`);
    for (let rung = 0; rung < fixture.rung; rung++) fixture.host.drain();
    answered += fixture.answers().length;
    assert.equal(answered, 1_001);
  });

  test('a repeated batch is answered like its original: not before that is durable', async () => {
    const fixture = await fixtureWith();
    const batch = someBatch('v', { producerId: 7, producerEpoch: 0, baseSequence: 0 });
    const original = fixture.send(0, ALL, batch);
    const repeated = fixture.send(0, ALL, batch);
    const careless = fixture.send(0, 1, batch);
    assert.deepEqual(outcomes(fixture.answers()), [[careless, 0, 0]]);
    await fixture.finishSync();
    assert.deepEqual(outcomes(fixture.answers()), [
      [original, 0, 0],
      [repeated, 0, 0],
    ]);
    assert.equal(fixture.table.get(0, RowSlot.logEndOffset), 1);
    const late = fixture.send(0, ALL, batch);
    assert.deepEqual(outcomes(fixture.answers()), [[late, 0, 0]], 'it is durable by now');
  });

  test('with millrace.fsync.acks.all off acks=all is answered from the page cache', async () => {
    const fixture = await fixtureWith({}, { syncAcksAll: false });
    const token = fixture.send(0, ALL);
    assert.deepEqual(outcomes(fixture.answers()), [[token, 0, 0]]);
    assert.equal(fixture.syncs.length, 0);
  });

  test('settings that change while it runs reach its partitions', async () => {
    const fixture = new StorageFixture();
    await fixture.open(0);
    const settings = { syncAcksAll: false, producerIdExpirationMs: 1_000, transactionVerificationEnabled: true };
    await fixture.request({ op: 'settings', settings });
    fixture.send(0, -1);
    assert.equal(fixture.answers()[0].errorCode, ErrorCode.NONE);
    assert.equal(fixture.syncs.length, 0);
    const transactional = { producerId: 7, producerEpoch: 0, baseSequence: 0, transactional: true };
    fixture.send(0, 1, someBatch('v', transactional));
    assert.equal(fixture.answers()[0].errorCode, ErrorCode.INVALID_TXN_STATE);
    await fixture.request({ op: 'settings', settings: { ...settings, transactionVerificationEnabled: false } });
    fixture.send(0, 1, someBatch('v', transactional));
    assert.equal(fixture.answers()[0].errorCode, ErrorCode.NONE);
    fixture.send(0, 1, someBatch('v', { producerId: 8, producerEpoch: 0, baseSequence: 0 }));
    fixture.clock.advance(600_000);
    const producers = await fixture.request({ op: 'producers', row: 0 });
    assert.deepEqual(
      producers.map(({ producerId }) => producerId),
      [7],
      'only the one in a transaction is kept',
    );
  });

  test('flush.messages=1 syncs before any answer', async () => {
    const fixture = await fixtureWith({ flushMessages: 1 }, { syncAcksAll: false });
    const tokens = [ALL, 1, 0].map((acks) => fixture.push(0, acks));
    fixture.host.drain();
    assert.deepEqual(fixture.answers(), []);
    await fixture.finishSync();
    assert.deepEqual(
      outcomes(fixture.answers()),
      tokens.map((token, index) => [token, 0, index]),
    );
  });

  test('flush.messages=3 syncs every third record, flush.ms after its time', async () => {
    const fixture = await fixtureWith({ flushMessages: 3, flushMs: 500 });
    fixture.send(0, 1);
    fixture.send(0, 1);
    assert.equal(fixture.syncs.length, 0);
    fixture.send(0, 1);
    assert.equal(fixture.syncs.length, 1);
    await fixture.finishSync();
    assert.equal(fixture.table.get(0, RowSlot.recoveryPoint), 3);
    fixture.clock.advance(500);
    assert.equal(fixture.syncs.length, 0, 'there was nothing to sync any more');
    fixture.send(0, 1);
    fixture.clock.advance(499);
    assert.equal(fixture.syncs.length, 0);
    fixture.clock.advance(1);
    assert.equal(fixture.syncs.length, 1);
  });

  test('a finished segment is synced without being asked for, so that the recovery point moves', async () => {
    const fixture = await fixtureWith({ segmentBytes: 1024 });
    fixture.send(0, 1);
    assert.equal(fixture.syncs.length, 0);
    fixture.send(0, 1, someBatch('v'.repeat(900)));
    assert.equal(fixture.syncs.length, 1);
    await fixture.finishSync();
    assert.equal(fixture.table.get(0, RowSlot.recoveryPoint), 2);
  });
});

describe('partition: what is refused', () => {
  test('a bad batch is told why, the others of its turn are appended', async () => {
    const fixture = await fixtureWith({ cleanupCompact: true, cleanupDelete: false });
    const corrupt = Buffer.from(someBatch());
    corrupt[corrupt.length - 1] ^= 1;
    const keyless = someBatch('v'.repeat(300));
    const tokens = [fixture.push(0, 1, corrupt), fixture.push(0, 1, keyless), fixture.push(0, 1, Buffer.alloc(20))];
    fixture.host.drain();
    const answers = fixture.answers();
    assert.deepEqual(outcomes(answers).sort(), [
      [tokens[0], ErrorCode.CORRUPT_MESSAGE, -1],
      [tokens[1], ErrorCode.INVALID_RECORD, -1],
      [tokens[2], ErrorCode.INVALID_RECORD, -1],
    ]);
    const { detail } = answers.find(({ token }) => token === tokens[1])!;
    assert.deepEqual(
      detail!.records.map(({ index }) => index),
      [0],
    );
  });

  test('where the faults of all records find no room beside each other, the message comes alone', async () => {
    const fixture = await fixtureWith({ cleanupCompact: true, cleanupDelete: false });
    const records = Array.from({ length: 40 }, () => ({ value: 'v', timestamp: NOW_MS }));
    fixture.send(0, 1, buildBatch(records));
    const [{ errorCode, detail }] = fixture.answers();
    assert.equal(errorCode, ErrorCode.INVALID_RECORD);
    assert.deepEqual(detail!.records, []);
    assert.match(detail!.message ?? '', /record errors/);
  });

  test('records that unfold to more than millrace.records.decompressed.bytes.max, in any topic', async () => {
    const largest = (1 << 20) - 100;
    for (const compressionType of ['producer', 'gzip'] as const) {
      const fixture = await fixtureWith({ compressionType });
      const tokens = [largest, 1 << 20].map((bytes) =>
        fixture.push(0, 1, someBatch('v'.repeat(bytes), { compression: CompressionType.zstd })),
      );
      fixture.host.drain();
      assert.deepEqual(outcomes(fixture.answers()).sort(), [
        [tokens[0], 0, 0],
        [tokens[1], ErrorCode.MESSAGE_TOO_LARGE, -1],
      ]);
    }
  });

  test('records that are null, and rows that nobody has', async () => {
    const fixture = await fixtureWith();
    const nothing = fixture.push(0, 1, Buffer.alloc(0));
    const nowhere = fixture.push(5, ALL);
    fixture.host.drain();
    const answers = outcomes(fixture.answers());
    assert.deepEqual(
      answers.find(([token]) => token === nowhere),
      [nowhere, ErrorCode.NOT_LEADER_OR_FOLLOWER, -1],
    );
    assert.notEqual(answers.find(([token]) => token === nothing)![1], 0);
  });

  test('a full disk refuses writes, answers nothing wrong, and heals', async () => {
    const fixture = await fixtureWith();
    fixture.send(0, 1);
    fixture.answers();
    fixture.files.failWith('write', Errno.ENOSPC);
    const tokens = [fixture.push(0, 1), fixture.push(0, ALL)];
    fixture.host.drain();
    assert.deepEqual(
      outcomes(fixture.answers()),
      tokens.map((token) => [token, ErrorCode.KAFKA_STORAGE_ERROR, -1]),
    );
    assert.equal(fixture.table.get(0, RowSlot.logEndOffset), 1);
    assert.equal(fixture.table.get(0, RowSlot.state), RowState.online);
    fixture.files.failWith('write', 0);
    const healed = fixture.send(0, 1);
    assert.deepEqual(outcomes(fixture.answers()), [[healed, 0, 1]]);
    assert.deepEqual(fixture.messages, []);
  });

  test('after a failed sync nothing is acknowledged, written or synced any more, and the broker is told once', async () => {
    const fixture = await fixtureWith();
    await fixture.open(1);
    const waiting = fixture.send(0, ALL);
    const behind = fixture.send(0, ALL);
    await fixture.finishSync(Errno.EIO);
    const [message] = fixture.messages;
    assert.ok(message.type === 'offline' && message.ofDirectory && /fdatasync failed with EIO/.test(message.fault));
    assert.equal(fixture.messages.length, 1);
    const failed = ErrorCode.KAFKA_STORAGE_ERROR;
    assert.deepEqual(
      outcomes(fixture.answers()).map(([token, errorCode]) => [token, errorCode]),
      [
        [waiting, failed],
        [behind, failed],
      ],
    );
    assert.equal(fixture.table.get(0, RowSlot.state), RowState.offline);
    const after = fixture.push(0, 1);
    const elsewhere = fixture.push(1, 1);
    fixture.host.drain();
    assert.deepEqual(outcomes(fixture.answers()), [
      [after, ErrorCode.KAFKA_STORAGE_ERROR, -1],
      [elsewhere, 0, 0],
    ]);
    assert.equal(fixture.syncs.length, 0);
    const stopped = fixture.request({ op: 'stop' });
    await new Promise(setImmediate);
    assert.equal(fixture.syncs.length, 1, 'of the other one');
    await fixture.finishSync();
    const failures = await stopped;
    assert.equal(failures.length, 1);
    assert.match(failures[0].fault, /fdatasync failed with EIO/);
  });

  test('a log that fails in the middle of a turn answers all of the turn', async () => {
    const fixture = await fixtureWith({ segmentBytes: 400 });
    const large = someBatch('v'.repeat(200));
    fixture.files.failWith('open', Errno.EIO);
    const tokens = [ALL, 1, ALL].map((acks) => fixture.push(0, acks, large));
    fixture.host.drain();
    assert.deepEqual(
      outcomes(fixture.answers())
        .map(([token, errorCode]) => [token, errorCode])
        .sort(),
      tokens.map((token) => [token, ErrorCode.KAFKA_STORAGE_ERROR]),
    );
    assert.equal(fixture.syncs.length, 0);
    assert.equal(fixture.table.get(0, RowSlot.state), RowState.offline);
    const [message, ...others] = fixture.messages;
    assert.ok(message.type === 'offline' && message.ofDirectory);
    assert.equal(others.length, 0);
  });

  test('a device that fails when retention begins a segment takes the directory offline', async () => {
    const fixture = await fixtureWith({ retentionMs: 1_000 });
    fixture.send(0, 1);
    fixture.files.failWith('open', Errno.EIO);
    fixture.clock.advance(300_000);
    assert.deepEqual(
      fixture.messages.map((message) => message.type === 'offline' && [message.row, message.ofDirectory]),
      [[0, true]],
    );
  });

  test('partitions of a directory that failed elsewhere refuse everything, others go on', async () => {
    const fixture = await fixtureWith();
    await fixture.open(1);
    const waiting = fixture.send(0, ALL);
    await fixture.request({ op: 'offline', rows: [0], fault: 'the disk is gone' });
    const after = fixture.push(0, 1);
    const elsewhere = fixture.push(1, 1);
    fixture.host.drain();
    assert.deepEqual(outcomes(fixture.answers()), [
      [waiting, ErrorCode.KAFKA_STORAGE_ERROR, -1],
      [after, ErrorCode.KAFKA_STORAGE_ERROR, -1],
      [elsewhere, 0, 0],
    ]);
    assert.equal(fixture.table.get(0, RowSlot.state), RowState.offline);
    assert.deepEqual(fixture.messages, []);
  });
});

describe('partition: moving', () => {
  const target = { future: '/other/t-0.f-future', folder: '/other/t-0' };
  const named = { row: 0, topicId: TOPIC_ID, partition: 0 };

  test('what waits for a sync of the old log is durable with the move, and that sync may fail', async () => {
    const fixture = await fixtureWith();
    const before = fixture.table.get(0, RowSlot.log);
    const waiting = fixture.send(0, ALL);
    await fixture.request({ op: 'beginMove', ...named, target });
    assert.equal(await fixture.request({ op: 'finishMove', ...named, target, copiedTo: -1 }), 0);
    assert.deepEqual(outcomes(fixture.answers()), [[waiting, 0, 0]]);
    assert.notEqual(fixture.table.get(0, RowSlot.log), before);
    assert.equal(fixture.table.get(0, RowSlot.recoveryPoint), 1);
    await fixture.finishSync(Errno.EIO);
    assert.deepEqual(fixture.messages, []);
    await fixture.request({ op: 'closeMoved', ...named });
    assert.equal(fixture.files.stat('/data/t-0'), Errno.ENOENT);
    assert.equal(fixture.files.stat('/other/t-0/millrace-move'), Errno.ENOENT);
    const next = fixture.send(0, ALL);
    await fixture.finishSync();
    assert.deepEqual(outcomes(fixture.answers()), [[next, 0, 1]]);
  });

  test('another partition in the row, and one that is offline, are not moved', async () => {
    const fixture = await fixtureWith();
    const other = { ...named, partition: 5 };
    await assert.rejects(fixture.request({ op: 'beginMove', ...other, target }), /another partition's now/);
    await fixture.request({ op: 'beginMove', ...named, target });
    await fixture.request({ op: 'offline', rows: [0], fault: 'the disk is gone' });
    await assert.rejects(fixture.request({ op: 'finishMove', ...named, target, copiedTo: -1 }), /the disk is gone/);
    assert.equal(fixture.files.stat(target.folder), Errno.ENOENT);
  });
});

describe('partition: coming and going', () => {
  test('a stop waits for the sync under way and answers who waits, not with success', async () => {
    const fixture = await fixtureWith();
    const token = fixture.send(0, ALL);
    let stopped = false;
    const stopping = fixture.request({ op: 'stop' }).then(() => {
      stopped = true;
    });
    await new Promise(setImmediate);
    assert.equal(stopped, false);
    await fixture.finishSync();
    assert.equal(stopped, false, 'what came behind it is synced as well');
    for (; fixture.syncs.length > 0; ) await fixture.finishSync();
    await stopping;
    assert.deepEqual(outcomes(fixture.answers()), [[token, ErrorCode.NOT_LEADER_OR_FOLLOWER, -1]]);
    assert.equal(fixture.table.get(0, RowSlot.recoveryPoint), 1);
  });

  test('a stop syncs logs beside each other, and tells of those that it could not', async () => {
    const fixture = await fixtureWith();
    const rows = Array.from({ length: 40 }, (_, at) => at + 2);
    await fixture.openAll(rows);
    const stopping = fixture.request({ op: 'stop' });
    await new Promise(setImmediate);
    const atOnce = fixture.syncs.length;
    assert.ok(atOnce > 1 && atOnce < rows.length, `${atOnce} at once`);
    await fixture.finishSync(Errno.EIO, atOnce - 1);
    for (; fixture.syncs.length > 0; ) await fixture.finishSync();
    const failures = await stopping;
    assert.equal(failures.length, 1);
    assert.match(failures[0].fault, /EIO/);
  });

  test('a stop waits until all that is being opened is open, and closes it', async () => {
    const fixture = await slowly();
    const opened = fixture.openAll(ROWS);
    await turn();
    let isStopped = false;
    const stopping = fixture.request({ op: 'stop' }).then(() => (isStopped = true));
    for (; !isStopped; await turn()) {
      for (const { finish } of fixture.syncs.splice(0)) finish();
      fixture.clock.advance(0);
    }
    assert.deepEqual(
      (await opened).map(({ fault }) => fault),
      ROWS.map(() => null),
    );
    await stopping;
    const token = fixture.send(ROWS[ROWS.length - 1], 1);
    assert.deepEqual(outcomes(fixture.answers()), [[token, ErrorCode.NOT_LEADER_OR_FOLLOWER, -1]]);
  });

  test('a sync that fails because its partition was deleted is no reason to stop', async () => {
    const fixture = await fixtureWith();
    const token = fixture.send(0, ALL);
    await fixture.request({ op: 'delete', rows: [0] });
    assert.deepEqual(outcomes(fixture.answers()), [[token, ErrorCode.NOT_LEADER_OR_FOLLOWER, -1]]);
    await fixture.finishSync(Errno.ENOENT);
    assert.deepEqual(fixture.messages, []);
    assert.equal(fixture.table.get(0, RowSlot.state), RowState.closed);
    const late = fixture.send(0, ALL);
    assert.deepEqual(outcomes(fixture.answers()), [[late, ErrorCode.NOT_LEADER_OR_FOLLOWER, -1]]);
  });

  test('a batch that was on its way when its partition was deleted does not reach the row’s next partition', async () => {
    const fixture = await fixtureWith();
    const token = fixture.push(0, 1);
    await fixture.request({ op: 'delete', rows: [0] });
    assert.equal(await fixture.open(0, {}, 'zzzzzzzzzzzzzzzzzzzzzQ'), null);
    fixture.host.drain();
    assert.deepEqual(
      fixture.answers().map((answer) => answer.token),
      [token],
    );
    assert.equal(fixture.table.get(0, RowSlot.logEndOffset), 0);
  });

  test('a deleted folder is renamed at once and vanishes after file.delete.delay.ms', async () => {
    const fixture = await fixtureWith({ fileDeleteDelayMs: 1000 });
    fixture.send(0, 1);
    await fixture.request({ op: 'delete', rows: [0] });
    const names = (): string[] => (fixture.files.list('/data') as { name: string }[]).map(({ name }) => name);
    assert.match(names().join(), /^t-0\.[0-9a-f]{32}-delete$/);
    assert.equal(await fixture.open(0), null, 'the row and the folder are free again');
    assert.equal(fixture.table.get(0, RowSlot.logEndOffset), 0);
    fixture.clock.advance(1000);
    assert.deepEqual(names(), ['t-0']);
  });

  test('a folder that cannot be renamed away stays, which is told', async () => {
    const fixture = await fixtureWith();
    fixture.files.failWith('rename', Errno.EIO, '/data/t-0.');
    await fixture.request({ op: 'delete', rows: [0] });
    assert.deepEqual(
      (fixture.files.list('/data') as { name: string }[]).map(({ name }) => name),
      ['t-0'],
    );
    assert.deepEqual(fixture.warned, ['a folder that is to be deleted stays where it is']);
    assert.equal(fixture.table.get(0, RowSlot.state), RowState.closed);
  });

  /** Every folder that is made or renamed takes 2 ms. */
  const slowly = async (): Promise<StorageFixture> => {
    const fixture = await fixtureWith();
    const { files, clock } = fixture;
    const { makeFolder, rename } = files;
    files.makeFolder = (path) => {
      clock.advance(2);
      return makeFolder.call(files, path);
    };
    files.rename = (from, to) => {
      clock.advance(2);
      return rename.call(files, from, to);
    };
    return fixture;
  };
  const ROWS = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const statesOf = ({ table }: StorageFixture): number[] => ROWS.map((row) => table.get(row, RowSlot.state));
  const turn = () => new Promise(setImmediate);

  test('clients are served between the logs that a request opens or deletes', async () => {
    const fixture = await slowly();
    for (const [state, begin] of [
      [RowState.online, () => fixture.openAll(ROWS)],
      [RowState.closed, () => fixture.request({ op: 'delete', rows: ROWS })],
    ] as const) {
      let stretches = 0;
      let isDone = false;
      const done = begin().then(() => (isDone = true));
      for (await turn(); !isDone; await turn()) {
        stretches++;
        const some = statesOf(fixture).filter((now) => now === state).length;
        assert.ok(some < ROWS.length && some <= 3 * stretches, `${some} logs in ${stretches} stretches`);
        const token = fixture.send(0, 1);
        assert.deepEqual(
          fixture.answers().map((answer) => [answer.token, answer.errorCode]),
          [[token, 0]],
        );
        fixture.clock.advance(0);
      }
      await done;
      assert.ok(stretches >= 2, `${stretches} stretches`);
      assert.deepEqual(
        statesOf(fixture),
        ROWS.map(() => state),
      );
    }
  });

  test('a few logs are deleted and opened while many others are opened', async () => {
    const fixture = await slowly();
    const many = ROWS.slice(2);
    await fixture.openAll([1]);
    const order: string[] = [];
    const note = (what: string) => () => void order.push(what);
    void fixture.openAll(many).then(note('opened many'));
    await turn();
    void fixture.request({ op: 'delete', rows: [1] }).then(note('deleted one'));
    void fixture.openAll([2]).then(note('opened one'));
    void fixture.request({ op: 'offline', rows: [2, 3], fault: 'the disk' }).then(note('offline'));
    void fixture.request({ op: 'delete', rows: [3] }).then(note('deleted an offline one'));
    for (; order.length < 5; await turn()) fixture.clock.advance(0);
    assert.deepEqual(order.slice(0, 2).sort(), ['deleted one', 'opened one']);
    assert.deepEqual(order.slice(2), ['opened many', 'offline', 'deleted an offline one']);
  });

  test('what takes logs away waits until a request that opens them is done', async () => {
    const fixture = await slowly();
    const opened = fixture.openAll(ROWS);
    await turn();
    const offline = fixture.request({ op: 'offline', rows: ROWS, fault: 'the disk' });
    const order: string[] = [];
    void opened.then(() => order.push('opened'));
    void offline.then(() => order.push('offline'));
    for (; order.length < 2; await turn()) fixture.clock.advance(0);
    assert.deepEqual(order, ['opened', 'offline']);
    assert.deepEqual(
      statesOf(fixture),
      ROWS.map(() => RowState.offline),
    );
  });

  test('a log that does not open leaves its row offline, with the reason', async () => {
    const fixture = new StorageFixture();
    fixture.files.makeFolder('/data');
    fixture.files.writeFileAtomic('/data/t-0', Buffer.from('a file'));
    assert.match((await fixture.open(0)) ?? '', /t-0/);
    assert.equal(fixture.table.get(0, RowSlot.state), RowState.offline);
    const token = fixture.send(0, 1);
    assert.deepEqual(outcomes(fixture.answers()), [[token, ErrorCode.NOT_LEADER_OR_FOLLOWER, -1]]);
    assert.deepEqual(await fixture.request({ op: 'sizes', rows: [0] }), [{ row: 0, sizeBytes: 0 }]);
    await assert.rejects(fixture.request({ op: 'producers', row: 0 }), /no partition in row 0/);
    assert.equal(await fixture.request({ op: 'delete', rows: [0] }), null);
  });

  test('settings and leader epochs reach the log', async () => {
    const fixture = await fixtureWith();
    await fixture.request({ op: 'configure', rows: [0], config: { ...DEFAULT_CONFIG, maxMessageBytes: 10 } });
    fixture.send(0, 1);
    assert.equal(fixture.answers()[0].errorCode, ErrorCode.MESSAGE_TOO_LARGE);
    await fixture.request({ op: 'setLeaderEpoch', row: 0, leaderEpoch: 4 });
    assert.equal(fixture.table.get(0, RowSlot.leaderEpoch), 4);
  });
});

describe('partition: who waits for a row', () => {
  test('is told once of an append, a deletion of records and retention, and not when it did not ask', async () => {
    const fixture = await fixtureWith();
    fixture.send(0, 1);
    fixture.answers();
    assert.deepEqual(fixture.changedRows, []);
    fixture.table.wait(0, 0);
    fixture.push(0, 1);
    fixture.push(0, 1);
    fixture.host.drain();
    fixture.send(0, 1);
    fixture.answers();
    assert.deepEqual(fixture.changedRows.splice(0), [0]);
    fixture.table.wait(0, 0);
    const { lowWatermark } = await fixture.request({ op: 'deleteRecords', row: 0, offset: 2 });
    fixture.answers();
    assert.deepEqual([lowWatermark, ...fixture.changedRows.splice(0)], [2, 0]);
    assert.equal(fixture.table.get(0, RowSlot.logStartOffset), 2);
  });

  test('a completion ring full of notices leaves room for answers, and late ones are told without further work', async () => {
    const fixture = new StorageFixture();
    for (let row = 0; row < 16; row++) await fixture.open(row);
    for (let round = 0; round < 6; round++) {
      for (let row = 0; row < 16; row++) {
        fixture.table.wait(row, 0);
        if (fixture.link.hasRoomFor(1)) fixture.push(row, 1);
      }
      fixture.host.drain();
    }
    assert.equal(fixture.answers().length, 32);
    const told = fixture.changedRows.splice(0);
    assert.deepEqual(
      [...new Set(told)].sort((a, b) => a - b),
      Array.from({ length: 16 }, (_, row) => row),
    );
    fixture.clock.advance(1);
    fixture.answers();
    assert.ok(fixture.changedRows.length > 0, 'those that found no room');
  });
});
