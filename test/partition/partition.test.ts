import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Errno } from '../../src/native/file-space.ts';
import type { AppendDetail } from '../../src/partition/append-detail.ts';
import { WorkOp } from '../../src/partition/work-descriptors.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { buildBatch } from '../../src/protocol/records/batch-builder.ts';
import { CompressionType } from '../../src/protocol/records/compression.ts';
import { RowSlot, RowState } from '../../src/ring/partition-table.ts';
import { RefusalText } from '../../src/storage/refusal-text.ts';
import { NOW_MS } from '../storage/log-fixture.ts';
import { fixtureWith, outcomes, StorageFixture, someBatch } from './storage-fixture.ts';

const ALL = -1;

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

  test('in the smallest batch too, with all that is always said in the same words', async () => {
    const fixture = await fixtureWith({ cleanupCompact: true, cleanupDelete: false });
    const records = Array.from({ length: 40 }, () => ({ timestamp: NOW_MS }));
    for (const batch of [buildBatch(records.slice(0, 1)), buildBatch(records), Buffer.alloc(20)])
      fixture.send(0, 1, batch);
    const [one, many, none] = fixture.answers().map(({ detail }) => detail!);
    const said = (count: number): AppendDetail => ({
      message: RefusalText.recordErrors,
      records: Array.from({ length: count }, (_, index) => ({ index, message: RefusalText.noKey })),
    });
    assert.deepEqual(one, said(1));
    assert.deepEqual(many, said(40));
    assert.deepEqual(none, { message: RefusalText.noBatch, records: [] });
  });

  test('which records are at fault is told before why, where there is no room for both', async () => {
    const fixture = await fixtureWith({ messageTimestampBeforeMaxMs: 1000 });
    const records = [{ timestamp: NOW_MS - 1001 }];
    for (const value of ['v', 'v'.repeat(80)]) fixture.send(0, 1, buildBatch([{ ...records[0], value }]));
    const [small, large] = fixture.answers().map(({ detail }) => detail!);
    assert.deepEqual(small, { message: RefusalText.invalidTimestamp, records: [{ index: 0, message: null }] });
    assert.match(large.records[0].message ?? '', /outside of/);
  });

  test('where the faults of all records find no room beside each other, the message comes alone', async () => {
    const fixture = await fixtureWith({ cleanupCompact: true, cleanupDelete: false });
    const records = Array.from({ length: 400 }, () => ({ value: 'v', timestamp: NOW_MS }));
    fixture.send(0, 1, buildBatch(records, { compression: CompressionType.gzip }));
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

  test('a partition that is offline answers nothing of what it was asked before', async () => {
    const fixture = await fixtureWith();
    const { append } = WorkOp;
    const begins = someBatch('v', { producerId: 7, producerEpoch: 0, baseSequence: 0, transactional: true });
    fixture.push(0, 1, begins, append, 12);
    fixture.host.drain();
    const [{ errorCode, baseOffset: guard }] = fixture.answers();
    assert.deepEqual([errorCode, guard], [ErrorCode.INVALID_TXN_STATE, 1], 'its coordinator is to be asked first');
    await fixture.request({ op: 'offline', rows: [0], fault: 'the disk is gone' });
    fixture.send(0, 1);
    const [answer] = fixture.answers();
    assert.deepEqual(
      [answer.errorCode, answer.baseOffset, answer.logStartOffset],
      [ErrorCode.KAFKA_STORAGE_ERROR, -1, -1],
    );
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
