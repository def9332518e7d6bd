/**
 * A metric as it is exposed: the form in which counters, gauges and what clients pushed meet before they are written out.
 * Control thread.
 */

export type MetricType = 'counter' | 'gauge' | 'summary' | 'histogram';
export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** Added to the family's name: `_sum`, `_count`, `_bucket`. */
  readonly suffix?: string;
}

/** Samples of one name; Prometheus wants them together and the name only once. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly samples: readonly Sample[];
}

export function gauge(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, help, type: 'gauge', samples };
}
