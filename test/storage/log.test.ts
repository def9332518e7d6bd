import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { AppendOrigin } from '../../src/storage/append-origin.ts';
import { AppendOutcome } from '../../src/storage/append-outcome.ts';
import { registerBatchMemory } from '../../src/storage/batch-memory.ts';
import { makeBatch, simpleBatch } from '../native/record-batches.ts';
import { LogFixture, NOW_MS } from './log-fixture.ts';

describe('log', () => {
  test('appends, reads and reopens', () => {
    const fixture = new LogFixture();
    const first = fixture.appendRecords(3);
    assert.equal(first.errorCode, ErrorCode.NONE);
    assert.deepEqual([first.baseOffset, first.lastOffset, first.logStartOffset], [0, 2, 0]);
    assert.equal(fixture.appendRecords(2).baseOffset, 3);
    assert.equal(fixture.log.logEndOffset, 5);
    assert.deepEqual(
      fixture.read(0).map((batch) => [batch.baseOffset, batch.partitionLeaderEpoch]),
      [
        [0, 0],
        [3, 0],
      ],
    );
    fixture.reopen();
    assert.equal(fixture.log.logEndOffset, 5);
    assert.equal(fixture.appendRecords(1).baseOffset, 5);
    assert.deepEqual(
      fixture.records(4).map(({ offset }) => offset),
      [3, 4, 5],
    );
  });

  test('stages several batches and writes them with one call', () => {
    const fixture = new LogFixture();
    const batches = [simpleBatch(2, NOW_MS), simpleBatch(3, NOW_MS), simpleBatch(1, NOW_MS)];
    const memory = registerBatchMemory(fixture.store, Buffer.concat(batches));
    const outcomes = batches.map(() => new AppendOutcome());
    let at = 0;
    for (const [index, batch] of batches.entries()) {
      fixture.log.stage(memory, at, batch.length, AppendOrigin.client, outcomes[index]);
      at += batch.length;
    }
    assert.ok(outcomes.every((outcome) => outcome.isPending));
    assert.equal(fixture.log.logEndOffset, 0);
    assert.equal(fixture.log.stagedCount, 3);
    fixture.log.write();
    assert.ok(outcomes.every((outcome) => !outcome.isPending && outcome.errorCode === ErrorCode.NONE));
    assert.deepEqual(
      outcomes.map((outcome) => outcome.baseOffset),
      [0, 2, 5],
    );
    assert.equal(fixture.log.logEndOffset, 6);
    assert.equal(fixture.read(0).length, 3);
  });

  test('a new log writes the files that Kafka writes', () => {
    const fixture = new LogFixture();
    fixture.appendRecords(1);
    assert.deepEqual(fixture.names(), [
      '00000000000000000000.index',
      '00000000000000000000.log',
      '00000000000000000000.timeindex',
      'partition.metadata',
    ]);
    assert.equal(fixture.file('partition.metadata').toString(), 'version: 0\ntopic_id: zzzzzzzzzzzzzzzzzzzzzA');
    fixture.reopen();
    assert.ok(fixture.names().includes('00000000000000000001.snapshot'));
    assert.equal(fixture.file('leader-epoch-checkpoint').toString(), '0\n1\n0 0\n');
  });

  test('a duplicate is answered with the timestamp of what was stored, whatever the type of the topic', () => {
    for (const messageTimestampType of ['CreateTime', 'LogAppendTime'] as const) {
      const fixture = new LogFixture({ messageTimestampType });
      const producer = { producerId: 9, producerEpoch: 0, baseSequence: 0 };
      const batch = (): Buffer => makeBatch({ ...producer, records: [{ timestamp: 5 }, { timestamp: 4 }] });
      const isCreateTime = messageTimestampType === 'CreateTime';
      assert.equal(fixture.append(batch()).logAppendTimeMs, isCreateTime ? -1 : NOW_MS);
      fixture.clock.advance(1000);
      const repeated = fixture.append(batch());
      assert.deepEqual([repeated.isDuplicate, repeated.logAppendTimeMs], [true, isCreateTime ? 5 : NOW_MS]);
    }
  });

  test('makeBatch with a producer is found again after a clean and an unclean stop', () => {
    const fixture = new LogFixture();
    const batch = (sequence: number): Buffer =>
      makeBatch({ producerId: 9, producerEpoch: 0, baseSequence: sequence, records: [{ timestamp: NOW_MS }] });
    assert.equal(fixture.append(batch(0)).baseOffset, 0);
    assert.equal(fixture.append(batch(1)).baseOffset, 1);
    fixture.reopen();
    const repeated = fixture.append(batch(1));
    assert.deepEqual([repeated.isDuplicate, repeated.baseOffset, repeated.errorCode], [true, 1, ErrorCode.NONE]);
    assert.equal(fixture.append(batch(2)).baseOffset, 2);
    fixture.crash();
    assert.equal(fixture.append(batch(2)).isDuplicate, true);
    assert.equal(fixture.append(batch(4)).errorCode, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
  });
});
