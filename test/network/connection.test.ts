import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Connection, FRAME_FIRST_BLOCK_BYTES, type FrameHandler } from '../../src/network/connection.ts';
import { SharedArena } from '../../src/ring/shared-arena.ts';

const SCRATCH = 512;
const FRAME_MAX = 2500;

interface RigOptions {
  readonly order?: number;
  readonly frameBytesMax?: number;
  /** Whether the next frame is taken. */
  readonly takes?: () => boolean;
}

/** A connection with a socket that reads as node does: into the buffer that it was given after the last read. */
class Rig implements FrameHandler {
  readonly arena: SharedArena;
  readonly connection: Connection;
  readonly frames: Buffer[] = [];
  readonly blocks: number[] = [];
  broken: string | null = null;
  closed = 0;
  arenaFull = 0;
  refused = 0;
  reading = true;
  destroyed = false;
  onTaken: () => void = () => {};
  mayBeginFrames = true;
  #buffer: Uint8Array;
  #intoBlock = false;
  readonly #takes: () => boolean;

  constructor({ order = 14, frameBytesMax = FRAME_MAX, takes = () => true }: RigOptions = {}) {
    this.arena = new SharedArena(SharedArena.allocateMemory(order, SCRATCH), SCRATCH);
    this.#takes = takes;
    const scratch = this.arena.bytes.subarray(0, SCRATCH);
    const { arena } = this;
    const about = { id: 1, listenerName: 'PLAINTEXT', clientHost: '1.2.3.4', clientPort: 50_000, localHost: '5.6.7.8' };
    this.connection = new Connection({ ...about, arena, handler: this, frameBytesMax }, scratch);
    this.connection.socket = {
      resume: () => {
        this.reading = true;
      },
      destroy: () => {
        this.destroyed = true;
        this.reading = false;
      },
    } as unknown as Socket;
    this.connection.sender = { pendingBytes: 0, send: () => 0, close: () => {} };
    this.#buffer = scratch;
  }

  /** Gives the connection `bytes[at, end)` as far as it reads; returns where it stopped. */
  deliver(bytes: Buffer, at: number, end: number): number {
    while (at < end && this.reading) {
      const count = bytes.copy(this.#buffer, 0, at, Math.min(end, at + this.#buffer.length));
      at += count;
      const goesOn = this.connection.received(count, this.#intoBlock);
      this.#intoBlock = this.connection.nextReadBytes > 0;
      this.#buffer = this.connection.nextReadBuffer();
      if (!goesOn) this.reading = false;
    }
    return at;
  }

  /** As node:tls does: what was decrypted comes, whether reading has paused or not. */
  deliverAnyway(bytes: Buffer, sizes: readonly number[]): void {
    let at = 0;
    for (let turn = 0; at < bytes.length && !this.connection.closed; turn++) {
      const end = Math.min(bytes.length, at + sizes[turn % sizes.length]);
      this.reading = true;
      at = this.deliver(bytes, at, end);
      if (turn % 3 === 2) this.askAgain();
    }
    while (this.connection.paused && !this.connection.closed) this.askAgain();
  }

  /** Delivers everything in pieces of these sizes (over and over), asking anew whenever reading has paused. */
  deliverAll(bytes: Buffer, pieces: readonly number[]): void {
    let at = 0;
    for (let turn = 0; at < bytes.length && !this.connection.closed; turn++) {
      at = this.deliver(bytes, at, Math.min(bytes.length, at + pieces[turn % pieces.length]));
      if (!this.reading) this.askAgain();
    }
    while (!this.reading && !this.connection.closed) this.askAgain();
  }

  askAgain(): void {
    this.freeBlocks();
    this.connection.resume();
  }

  freeBlocks(): void {
    for (const block of this.blocks.splice(0)) this.arena.free(block);
  }

  onFrame(_: Connection, bytes: Buffer, start: number, sizeBytes: number, block: number): boolean {
    if (!this.#takes()) {
      this.refused++;
      return false;
    }
    this.frames.push(Buffer.from(bytes.subarray(start, start + sizeBytes)));
    if (block >= 0) this.blocks.push(block);
    this.onTaken();
    return true;
  }

  mayBegin(): boolean {
    return this.mayBeginFrames;
  }

  onArenaFull(): void {
    this.arenaFull++;
  }

  onBroken(connection: Connection, reason: string): void {
    this.broken = reason;
    connection.close();
  }

  onEnded(): void {}

  onClosed(): void {
    this.closed++;
  }
}

function frame(sizeBytes: number, seed: number): Buffer {
  const bytes = Buffer.alloc(4 + sizeBytes);
  bytes.writeInt32BE(sizeBytes, 0);
  for (let i = 0; i < sizeBytes; i++) bytes[4 + i] = (seed * 31 + i * 7) & 0xff;
  return bytes;
}

const bodies = (frames: readonly Buffer[]): Buffer[] => frames.map((bytes) => bytes.subarray(4));

const sizes = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 40 }) },
  { weight: 2, arbitrary: fc.integer({ min: SCRATCH - 8, max: SCRATCH + 8 }) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: FRAME_MAX }) },
);
const streams = fc
  .array(sizes, { minLength: 1, maxLength: 6 })
  .map((list) => list.map((sizeBytes, index) => frame(sizeBytes, index)));
const pieces = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 100, max: 2000 })), {
  minLength: 1,
  maxLength: 20,
});

describe('connection', () => {
  test('however the stream is cut and whichever frames are refused, the same frames come in order', () => {
    fc.assert(
      fc.property(streams, pieces, fc.array(fc.boolean(), { minLength: 1, maxLength: 10 }), (frames, cuts, answers) => {
        let asked = 0;
        // One frame in a while is taken for certain.
        const rig = new Rig({ takes: () => answers[asked++ % answers.length] || asked % 11 === 0 });
        rig.deliverAll(Buffer.concat(frames), cuts);
        assert.deepEqual(rig.frames, bodies(frames));
        assert.equal(rig.connection.midFrame, false);
        rig.freeBlocks();
        assert.equal(rig.arena.usedBytes, 0);
      }),
      { numRuns: 200 },
    );
  });

  test('what comes although reading has paused is kept, in order', () => {
    fc.assert(
      fc.property(streams, pieces, fc.array(fc.boolean(), { minLength: 1, maxLength: 10 }), (frames, cuts, answers) => {
        let asked = 0;
        const rig = new Rig({ takes: () => answers[asked++ % answers.length] || asked % 11 === 0 });
        rig.deliverAnyway(Buffer.concat(frames), cuts);
        assert.deepEqual(rig.frames, bodies(frames));
        rig.freeBlocks();
        assert.equal(rig.arena.usedBytes, 0);
      }),
      { numRuns: 200 },
    );
  });

  test('every single cut of a stream gives the same frames', () => {
    const frames = [frame(3, 1), frame(700, 2), frame(1, 3), frame(513, 4)];
    const stream = Buffer.concat(frames);
    for (let cut = 0; cut <= stream.length; cut++) {
      const rig = new Rig();
      assert.equal(rig.deliver(stream, 0, cut), cut);
      assert.equal(rig.deliver(stream, cut, stream.length), stream.length);
      assert.deepEqual(rig.frames, bodies(frames));
    }
  });

  test('an arena that fills up pauses reading, and the frame comes whole once there is room', () => {
    fc.assert(
      fc.property(streams, pieces, (frames, cuts) => {
        const rig = new Rig({ order: 13 });
        // Somebody else has it all at first; then a half of it.
        const other = rig.arena.allocate(2 ** 13);
        let left = 3;
        const release = (): void => {
          if (left-- === 0) rig.arena.free(other);
        };
        const { onArenaFull } = rig;
        rig.onArenaFull = () => {
          onArenaFull.call(rig);
          release();
        };
        rig.deliverAll(Buffer.concat(frames), cuts);
        assert.deepEqual(rig.frames, bodies(frames));
        rig.freeBlocks();
        assert.equal(rig.arena.usedBytes, left >= 0 ? 2 ** 13 : 0);
      }),
    );
  });

  test('a frame that must wait takes no memory before it may begin', () => {
    for (const piece of [1, 3, 4, 5, 100]) {
      const rig = new Rig();
      const frames = [frame(20, 1), frame(2000, 2)];
      const stream = Buffer.concat(frames);
      rig.onTaken = () => {
        rig.mayBeginFrames = false;
        // It came in pieces and lies in a block.
        rig.freeBlocks();
      };
      let at = 0;
      while (rig.reading) at = rig.deliver(stream, at, Math.min(stream.length, at + piece));
      assert.deepEqual([rig.frames.length, rig.arena.usedBytes, rig.connection.paused], [1, 0, true]);
      rig.connection.resume();
      while (rig.reading) at = rig.deliver(stream, at, Math.min(stream.length, at + piece));
      assert.deepEqual([rig.arena.usedBytes, rig.connection.paused], [0, true]);
      rig.mayBeginFrames = true;
      rig.connection.resume();
      assert.ok(rig.reading);
      rig.deliver(stream, at, stream.length);
      assert.deepEqual(rig.frames, bodies(frames));
      rig.freeBlocks();
      assert.equal(rig.arena.usedBytes, 0);
    }
  });

  test('sizes that no frame may have break the connection and leave nothing behind', () => {
    for (const size of [0, -1, -(2 ** 31), FRAME_MAX + 1, 2 ** 31 - 1]) {
      for (const cut of [1, 3, 4]) {
        const rig = new Rig();
        const bytes = Buffer.concat([frame(9, 1), Buffer.alloc(4), Buffer.alloc(50)]);
        bytes.writeInt32BE(size, 13);
        rig.deliver(bytes, 0, 13 + cut);
        rig.deliver(bytes, 13 + cut, bytes.length);
        assert.equal(rig.frames.length, 1);
        assert.match(rig.broken ?? '', /frame of -?\d+ bytes, allowed are 1 to 2500/);
        assert.deepEqual([rig.destroyed, rig.closed, rig.arena.usedBytes], [true, 1, 0]);
      }
    }
  });

  test('closing anywhere in a stream gives the block of the frame at hand back', () => {
    fc.assert(
      fc.property(streams, pieces, fc.nat(), (frames, cuts, where) => {
        const stream = Buffer.concat(frames);
        const rig = new Rig({ takes: () => where % 3 > 0 });
        let at = 0;
        const end = where % (stream.length + 1);
        for (let turn = 0; at < end && rig.reading; turn++) {
          at = rig.deliver(stream, at, Math.min(end, at + cuts[turn % cuts.length]));
        }
        rig.connection.close();
        rig.connection.close();
        rig.freeBlocks();
        assert.deepEqual([rig.closed, rig.arena.usedBytes], [1, 0]);
        const taken = rig.frames.length;
        rig.connection.resume();
        assert.equal(rig.connection.received(4, rig.connection.nextReadBytes > 0), false);
        assert.equal(rig.frames.length, taken);
      }),
    );
  });

  test('a handler that closes while it takes a frame gets no further one, and no block is lost or freed twice', () => {
    for (const sizeBytes of [20, 2000]) {
      const rig = new Rig();
      rig.onTaken = () => rig.connection.close();
      rig.deliverAll(Buffer.concat([frame(sizeBytes, 1), frame(sizeBytes, 2)]), [300]);
      assert.equal(rig.frames.length, 1);
      rig.freeBlocks();
      assert.equal(rig.arena.usedBytes, 0);
    }
  });

  test('a declared size buys no more than the first block; a frame that really comes grows to all of the arena', () => {
    const frameBytesMax = 7 * 1024 * 1024;
    const rig = new Rig({ order: 23, frameBytesMax });
    const large = frame(frameBytesMax, 5);
    rig.deliver(large, 0, 100);
    assert.equal(rig.arena.usedBytes, FRAME_FIRST_BLOCK_BYTES);
    const stream = Buffer.concat([large, frame(5, 6)]);
    let at = 100;
    while (at < stream.length && rig.reading) at = rig.deliver(stream, at, Math.min(stream.length, at + 300_001));
    assert.equal(rig.arenaFull, 0);
    assert.deepEqual(rig.frames, bodies([large, frame(5, 6)]));
    rig.freeBlocks();
    assert.equal(rig.arena.usedBytes, 0);
  });

  test('a frame that has to move to grow keeps its bytes', () => {
    const rig = new Rig({ order: 24, frameBytesMax: 7 * 1024 * 1024 });
    const large = frame(7 * 1024 * 1024, 5);
    let at = rig.deliver(large, 0, 1000);
    // Neighbours that keep the block from growing where it stands.
    const neighbour = rig.arena.allocate(FRAME_FIRST_BLOCK_BYTES);
    at = rig.deliver(large, at, 3_000_000);
    const next = rig.arena.allocate(FRAME_FIRST_BLOCK_BYTES);
    while (at < large.length && rig.reading) at = rig.deliver(large, at, Math.min(large.length, at + 777_777));
    assert.deepEqual(rig.frames, bodies([large]));
    for (const block of [neighbour, next]) rig.arena.free(block);
    rig.freeBlocks();
    assert.equal(rig.arena.usedBytes, 0);
  });
});
