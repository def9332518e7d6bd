/** The project's performance goals, as data: what tables are judged by. A goal that is missed is said to be missed. */
import { clientWorks } from '../peers/client-works.ts';

export interface Goal {
  /** For people. */
  what: string;
  /** Name of the client work; or of a single figure. */
  work?: string;
  fact?: string;
  unit?: string;
  /** Of the work; CPU seconds when not given. */
  figure?: 'cpuSeconds' | 'avgMs';
  /** At most this part of Kafka's figure in the same run. */
  ratioMax?: number;
  /** At most, or at least, this; in the unit. */
  max?: number;
  min?: number;
  /** How the goal is written. */
  text: string;
}

/** `yes`, `**no**`, or that it was not measured; nothing where there is no bound. */
export function verdict(goal: Pick<Goal, 'ratioMax' | 'max' | 'min'>, value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return 'not measured';
  const bound = goal.ratioMax ?? goal.max;
  if (bound === undefined && goal.min === undefined) return '';
  const good = (bound === undefined || value <= bound) && (goal.min === undefined || value >= goal.min);
  return good ? 'yes' : '**no**';
}

/** CPU seconds of the broker, as a part of Kafka's. The others are measured beside these, to compare like with like. */
const CPU_RATIOS: Record<string, number | undefined> = {
  'produce-100': 0.35,
  'produce-1k': 0.5,
  'produce-1k-all': 0.45,
  'produce-1k-fsync': 0.4,
  'produce-16k': 0.55,
  'produce-1k-lz4': 0.5,
  'produce-1k-one-partition': 0.6,
  'produce-unbatched': 0.22,
  'consume-1k': 0.55,
  'consume-group': 0.55,
  'latency-10k': 0.3,
  'latency-10k-fsync': 0.3,
  e2e: 0.3,
  'e2e-fsync': 0.3,
};
const AVERAGE_RATIO = 0.6;

const ratioText = (ratio: number) => `≤ ${ratio.toFixed(2)}`;

function workGoals(): Goal[] {
  return clientWorks.flatMap(({ name, what }) => {
    const ratioMax = CPU_RATIOS[name];
    if (ratioMax === undefined) return [{ what, work: name, text: '' }];
    const cpu: Goal = { what, work: name, ratioMax, text: ratioText(ratioMax) };
    if (!name.startsWith('e2e')) return [cpu];
    const average: Goal = { what: `${what}: average`, work: name, figure: 'avgMs', ratioMax: AVERAGE_RATIO, text: '' };
    return [cpu, { ...average, text: ratioText(AVERAGE_RATIO) }];
  });
}

function factGoal(what: string, fact: string, max: number, unit: string): Goal {
  return { what, fact, max, unit, text: `≤ ${max} ${unit}` };
}

export const clientGoals: readonly Goal[] = [
  ...workGoals(),
  factGoal('resident memory after all of it', 'resident after all of it', 200, 'MiB'),
  factGoal('start to first answer, empty directory', 'until the first answer, empty directory', 300, 'ms'),
  factGoal('idle resident memory', 'idle resident memory', 90, 'MiB'),
];

/** p99 and p99.9 in the open loop, as a part of Kafka's. */
export const LATENCY_RATIO_MAX = 1 / 3;
/** Of what one C thread needs, in percent. */
export const INGEST_LIMIT_PERCENT_MIN = 60;
export const SENDFILE_LIMIT_PERCENT_MIN = 85;

/** Of the scale runs; `fact` as the run words it. */
export const scaleGoals: readonly Goal[] = [
  {
    what: 'idle connections',
    work: 'connections',
    fact: 'memory per idle connection',
    max: 20,
    unit: 'KiB',
    text: '≤ 20 KiB',
  },
  {
    what: 'steady producer',
    work: 'connections',
    fact: "a steady producer's p99 beside them, as a multiple",
    max: 2,
    text: '< ×2',
  },
  ...['acks=all', 'synced'].map((variant) => ({
    what: 'steady producer beside compaction',
    work: 'compaction',
    fact: `steady producer's p99 beside compaction, ${variant}, as a multiple`,
    max: 1.5,
    text: '< ×1.5',
  })),
];
