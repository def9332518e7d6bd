import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { LATENCY_SLOTS, recordLatency, summarizeLatencies } from '../../src/telemetry/latency-buckets.ts';

const AT = 3;
const record = (...durationsMs: number[]): { slots: Float64Array; at: number } => {
  const slots = new Float64Array(AT + LATENCY_SLOTS + 1);
  for (const duration of durationsMs) recordLatency(slots, AT, duration);
  return { slots, at: AT };
};

describe('latency buckets', () => {
  test('a duration comes back within one part in sixteen, wherever it lies', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 - 1 }), (us) => {
        const { count, sumMs, quantilesMs } = summarizeLatencies([record(us / 1_000)], [0, 0.5, 1]);
        assert.equal(count, 1);
        assert.ok(Math.abs(sumMs - us / 1_000) < 1e-6 * us);
        for (const quantile of quantilesMs) assert.ok(Math.abs(quantile * 1_000 - us) <= us / 16 + 1);
      }),
    );
  });

  test('quantiles of many durations, of several threads together', () => {
    const one = record(...Array.from({ length: 50 }, (_, at) => at + 1));
    const other = record(...Array.from({ length: 50 }, (_, at) => at + 51));
    const { count, sumMs, quantilesMs } = summarizeLatencies([one, other], [0.5, 0.99]);
    assert.equal(count, 100);
    assert.ok(Math.abs(sumMs - 5_050) < 1e-6);
    assert.ok(Math.abs(quantilesMs[0] - 50) < 50 / 16 + 1);
    assert.ok(Math.abs(quantilesMs[1] - 99) < 99 / 16 + 1);
  });

  test('what lies outside counts at the ends, and nothing is written beside the buckets', () => {
    const { slots } = record(-5, 0, Number.POSITIVE_INFINITY);
    assert.deepEqual([...slots.subarray(0, AT)], [0, 0, 0]);
    assert.equal(slots[AT + LATENCY_SLOTS], 0);
    assert.equal(summarizeLatencies([{ slots, at: AT }], []).count, 3);
  });

  test('without durations there are no quantiles', () => {
    const { count, quantilesMs } = summarizeLatencies([record()], [0.5]);
    assert.equal(count, 0);
    assert.ok(Number.isNaN(quantilesMs[0]));
  });
});
