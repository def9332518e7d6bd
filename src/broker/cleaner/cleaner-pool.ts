/**
 * Where cleanings are carried out: on threads of their own (`thread-cleaner-pool.ts`), or, for engines that live on one
 * thread, here: in slices between which everything else has its turn. Control thread.
 */
import type { Clock } from '../../base/clock.ts';
import { giveWay } from '../../base/give-way.ts';
import type { FileSpace } from '../../native/file-space.ts';
import { portableCrc32c } from '../../protocol/records/batch-header.ts';
import type { CleanedGroup, CleanJob, CleanResult } from '../../storage/cleaner/clean-job.ts';
import { runCleanJob } from '../../storage/cleaner/run-clean-job.ts';

/** One cleaner's share of what the settings give to all. */
export interface CleanerSettings {
  readonly threads: number;
  readonly mapBytesMax: number;
  readonly mapLoad: number;
  readonly bufferBytes: number;
  readonly bytesPerSecond: number;
}

export interface CleanerPool {
  /** `swap` says whether a group was put in its place. Rejects when the log cannot be read or written. */
  run(job: CleanJob, settings: CleanerSettings, swap: (group: CleanedGroup) => Promise<boolean>): Promise<CleanResult>;
  /** What is under way ends without a result. */
  close(): Promise<void>;
}

export class InlineCleanerPool implements CleanerPool {
  readonly #files: FileSpace;
  readonly #clock: Clock;
  readonly #closing = new AbortController();

  constructor(files: FileSpace, clock: Clock) {
    this.#files = files;
    this.#clock = clock;
  }

  run(
    job: CleanJob,
    { mapBytesMax, mapLoad, bufferBytes, bytesPerSecond }: CleanerSettings,
    swap: (group: CleanedGroup) => Promise<boolean>,
  ): Promise<CleanResult> {
    const context = { files: this.#files, crc32c: portableCrc32c, mapBytesMax, mapLoad, bufferBytes };
    const pace = { clock: this.#clock, bytesPerSecond, giveWay, signal: this.#closing.signal };
    return runCleanJob(job, context, pace, swap);
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }
}
