/**
 * A single-producer, single-consumer ring of byte records of any length in shared memory: what carries small frames between
 * two threads, or within one. A record lies in one piece; one that does not fit behind the last begins at the front.
 *
 *     byte 0      Int32 tail: units of 8 bytes written so far (wraps at 2^32), written by the producer
 *     byte 64     Int32 head: units consumed so far, written by the consumer
 *     byte 128    the records: a unit with the size in bytes (-1: nothing follows up to the end), then the bytes
 *
 * Publishing the tail atomically orders the plain writes before it. A record that finds no room is refused: its sender
 * needs another way for it.
 */

const HEADER_BYTES = 128;
const TAIL = 0;
const HEAD = 16;
const UNIT_BYTES = 8;
const TO_THE_END = -1;

/** Memory for a ring of `capacityBytes`, a power of two. Half of that fits at any time into a ring that is empty. */
export function allocateFrameRing(capacityBytes: number): SharedArrayBuffer {
  if (capacityBytes < 4 * UNIT_BYTES || (capacityBytes & (capacityBytes - 1)) !== 0) {
    throw new RangeError(`frame ring of ${capacityBytes} bytes`);
  }
  return new SharedArrayBuffer(HEADER_BYTES + capacityBytes);
}

/** Both views begin at the first record; offsets of records are multiples of 8. */
interface FrameRingViews {
  readonly bytes: Buffer;
  readonly doubles: Float64Array;
}

export class FrameRingProducer implements FrameRingViews {
  readonly bytes: Buffer;
  readonly doubles: Float64Array;
  readonly #counters: Int32Array;
  readonly #units: number;
  #tail: number;
  #head: number;

  constructor(memory: SharedArrayBuffer) {
    this.bytes = Buffer.from(memory, HEADER_BYTES);
    this.doubles = new Float64Array(memory, HEADER_BYTES);
    this.#counters = new Int32Array(memory, 0, HEADER_BYTES / 4);
    this.#units = this.doubles.length;
    this.#tail = Atomics.load(this.#counters, TAIL);
    this.#head = Atomics.load(this.#counters, HEAD);
  }

  /** Offset in `bytes` of a new record, to be filled before `publish`; -1 when there is no room for it now. */
  reserve(sizeBytes: number): number {
    const needed = 1 + Math.ceil(sizeBytes / UNIT_BYTES);
    let at = this.#tail & (this.#units - 1);
    const untilEnd = this.#units - at;
    const skipped = needed > untilEnd ? untilEnd : 0;
    if (skipped + needed > this.#free(skipped + needed)) return -1;
    if (skipped > 0) {
      this.doubles[at] = TO_THE_END;
      at = 0;
    }
    this.doubles[at] = sizeBytes;
    this.#tail = (this.#tail + skipped + needed) | 0;
    return (at + 1) * UNIT_BYTES;
  }

  /** Shows the consumer every record that was reserved. */
  publish(): void {
    Atomics.store(this.#counters, TAIL, this.#tail);
  }

  /** Looks at the shared counter only when the room known of is less than what is wanted. */
  #free(wanted: number): number {
    const known = this.#units - ((this.#tail - this.#head) | 0);
    if (known >= wanted) return known;
    this.#head = Atomics.load(this.#counters, HEAD);
    return this.#units - ((this.#tail - this.#head) | 0);
  }
}

export class FrameRingConsumer implements FrameRingViews {
  readonly bytes: Buffer;
  readonly doubles: Float64Array;
  readonly #counters: Int32Array;
  readonly #units: number;
  #head: number;
  #tail: number;

  constructor(memory: SharedArrayBuffer) {
    this.bytes = Buffer.from(memory, HEADER_BYTES);
    this.doubles = new Float64Array(memory, HEADER_BYTES);
    this.#counters = new Int32Array(memory, 0, HEADER_BYTES / 4);
    this.#units = this.doubles.length;
    this.#head = Atomics.load(this.#counters, HEAD);
    this.#tail = this.#head;
  }

  /** Offset in `bytes` of the oldest record, or -1 when there is none. Read it before `advance`. */
  peek(): number {
    if (this.#head === this.#tail) {
      this.#tail = Atomics.load(this.#counters, TAIL);
      if (this.#head === this.#tail) return -1;
    }
    let at = this.#head & (this.#units - 1);
    if (this.doubles[at] === TO_THE_END) {
      this.#head = (this.#head + this.#units - at) | 0;
      at = 0;
    }
    return (at + 1) * UNIT_BYTES;
  }

  /** Bytes of the record that `peek` showed. */
  sizeAt(offset: number): number {
    return this.doubles[offset / UNIT_BYTES - 1];
  }

  /** Gives the record that `peek` showed, and its memory, back to the producer. */
  advance(): void {
    const at = this.#head & (this.#units - 1);
    this.#head = (this.#head + 1 + Math.ceil(this.doubles[at] / UNIT_BYTES)) | 0;
    Atomics.store(this.#counters, HEAD, this.#head);
  }
}
