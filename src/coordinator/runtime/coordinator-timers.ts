/**
 * A shard's timers, by key. Re-arming one for later is what each heartbeat does, so that costs a map look-up and no new
 * timer of the clock: the old one fires, sees the later deadline and goes back to sleep. Control thread.
 */
import type { Clock, Timer } from '../../base/clock.ts';

interface Armed {
  deadlineMs: number;
  /** When the clock's timer fires; at or before the deadline. */
  firesAtMs: number;
  timer: Timer;
  run: () => void;
}

export class CoordinatorTimers {
  readonly #clock: Clock;
  readonly #armed = new Map<string, Armed>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#armed.size;
  }

  has(key: string): boolean {
    return this.#armed.has(key);
  }

  /** Calls `run` once after `delayMs`, instead of what the key stood for before. */
  schedule(key: string, delayMs: number, run: () => void): void {
    const deadlineMs = this.#clock.monotonicMs() + delayMs;
    const armed = this.#armed.get(key);
    if (armed && armed.firesAtMs <= deadlineMs) {
      armed.deadlineMs = deadlineMs;
      armed.run = run;
      return;
    }
    armed?.timer.cancel();
    this.#armed.set(key, { deadlineMs, firesAtMs: deadlineMs, run, timer: this.#arm(key, delayMs) });
  }

  cancel(key: string): void {
    const armed = this.#armed.get(key);
    if (!armed) return;
    armed.timer.cancel();
    this.#armed.delete(key);
  }

  cancelAll(): void {
    for (const armed of this.#armed.values()) armed.timer.cancel();
    this.#armed.clear();
  }

  #arm(key: string, delayMs: number): Timer {
    return this.#clock.schedule(delayMs, () => this.#fire(key));
  }

  #fire(key: string): void {
    const armed = this.#armed.get(key);
    if (!armed) return;
    const nowMs = this.#clock.monotonicMs();
    // Half a millisecond: the system's timers may fire a fraction early.
    if (armed.deadlineMs - nowMs > 0.5) {
      armed.firesAtMs = armed.deadlineMs;
      armed.timer = this.#arm(key, armed.deadlineMs - nowMs);
      return;
    }
    this.#armed.delete(key);
    armed.run();
  }
}
