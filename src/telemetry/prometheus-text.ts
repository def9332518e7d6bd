/**
 * Metrics in Prometheus' text format. prom-client does the writing and the escaping; its own counters are not used,
 * since ours live in shared memory. Control thread; loaded when somebody asks for metrics.
 */
import { type Metric, Registry } from 'prom-client';
import type { MetricFamily } from './metric-family.ts';

export const PROMETHEUS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** Of two families with one name the first is written. */
export async function prometheusText(families: Iterable<MetricFamily>): Promise<string> {
  const registry = new Registry();
  for (const family of families) {
    if (family.samples.length === 0 || registry.getSingleMetric(family.name)) continue;
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
