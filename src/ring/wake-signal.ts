/**
 * Wakes a thread that waits for ring entries, and only when it waits: a wake-up costs about as much as handling a
 * request. The sleeper says so in shared memory; whoever publishes takes the word back and rings its doorbell once.
 *
 *     Int32 0     1: the owner sleeps (or will, without looking again), 0: it is awake or already called
 */

/** How a thread is called; the adapters are the engine's doorbell, a message port, or a task on the same thread. */
export interface Doorbell {
  ring(): void;
}

export function allocateSignal(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(64);
  new Int32Array(memory)[0] = 1;
  return memory;
}

/** The publisher's side. */
export class WakeCaller {
  readonly #word: Int32Array;
  readonly #doorbell: Doorbell;

  constructor(memory: SharedArrayBuffer, doorbell: Doorbell) {
    this.#word = new Int32Array(memory);
    this.#doorbell = doorbell;
  }

  /** Call after publishing. The exchange is a full fence: either the sleeper sees the entry or we see the sleeper. */
  call(): void {
    if (Atomics.exchange(this.#word, 0, 0) === 1) this.#doorbell.ring();
  }
}

/** The sleeper's side. */
export class WakeSleeper {
  readonly #word: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#word = new Int32Array(memory);
  }

  /** Announces sleep; look at every source once more afterwards. */
  announce(): void {
    Atomics.exchange(this.#word, 0, 1);
  }

  /** Takes the announcement back, when something was found after all. */
  cancel(): void {
    Atomics.store(this.#word, 0, 0);
  }
}
