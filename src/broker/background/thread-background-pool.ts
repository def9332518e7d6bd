/**
 * Long work on files on a pool of threads, which is started with the first task and whose threads end when they have had
 * nothing to do for a while. Control thread.
 */
import { MessageChannel } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import type { Clock, Timer } from '../../base/clock.ts';
import { moduleExtension } from '../../base/package-root.ts';
import type { BackgroundResults, BackgroundTask } from '../../storage/background/background-task.ts';
import { RemoteStorageError } from '../../storage/storage-error.ts';
import type { BackgroundOrder, BackgroundOutcome, BackgroundWord } from './background-messages.ts';
import type { BackgroundPace, BackgroundPool } from './background-pool.ts';

const IDLE_MS = 10_000;
const THREADS_MAX = 4;
/** Time between two looks at the rate. */
const RATE_CHECK_MS = 1_000;

export class ThreadBackgroundPool implements BackgroundPool {
  readonly #clock: Clock;
  #pool: Promise<Piscina> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async run<Task extends BackgroundTask>(task: Task, pace: BackgroundPace): Promise<BackgroundResults[Task['kind']]> {
    pace.signal.throwIfAborted();
    const pool = await (this.#pool ??= startPool());
    const { port1, port2 } = new MessageChannel();
    const tell = (word: BackgroundWord): void => port1.postMessage(word);
    const abort = (): void => tell({ abort: true });
    pace.signal.addEventListener('abort', abort);
    let bytesPerSecond = pace.bytesPerSecond();
    let timer: Timer;
    const watchRate = (): void => {
      const now = pace.bytesPerSecond();
      if (now !== bytesPerSecond) tell({ bytesPerSecond: (bytesPerSecond = now) });
      timer = this.#clock.schedule(RATE_CHECK_MS, watchRate);
    };
    timer = this.#clock.schedule(RATE_CHECK_MS, watchRate);
    try {
      const order: BackgroundOrder = { task, bytesPerSecond, port: port2 };
      const outcome = (await pool.run(order, { transferList: [port2] })) as BackgroundOutcome;
      if ('failure' in outcome) throw new RemoteStorageError(outcome.failure, outcome.path, outcome.errno);
      return outcome.result as BackgroundResults[Task['kind']];
    } finally {
      timer.cancel();
      pace.signal.removeEventListener('abort', abort);
      port1.close();
    }
  }

  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    await (await pool)?.destroy();
  }
}

async function startPool(): Promise<Piscina> {
  // Not loaded by brokers that have nothing to copy or to check.
  const { Piscina } = await import('piscina');
  const filename = new URL(`./background-worker.${moduleExtension}`, import.meta.url).href;
  return new Piscina({ filename, minThreads: 0, maxThreads: THREADS_MAX, idleTimeout: IDLE_MS, atomics: 'disabled' });
}
