import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { registerBatchMemory } from '../../src/storage/batch-memory.ts';
import { simpleBatch, type TestBatch } from '../native/record-batches.ts';
import { LogFixture, NOW_MS } from './log-fixture.ts';

const batch = (baseOffset: number, partitionLeaderEpoch: number, extra: Partial<TestBatch> = {}, count = 2): Buffer =>
  simpleBatch(count, NOW_MS, 10, { baseOffset, partitionLeaderEpoch, ...extra });

function fetched(fixture: LogFixture, bytes: Uint8Array, leaderEpochMax = 9): ErrorCode {
  const memory = registerBatchMemory(fixture.store, bytes);
  const result = fixture.log.appendAsFollower(memory, 0, bytes.length, leaderEpochMax);
  fixture.store.releaseMemory(memory.id);
  return result;
}

describe('append as a follower', () => {
  test('keeps offsets, epochs and bytes', () => {
    const fixture = new LogFixture({}, { leaderEpoch: -1 });
    const bytes = Buffer.concat([batch(0, 1), batch(2, 1), batch(4, 3), batch(9, 3)]);
    const sent = Buffer.from(bytes);
    assert.equal(fetched(fixture, Buffer.concat([bytes, batch(11, 3).subarray(0, 40)])), ErrorCode.NONE);
    assert.equal(fixture.log.logEndOffset, 11);
    assert.deepEqual(fixture.file('00000000000000000000.log'), sent);
    assert.equal(fetched(fixture, batch(11, 3)), ErrorCode.NONE);
    assert.equal(fixture.log.roll(), ErrorCode.NONE);
    assert.equal(fixture.file('leader-epoch-checkpoint').toString(), '0\n2\n1 0\n3 4\n');
    fixture.crash();
    assert.equal(fixture.log.logEndOffset, 13);
  });

  test('refuses damage and offsets that do not continue; what came before is kept', () => {
    const fixture = new LogFixture({}, { leaderEpoch: -1 });
    const damaged = batch(2, 0);
    damaged[70] ^= 1;
    assert.equal(fetched(fixture, Buffer.concat([batch(0, 0), damaged, batch(4, 0)])), ErrorCode.CORRUPT_MESSAGE);
    assert.equal(fixture.log.logEndOffset, 2);
    assert.equal(fetched(fixture, batch(1, 0)), ErrorCode.OFFSET_OUT_OF_RANGE);
    assert.equal(fixture.log.logEndOffset, 2);
  });

  test('leaves out what a later leader wrote', () => {
    const fixture = new LogFixture({}, { leaderEpoch: -1 });
    assert.equal(fetched(fixture, Buffer.concat([batch(0, 2), batch(2, 3), batch(4, 3)]), 2), ErrorCode.NONE);
    assert.equal(fixture.log.logEndOffset, 2);
    assert.equal(fixture.log.latestEpoch, 2);
  });

  test('rolls, follows producers without judging them, and can become the leader', () => {
    const fixture = new LogFixture({ segmentBytes: 250 }, { leaderEpoch: -1 });
    const producer = (baseSequence: number): Partial<TestBatch> => ({ producerId: 6, producerEpoch: 0, baseSequence });
    const bytes = Buffer.concat([batch(0, 0, producer(0)), batch(2, 0, producer(50)), batch(7, 0, producer(52))]);
    assert.equal(fetched(fixture, bytes), ErrorCode.NONE);
    assert.deepEqual(fixture.log.segments, [0, 7]);
    fixture.log.setLeaderEpoch(4);
    const next = fixture.appendRecords(1, producer(54));
    assert.deepEqual([next.errorCode, next.baseOffset], [ErrorCode.NONE, 9]);
    assert.equal(fixture.appendRecords(1, producer(56)).errorCode, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    assert.equal(fixture.log.latestEpoch, 4);
  });
});
