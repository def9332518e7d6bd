import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32c } from '../../src/native/crc32c.ts';
import { BATCH_STRIDE, BatchFault } from '../../src/native/log-store.ts';
import { adapters, codecsOf } from './adapters.ts';
import { encodeRecords, makeBatch } from './record-batches.ts';

/** All adapters must judge a batch alike, good or bad: records are built at random, then bytes are changed. */

const text = fc.option(fc.string({ maxLength: 12 }), { nil: null });
const record = fc.record({
  timestamp: fc.oneof(
    fc.integer({ min: -1, max: 2000 }),
    fc.integer({ min: 1_600_000_000_000, max: 1_800_000_000_000 }),
  ),
  key: text,
  value: text,
  headers: fc.array(fc.tuple(fc.string({ maxLength: 4 }), text), { maxLength: 3 }),
  offsetDelta: fc.option(fc.integer({ min: 0, max: 200 }), { nil: undefined, freq: 10 }),
});
const change = fc.record({ place: fc.nat(), value: fc.nat(255) });

const codecs = adapters.reduce(
  (common, adapter) => {
    const { store, dispose } = adapter.open();
    dispose();
    return common.filter((codec) => codec === 0 || codecsOf(store).includes(codec));
  },
  [0, 1, 2, 3, 4],
);

const batch = fc
  .record({
    codec: fc.constantFrom(...codecs),
    records: fc.array(record, { minLength: 1, maxLength: 6 }),
    baseTimestamp: fc.option(fc.integer({ min: -1, max: 1_700_000_000_000 }), { nil: undefined }),
    /** To the records before they are compressed. */
    inner: fc.array(change, { maxLength: 2 }),
    /** To the batch from its attributes on; the CRC is made right again. */
    outer: fc.array(change, { maxLength: 2 }),
  })
  .map(({ codec, records, baseTimestamp, inner, outer }) => {
    const recordsBytes = Buffer.from(encodeRecords(records, baseTimestamp ?? records[0].timestamp));
    for (const { place, value } of inner) recordsBytes[place % recordsBytes.length] = value;
    const bytes = makeBatch({ codec, records, recordsBytes, baseTimestamp: baseTimestamp ?? records[0].timestamp });
    for (const { place, value } of outer) bytes[21 + (place % (bytes.length - 21))] = value;
    bytes.writeUInt32BE(crc32c(bytes, 21, bytes.length), 17);
    return bytes;
  });

test('all adapters judge batches alike', () => {
  const opened = adapters.map((adapter) => ({ name: adapter.name, ...adapter.open() }));
  const policy = { decompressedBytesMax: 1 << 16 };
  try {
    fc.assert(
      fc.property(batch, (bytes) => {
        const results = opened.map(({ store }) => {
          const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
          shared.set(bytes);
          const id = store.registerMemory(shared);
          const facts = new Float64Array(BATCH_STRIDE);
          const fault = store.validate(id, 0, bytes.length, policy, facts, 0);
          store.releaseMemory(id);
          // Where a damaged batch grows beyond the bound, either may be noticed first.
          const judged = fault === BatchFault.tooLarge ? BatchFault.compression : fault;
          // Timestamps that only damage can make are not exact in a double.
          const isExact = facts.every((fact) => Math.abs(fact) <= Number.MAX_SAFE_INTEGER);
          return { fault: judged, facts: fault === BatchFault.none && isExact ? [...facts] : [] };
        });
        for (const [at, result] of results.entries()) assert.deepEqual(result, results[0], opened[at].name);
      }),
      { numRuns: 1000 },
    );
  } finally {
    for (const { dispose } of opened) dispose();
  }
});
