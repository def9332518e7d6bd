/**
 * Latency histograms on this side: the generator's buckets become an HdrHistogram, from which .hgrm files, percentiles
 * and curves come. Values are nanoseconds; files and pages show milliseconds.
 */
import * as hdr from 'hdr-histogram-js';
import type { Buckets } from '../load/run-load.ts';

const NS_PER_MS = 1e6;
const VALUE_NS_MAX = 2 ** 42;
const HGRM_TICKS_PER_HALF = 5;
/** Points of a curve for each time that the rest of the records is halved. */
const CURVE_POINTS_PER_HALF = 4;

const PERCENTILES = [50, 90, 99, 99.9, 99.99, 99.999] as const;

export function toHistogram(...parts: readonly Buckets[]): hdr.Histogram {
  const histogram = hdr.build({
    bitBucketSize: 64,
    lowestDiscernibleValue: 1,
    highestTrackableValue: VALUE_NS_MAX,
    numberOfSignificantValueDigits: 3,
  });
  for (const buckets of parts) for (const [value, count] of buckets) histogram.recordValueWithCount(value, count);
  return histogram;
}

/** The text of a .hgrm file, as HdrHistogram's plotters read it, in milliseconds. */
export function toHgrm(histogram: hdr.Histogram): string {
  return histogram.outputPercentileDistribution(HGRM_TICKS_PER_HALF, NS_PER_MS);
}

/** In milliseconds; never above the largest value, though its bucket may end above it. */
function percentileMs(histogram: hdr.Histogram, percentile: number): number {
  return Math.min(histogram.getValueAtPercentile(percentile), histogram.maxValue) / NS_PER_MS;
}

export interface LatencySummary {
  count: number;
  meanMs: number;
  maxMs: number;
  /** By PERCENTILES. A percentile that so few records cannot show is the maximum. */
  percentilesMs: number[];
}

export function summarize(histogram: hdr.Histogram): LatencySummary | null {
  if (histogram.totalCount === 0) return null;
  return {
    count: histogram.totalCount,
    meanMs: histogram.mean / NS_PER_MS,
    maxMs: histogram.maxValue / NS_PER_MS,
    percentilesMs: PERCENTILES.map((percentile) => percentileMs(histogram, percentile)),
  };
}

/**
 * `[1 / (1 - fraction), ms]`: on a logarithmic axis each decade is one more nine, up to p99.999 or to as many nines as
 * there are records.
 */
export function percentileCurve(histogram: hdr.Histogram): [number, number][] {
  if (histogram.totalCount === 0) return [];
  const points: [number, number][] = [];
  const last = Math.min(100_000, histogram.totalCount);
  for (let step = 0; ; step++) {
    const inverse = Math.min(2 ** (step / CURVE_POINTS_PER_HALF), last);
    points.push([inverse, percentileMs(histogram, 100 * (1 - 1 / inverse))]);
    if (inverse >= last) return points;
  }
}
