import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { AppendOrigin } from '../../src/storage/append-origin.ts';
import { decodeProducerSnapshot, encodeProducerSnapshot } from '../../src/storage/producer/producer-snapshot-file.ts';
import { ProducerState, type TransactionMarker } from '../../src/storage/producer/producer-state.ts';

const SEQUENCE_MAX = 0x7fffffff;

interface Given {
  readonly id?: number;
  readonly epoch?: number;
  readonly sequence: number;
  readonly count?: number;
  readonly offset: number;
  readonly timestamp?: number;
  readonly transactional?: boolean;
  readonly origin?: AppendOrigin;
  readonly guard?: number;
}

function newState(verificationEnabled = false): ProducerState {
  return new ProducerState({ producerIdExpirationMs: 1000, verificationEnabled });
}

function append(state: ProducerState, given: Given): ErrorCode {
  const result = state.appendBatch(
    {
      producerId: given.id ?? 1,
      producerEpoch: given.epoch ?? 0,
      baseSequence: given.sequence,
      baseOffset: given.offset,
      lastOffset: given.offset + (given.count ?? 1) - 1,
      maxTimestamp: given.timestamp ?? 100,
      isTransactional: given.transactional ?? false,
    },
    given.origin ?? AppendOrigin.client,
    given.guard ?? 0,
  );
  if (result === ErrorCode.NONE) state.commit();
  return result;
}

function marker(offset: number, extra: Partial<TransactionMarker> = {}): TransactionMarker {
  return {
    producerId: 1,
    producerEpoch: 0,
    coordinatorEpoch: 0,
    aborted: true,
    offset,
    timestamp: 100,
    transactionVersion: 0,
    ...extra,
  };
}

const OK = ErrorCode.NONE;
const OUT_OF_ORDER = ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER;

describe('producer state: sequences', () => {
  test('the next sequence follows the last one', () => {
    const state = newState();
    assert.equal(append(state, { sequence: 0, count: 3, offset: 0 }), OK);
    assert.equal(append(state, { sequence: 4, offset: 3 }), OUT_OF_ORDER);
    assert.equal(append(state, { sequence: 2, offset: 3 }), OUT_OF_ORDER);
    assert.equal(append(state, { sequence: 3, offset: 3 }), OK);
  });

  test('a producer without state may begin anywhere', () => {
    assert.equal(append(newState(), { sequence: 77, offset: 0 }), OK);
  });

  test('sequences wrap from 2^31 - 1 to 0, also within a batch', () => {
    const state = newState();
    assert.equal(append(state, { sequence: SEQUENCE_MAX, offset: 0 }), OK);
    assert.equal(append(state, { sequence: 0, offset: 1 }), OK);
    const within = newState();
    assert.equal(append(within, { sequence: SEQUENCE_MAX - 1, count: 4, offset: 0 }), OK);
    assert.equal(within.entries.get(1)?.lastSequence, 1);
    assert.equal(within.findDuplicate(1, 0, SEQUENCE_MAX - 1, 3), 0);
    assert.equal(append(within, { sequence: 2, offset: 4 }), OK);
  });

  test('exact repetitions of the last five batches are found, and nothing else', () => {
    const state = newState();
    for (let batch = 0; batch < 7; batch++) append(state, { sequence: batch * 2, count: 2, offset: batch * 2 });
    assert.equal(state.findDuplicate(1, 0, 2, 1), -1);
    for (let batch = 2; batch < 7; batch++) {
      const found = state.findDuplicate(1, 0, batch * 2, 1);
      assert.equal(state.entries.get(1)?.batchFirstOffset(found), batch * 2);
      assert.equal(state.entries.get(1)?.batchLastOffset(found), batch * 2 + 1);
    }
    assert.equal(state.findDuplicate(1, 0, 12, 0), -1);
    assert.equal(state.findDuplicate(1, 0, 11, 2), -1);
    assert.equal(state.findDuplicate(1, 1, 12, 1), -1);
    assert.equal(state.findDuplicate(2, 0, 12, 1), -1);
    assert.equal(append(state, { sequence: 12, count: 1, offset: 14 }), OUT_OF_ORDER);
    assert.equal(append(state, { sequence: 2, count: 2, offset: 14 }), OUT_OF_ORDER);
  });

  test('a new epoch begins at sequence 0, an old one is refused', () => {
    const state = newState();
    append(state, { epoch: 3, sequence: 0, count: 5, offset: 0 });
    assert.equal(append(state, { epoch: 4, sequence: 5, offset: 5 }), OUT_OF_ORDER);
    assert.equal(append(state, { epoch: 2, sequence: 0, offset: 5 }), ErrorCode.INVALID_PRODUCER_EPOCH);
    assert.equal(append(state, { epoch: 4, sequence: 0, offset: 5 }), OK);
    assert.equal(state.findDuplicate(1, 3, 0, 4), -1);
    assert.equal(append(state, { epoch: 3, sequence: 5, offset: 6 }), ErrorCode.INVALID_PRODUCER_EPOCH);
  });

  test('coordinators are checked for epochs only, replication for nothing', () => {
    const state = newState();
    append(state, { epoch: 3, sequence: 0, offset: 0 });
    const { coordinator, replication } = AppendOrigin;
    assert.equal(append(state, { epoch: 3, sequence: 9, offset: 1, origin: coordinator }), OK);
    assert.equal(
      append(state, { epoch: 2, sequence: 9, offset: 2, origin: coordinator }),
      ErrorCode.INVALID_PRODUCER_EPOCH,
    );
    assert.equal(append(state, { epoch: 2, sequence: 40, offset: 2, origin: replication }), OK);
    assert.equal(state.entries.get(1)?.epoch, 2);
  });

  test('idle producers expire by the timestamp of their last batch, unless a transaction is open', () => {
    const state = newState();
    // A transaction may begin with the log's first record.
    append(state, { id: 2, sequence: 0, offset: 0, timestamp: 5000, transactional: true });
    append(state, { id: 1, sequence: 0, offset: 1, timestamp: 5000 });
    append(state, { id: 3, sequence: 0, offset: 2, timestamp: 5001 });
    assert.equal(state.removeExpired(5999), 0);
    assert.equal(state.removeExpired(6000), 1);
    assert.deepEqual([...state.entries.keys()], [2, 3]);
  });

  test('rollback undoes everything since the last commit', () => {
    const state = newState();
    append(state, { sequence: 0, offset: 0 });
    const batch = { producerId: 1, producerEpoch: 0, baseSequence: 1, baseOffset: 1, lastOffset: 1, maxTimestamp: 1 };
    const { client } = AppendOrigin;
    assert.equal(state.appendBatch({ ...batch, isTransactional: false }, client, 0), OK);
    assert.equal(state.appendBatch({ ...batch, producerId: 2, isTransactional: true }, client, 0), OK);
    state.appendMarker(marker(2, { producerId: 2 }));
    assert.equal(state.firstUnstableOffset, 1);
    state.rollback();
    assert.equal(state.firstUnstableOffset, -1);
    assert.equal(state.entries.get(1)?.lastSequence, 0);
    assert.equal(state.entries.has(2), false);
    assert.equal(append(state, { sequence: 1, offset: 1 }), OK);
  });
});

describe('producer state: transactions', () => {
  test('an open transaction holds the first unstable offset until its marker is replicated', () => {
    const state = newState();
    append(state, { id: 1, sequence: 0, offset: 10, transactional: true });
    append(state, { id: 2, sequence: 0, offset: 11, transactional: true });
    assert.equal(state.firstUnstableOffset, 10);
    const completed = state.appendMarker(marker(12));
    assert.deepEqual(completed, {
      producerId: 1,
      firstOffset: 10,
      lastOffset: 12,
      aborted: true,
      lastStableOffset: 11,
    });
    assert.equal(state.firstUndecidedOffset, 11);
    assert.equal(state.firstUnstableOffset, 10);
    state.onHighWatermark(12);
    assert.equal(state.firstUnstableOffset, 10);
    state.onHighWatermark(13);
    assert.equal(state.firstUnstableOffset, 11);
    const second = state.appendMarker(marker(13, { producerId: 2, aborted: false }));
    assert.deepEqual([second?.firstOffset, second?.lastStableOffset, second?.aborted], [11, 14, false]);
  });

  test('a marker without data ends nothing', () => {
    const state = newState();
    append(state, { sequence: 0, offset: 0 });
    assert.equal(state.appendMarker(marker(1)), undefined);
    assert.equal(state.appendMarker(marker(2, { producerId: 8 })), undefined);
    assert.equal(state.firstUnstableOffset, -1);
  });

  test('a non-transactional batch within a transaction is refused', () => {
    const state = newState();
    append(state, { sequence: 0, offset: 0, transactional: true });
    assert.equal(append(state, { sequence: 1, offset: 1 }), ErrorCode.INVALID_TXN_STATE);
    assert.equal(append(state, { sequence: 1, offset: 1, transactional: true }), OK);
  });

  test('markers of an older coordinator or producer epoch are refused', () => {
    const state = newState();
    append(state, { epoch: 5, sequence: 0, offset: 0, transactional: true });
    assert.equal(state.checkMarker(marker(1, { producerEpoch: 4 })), ErrorCode.INVALID_PRODUCER_EPOCH);
    state.appendMarker(marker(1, { producerEpoch: 5, coordinatorEpoch: 7 }));
    const fenced = marker(2, { producerEpoch: 5, coordinatorEpoch: 6 });
    assert.equal(state.checkMarker(fenced), ErrorCode.TRANSACTION_COORDINATOR_FENCED);
    assert.equal(state.checkMarker(marker(2, { producerEpoch: 5, coordinatorEpoch: 7 })), OK);
  });

  test('from transaction version 2 on a marker needs a new epoch, except as a repetition', () => {
    const state = newState();
    append(state, { epoch: 5, sequence: 0, offset: 0, transactional: true });
    const version2 = { transactionVersion: 2 };
    assert.equal(state.checkMarker(marker(1, { producerEpoch: 5, ...version2 })), ErrorCode.INVALID_PRODUCER_EPOCH);
    assert.equal(state.checkMarker(marker(1, { producerEpoch: 6, ...version2 })), OK);
    state.appendMarker(marker(1, { producerEpoch: 6, ...version2 }));
    assert.equal(state.checkMarker(marker(2, { producerEpoch: 6, ...version2 })), OK);
    assert.equal(append(state, { epoch: 6, sequence: 1, offset: 2, transactional: true }), OUT_OF_ORDER);
    assert.equal(append(state, { epoch: 6, sequence: 0, offset: 2, transactional: true }), OK);
  });

  test('with verification a transaction begins only under a guard that is still good', () => {
    const state = newState(true);
    const first = { sequence: 0, offset: 0, transactional: true };
    assert.equal(append(state, first), ErrorCode.INVALID_TXN_STATE);
    const guard = state.verifications.start(1, 0, 0, false, 0);
    assert.equal(append(state, { ...first, guard: guard + 1 }), ErrorCode.INVALID_TXN_STATE);
    state.appendMarker(marker(0));
    state.commit();
    assert.equal(append(state, { ...first, guard }), ErrorCode.INVALID_TXN_STATE);
    const again = state.verifications.start(1, 0, 0, false, 0);
    assert.equal(append(state, { ...first, offset: 1, guard: again }), OK);
    // While the transaction is open no guard is needed.
    assert.equal(append(state, { ...first, sequence: 1, offset: 2 }), OK);
  });

  test('a verification remembers the least sequence, and version 2 producers begin at 0', () => {
    const state = newState(true);
    const guard = state.verifications.start(1, 7, 0, false, 0);
    assert.equal(state.verifications.start(1, 5, 0, false, 0), guard);
    assert.equal(append(state, { sequence: 7, offset: 0, transactional: true, guard }), OUT_OF_ORDER);
    assert.equal(append(state, { sequence: 5, offset: 0, transactional: true, guard }), OK);
    const other = newState(true);
    const bumping = other.verifications.start(1, 3, 0, true, 0);
    assert.equal(append(other, { sequence: 3, offset: 0, transactional: true, guard: bumping }), OUT_OF_ORDER);
    assert.equal(append(other, { sequence: 0, offset: 0, transactional: true, guard: bumping }), OK);
  });
});

describe('producer snapshot file', () => {
  test('has Kafka’s layout', () => {
    const state = newState();
    append(state, { id: 0x0102030405, epoch: 7, sequence: 40, count: 3, offset: 1000, timestamp: 1_700_000_000_123 });
    const bytes = Buffer.from(encodeProducerSnapshot(state.entries));
    const entry =
      '0000000102030405' +
      '0007' +
      '0000002a' +
      '00000000000003ea' +
      '00000002' +
      '0000018bcfe5687b' +
      'ffffffff' +
      'f'.repeat(16);
    assert.equal(bytes.toString('hex'), `0001${bytes.subarray(2, 6).toString('hex')}00000001${entry}`);
    assert.equal(encodeProducerSnapshot(new Map()).length, 10);
  });

  test('comes back as it was, with open transactions', () => {
    const state = newState();
    append(state, { id: 1, sequence: 3, count: 2, offset: 10, timestamp: 500, transactional: true });
    append(state, { id: 2, sequence: 0, offset: 12, timestamp: 600 });
    append(state, { id: 3, sequence: 0, offset: 13, timestamp: 700, transactional: true });
    state.appendMarker(marker(14, { producerId: 3, coordinatorEpoch: 9, timestamp: 800 }));
    state.commit();
    const decoded = decodeProducerSnapshot(encodeProducerSnapshot(state.entries));
    const copy = newState();
    copy.load(decoded!, 900);
    assert.deepEqual([...copy.entries.keys()], [1, 2, 3]);
    assert.equal(copy.firstUndecidedOffset, 10);
    assert.equal(copy.findDuplicate(1, 0, 3, 1), 0);
    const third = copy.entries.get(3)!;
    assert.deepEqual([third.coordinatorEpoch, third.lastTimestamp, third.currentTxnFirstOffset], [9, 800, -1]);
    const later = newState();
    later.load(decoded!, 1600);
    assert.deepEqual([...later.entries.keys()], [1, 3]);
  });

  test('a damaged one is refused', () => {
    const state = newState();
    append(state, { sequence: 0, offset: 0 });
    const bytes = encodeProducerSnapshot(state.entries);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Uint8Array.from(bytes);
      damaged[at] ^= 0x10;
      assert.equal(decodeProducerSnapshot(damaged), undefined, `byte ${at}`);
    }
    assert.equal(decodeProducerSnapshot(bytes.subarray(0, 20)), undefined);
    assert.equal(decodeProducerSnapshot(new Uint8Array(0)), undefined);
  });
});
