// KIP-890: the first transactional batch of a producer is not written until its coordinator has confirmed the transaction.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { buildEndTxnMarkerBatch } from '../../src/protocol/records/control-records.ts';
import { AppendOrigin } from '../../src/storage/append-origin.ts';
import type { AppendOutcome } from '../../src/storage/append-outcome.ts';
import { VOUCHED } from '../../src/storage/log-appender.ts';
import { simpleBatch } from '../native/record-batches.ts';
import { LogFixture, NOW_MS } from './log-fixture.ts';

const { NONE, INVALID_TXN_STATE, INVALID_PRODUCER_EPOCH, OUT_OF_ORDER_SEQUENCE_NUMBER } = ErrorCode;

class VerificationFixture extends LogFixture {
  constructor(verificationEnabled = true) {
    super({}, { producerStateOptions: { producerIdExpirationMs: 86_400_000, verificationEnabled } });
  }

  write(
    baseSequence: number,
    options: { guard?: number; epoch?: number; supportsEpochBump?: boolean; origin?: AppendOrigin } = {},
  ): AppendOutcome {
    const { guard: verificationGuard = 0, epoch: producerEpoch = 0, supportsEpochBump = false } = options;
    const origin = options.origin ?? AppendOrigin.client;
    const producer = { producerId: 7, producerEpoch, baseSequence, attributes: 0x10 };
    const context = { verificationGuard, transactionVersion: 0, supportsEpochBump };
    const outcome = this.log.append(simpleBatch(1, NOW_MS, 10, producer), origin, context);
    this.log.setHighWatermark(this.log.logEndOffset);
    return outcome;
  }

  end(producerEpoch = 0): void {
    const marker = { producerId: 7, producerEpoch, commit: true, coordinatorEpoch: 0, timestamp: NOW_MS };
    assert.equal(this.append(buildEndTxnMarkerBatch(marker), AppendOrigin.coordinator).errorCode, NONE);
  }
}

describe('log: verification of transactions', () => {
  test('the first batches wait, and come again with the guard in their order', () => {
    const fixture = new VerificationFixture();
    const first = fixture.write(0);
    assert.deepEqual([first.errorCode, first.baseOffset], [INVALID_TXN_STATE, -1]);
    const second = fixture.write(1);
    assert.ok(first.verificationGuard > 0);
    assert.equal(second.verificationGuard, first.verificationGuard);
    assert.equal(fixture.log.logEndOffset, 0);
    const guard = first.verificationGuard;
    const early = fixture.write(1, { guard });
    assert.equal(early.errorCode, OUT_OF_ORDER_SEQUENCE_NUMBER, 'an earlier batch is known to exist');
    assert.deepEqual(
      [0, 1].map((sequence) => fixture.write(sequence, { guard }).baseOffset),
      [0, 1],
    );
    const third = fixture.write(2);
    assert.deepEqual([third.errorCode, third.verificationGuard, third.baseOffset], [NONE, 0, 2]);
    assert.equal(fixture.log.lastStableOffset, 0);
  });

  test('a marker in between makes the guard void: the coordinator is asked again', () => {
    const fixture = new VerificationFixture();
    const { verificationGuard: guard } = fixture.write(0);
    fixture.end();
    const late = fixture.write(0, { guard });
    assert.equal(late.errorCode, INVALID_TXN_STATE);
    assert.ok(late.verificationGuard > guard, 'the next question is another one');
    assert.equal(fixture.log.lastStableOffset, 1, 'nothing is left open');
    assert.equal(fixture.log.logEndOffset, 1, 'nothing but the marker was written');
    assert.equal(fixture.write(0, { guard: late.verificationGuard }).baseOffset, 1);
  });

  test('repetitions and older epochs are answered without asking', () => {
    const fixture = new VerificationFixture();
    const { verificationGuard: guard } = fixture.write(0);
    fixture.write(0, { guard });
    fixture.end();
    const repeated = fixture.write(0);
    assert.deepEqual([repeated.errorCode, repeated.baseOffset, repeated.isDuplicate], [NONE, 0, true]);
    fixture.end(3);
    const zombie = fixture.write(1, { epoch: 2 });
    assert.deepEqual([zombie.errorCode, zombie.verificationGuard], [INVALID_PRODUCER_EPOCH, 0]);
  });

  test('a newer epoch is asked for although the older one has a transaction open', () => {
    const fixture = new VerificationFixture();
    fixture.write(0, { guard: fixture.write(0).verificationGuard });
    assert.ok(fixture.write(0, { epoch: 1 }).verificationGuard > 0);
  });

  test('a new epoch of a producer with epochs for its transactions begins at 0', () => {
    const fixture = new VerificationFixture();
    const { verificationGuard: guard } = fixture.write(3, { supportsEpochBump: true });
    const skipped = fixture.write(3, { guard, supportsEpochBump: true });
    assert.equal(skipped.errorCode, OUT_OF_ORDER_SEQUENCE_NUMBER);
    assert.equal(fixture.write(0, { guard, supportsEpochBump: true }).errorCode, NONE);
  });

  test('coordinators vouch for their own batches, or are refused', () => {
    const fixture = new VerificationFixture();
    const origin = AppendOrigin.coordinator;
    const unvouched = fixture.write(-1, { origin });
    assert.deepEqual([unvouched.errorCode, unvouched.verificationGuard], [INVALID_TXN_STATE, 0]);
    assert.equal(fixture.write(-1, { origin, guard: VOUCHED }).errorCode, NONE);
    assert.equal(fixture.write(-1, { origin }).errorCode, NONE, 'the transaction is open');
  });

  test('where nobody checks, only producers that leave the beginning to us are asked for', () => {
    const fixture = new VerificationFixture(false);
    assert.ok(fixture.write(0, { supportsEpochBump: true }).verificationGuard > 0);
    assert.equal(fixture.write(0).errorCode, NONE);
  });
});
