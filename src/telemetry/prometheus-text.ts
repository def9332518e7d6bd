/**
 * Metrics in Prometheus' text format. prom-client does the writing and the escaping; its own counters are not used,
 * since ours live in shared memory. Control thread; loaded when somebody asks for metrics.
 */
import { type Metric, Registry } from 'prom-client';
import type { MetricFamily, MetricType } from './metric-family.ts';

export const PROMETHEUS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** What a family's series are called, behind its name. */
const SUFFIXES: Readonly<Record<MetricType, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  summary: ['', '_sum', '_count'],
  histogram: ['', '_bucket', '_sum', '_count'],
};

/** Of two families with a name in common, be it only that of a summary's `_count`, the first is written. */
export async function prometheusText(families: Iterable<MetricFamily>): Promise<string> {
  const registry = new Registry();
  const taken = new Set<string>();
  for (const family of families) {
    const names = SUFFIXES[family.type].map((suffix) => family.name + suffix);
    if (family.samples.length === 0 || names.some((name) => taken.has(name))) continue;
    for (const name of names) taken.add(name);
    registry.registerMetric(metricOf(family));
  }
  return registry.metrics();
}

/** The part of prom-client's metrics that its registry asks for. */
function metricOf({ name, help, type, samples }: MetricFamily): Metric {
  const values = samples.map(({ labels, value, suffix }) => ({
    labels,
    value,
    metricName: suffix === undefined ? name : `${name}${suffix}`,
  }));
  return { name, get: async () => ({ name, help, type, values }) } as unknown as Metric;
}
