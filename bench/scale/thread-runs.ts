/**
 * Scale run of threads: what a second I/O thread and a second storage worker add, what a thread for both saves, and how the
 * work divides between them.
 */
import type { LoadResult } from '../load/run-load.ts';
import type { LoadSettings } from '../load/settings.ts';
import { threadNs } from '../measure/process.ts';
import type { RunningBroker } from '../peers/running-broker.ts';
import { formatNumber } from '../report/table.ts';
import type { ScaleContext } from './scale-context.ts';

interface Layout {
  io: number;
  /** 0: partitions are served on the I/O threads. */
  workers: number;
}

const LAYOUTS: readonly Layout[] = [
  { io: 1, workers: 0 },
  { io: 2, workers: 0 },
  { io: 1, workers: 1 },
  { io: 1, workers: 2 },
  { io: 2, workers: 1 },
  { io: 2, workers: 2 },
];

const configsOf = ({ io, workers }: Layout) => ({
  'millrace.io.threads': String(io),
  'millrace.storage.workers': String(Math.max(1, workers)),
  'millrace.storage.placement': workers === 0 ? 'io' : 'own',
  'millrace.fsync.acks.all': 'false',
});

const nameOf = ({ io, workers }: Layout) =>
  workers === 0 ? `millrace ${io} I/O with storage` : `millrace ${io} I/O + ${workers} storage`;

const bounded = { warmUpSeconds: 0, stages: [{ rate: 0, seconds: 10 }], acks: 1 as const };

function works(context: ScaleContext): [string, Partial<LoadSettings>][] {
  const unbatched = { messageBytes: 100, batchBytes: 1, recordsMax: context.scaled(200_000) };
  const read = { producers: 0, consumers: 2, from: 'earliest' as const, toEnd: true };
  return [
    ['warm up', { ...bounded, recordsMax: context.scaled(200_000) }],
    ['warm up', { ...bounded, producers: 8, ...unbatched }],
    [
      'threads: produce 1KiB, 4 producers',
      { ...bounded, recordsMax: context.scaled(500_000), producers: 4, batchesPerRequest: 4 },
    ],
    ['threads: unbatched 100B, 8 producers', { ...bounded, producers: 8, ...unbatched }],
    ['threads: latency 10k/s', { warmUpSeconds: 0, stages: [{ rate: 10_000, seconds: 5 }], producers: 4 }],
    ['threads: read 1KiB', { ...bounded, ...read }],
  ];
}

/** Of a thread that is left out, in parts of what all have used. */
const PART_MIN = 0.01;

/** CPU seconds of each thread for a million records of the run that came in between. */
function dividedWork(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>, run: LoadResult): string {
  let records = 0;
  for (const stage of run.stages) records += stage.sentRecords + stage.consumedRecords;
  const used = [...after].map(([name, ns]) => [name, ns - (before.get(name) ?? 0)] as const);
  const total = used.reduce((ns, [, own]) => ns + own, 0);
  const parts = used.filter(([, ns]) => ns >= total * PART_MIN).sort((a, b) => b[1] - a[1]);
  return parts.map(([name, ns]) => `${name} ${formatNumber(ns / 1e3 / records)}`).join(', ');
}

/** Millrace alone, one broker for each layout. */
export async function threads(context: ScaleContext): Promise<void> {
  if (context.target === 'kafka') return;
  for (const layout of LAYOUTS) {
    const broker: RunningBroker = await context.start({ configs: configsOf(layout) });
    try {
      for (const [name, settings] of works(context)) {
        const shape = { topics: ['threads'], partitions: 16, ...settings };
        const before = threadNs(broker.pid);
        const result = await context.load(name, broker, shape, { target: nameOf(layout) });
        if (name === 'warm up') context.report.runs.pop();
        else if (layout.io === 1 && layout.workers === 1) {
          const what = `CPU-s per million by thread, ${name.slice('threads: '.length)}`;
          context.fact(what, dividedWork(before, threadNs(broker.pid), result));
        }
      }
    } finally {
      await broker.stop();
    }
  }
}
