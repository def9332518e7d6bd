/** What a latency comparison came to: medians over the rounds of both brokers, and the one's part of the other's. */
import type { Report } from '../report/report.ts';
import { summarizeStages } from '../report/summary.ts';
import { median } from '../report/table.ts';

const PERCENTILE_INDEX = { p50: 0, p99: 2, 'p99.9': 3 } as const;

export interface LatencyRatio {
  name: string;
  figure: keyof typeof PERCENTILE_INDEX;
  /** Milliseconds of Millrace, of Kafka; undefined when it was not measured. */
  mine: number | undefined;
  other: number | undefined;
  ratio: number | undefined;
}

export function latencyRatios(report: Report): LatencyRatio[] {
  const of = (name: string, target: string, index: number): number | undefined => {
    const runs = report.runs.filter((run) => run.name === name && run.target === target);
    const values = runs
      .map((run) => summarizeStages(run.result)[0]!)
      .map((stage) => (stage.endToEnd ?? stage.ack)?.percentilesMs[index])
      .filter((value) => value !== undefined);
    return values.length === 0 ? undefined : median(values);
  };
  const names = [...new Set(report.runs.map((run) => run.name))];
  return names.flatMap((name) =>
    (['p50', 'p99', 'p99.9'] as const).map((figure) => {
      const index = PERCENTILE_INDEX[figure];
      const [mine, other] = [of(name, 'millrace', index), of(name, 'kafka', index)];
      return { name, figure, mine, other, ratio: mine === undefined || !other ? undefined : mine / other };
    }),
  );
}
