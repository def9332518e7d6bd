/**
 * One client connection: cuts the byte stream into frames and hands them on in order. Lives on an I/O thread.
 *
 * Receive path. All connections read into one scratch buffer, whose frames are handled at once (whoever keeps bytes,
 * copies them: the scratch is overwritten by the next read of any connection). A frame that is not whole gets a block
 * of the arena, and the kernel then writes the rest of it straight into that block. A frame's declared size buys at
 * most FRAME_FIRST_BLOCK_BYTES; a larger frame's block grows with the bytes that really arrive.
 *
 * The handler may refuse a frame (an earlier request must finish first, a ring or the arena is full): reading pauses and
 * `resume` offers the frame again. What was read behind it is kept in a stash of at most one scratch buffer.
 */
import type { SharedArena } from '../ring/shared-arena.ts';
import type { ConnectionSocket } from './connection-socket.ts';
import type { ResponseSender } from './response-sender.ts';

/** A frame gets its whole size at once up to here; beyond, its block doubles as bytes arrive. */
export const FRAME_FIRST_BLOCK_BYTES = 2 * 1024 * 1024;

const SIZE_BYTES = 4;
const NO_BLOCK = -1;
/** How a TLS client begins: a handshake record of version 3.x. */
const TLS_HELLO = 0x1603;

export interface FrameHandler {
  /**
   * Takes a frame `bytes[start, start + sizeBytes)` (without its size field) or answers false to get it again on resume.
   * With `block` >= 0 the bytes lie in that block of the arena, which belongs to the handler once it takes the frame;
   * otherwise they are valid only during the call.
   */
  onFrame(connection: Connection, bytes: Buffer, start: number, sizeBytes: number, block: number): boolean;
  /**
   * Whether memory may be taken for a frame whose rest is still to come. False when the connection must wait anyway for an
   * earlier request, however long that takes; `resume` offers the frame again.
   */
  mayBegin(connection: Connection): boolean;
  /** The arena has no room: the connection waits and wants `resume` when something is freed. */
  onArenaFull(connection: Connection): void;
  /** No frame: to be closed, at the latest when frames before it are answered. `strange`: the client means another protocol. */
  onBroken(connection: Connection, reason: string, strange: boolean): void;
  /** The client sends no more; responses may still be wanted. */
  onEnded(connection: Connection): void;
  onClosed(connection: Connection): void;
}

export interface ConnectionOptions {
  readonly id: number;
  readonly arena: SharedArena;
  readonly handler: FrameHandler;
  /** `socket.request.max.bytes` */
  readonly frameBytesMax: number;
  readonly listenerName: string;
  readonly clientHost: string;
  readonly clientPort: number;
  /** Address of ours that the client connected to. */
  readonly localHost: string;
}

export class Connection {
  readonly id: number;
  readonly listenerName: string;
  readonly clientHost: string;
  readonly clientPort: number;
  readonly localHost: string;
  /** Set by the listener before the first byte is read. */
  sender!: ResponseSender;
  socket!: ConnectionSocket;
  /** The broker's own state of the connection. */
  attachment: object | null = null;
  closed = false;
  /** Monotonic time of the last byte received, for idle closing and for finding stalled frames. */
  lastReceivedMs = 0;
  /** All that came. */
  receivedBytes = 0;
  readonly #arena: SharedArena;
  readonly #handler: FrameHandler;
  readonly #frameBytesMax: number;
  readonly #scratch: Uint8Array;
  /** First bytes of a size field that was cut by a read. */
  #sizePart = 0;
  #sizePartBytes = 0;
  /** The frame under construction. */
  #block = NO_BLOCK;
  #frameBytes = 0;
  #filledBytes = 0;
  /** Bytes read behind a refused frame. */
  #stash: Buffer | null = null;
  #stashAt = 0;
  #paused = false;

  constructor(options: ConnectionOptions, scratch: Uint8Array) {
    this.id = options.id;
    this.listenerName = options.listenerName;
    this.clientHost = options.clientHost;
    this.clientPort = options.clientPort;
    this.localHost = options.localHost;
    this.#arena = options.arena;
    this.#handler = options.handler;
    this.#frameBytesMax = options.frameBytesMax;
    this.#scratch = scratch;
  }

  /** Reading waits for `resume`. */
  get paused(): boolean {
    return this.#paused;
  }

  /** A frame has begun and is not whole. */
  get midFrame(): boolean {
    return this.#block !== NO_BLOCK && this.#filledBytes < this.#frameBytes;
  }

  /**
   * Bytes that the next read may bring into the frame's block; 0: it goes to the scratch. That is so while paused, whatever
   * will be asked for on resume: node keeps the buffer that it was given last, so bytes may arrive there in the middle
   * of a frame and are then copied.
   */
  get nextReadBytes(): number {
    if (this.#paused || !this.midFrame) return 0;
    return Math.min(this.#frameBytes, this.#arena.sizeOf(this.#block)) - this.#filledBytes;
  }

  /** Where the next read goes, in the arena's memory; the scratch is its beginning. */
  get nextReadAt(): number {
    return this.nextReadBytes === 0 ? 0 : this.#block + this.#filledBytes;
  }

  nextReadBuffer(): Uint8Array {
    const sizeBytes = this.nextReadBytes;
    return sizeBytes === 0 ? this.#scratch : this.#arena.bytes.subarray(this.nextReadAt, this.nextReadAt + sizeBytes);
  }

  /** Takes in `count` bytes that were read into the frame's block or the scratch. False: stop reading until `resume`. */
  received(count: number, intoBlock: boolean): boolean {
    if (this.closed) return false;
    this.receivedBytes += count;
    if (intoBlock) {
      this.#filledBytes += count;
      this.#continueBlock();
    } else {
      const bytes = this.#arena.bytes;
      const stopped = this.#consume(bytes, 0, count);
      if (stopped < count && !this.closed) this.#keep(bytes.subarray(stopped, count));
    }
    return !this.#paused && !this.closed;
  }

  /** Offers what was refused again, then reads on. */
  resume(): void {
    if (!this.#paused || this.closed) return;
    if (this.#block !== NO_BLOCK && !this.#continueBlock()) return;
    this.#paused = false;
    const stash = this.#stash;
    if (stash) {
      this.#stashAt = this.#consume(stash, this.#stashAt, stash.length);
      if (this.closed || this.#stashAt < stash.length) return;
      this.#stash = null;
    }
    if (!this.#paused && !this.closed) this.socket.resume();
  }

  /** Closes at once: queued responses are dropped. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.#block !== NO_BLOCK) this.#arena.free(this.#block);
    this.#block = NO_BLOCK;
    this.#stash = null;
    // An input ends before the output whose descriptor it reads.
    this.socket?.destroy();
    this.sender?.close();
    this.#handler.onClosed(this);
  }

  /** TLS delivers what it had decrypted also after reading was paused: at most what one read of the socket brought. */
  #keep(bytes: Buffer): void {
    const before = this.#stash?.subarray(this.#stashAt);
    this.#stash = before ? Buffer.concat([before, bytes]) : Buffer.from(bytes);
    this.#stashAt = 0;
  }

  /** Cuts frames out of bytes[at, end); answers where it stopped: `end`, or where `resume` must go on. */
  #consume(bytes: Buffer, at: number, end: number): number {
    while (at < end && !this.closed && !this.#paused) {
      if (this.#block !== NO_BLOCK) {
        at += this.#fillBlock(bytes, at, end);
        this.#continueBlock();
        continue;
      }
      const frameAt = at;
      const wholeSizeField = this.#sizePartBytes === 0 && end - at >= SIZE_BYTES;
      if (wholeSizeField) {
        this.#sizePart = bytes.readInt32BE(at);
        at += SIZE_BYTES;
      } else {
        while (this.#sizePartBytes < SIZE_BYTES && at < end) {
          this.#sizePart = (this.#sizePart << 8) | bytes[at++];
          this.#sizePartBytes++;
        }
        if (this.#sizePartBytes < SIZE_BYTES) return at;
      }
      const size = this.#sizePart;
      if (size <= 0 || size > this.#frameBytesMax) {
        if (size >>> 16 === TLS_HELLO) this.#handler.onBroken(this, 'it speaks TLS, the listener does not', true);
        else this.#handler.onBroken(this, `frame of ${size} bytes, allowed are 1 to ${this.#frameBytesMax}`, false);
        this.#paused = true;
        return end;
      }
      const whole = size <= end - at;
      if (whole ? this.#handler.onFrame(this, bytes, at, size, NO_BLOCK) : this.#beginBlock(bytes, at, end, size)) {
        at += Math.min(size, end - at);
        this.#sizePart = this.#sizePartBytes = 0;
      } else {
        this.#paused = true;
        // A size field that came in parts is remembered; a whole one is read again.
        return wholeSizeField ? frameAt : at;
      }
    }
    return at;
  }

  #beginBlock(bytes: Buffer, at: number, end: number, size: number): boolean {
    if (!this.#handler.mayBegin(this)) return false;
    const block = this.#arena.allocate(Math.min(size, Math.max(FRAME_FIRST_BLOCK_BYTES, end - at)));
    if (block < 0) {
      this.#handler.onArenaFull(this);
      return false;
    }
    bytes.copy(this.#arena.bytes, block, at, end);
    this.#block = block;
    this.#frameBytes = size;
    this.#filledBytes = end - at;
    return true;
  }

  /** Copies as much of bytes[at, end) into the block as it takes now. */
  #fillBlock(bytes: Buffer, at: number, end: number): number {
    const room = Math.min(this.#frameBytes, this.#arena.sizeOf(this.#block)) - this.#filledBytes;
    const count = Math.min(room, end - at);
    bytes.copy(this.#arena.bytes, this.#block + this.#filledBytes, at, at + count);
    this.#filledBytes += count;
    return count;
  }

  /** Delivers a whole block, makes a full one larger. False (and paused) when that must wait. */
  #continueBlock(): boolean {
    const done = this.midFrame ? this.#growBlock() : this.#deliverBlock();
    if (!done) this.#paused = true;
    return done;
  }

  #growBlock(): boolean {
    const capacity = this.#arena.sizeOf(this.#block);
    if (this.#filledBytes < capacity) return true;
    const wanted = Math.min(this.#frameBytes, capacity * 2);
    // In place first: a frame of more than half the arena has no other way to its last block.
    const grown = this.#arena.grow(this.#block, wanted, this.#filledBytes);
    if (grown >= 0) {
      this.#block = grown;
      return true;
    }
    const larger = this.#arena.allocate(wanted);
    if (larger < 0) {
      this.#handler.onArenaFull(this);
      return false;
    }
    this.#arena.bytes.copy(this.#arena.bytes, larger, this.#block, this.#block + this.#filledBytes);
    this.#arena.free(this.#block);
    this.#block = larger;
    return true;
  }

  #deliverBlock(): boolean {
    const block = this.#block;
    // Not ours during the call: the handler may close the connection after taking the block.
    this.#block = NO_BLOCK;
    if (this.#handler.onFrame(this, this.#arena.bytes, block, this.#frameBytes, block)) return true;
    if (this.closed) this.#arena.free(block);
    else this.#block = block;
    return false;
  }
}
