/** What comes to the control thread by its bell: completions of its own appends, and request frames of the I/O threads. */
import type { Doorbell, WakeSleeper } from '../ring/wake-signal.ts';

export interface InboxSource {
  readonly hasMore: boolean;
  /** Handles what is there. */
  take(): void;
}

export class ControlInbox {
  readonly #sources: readonly InboxSource[];
  readonly #sleeper: WakeSleeper;
  readonly #bell: Doorbell;

  /** The bell is the control thread's own. */
  constructor(sources: readonly InboxSource[], sleeper: WakeSleeper, bell: Doorbell) {
    this.#sources = sources;
    this.#sleeper = sleeper;
    this.#bell = bell;
  }

  /** The bell calls it. What has come meanwhile waits for the next ring, so that what was begun gets its turn. */
  drain(): void {
    for (const source of this.#sources) source.take();
    this.#sleeper.announce();
    if (!this.#sources.some(({ hasMore }) => hasMore)) return;
    this.#sleeper.cancel();
    this.#bell.ring();
  }
}
