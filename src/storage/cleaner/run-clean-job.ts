import type { Clock } from '../../base/clock.ts';
import type { CleanedGroup, CleanJob, CleanResult } from './clean-job.ts';
import { type CleanContext, cleanLog } from './clean-log.ts';

/**
 * Carries a cleaning out: as fast as its share of `log.cleaner.io.max.bytes.per.second` allows, giving way between slices
 * where it lives on a thread with other work.
 *
 * Thread: any.
 */
export interface CleanPace {
  readonly clock: Clock;
  readonly bytesPerSecond: number;
  /** Resolves when other work has had its turn; absent on a thread without any. */
  readonly giveWay?: () => Promise<void>;
  /** Ends the cleaning at its next slice, and any sleep at once. */
  readonly signal?: AbortSignal;
}

const MS_PER_SECOND = 1_000;
/** A shorter sleep is not worth a timer: it is slept together with the next. */
const SLEEP_MS_MIN = 5;

async function sleep(delayMs: number, { clock, signal }: CleanPace): Promise<void> {
  let wake = (): void => {};
  const woken = new Promise<void>((resolve) => (wake = resolve));
  const timer = clock.schedule(delayMs, wake);
  signal?.addEventListener('abort', wake);
  await woken;
  signal?.removeEventListener('abort', wake);
  timer.cancel();
}

/** `swap` says whether the group was put in its place by the log's owner. Rejects with what `cleanLog` throws, or when aborted. */
export async function runCleanJob(
  job: CleanJob,
  context: CleanContext,
  pace: CleanPace,
  swap: (group: CleanedGroup) => Promise<boolean>,
): Promise<CleanResult> {
  const { clock, bytesPerSecond, giveWay, signal } = pace;
  const steps = cleanLog(job, context);
  const startMs = clock.monotonicMs();
  let bytes = 0;
  let answer: boolean | undefined;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const step = steps.next(answer);
      if (step.done) return step.value;
      answer = undefined;
      if (typeof step.value === 'number') {
        bytes += step.value;
        const aheadMs = (bytes / bytesPerSecond) * MS_PER_SECOND - (clock.monotonicMs() - startMs);
        if (aheadMs >= SLEEP_MS_MIN) await sleep(aheadMs, pace);
        else await giveWay?.();
      } else answer = await swap(step.value);
    }
  } finally {
    steps.return({ cleanedOffset: job.firstDirtyOffset, isComplete: false, bytesRead: 0, bytesWritten: 0 });
  }
}
