/** Time for tests. */
import type { Clock, Timer } from './clock.ts';

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** A clock that a test moves by hand: timers fire in the order of their due times while `advance` runs. */
export class ManualClock implements Clock {
  #nowMs: number;
  #order = 0;
  readonly #due = new Set<Due>();

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, run: () => void): Timer {
    const due: Due = { atMs: this.#nowMs + Math.max(delayMs, 0), order: this.#order++, run };
    this.#due.add(due);
    return { cancel: () => void this.#due.delete(due) };
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#due.size;
  }

  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      let next: Due | undefined;
      for (const due of this.#due) {
        if (due.atMs > untilMs) continue;
        if (!next || due.atMs < next.atMs || (due.atMs === next.atMs && due.order < next.order)) next = due;
      }
      if (!next) break;
      this.#due.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
    }
    this.#nowMs = untilMs;
  }
}
