import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  NO_PRODUCER_EPOCH,
  type TransactionMetadata,
  TransactionState,
} from '../../../src/coordinator/transaction/transaction-metadata.ts';
import { transactionRecordCodec, valueVersionOf } from '../../../src/coordinator/transaction/transaction-records.ts';

const METADATA: TransactionMetadata = {
  producerId: 1000,
  previousProducerId: 999,
  nextProducerId: 1001,
  producerEpoch: 5,
  lastProducerEpoch: 4,
  timeoutMs: 60_000,
  state: TransactionState.PrepareCommit,
  partitions: new Map([['t', new Set([1, 0])]]),
  startTimestampMs: 1_700_000_000_000,
  lastUpdateTimestampMs: 1_700_000_000_001,
  clientTransactionVersion: 2,
};

const hex = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString('hex');

test('keys and values have the bytes of the format, by transaction.version', () => {
  assert.deepEqual([0, 1, 2].map(valueVersionOf), [0, 1, 1]);
  const old = transactionRecordCodec.encode({ transactionalId: 'id', metadata: METADATA, version: 0 });
  assert.equal(hex(old.key), '000000026964');
  const time = '0000018bcfe56801';
  const start = '0000018bcfe56800';
  const partitions = `${'00000001'}${'000174'}${'00000002'}${'00000001'}${'00000000'}`;
  assert.equal(hex(old.value), `0000${'00000000000003e8'}${'0005'}${'0000ea60'}${'02'}${partitions}${time}${start}`);
  const value = transactionRecordCodec.encode({ transactionalId: 'id', metadata: METADATA, version: 1 }).value;
  const compact = `${'02'}${'0274'}${'03'}${'00000001'}${'00000000'}${'00'}`;
  // Tags 0, 1 and 2: the previous producer id, the next one, the producer's transaction.version.
  const tags = `03${'0008'}${'00000000000003e7'}${'0108'}${'00000000000003e9'}${'0202'}${'0002'}`;
  assert.equal(hex(value), `0001${'00000000000003e8'}${'0005'}${'0000ea60'}${'02'}${compact}${time}${start}${tags}`);
});

test('an empty transaction has no list of partitions, a complete one has an empty list', () => {
  const encode = (state: TransactionState) =>
    hex(
      transactionRecordCodec.encode({
        transactionalId: 'id',
        metadata: { ...METADATA, state, partitions: new Map() },
        version: 0,
      }).value,
    );
  assert.match(encode(TransactionState.Empty), /00ffffffff0000018b/);
  assert.match(encode(TransactionState.CompleteCommit), /04000000000000018b/);
});

test('what was written is read again, but for the epoch that no record holds', () => {
  for (const state of [0, 1, 2, 3, 4, 5] as const) {
    const partitions = state === TransactionState.Empty ? new Map() : METADATA.partitions;
    const metadata = { ...METADATA, state, partitions };
    const read = transactionRecordCodec.decode(
      transactionRecordCodec.encode({ transactionalId: 'id', metadata, version: 1 }),
    );
    assert.deepEqual(read, {
      transactionalId: 'id',
      metadata: { ...metadata, lastProducerEpoch: NO_PRODUCER_EPOCH },
      version: 0,
    });
  }
});

test('tombstones, and records that are not ours', () => {
  const tombstone = transactionRecordCodec.encode({ transactionalId: 'id', metadata: null, version: 0 });
  assert.equal(tombstone.value, null);
  assert.deepEqual(transactionRecordCodec.decode(tombstone), { transactionalId: 'id', metadata: null, version: 0 });
  assert.equal(transactionRecordCodec.decode({ key: null, value: null }), null);
  assert.equal(transactionRecordCodec.decode({ key: Buffer.from('0007000161', 'hex'), value: null }), null);
});

test('values that cannot be are not believed', () => {
  const record = transactionRecordCodec.encode({ transactionalId: 'id', metadata: METADATA, version: 1 });
  const decode = (change: (value: Buffer) => void) => {
    const value = Buffer.from(record.value ?? []);
    change(value);
    return () => transactionRecordCodec.decode({ key: record.key, value });
  };
  assert.throws(
    decode((value) => value.writeInt16BE(9)),
    /version/,
  );
  assert.throws(
    decode((value) => value.writeInt8(7, 16)),
    /state 7/,
  );
  assert.throws(() =>
    transactionRecordCodec.decode({ key: record.key, value: (record.value ?? Buffer.of()).slice(0, 9) }),
  );
});
