/**
 * Lets frames gather, as network cards do with packets. On a thread that is woken for nearly every frame, most of the
 * work is waking: the system's calls, the event loop, cold caches. When frames come fast enough that a pause of a
 * fraction of a millisecond finds more than one, the thread pauses between its passes through the event loop, and the
 * frames of a pause are received, written, synced and answered together.
 *
 * Whether pauses are good is measured, not guessed: a pause has to find more frames, and as many have to come in a second
 * as come without pauses. Clients that wait for answers send fewer, so for them there is no pause. A pass that takes
 * longer than the pause has no pause behind it, so a busy thread never waits.
 *
 * Lives on an I/O thread.
 */
export interface FramePacerContext {
  /** Longest time from pass to pass that is waited for, us; 0: there are no pauses (`millrace.io.pause.max.us`). */
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
/** Passes after which is judged what pauses give. */
const TRIAL_PASSES = 32;
/** Frames a pass: below, pauses end. */
const GATHERED_MIN = 1.3;
/** Part of the frames that came without pauses: below, pauses end. Clients are uneven, so it leaves them some room. */
const RATE_KEPT_MIN = 0.7;
/** How long pauses are not tried again after they gave nothing: trials take a fortieth of the time at most. */
const REST_MS = 250;
/** How long there are pauses before the rate without them is looked at again. */
const PACED_MS = 250;
/** A shorter pause costs more than it gives. */
const PAUSE_MIN_US = 20;

export class FramePacer {
  readonly #context: FramePacerContext;
  #windowStartMs = 0;
  #windowFrames = 0;
  #restUntilMs = 0;
  /** From pass to pass; 0 while there are no pauses. */
  #paceUs = 0;
  #passQueued = false;
  #passStartMs = 0;
  /** Frames a millisecond, without pauses. */
  #freeRate = 0;
  #pacedUntilMs = 0;
  #trialStartMs = 0;
  #trialPasses = 0;
  #trialFrames = 0;
  readonly #endPass = (): void => this.#passEnded();

  constructor(context: FramePacerContext) {
    this.#context = context;
  }

  /** A frame was taken. */
  frame(): void {
    if (this.#paceUs === 0) {
      if (++this.#windowFrames >= WINDOW_FRAMES) this.#judgeRate();
      return;
    }
    this.#trialFrames++;
    if (this.#passQueued) return;
    this.#passQueued = true;
    this.#context.afterPass(this.#endPass);
  }

  #judgeRate(): void {
    const { pauseMaxUs, nowMs } = this.#context;
    const now = nowMs();
    const windowMs = now - this.#windowStartMs;
    this.#lookAtRate(now);
    if (windowMs >= WINDOW_MS || now < this.#restUntilMs || pauseMaxUs === 0) return;
    this.#freeRate = WINDOW_FRAMES / windowMs;
    this.#pacedUntilMs = now + PACED_MS;
    this.#paceUs = pauseMaxUs;
    this.#passStartMs = now;
    this.#beginTrial(now);
  }

  #lookAtRate(now: number): void {
    this.#paceUs = 0;
    this.#windowFrames = 0;
    this.#windowStartMs = now;
  }

  #beginTrial(now: number): void {
    this.#trialStartMs = now;
    this.#trialPasses = this.#trialFrames = 0;
  }

  #passEnded(): void {
    this.#passQueued = false;
    const { pause, nowMs } = this.#context;
    if (++this.#trialPasses >= TRIAL_PASSES) this.#judgeTrial();
    const leftUs = this.#paceUs - (nowMs() - this.#passStartMs) * 1_000;
    if (leftUs >= PAUSE_MIN_US) pause(leftUs);
    this.#passStartMs = nowMs();
  }

  #judgeTrial(): void {
    const now = this.#context.nowMs();
    const gathered = this.#trialFrames / this.#trialPasses;
    const rate = this.#trialFrames / (now - this.#trialStartMs);
    this.#beginTrial(now);
    const isGood = gathered >= GATHERED_MIN && rate >= this.#freeRate * RATE_KEPT_MIN;
    if (isGood && now < this.#pacedUntilMs) return;
    this.#lookAtRate(now);
    if (!isGood) this.#restUntilMs = now + REST_MS;
  }
}
