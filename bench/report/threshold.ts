/** The figures that reports are compared by, and what `--fail-if` says of them. */
import { InvalidArgumentError } from 'commander';

/** By the name that `--fail-if` knows. */
export const UNITS = {
  p50: 'ms',
  p90: 'ms',
  p99: 'ms',
  'p99.9': 'ms',
  'p99.99': 'ms',
  'p99.999': 'ms',
  max: 'ms',
  throughput: '/s',
  cpu: 's',
  memory: 'MiB',
} as const;
export type MetricName = keyof typeof UNITS;
export const METRIC_NAMES = Object.keys(UNITS) as MetricName[];

export interface Threshold {
  text: string;
  metric: MetricName;
  /** `>`: fails when the new value is higher. */
  direction: '>' | '<';
  /** Percent of the old value, or a value of its own, in the metric's unit. */
  percent: boolean;
  amount: number;
}

/** What a unit that may stand behind a threshold is of the metric's own. */
const FACTORS: Readonly<Record<(typeof UNITS)[MetricName], Readonly<Record<string, number>>>> = {
  ms: { ms: 1, s: 1000 },
  s: { ms: 0.001, s: 1 },
  '/s': { '/s': 1 },
  MiB: { mib: 1 },
};

/** `p99>+10%`, `throughput<-5%`, `p99.9>20ms`, `memory>500`. Throws with what is allowed. */
export function parseThreshold(text: string): Threshold {
  const match = /^\s*([a-z0-9.]+)\s*([<>])\s*([+-]?\d+(?:\.\d+)?)\s*(%|ms|s|\/s|mib)?\s*$/i.exec(text);
  const metric = METRIC_NAMES.find((name) => name === match?.[1]?.toLowerCase());
  if (!match || metric === undefined) {
    throw new InvalidArgumentError(
      `"${text}" is no threshold. Write METRIC>+10% or METRIC>20ms; metrics: ${METRIC_NAMES.join(', ')}.`,
    );
  }
  const factors = FACTORS[UNITS[metric]];
  const unit = match[4]?.toLowerCase() ?? '';
  const factor = unit === '' || unit === '%' ? 1 : factors[unit];
  if (factor === undefined) {
    throw new InvalidArgumentError(`"${text}": ${metric} is given in ${Object.keys(factors).join(' or ')}, or in %.`);
  }
  return {
    text: text.trim(),
    metric,
    direction: match[2] as '>' | '<',
    percent: unit === '%',
    amount: Number(match[3]) * factor,
  };
}
