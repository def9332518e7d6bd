/**
 * A pool of threads that is started with its first task and whose threads end when they have had nothing to do for a
 * while. Control thread.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Piscina } from 'piscina';

const IDLE_MS = 10_000;

export class ThreadPool<Order extends { readonly port: MessagePort }, Outcome> {
  readonly #worker: URL;
  #pool: Promise<Piscina> | undefined;
  #threads = 0;
  #running = 0;

  /** The module's default export takes an order, with the port that goes to it, and gives an outcome. */
  constructor(worker: URL) {
    this.#worker = worker;
  }

  /** On one of at most so many threads; another number takes effect when nothing runs. */
  async run(order: Order, threads: number): Promise<Outcome> {
    if (this.#threads !== threads && this.#running === 0) await this.close();
    this.#running++;
    try {
      if (!this.#pool) {
        this.#threads = threads;
        this.#pool = startPool(this.#worker, threads);
      }
      const pool = await this.#pool;
      return (await pool.run(order, { transferList: [order.port] })) as Outcome;
    } finally {
      this.#running--;
    }
  }

  /** What is under way ends with an error. */
  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    await (await pool)?.destroy();
  }
}

async function startPool(worker: URL, maxThreads: number): Promise<Piscina> {
  // Not loaded by brokers that have nothing to do in the background.
  const { Piscina } = await import('piscina');
  return new Piscina({ filename: worker.href, minThreads: 0, maxThreads, idleTimeout: IDLE_MS, atomics: 'disabled' });
}
