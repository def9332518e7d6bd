import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStartOffset } from '../../src/cli/partition-offsets.ts';
import { abortedBatches } from '../../src/cli/topic-reader.ts';

type Batch = Parameters<typeof abortedBatches>[0][number];

const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

function batch(firstOffset: number, producerId: number, attributes: number, marker?: number): Batch {
  const key = Buffer.alloc(4);
  if (marker !== undefined) key.writeInt16BE(marker, 2);
  const records = [{ key, value: null, headers: [], length: 0, attributes: 0, timestampDelta: 0n, offsetDelta: 0 }];
  return {
    firstOffset: BigInt(firstOffset),
    lastOffsetDelta: 0,
    producerId: BigInt(producerId),
    attributes,
    records,
  } as unknown as Batch;
}

const skipped = (batches: Batch[], aborted: [producerId: number, firstOffset: number][]): number[] =>
  [
    ...abortedBatches(
      batches,
      aborted.map(([producerId, firstOffset]) => ({
        producerId: BigInt(producerId),
        firstOffset: BigInt(firstOffset),
      })),
    ),
  ].map(({ firstOffset }) => Number(firstOffset));

test('records of aborted transactions are skipped up to their marker', () => {
  const batches = [
    batch(0, 1, TRANSACTIONAL),
    batch(1, 2, TRANSACTIONAL),
    batch(2, 1, TRANSACTIONAL | CONTROL, 0),
    batch(3, 1, TRANSACTIONAL),
    batch(4, 1, TRANSACTIONAL | CONTROL, 1),
    batch(5, 2, TRANSACTIONAL | CONTROL, 1),
  ];
  assert.deepEqual(skipped(batches, [[1, 0]]), [0]);
});

test('two aborted transactions of one producer, the second still without its marker', () => {
  const batches = [
    batch(0, 1, TRANSACTIONAL),
    batch(1, 1, TRANSACTIONAL | CONTROL, 0),
    batch(2, 1, TRANSACTIONAL),
    batch(3, 1, 0),
  ];
  const aborted: [number, number][] = [
    [1, 2],
    [1, 0],
  ];
  assert.deepEqual(skipped(batches, aborted), [0, 2]);
});

test('offsets to start at', () => {
  assert.deepEqual(parseStartOffset('beginning'), { at: 'beginning' });
  assert.deepEqual(parseStartOffset('end'), { at: 'end' });
  assert.deepEqual(parseStartOffset('12'), { at: 'offset', offset: 12n });
  assert.deepEqual(parseStartOffset('-5'), { at: 'tail', count: 5n });
  assert.deepEqual(parseStartOffset('@1700000000000'), { at: 'timestamp', timestampMs: 1_700_000_000_000n });
  for (const text of ['', 'x', '1.5', '--1', '9'.repeat(30)]) {
    assert.throws(() => parseStartOffset(text), /is not an offset/, text);
  }
});
