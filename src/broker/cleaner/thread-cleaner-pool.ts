/**
 * Cleanings on a pool of threads, which is started with the first one and whose threads end when they have had nothing to
 * do for a while. Control thread.
 */
import { MessageChannel } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { moduleExtension } from '../../base/package-root.ts';
import type { CleanedGroup, CleanJob, CleanResult } from '../../storage/cleaner/clean-job.ts';
import type { CleanerPool, CleanerSettings } from './cleaner-pool.ts';
import type { CleanerOutcome, CleanerTask } from './cleaner-task.ts';

const IDLE_MS = 10_000;

export class ThreadCleanerPool implements CleanerPool {
  #pool: Promise<Piscina> | undefined;
  #threads = 0;
  #running = 0;

  async run(
    job: CleanJob,
    settings: CleanerSettings,
    swap: (group: CleanedGroup) => Promise<boolean>,
  ): Promise<CleanResult> {
    const pool = await this.#open(settings.threads);
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (group: CleanedGroup) => {
      swap(group).then(
        (isInPlace) => port1.postMessage(isInPlace),
        () => port1.postMessage(false),
      );
    });
    this.#running++;
    try {
      const task: CleanerTask = { job, settings, port: port2 };
      const outcome = (await pool.run(task, { transferList: [port2] })) as CleanerOutcome;
      if ('failure' in outcome) throw new Error(outcome.failure);
      return outcome.result;
    } finally {
      this.#running--;
      port1.close();
    }
  }

  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    await (await pool)?.destroy();
  }

  /** A pool of that many threads; another number takes effect when nothing runs. */
  async #open(threads: number): Promise<Piscina> {
    if (this.#threads !== threads && this.#running === 0) await this.close();
    if (!this.#pool) {
      this.#threads = threads;
      this.#pool = startPool(threads);
    }
    return this.#pool;
  }
}

async function startPool(threads: number): Promise<Piscina> {
  // Not loaded by brokers that never clean anything.
  const { Piscina } = await import('piscina');
  const filename = new URL(`./cleaner-worker.${moduleExtension}`, import.meta.url).href;
  return new Piscina({ filename, minThreads: 0, maxThreads: threads, idleTimeout: IDLE_MS, atomics: 'disabled' });
}
