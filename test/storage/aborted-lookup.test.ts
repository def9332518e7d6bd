import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PLAN_STRIDE, PlanSlot } from '../../src/native/log-store.ts';
import { buildEndTxnMarkerBatch } from '../../src/protocol/records/control-records.ts';
import { AppendOrigin } from '../../src/storage/append-origin.ts';
import { simpleBatch } from '../native/record-batches.ts';
import { LogFixture, NOW_MS } from './log-fixture.ts';

/** Transactions of one record and its abort marker: number n begins at offset 2n. */
function abortedLog(count: number, segmentBytes = 1 << 20): LogFixture {
  const fixture = new LogFixture({ segmentBytes });
  for (let producerId = 0; producerId < count; producerId++) {
    const producer = { producerId, producerEpoch: 0 };
    fixture.append(simpleBatch(1, NOW_MS, 10, { ...producer, baseSequence: 0, attributes: 0x10 }));
    const marker = { ...producer, commit: false, coordinatorEpoch: 0, timestamp: NOW_MS };
    fixture.append(buildEndTxnMarkerBatch(marker), AppendOrigin.coordinator);
  }
  return fixture;
}

/** First offsets of the aborted transactions that are named for a fetch of so many bytes. */
function named(fixture: LogFixture, fetchOffset: number, bytes: number): number[] {
  const plan = new Float64Array(PLAN_STRIDE);
  const { log, store } = fixture;
  store.planRead(log.handle, fetchOffset, bytes, log.lastStableOffset, plan, 0);
  const position = plan[PlanSlot.position];
  const end = position + Math.max(plan[PlanSlot.sizeBytes], plan[PlanSlot.firstBatchBytes]);
  const served = { segmentBaseOffset: plan[PlanSlot.segmentBaseOffset], position, end };
  store.release(plan[PlanSlot.file]);
  const found = log.abortedTransactions(fetchOffset, log.lastStableOffset, served);
  return found.map(({ firstOffset }) => firstOffset);
}

test('of many aborted transactions only those are named that the served bytes may belong to', () => {
  const fixture = abortedLog(400);
  assert.equal(fixture.log.abortedTransactions(0, 800).length, 400);
  assert.deepEqual(named(fixture, 0, 1), [0]);
  assert.deepEqual(named(fixture, 101, 1), [100], 'the marker alone still belongs to its transaction');
  const [first, ...rest] = named(fixture, 200, 2_000);
  assert.equal(first, 200);
  assert.ok(rest.length > 5 && rest.length < 20, `${rest.length} for 2,000 bytes`);
  assert.equal(named(fixture, 0, 1 << 20).length, 400);
  const last = named(fixture, 780, 1 << 20);
  assert.deepEqual(last, [780, 782, 784, 786, 788, 790, 792, 794, 796, 798]);
});

test('the bytes of a segment reach no further than the segment', () => {
  const fixture = abortedLog(400, 20_000);
  const { segments } = fixture.log;
  assert.ok(segments.length > 2);
  const offsets = named(fixture, 0, 1 << 20);
  assert.deepEqual([offsets[0], offsets.length], [0, Math.ceil(segments[1] / 2)]);
  const later = named(fixture, segments[1], 1 << 20);
  assert.ok(later[0] >= segments[1] - 1 && later.at(-1)! < segments[2]);
});
