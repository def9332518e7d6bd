/**
 * Time as a dependency: nothing below the drivers reads the system clock or sets a timer of its own, so that a test can
 * own both. Runs on any thread.
 */
// Not the global: its getter is looked up at each use.
import { performance } from 'node:perf_hooks';

export interface Timer {
  /** Harmless when the timer has fired or was cancelled before. */
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the epoch; may jump. For record timestamps and retention. */
  wallMs(): number;
  /** Milliseconds that never go back, with a fraction. For durations and time-outs. */
  monotonicMs(): number;
  /** Calls `run` once after `delayMs`. The timer does not keep the process alive. */
  schedule(delayMs: number, run: () => void): Timer;
}

/** setTimeout's longest delay; a longer one would fire at once. */
const TIMER_DELAY_MS_MAX = 2 ** 31 - 1;

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule(delayMs, run) {
    const timer = startTimer(delayMs, run);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** The same for a worker thread, which lives until it is ended: letting go of each timer would cost more than the timer. */
export const threadClock: Clock = {
  ...systemClock,
  schedule(delayMs, run) {
    const timer = startTimer(delayMs, run);
    return { cancel: () => clearTimeout(timer) };
  },
};

function startTimer(delayMs: number, run: () => void): NodeJS.Timeout {
  return setTimeout(run, Math.min(Math.max(delayMs, 0), TIMER_DELAY_MS_MAX));
}
