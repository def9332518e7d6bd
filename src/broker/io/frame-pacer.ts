/**
 * Lets frames gather, as network cards do with packets. On a thread that is woken for nearly every frame, most of the
 * work is waking: the system's calls, the event loop, cold caches. When frames come fast enough that a pause of a
 * fraction of a millisecond finds more than one, the thread pauses between its passes through the event loop, and the
 * frames of a pause are received, written, synced and answered together.
 *
 * Whether pauses are good is measured, not guessed, and every pause has to find more frames.
 * - Short ones end `pauseMaxUs` after the last one; a pass that takes longer has none behind it, so a busy
 *   thread never waits. They are kept while as many frames come in a second as come without: clients that wait for
 *   answers send fewer.
 * - Long ones also come behind passes that had a sync to wait for. They are kept while a pass finds several frames of a
 *   connection, and as many bytes come in a second: a client that waits for answers loses nothing if it puts more into
 *   each frame meanwhile.
 *
 * Lives on an I/O thread.
 */
export interface FramePacerContext {
  /** Longest pause, us; 0: there are none (`millrace.io.pause.max.us`). */
  readonly pauseMaxUs: number;
  /** Blocks the thread. */
  pause(us: number): void;
  /** Runs a task when all that is ready has been handled. */
  afterPass(task: () => void): void;
  nowMs(): number;
}

/** Frames after which the rate is looked at, and the rate from which on pauses are tried. */
const WINDOW_FRAMES = 64;
const WINDOW_MS = 16;
/** Passes after which, or time after which, is judged what pauses give. */
const TRIAL_PASSES = 32;
const TRIAL_MS = 16;
/** Frames a pass: below, pauses end. */
const GATHERED_MIN = 1.3;
/** Part of what came without pauses: below, pauses end. Clients are uneven, so it leaves them some room. */
const RATE_KEPT_MIN = 0.7;
/** Frames a connection in a pass: below, long pauses end. */
const PIPELINED_MIN = 1.5;
/** What a Produce takes around its records, about, and what a frame counts at least. */
const ENVELOPE_BYTES = 160;
const FRAME_BYTES_MIN = 16;
/** How long pauses are not tried again after they gave nothing, at first and at most: trials take a small part of the time. */
const REST_MS = 250;
const REST_MAX_MS = 2_000;
/** How long there are pauses before the rate without them is looked at again. */
const PACED_MS = 250;
/** A shorter pause costs more than it gives. */
const PAUSE_MIN_US = 20;

type Pauses = 'none' | 'short' | 'long';

/** When pauses of a kind may be tried again: later each time, until they have been good. */
class Rest {
  #untilMs = 0;
  #nextMs = REST_MS;

  isOver(now: number): boolean {
    return now >= this.#untilMs;
  }

  judged(isGood: boolean, now: number): void {
    if (!isGood) this.#untilMs = now + this.#nextMs;
    this.#nextMs = isGood ? REST_MS : Math.min(2 * this.#nextMs, REST_MAX_MS);
  }
}

export class FramePacer {
  readonly #context: FramePacerContext;
  #pauses: Pauses = 'none';
  /** What came since pauses were last changed or judged. */
  #sinceMs = 0;
  #frames = 0;
  #bytes = 0;
  /** Connections with frames, summed over the passes. */
  #senders = 0;
  #lastSender: unknown = null;
  #passes = 0;
  #passQueued = false;
  #passStartMs = 0;
  #pauseEndMs = 0;
  /** What comes in a millisecond without pauses. */
  #freeFrames = 0;
  #freeBytes = 0;
  #pacedUntilMs = 0;
  readonly #shortRest = new Rest();
  readonly #longRest = new Rest();
  readonly #endPass = (): void => this.#passEnded();

  constructor(context: FramePacerContext) {
    this.#context = context;
  }

  /** A frame was taken. In a pass those of a connection come one behind the other. */
  frame(sizeBytes: number, connection: unknown): void {
    this.#frames++;
    this.#bytes += Math.max(sizeBytes - ENVELOPE_BYTES, FRAME_BYTES_MIN);
    if (this.#pauses === 'none') {
      if (this.#frames >= WINDOW_FRAMES) this.#judgeRate();
      return;
    }
    if (connection !== this.#lastSender) this.#senders++;
    this.#lastSender = connection;
    if (this.#passQueued) return;
    this.#passQueued = true;
    this.#passStartMs = this.#context.nowMs();
    this.#context.afterPass(this.#endPass);
  }

  #judgeRate(): void {
    const { pauseMaxUs, nowMs } = this.#context;
    const now = nowMs();
    const windowMs = now - this.#sinceMs;
    this.#freeFrames = this.#frames / windowMs;
    this.#freeBytes = this.#bytes / windowMs;
    const next = windowMs >= WINDOW_MS || pauseMaxUs === 0 ? 'none' : this.#nextPauses(now);
    if (next !== 'none') this.#pacedUntilMs = now + PACED_MS;
    this.#pauseEndMs = now;
    this.#change(next, now);
  }

  #nextPauses(now: number): Pauses {
    if (this.#longRest.isOver(now)) return 'long';
    return this.#shortRest.isOver(now) ? 'short' : 'none';
  }

  #change(pauses: Pauses, now: number): void {
    this.#pauses = pauses;
    this.#countAnew(now);
  }

  #countAnew(now: number): void {
    this.#sinceMs = now;
    this.#frames = this.#bytes = this.#senders = this.#passes = 0;
  }

  #passEnded(): void {
    this.#passQueued = false;
    this.#lastSender = null;
    const { pause, pauseMaxUs, nowMs } = this.#context;
    const now = nowMs();
    if (++this.#passes >= TRIAL_PASSES || now - this.#sinceMs >= TRIAL_MS) this.#judgePauses(now);
    if (this.#pauses === 'none') return;
    const shortUs = pauseMaxUs - (now - this.#pauseEndMs) * 1_000;
    const passUs = (now - this.#passStartMs) * 1_000;
    const us = this.#pauses === 'short' ? shortUs : Math.max(shortUs, Math.min(passUs, pauseMaxUs));
    if (us >= PAUSE_MIN_US) pause(us);
    this.#pauseEndMs = nowMs();
  }

  #judgePauses(now: number): void {
    const gathers = this.#frames >= this.#passes * GATHERED_MIN;
    const isLong = this.#pauses === 'long';
    const isGood = gathers && (isLong ? this.#longPays(now) : this.#shortPays(now));
    (isLong ? this.#longRest : this.#shortRest).judged(isGood, now);
    if (isGood && now < this.#pacedUntilMs) this.#countAnew(now);
    else this.#change(isLong && gathers && !isGood && this.#shortRest.isOver(now) ? 'short' : 'none', now);
  }

  #shortPays(now: number): boolean {
    return this.#frames >= this.#freeFrames * (now - this.#sinceMs) * RATE_KEPT_MIN;
  }

  #longPays(now: number): boolean {
    const isPipelined = this.#frames >= this.#senders * PIPELINED_MIN;
    return isPipelined && this.#bytes >= this.#freeBytes * (now - this.#sinceMs) * RATE_KEPT_MIN;
  }
}
