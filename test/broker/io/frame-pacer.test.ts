import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FramePacer } from '../../../src/broker/io/frame-pacer.ts';

const FRAME_BYTES = 1_000;

/** A thread whose passes take `passUs`; frames arrive by its clock. */
class Fixture {
  nowUs = 1_000_000;
  passUs = 0;
  readonly pauses: number[] = [];
  readonly pacer: FramePacer;
  #afterPass: (() => void) | null = null;

  constructor(pauseMaxUs = 200) {
    this.pacer = new FramePacer({
      pauseMaxUs,
      nowMs: () => this.nowUs / 1_000,
      pause: (us) => {
        this.pauses.push(us);
        this.nowUs += us;
      },
      afterPass: (task) => {
        assert.equal(this.#afterPass, null, 'one task a pass');
        this.#afterPass = task;
      },
    });
  }

  /** Frames come every `everyUs`, whatever the thread does, from so many connections in turn. */
  openLoop(count: number, everyUs: number, connections = 1): void {
    let dueUs = this.nowUs;
    for (let left = count; left > 0; ) {
      this.nowUs = Math.max(this.nowUs, dueUs);
      for (; left > 0 && dueUs <= this.nowUs; left--, dueUs += everyUs)
        this.pacer.frame(FRAME_BYTES, left % connections);
      this.#endPass();
    }
  }

  /** A client has a record every `everyUs` and at most five requests under way, into which goes whatever waits. */
  batching(passes: number, everyUs: number): void {
    let sentUs = this.nowUs;
    for (let pass = 0; pass < passes; pass++) {
      this.nowUs = Math.max(this.nowUs, sentUs + everyUs);
      const records = Math.floor((this.nowUs - sentUs) / everyUs);
      const frames = Math.min(records, 5);
      for (let frame = 0; frame < frames; frame++) this.pacer.frame((FRAME_BYTES * records) / frames, 0);
      sentUs += records * everyUs;
      this.#endPass();
    }
  }

  /** `count` frames are under way; each is sent again so long after the pass that took it. */
  pipelined(passes: number, count: number, afterUs: number): void {
    for (let pass = 0; pass < passes; pass++) {
      this.nowUs += afterUs;
      for (let frame = 0; frame < count; frame++) this.pacer.frame(FRAME_BYTES, 0);
      this.#endPass();
    }
  }

  /** Of the pauses from the given one on. */
  pausedUs(from = 0): number {
    return this.pauses.slice(from).reduce((sum, us) => sum + us, 0);
  }

  #endPass(): void {
    this.nowUs += this.passUs;
    const task = this.#afterPass;
    this.#afterPass = null;
    task?.();
  }
}

describe('frame pacer', () => {
  test('pauses while frames come fast enough to gather', () => {
    const fixture = new Fixture();
    fixture.openLoop(10_000, 100);
    assert.ok(fixture.pauses.length > 4_000, `${fixture.pauses.length} pauses`);
  });

  test('does not go on where clients send less for them', () => {
    const fixture = new Fixture();
    fixture.pipelined(20_000, 5, 50);
    const pausedUs = fixture.pausedUs();
    assert.ok(fixture.pauses.length > 0, 'it is tried');
    assert.ok(pausedUs < 0.05 * (fixture.nowUs - 1_000_000), `${pausedUs} us of pauses`);
  });

  test('notices that clients who did not wait for answers do so now', () => {
    const fixture = new Fixture();
    fixture.openLoop(10_000, 100);
    const [before, startUs] = [fixture.pauses.length, fixture.nowUs];
    fixture.pipelined(20_000, 5, 50);
    const pausedUs = fixture.pausedUs(before);
    assert.ok(pausedUs < 0.3 * (fixture.nowUs - startUs), `${pausedUs} us of pauses`);
  });

  test('does not pause at low rates', () => {
    const fixture = new Fixture();
    fixture.openLoop(10_000, 300);
    assert.deepEqual(fixture.pauses, []);
  });

  test('does not go on where pauses gather nothing', () => {
    const fixture = new Fixture();
    fixture.pipelined(20_000, 1, 100);
    const pausedUs = fixture.pausedUs();
    assert.ok(fixture.pauses.length > 0, 'it is tried');
    assert.ok(pausedUs < 0.05 * (fixture.nowUs - 1_000_000), `${pausedUs} us of pauses`);
  });

  test('ends when the frames come slowly again, and no slow frame is followed by a pause', () => {
    const fixture = new Fixture();
    fixture.openLoop(2_000, 50);
    const before = fixture.pauses.length;
    assert.ok(before > 0);
    fixture.openLoop(100, 5_000);
    const after = fixture.pauses.length;
    assert.ok(after - before <= 1);
    fixture.openLoop(100, 5_000);
    assert.equal(fixture.pauses.length, after);
  });

  test('pauses behind long passes where a client then puts more into each frame', () => {
    const fixture = new Fixture();
    fixture.passUs = 300;
    fixture.batching(10_000, 50);
    const paused = fixture.pausedUs() / (fixture.nowUs - 1_000_000);
    assert.ok(paused > 0.3, `${paused} of the time`);
  });

  for (const [who, load] of [
    ['clients wait for their answers', (fixture: Fixture) => fixture.pipelined(10_000, 5, 50)],
    ['each frame is of another connection', (fixture: Fixture) => fixture.openLoop(40_000, 100, 50)],
  ] as const)
    test(`does not pause behind long passes where ${who}`, () => {
      const fixture = new Fixture();
      fixture.passUs = 300;
      load(fixture);
      const paused = fixture.pausedUs() / (fixture.nowUs - 1_000_000);
      assert.ok(paused > 0, 'it is tried');
      assert.ok(paused < 0.05, `${paused} of the time`);
    });

  test('0 turns it off', () => {
    const fixture = new Fixture(0);
    fixture.openLoop(10_000, 100);
    assert.deepEqual(fixture.pauses, []);
  });
});
