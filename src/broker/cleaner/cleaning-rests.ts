/**
 * Logs whose last cleaning came to nothing, and until when each is left alone: what failed once would fail again at once,
 * and a log that keeps failing is damaged and tried ever more rarely. Control thread.
 */
const REST_MS_MAX = 3_600_000;

interface Rest {
  /** In a row. */
  failures: number;
  untilMs: number;
}

export class CleaningRests {
  readonly #rests = new Map<string, Rest>();

  get size(): number {
    return this.#rests.size;
  }

  isResting(name: string, nowMs: number): boolean {
    const rest = this.#rests.get(name);
    return rest !== undefined && rest.untilMs > nowMs;
  }

  failed(name: string, nowMs: number, backoffMs: number): void {
    const failures = this.#rests.get(name)?.failures ?? 0;
    const shortestMs = Math.max(1, backoffMs);
    const restMs = Math.min(shortestMs * 2 ** failures, Math.max(shortestMs, REST_MS_MAX));
    this.#rests.set(name, { failures: failures + 1, untilMs: nowMs + restMs });
  }

  succeeded(name: string): void {
    this.#rests.delete(name);
  }

  /** Forgets logs that are not there any more: a new one of that name has not failed. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const name of this.#rests.keys()) if (!names.has(name)) this.#rests.delete(name);
  }
}
