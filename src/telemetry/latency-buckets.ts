/**
 * Durations counted in buckets: 16 to each doubling, so that a quantile is right to one part in sixteen, from 1 us to
 * 71 minutes. Plain slots of a counter array, so that a thread records with one add and others read; measured, that is
 * a third of what `perf_hooks.createHistogram().record` costs. Any thread.
 *
 *     0..15        one bucket a microsecond
 *     16 e .. +15  e >= 1: the doubling that begins at 2^(e + 3) us, in sixteen equal parts
 *     464          sum of all durations in us
 */

const PARTS_BITS = 4;
const PARTS = 1 << PARTS_BITS;
const BUCKETS = (32 - PARTS_BITS + 1) * PARTS;
const DURATION_US_MAX = 2 ** 32 - 1;

/** Slots that a set of buckets takes. */
export const LATENCY_SLOTS = BUCKETS + 1;

/** Adds a duration to the buckets that begin at slot `at`. */
export function recordLatency(slots: Float64Array, at: number, durationMs: number): void {
  const us = durationMs * 1_000;
  const clamped = Math.min(Math.max(us, 0), DURATION_US_MAX);
  slots[at + bucketOf(clamped >>> 0)]++;
  slots[at + BUCKETS] += clamped;
}

function bucketOf(us: number): number {
  if (us < PARTS) return us;
  const exponent = 31 - Math.clz32(us);
  return ((exponent - PARTS_BITS + 1) << PARTS_BITS) + ((us >>> (exponent - PARTS_BITS)) & (PARTS - 1));
}

/** Middle of a bucket, in us. */
function middleOf(bucket: number): number {
  if (bucket < PARTS) return bucket;
  const width = 2 ** ((bucket >> PARTS_BITS) - 1);
  return (PARTS + (bucket & (PARTS - 1))) * width + (width - 1) / 2;
}

export interface LatencySummary {
  readonly count: number;
  readonly sumMs: number;
  /** By quantile, in the order asked for; NaN without any duration. */
  readonly quantilesMs: readonly number[];
}

/** Of several threads' buckets together. */
export function summarizeLatencies(
  parts: readonly { readonly slots: Float64Array; readonly at: number }[],
  quantiles: readonly number[],
): LatencySummary {
  const counts = new Float64Array(LATENCY_SLOTS);
  for (const { slots, at } of parts) for (let i = 0; i < LATENCY_SLOTS; i++) counts[i] += slots[at + i];
  let count = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) count += counts[bucket];
  const quantilesMs = quantiles.map((quantile) => {
    const rank = Math.max(1, Math.ceil(quantile * count));
    let below = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      below += counts[bucket];
      if (below >= rank) return middleOf(bucket) / 1_000;
    }
    return Number.NaN;
  });
  return { count, sumMs: counts[BUCKETS] / 1_000, quantilesMs };
}
