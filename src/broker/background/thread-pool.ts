/**
 * A pool of threads that is started with its first task and whose threads end when they have had nothing to do for a
 * while. Control thread.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Piscina, TaskQueue } from 'piscina';

const IDLE_MS = 10_000;

type Task = Parameters<TaskQueue['push']>[0];

/** First come, first served; the newest can be taken back. */
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

  /** The module's default export takes an order, with the port that goes to it, and gives an outcome. */
  constructor(worker: URL) {
    this.#worker = worker;
  }

  /**
   * On one of at most so many threads; another number takes effect when nothing runs. Rejects when the system refuses a
   * thread (ERR_WORKER_INIT_FAILED), or the worker throws.
   */
  async run(order: Order, threads: number): Promise<Outcome> {
    if (this.#threads !== threads && this.#running === 0) await this.close();
    this.#running++;
    try {
      if (!this.#pool) {
        this.#threads = threads;
        this.#pool = startPool(this.#worker, threads, this.#queue);
      }
      return await this.#submit(await this.#pool, order);
    } finally {
      this.#running--;
    }
  }

  #submit(pool: Piscina, order: Order): Promise<Outcome> {
    try {
      return pool.run(order, { transferList: [order.port] });
    } catch (error) {
      // It is queued before a thread is started for it, and would be given to the next one, whose sender has given it up.
      this.#queue.dropNewest();
      throw error;
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
