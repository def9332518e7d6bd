import type { Clock, Timer } from '../../base/clock.ts';

/**
 * Carries out long work on files that nobody waits for: as fast as its rate allows, giving way between steps where it
 * lives on a thread with other work.
 *
 * Thread: any.
 */

/** Work that says after each step how many bytes it has read or written since the last one. */
export type PacedSteps<T> = Generator<number, T, void>;

export interface Pace {
  readonly clock: Clock;
  /** Asked at every step, so that a change counts at once. */
  bytesPerSecond(): number;
  /** Resolves when other work has had its turn; absent on a thread without any. */
  readonly giveWay?: () => Promise<void>;
  /** Ends the work at its next step, and any sleep at once. */
  readonly signal: AbortSignal;
}

const MS_PER_SECOND = 1_000;
/** A shorter sleep is not worth a timer: it is slept together with the next. */
const SLEEP_MS_MIN = 5;
/** A longer sleep would not notice that the rate was raised. */
const SLEEP_MS_MAX = 1_000;

/** Rejects with what a step throws, and with an AbortError when the signal says so; the steps can then clean up. */
export async function runPaced<T>(steps: PacedSteps<T>, pace: Pace): Promise<T> {
  const { clock, giveWay, signal } = pace;
  /** Read or written, but not paid for with time yet. */
  let owedBytes = 0;
  let atMs = clock.monotonicMs();
  const owedMs = (): number => {
    const bytesPerMs = Math.max(1, pace.bytesPerSecond()) / MS_PER_SECOND;
    const nowMs = clock.monotonicMs();
    owedBytes = Math.max(0, owedBytes - (nowMs - atMs) * bytesPerMs);
    atMs = nowMs;
    return owedBytes / bytesPerMs;
  };
  try {
    for (;;) {
      signal.throwIfAborted();
      const step = steps.next();
      if (step.done) return step.value;
      owedBytes += step.value;
      for (let ms = owedMs(); ms >= SLEEP_MS_MIN; ms = owedMs()) {
        await sleep(Math.min(ms, SLEEP_MS_MAX), clock, signal);
        signal.throwIfAborted();
      }
      await giveWay?.();
    }
  } finally {
    steps.return(undefined as T);
  }
}

async function sleep(delayMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
  let timer: Timer | undefined;
  let wake = (): void => {};
  await new Promise<void>((resolve) => {
    wake = resolve;
    signal.addEventListener('abort', wake);
    timer = clock.schedule(delayMs, wake);
  });
  signal.removeEventListener('abort', wake);
  timer?.cancel();
}
