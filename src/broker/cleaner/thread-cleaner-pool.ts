/** Cleanings on a pool of threads. Control thread. */
import { MessageChannel } from 'node:worker_threads';
import { moduleExtension } from '../../base/package-root.ts';
import type { CleanedGroup, CleanJob, CleanResult } from '../../storage/cleaner/clean-job.ts';
import { ThreadPool } from '../background/thread-pool.ts';
import type { CleanerPool, CleanerSettings } from './cleaner-pool.ts';
import type { CleanerOutcome, CleanerTask } from './cleaner-task.ts';

export class ThreadCleanerPool implements CleanerPool {
  readonly #pool = new ThreadPool<CleanerTask, CleanerOutcome>(
    new URL(`./cleaner-worker.${moduleExtension}`, import.meta.url),
  );

  async run(
    job: CleanJob,
    settings: CleanerSettings,
    swap: (group: CleanedGroup) => Promise<boolean>,
  ): Promise<CleanResult> {
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (group: CleanedGroup) => {
      swap(group).then(
        (isInPlace) => port1.postMessage(isInPlace),
        () => port1.postMessage(false),
      );
    });
    try {
      const outcome = await this.#pool.run({ job, settings, port: port2 }, settings.threads);
      if ('failure' in outcome) throw new Error(outcome.failure);
      return outcome.result;
    } finally {
      port1.close();
    }
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
