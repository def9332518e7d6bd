/**
 * Where long work on files is carried out: on threads of its own (`thread-background-pool.ts`), or, for engines that live
 * on one thread, here, in slices between which everything else has its turn. Control thread.
 */
import type { Clock } from '../../base/clock.ts';
import { giveWay } from '../../base/give-way.ts';
import type { FileSpace } from '../../native/file-space.ts';
import { portableCrc32c } from '../../protocol/records/batch-header.ts';
import {
  type BackgroundResults,
  type BackgroundTask,
  backgroundSteps,
} from '../../storage/background/background-task.ts';
import { runPaced } from '../../storage/background/paced-steps.ts';

export interface BackgroundPace {
  /** Asked again and again while the work runs. */
  bytesPerSecond(): number;
  /** Ends the work. */
  readonly signal: AbortSignal;
}

export interface BackgroundPool {
  /** Rejects with a StorageError, or when the signal ends the work or the pool is closed. */
  run<Task extends BackgroundTask>(task: Task, pace: BackgroundPace): Promise<BackgroundResults[Task['kind']]>;
  /** What is under way ends. */
  close(): Promise<void>;
}

export class InlineBackgroundPool implements BackgroundPool {
  readonly #files: FileSpace;
  readonly #clock: Clock;
  readonly #closing = new AbortController();

  constructor(files: FileSpace, clock: Clock) {
    this.#files = files;
    this.#clock = clock;
  }

  run<Task extends BackgroundTask>(task: Task, pace: BackgroundPace): Promise<BackgroundResults[Task['kind']]> {
    const steps = backgroundSteps(task, this.#files, portableCrc32c);
    const signal = AbortSignal.any([pace.signal, this.#closing.signal]);
    const bytesPerSecond = (): number => pace.bytesPerSecond();
    return runPaced(steps, { clock: this.#clock, bytesPerSecond, giveWay, signal }) as Promise<
      BackgroundResults[Task['kind']]
    >;
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }
}
