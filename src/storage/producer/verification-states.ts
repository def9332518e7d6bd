/**
 * Transactions that a producer is about to begin here and that its coordinator is being asked about (KIP-890). A guard
 * ties the coordinator's answer to the request that asked: a marker that arrives in between makes it void.
 *
 * Thread: the log's owner.
 */

export interface VerificationState {
  /** Unique in this partition, > 0. */
  readonly guard: number;
  readonly startedMs: number;
  /** Least sequence seen while the question is open; a higher one may not be appended first. */
  lowestSequence: number;
  epoch: number;
  readonly supportsEpochBump: boolean;
}

/** No verification is needed or given. */
export const NO_GUARD = 0;

export class VerificationStates {
  readonly #states = new Map<number, VerificationState>();
  #lastGuard = NO_GUARD;

  get(producerId: number): VerificationState | undefined {
    return this.#states.size === 0 ? undefined : this.#states.get(producerId);
  }

  /** Begins or joins a verification and returns its guard. */
  start(producerId: number, sequence: number, epoch: number, supportsEpochBump: boolean, nowMs: number): number {
    const known = this.#states.get(producerId);
    if (known) {
      if (epoch > known.epoch) {
        known.epoch = epoch;
        known.lowestSequence = sequence;
      } else if (epoch === known.epoch && sequence < known.lowestSequence) known.lowestSequence = sequence;
      return known.guard;
    }
    const guard = ++this.#lastGuard;
    this.#states.set(producerId, { guard, startedMs: nowMs, lowestSequence: sequence, epoch, supportsEpochBump });
    return guard;
  }

  isVerified(producerId: number, guard: number): boolean {
    return guard !== NO_GUARD && this.#states.get(producerId)?.guard === guard;
  }

  clear(producerId: number): void {
    if (this.#states.size > 0) this.#states.delete(producerId);
  }

  removeExpired(nowMs: number, expirationMs: number): void {
    for (const [producerId, { startedMs }] of this.#states)
      if (nowMs - startedMs >= expirationMs) this.#states.delete(producerId);
  }
}
