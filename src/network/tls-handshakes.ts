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
  start(): void;
  onTimeout(): void;
}

export class TlsHandshakes {
  readonly #limits: HandshakeLimits;
  readonly #clock: Clock;
  readonly #underWay = new Map<Handshake, Timer>();
  readonly #waiting = new Set<Handshake>();

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
    if (this.#underWay.size < this.#limits.underWayMax) this.#start(handshake);
    else this.#waiting.add(handshake);
  }

  /** The handshake is done, or its connection is gone; harmless when it was said before. */
  leave(handshake: Handshake): void {
    this.#waiting.delete(handshake);
    const timer = this.#underWay.get(handshake);
    if (!timer) return;
    timer.cancel();
    this.#underWay.delete(handshake);
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      this.#start(next);
      return;
    }
  }

  #start(handshake: Handshake): void {
    this.#underWay.set(
      handshake,
      this.#clock.schedule(this.#limits.timeoutMs, () => handshake.onTimeout()),
    );
    handshake.start();
  }
}
