/**
 * A pool of threads that is started with its first task and whose threads end when they have had nothing to do for a
 * while. Control thread.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Piscina, TaskQueue } from 'piscina';

const IDLE_MS = 10_000;

type Task = Parameters<TaskQueue['push']>[0];

/** Orders whose threads are starting; the newest can be taken back. */
class OrderQueue implements TaskQueue {
  readonly #tasks = new Set<Task>();

  get size(): number {
    return this.#tasks.size;
  }

  push(task: Task): void {
    this.#tasks.add(task);
  }

  shift(): Task | null {
    for (const task of this.#tasks) {
      this.#tasks.delete(task);
      return task;
    }
    return null;
  }

  remove(task: Task): void {
    this.#tasks.delete(task);
  }

  dropNewest(): void {
    const newest = [...this.#tasks].at(-1);
    if (newest) this.#tasks.delete(newest);
  }
}

export class ThreadPool<Order extends { readonly port: MessagePort }, Outcome> {
  readonly #worker: URL;
  readonly #queue = new OrderQueue();
  #pool: Promise<Piscina> | undefined;
  #threads = 0;
  #running = 0;
  #onThreads = 0;
  /** Orders beyond the threads that there are; each goes on when one before it has ended. */
  readonly #waiting: (() => void)[] = [];

  /** The module's default export takes an order, with the port that goes to it, and gives an outcome. */
  constructor(worker: URL) {
    this.#worker = worker;
  }

  /**
   * On one of at most so many threads; another number takes effect when nothing runs. Where the system refuses a thread,
   * the order waits for one that is there. Rejects when there is none (ERR_WORKER_INIT_FAILED), or the worker throws.
   */
  async run(order: Order, threads: number): Promise<Outcome> {
    if (this.#threads !== threads && this.#running === 0) await this.close();
    this.#running++;
    try {
      if (!this.#pool) {
        this.#threads = threads;
        this.#pool = startPool(this.#worker, threads, this.#queue);
      }
      return await this.#carryOut(await this.#pool, order);
    } finally {
      this.#running--;
    }
  }

  async #carryOut(pool: Piscina, order: Order): Promise<Outcome> {
    try {
      for (;;) {
        const outcome = this.#submit(pool, order);
        if (outcome) return await outcome;
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    } finally {
      this.#waiting.shift()?.();
    }
  }

  /** Undefined while the order has to wait. Throws when there is no thread to wait for. */
  #submit(pool: Piscina, order: Order): Promise<Outcome> | undefined {
    if (this.#onThreads === this.#threads) return undefined;
    try {
      const outcome: Promise<Outcome> = pool.run(order, { transferList: [order.port] });
      this.#onThreads++;
      return outcome.finally(() => this.#onThreads--);
    } catch (error) {
      // It is queued before a thread is started for it, and would be given to the next one too.
      this.#queue.dropNewest();
      if (this.#onThreads === 0) throw error;
      return undefined;
    }
  }

  /** What is under way ends with an error. */
  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    await (await pool)?.destroy();
  }
}

async function startPool(worker: URL, maxThreads: number, taskQueue: OrderQueue): Promise<Piscina> {
  // Not loaded by brokers that have nothing to do in the background.
  const { Piscina } = await import('piscina');
  return new Piscina({
    filename: worker.href,
    minThreads: 0,
    maxThreads,
    idleTimeout: IDLE_MS,
    atomics: 'disabled',
    taskQueue,
  });
}
