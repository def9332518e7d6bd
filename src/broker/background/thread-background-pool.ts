/** Long work on files on a pool of threads. Control thread. */
import { MessageChannel } from 'node:worker_threads';
import type { Clock, Timer } from '../../base/clock.ts';
import { moduleExtension } from '../../base/package-root.ts';
import type { BackgroundResults, BackgroundTask } from '../../storage/background/background-task.ts';
import { RemoteStorageError } from '../../storage/storage-error.ts';
import type { BackgroundOrder, BackgroundOutcome, BackgroundWord } from './background-messages.ts';
import type { BackgroundPace, BackgroundPool } from './background-pool.ts';
import { ThreadPool } from './thread-pool.ts';

const THREADS_MAX = 4;
/** Time between two looks at the rate. */
const RATE_CHECK_MS = 1_000;

export class ThreadBackgroundPool implements BackgroundPool {
  readonly #clock: Clock;
  readonly #pool = new ThreadPool<BackgroundOrder, BackgroundOutcome>(
    new URL(`./background-worker.${moduleExtension}`, import.meta.url),
  );

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async run<Task extends BackgroundTask>(task: Task, pace: BackgroundPace): Promise<BackgroundResults[Task['kind']]> {
    pace.signal.throwIfAborted();
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
      const outcome = await this.#pool.run({ task, bytesPerSecond, port: port2 }, THREADS_MAX);
      if ('failure' in outcome) throw new RemoteStorageError(outcome.failure, outcome.path, outcome.errno);
      return outcome.result as BackgroundResults[Task['kind']];
    } finally {
      timer.cancel();
      pace.signal.removeEventListener('abort', abort);
      port1.close();
    }
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
