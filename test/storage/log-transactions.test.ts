import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Errno } from '../../src/native/file-space.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { buildEndTxnMarkerBatch } from '../../src/protocol/records/control-records.ts';
import { AppendOrigin } from '../../src/storage/append-origin.ts';
import type { AppendOutcome } from '../../src/storage/append-outcome.ts';
import { simpleBatch } from '../native/record-batches.ts';
import { LogFixture, NOW_MS } from './log-fixture.ts';

class TransactionFixture extends LogFixture {
  readonly #sequences = new Map<number, number>();

  data(producerId: number, count = 1): number {
    const baseSequence = this.#sequences.get(producerId) ?? 0;
    this.#sequences.set(producerId, baseSequence + count);
    const outcome = this.append(
      simpleBatch(count, NOW_MS, 10, { producerId, producerEpoch: 0, baseSequence, attributes: 0x10 }),
    );
    assert.equal(outcome.errorCode, ErrorCode.NONE);
    return outcome.baseOffset;
  }

  end(producerId: number, commit: boolean, coordinatorEpoch = 0): AppendOutcome {
    const marker = { producerId, producerEpoch: 0, commit, coordinatorEpoch, timestamp: NOW_MS };
    return this.append(buildEndTxnMarkerBatch(marker), AppendOrigin.coordinator);
  }
}

describe('log: transactions', () => {
  test('interleaved: last stable offset, index entries in Kafka’s format', () => {
    const fixture = new TransactionFixture();
    fixture.data(1, 2);
    fixture.data(2);
    fixture.appendRecords(1);
    fixture.data(1);
    assert.equal(fixture.log.lastStableOffset, 0);
    assert.equal(fixture.end(1, false).baseOffset, 5);
    assert.equal(fixture.log.lastStableOffset, 2);
    assert.equal(fixture.end(2, true).baseOffset, 6);
    assert.equal(fixture.log.lastStableOffset, 7);
    const entry = '0000' + '0000000000000001' + '0000000000000000' + '0000000000000005' + '0000000000000002';
    assert.equal(fixture.file('00000000000000000000.txnindex').toString('hex'), entry);
    assert.equal(fixture.log.lastAbortedOffset, 5);
    const aborted = fixture.log.abortedTransactions(0, 7);
    assert.deepEqual(
      aborted.map(({ producerId, firstOffset }) => [producerId, firstOffset]),
      [[1, 0]],
    );
    assert.deepEqual(fixture.log.abortedTransactions(6, 7), []);
  });

  test('the last stable offset waits for the high watermark', () => {
    const fixture = new TransactionFixture();
    fixture.data(1);
    fixture.log.setHighWatermark(1);
    fixture.log.append(
      buildEndTxnMarkerBatch({ producerId: 1, producerEpoch: 0, commit: true, coordinatorEpoch: 0, timestamp: NOW_MS }),
      AppendOrigin.coordinator,
    );
    assert.equal(fixture.log.lastStableOffset, 0);
    fixture.log.setHighWatermark(2);
    assert.equal(fixture.log.lastStableOffset, 2);
  });

  test('a marker without data indexes nothing', () => {
    const fixture = new TransactionFixture();
    fixture.appendRecords(1);
    assert.equal(fixture.end(7, false).errorCode, ErrorCode.NONE);
    assert.equal(fixture.log.lastAbortedOffset, -1);
    assert.ok(!fixture.names().some((name) => name.endsWith('.txnindex')));
    assert.equal(fixture.log.lastStableOffset, 2);
  });

  test('a disk without room for the index entry refuses the marker, and heals', () => {
    const fixture = new TransactionFixture();
    const aborted = ({ log }: LogFixture): number[] =>
      log.abortedTransactions(0, 100).map(({ firstOffset }) => firstOffset);
    for (const file of ['.txnindex', '.log', '.txnindex']) {
      const [first, committed] = [fixture.data(1), fixture.data(2)];
      fixture.files.failWith('write', Errno.ENOSPC, `/data/t-0/00000000000000000000${file}`);
      const before = aborted(fixture);
      const bytes = fixture.names().some((name) => name.endsWith('.txnindex')) ? before.length * 34 : undefined;
      assert.equal(fixture.end(1, false).errorCode, ErrorCode.KAFKA_STORAGE_ERROR);
      assert.equal(fixture.log.fault, undefined);
      assert.equal(fixture.log.logEndOffset, committed + 1);
      assert.equal(fixture.log.lastStableOffset, first);
      assert.deepEqual(aborted(fixture), before);
      if (bytes !== undefined) assert.equal(fixture.file('00000000000000000000.txnindex').length, bytes);
      fixture.files.failWith('write', 0, `/data/t-0/00000000000000000000${file}`);
      assert.equal(fixture.end(2, true).errorCode, ErrorCode.NONE);
      assert.equal(fixture.end(1, false).errorCode, ErrorCode.NONE);
      assert.deepEqual(aborted(fixture), [...before, first]);
      fixture.reopen();
      assert.deepEqual(aborted(fixture), [...before, first]);
    }
  });

  test('a fenced coordinator is refused, and nothing is appended', () => {
    const fixture = new TransactionFixture();
    fixture.data(1);
    fixture.end(1, true, 5);
    assert.equal(fixture.end(1, false, 4).errorCode, ErrorCode.TRANSACTION_COORDINATOR_FENCED);
    assert.equal(fixture.log.logEndOffset, 2);
  });

  test('across segments: the search stops where nothing older can follow', () => {
    const fixture = new TransactionFixture({ segmentBytes: 200 });
    for (let round = 0; round < 6; round++) {
      fixture.data(1);
      fixture.data(2);
      fixture.end(1, false);
      fixture.end(2, round % 2 === 0);
    }
    assert.ok(fixture.log.segments.length > 5);
    const all = fixture.log.abortedTransactions(0, 24);
    assert.deepEqual(
      all.map(({ lastOffset }) => lastOffset),
      [2, 6, 7, 10, 14, 15, 18, 22, 23],
    );
    assert.deepEqual(
      fixture.log.abortedTransactions(7, 9).map(({ lastOffset }) => lastOffset),
      [7, 10],
    );
  });

  test('open and aborted transactions survive a clean stop, an unclean one, and a lost index', () => {
    const fixture = new TransactionFixture({ segmentBytes: 300 });
    fixture.data(1);
    fixture.data(2, 2);
    fixture.end(1, false);
    fixture.data(3);
    const check = (): void => {
      assert.equal(fixture.log.lastStableOffset, 1);
      assert.deepEqual(
        fixture.log.abortedTransactions(0, 5).map(({ producerId }) => producerId),
        [1],
      );
      const open = fixture.log.activeProducers().filter(({ currentTxnStartOffset }) => currentTxnStartOffset >= 0);
      assert.deepEqual(
        open.map(({ producerId, currentTxnStartOffset }) => [producerId, currentTxnStartOffset]),
        [
          [2, 1],
          [3, 4],
        ],
      );
    };
    check();
    fixture.reopen();
    check();
    fixture.crash({ recoveryPoint: 0 });
    check();
    for (const name of fixture.names())
      if (/txnindex$|\.snapshot$/.test(name)) fixture.files.unlink(`/data/t-0/${name}`);
    fixture.crash({ recoveryPoint: 0 });
    check();
  });

  test('truncation takes markers back', () => {
    const fixture = new TransactionFixture();
    fixture.data(1);
    fixture.end(1, false);
    fixture.data(2);
    assert.equal(fixture.log.truncateTo(1), true);
    assert.equal(fixture.log.lastAbortedOffset, -1);
    assert.equal(fixture.log.lastStableOffset, 0);
    assert.deepEqual(
      fixture.log.activeProducers().map(({ producerId }) => producerId),
      [1],
    );
    assert.equal(fixture.end(1, true).baseOffset, 1);
    assert.equal(fixture.log.lastStableOffset, 2);
  });

  test('with verification the first batch needs a guard', () => {
    const options = { producerStateOptions: { producerIdExpirationMs: 1000, verificationEnabled: true } };
    const fixture = new LogFixture({}, options);
    const batch = (): Buffer =>
      simpleBatch(1, NOW_MS, 10, { producerId: 1, producerEpoch: 0, baseSequence: 0, attributes: 0x10 });
    assert.equal(fixture.append(batch()).errorCode, ErrorCode.INVALID_TXN_STATE);
    const guard = fixture.log.producers.verifications.start(1, 0, 0, false, NOW_MS);
    const context = { verificationGuard: guard, transactionVersion: 0 };
    assert.equal(fixture.log.append(batch(), AppendOrigin.client, context).errorCode, ErrorCode.NONE);
  });
});
