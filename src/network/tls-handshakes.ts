/**
 * The bound on TLS handshakes of one I/O thread. A handshake costs a millisecond of the thread and tens of kilobytes, so
 * only so many run at once; later connections wait for their turn without being read. One that takes too long is given
 * up, which also keeps clients that say nothing from holding the places.
 */
import type { Clock, Timer } from '../base/clock.ts';

export interface HandshakeLimits {
  /** `millrace.tls.handshakes.max`, per I/O thread. */
  readonly underWayMax: number;
  /** `millrace.tls.handshake.timeout.ms` */
  readonly timeoutMs: number;
}

export interface Handshake {
  /** The client has not sent a byte yet. */
  readonly silent: boolean;
  start(): void;
  onTimeout(): void;
}

/** How long a client may say nothing while others wait. */
export const SILENT_HANDSHAKE_MS = 2_000;

/** Arrivals that have gone are forgotten in bulk. */
const STALE_ARRIVALS_MAX = 100;

/** Handshakes started in one turn of the event loop; each keeps the thread busy for up to a millisecond or two. */
export const HANDSHAKES_PER_TURN = 8;
/** The shortest that a timer can wait. */
const TURN_MS = 1;

interface UnderWay {
  readonly timer: Timer;
  readonly startedMs: number;
}

export class TlsHandshakes {
  readonly #limits: HandshakeLimits;
  readonly #clock: Clock;
  /** Oldest first. */
  readonly #underWay = new Map<Handshake, UnderWay>();
  readonly #waiting = new Set<Handshake>();
  /** In the order of arrival; some may have gone. */
  #arrivals: Handshake[] = [];
  #patrol: Timer | null = null;
  #startedInTurn = 0;

  constructor(limits: HandshakeLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Starts the handshake now or when its turn comes. */
  enter(handshake: Handshake): void {
    this.#waiting.add(handshake);
    this.#arrivals.push(handshake);
    this.#startNext();
    if (this.#waiting.size === 0) return;
    this.#patrol ??= this.#clock.schedule(SILENT_HANDSHAKE_MS, () => this.#endSilent());
  }

  /** The handshake is done, or its connection is gone; harmless when it was said before. */
  leave(handshake: Handshake): void {
    if (this.#waiting.delete(handshake) && this.#arrivals.length > 2 * this.#waiting.size + STALE_ARRIVALS_MAX) {
      this.#arrivals = [...this.#waiting];
    }
    const underWay = this.#underWay.get(handshake);
    if (!underWay) return;
    underWay.timer.cancel();
    this.#underWay.delete(handshake);
    this.#startNext();
  }

  /** As many of those that wait as may start now. */
  #startNext(): void {
    while (this.#underWay.size < this.#limits.underWayMax && this.#startedInTurn < HANDSHAKES_PER_TURN) {
      const next = this.#lastOfWaiting();
      if (!next) return;
      if (this.#startedInTurn++ === 0) this.#clock.schedule(TURN_MS, () => this.#beginTurn());
      this.#start(next);
    }
  }

  #beginTurn(): void {
    this.#startedInTurn = 0;
    this.#startNext();
  }

  #lastOfWaiting(): Handshake | undefined {
    if (this.#waiting.size === 0) this.#arrivals = [];
    for (;;) {
      const last = this.#arrivals.pop();
      if (last === undefined || this.#waiting.delete(last)) return last;
    }
  }

  #start(handshake: Handshake): void {
    const timer = this.#clock.schedule(this.#limits.timeoutMs, () => handshake.onTimeout());
    this.#underWay.set(handshake, { timer, startedMs: this.#clock.monotonicMs() });
    handshake.start();
  }

  #endSilent(): void {
    this.#patrol = null;
    const untilMs = this.#clock.monotonicMs() - SILENT_HANDSHAKE_MS;
    // Those that take the places while we look are younger.
    for (const [handshake, { startedMs }] of [...this.#underWay]) {
      if (startedMs > untilMs || this.#waiting.size === 0) break;
      if (handshake.silent) handshake.onTimeout();
    }
    if (this.#waiting.size === 0) return;
    this.#patrol = this.#clock.schedule(SILENT_HANDSHAKE_MS, () => this.#endSilent());
  }
}
