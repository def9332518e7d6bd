/**
 * A single-producer, single-consumer ring of fixed-size descriptors in shared memory. It carries descriptions of work
 * (partition, arena offset, length, token), never the bytes themselves. Any two threads, or one thread with itself.
 *
 *     byte 0      Int32 tail: entries published so far (wraps at 2^32), written by the producer
 *     byte 64     Int32 head: entries consumed so far, written by the consumer
 *     byte 128    capacity x 8 doubles
 *
 * Tail and head lie on cache lines of their own. The entries are plain doubles; publishing the tail atomically orders
 * them. Both sides cache the other's counter, so that an uncontended push or take touches one shared line.
 */

/** Doubles per descriptor: one cache line. */
export const DESCRIPTOR_SLOTS = 8;
const HEADER_BYTES = 128;
const TAIL = 0;
const HEAD = 16;

/** Memory for a ring; `capacity` is a power of two. */
export function allocateRing(capacity: number): SharedArrayBuffer {
  if (capacity < 2 || (capacity & (capacity - 1)) !== 0) throw new RangeError(`ring capacity ${capacity}`);
  return new SharedArrayBuffer(HEADER_BYTES + capacity * DESCRIPTOR_SLOTS * 8);
}

export class RingProducer {
  /** The entries; fill `slots[at .. at + DESCRIPTOR_SLOTS)` between `reserve` and `publish`. */
  readonly slots: Float64Array;
  readonly capacity: number;
  readonly #counters: Int32Array;
  readonly #mask: number;
  #tail: number;
  #published: number;
  #head: number;

  constructor(memory: SharedArrayBuffer) {
    this.#counters = new Int32Array(memory, 0, HEADER_BYTES / 4);
    this.slots = new Float64Array(memory, HEADER_BYTES);
    this.capacity = this.slots.length / DESCRIPTOR_SLOTS;
    this.#mask = this.capacity - 1;
    this.#tail = this.#published = Atomics.load(this.#counters, TAIL);
    this.#head = Atomics.load(this.#counters, HEAD);
  }

  /** Entries that can be reserved now. */
  get free(): number {
    this.#head = Atomics.load(this.#counters, HEAD);
    return this.capacity - ((this.#tail - this.#head) | 0);
  }

  /** Index into `slots` of a new entry, or -1 when the ring is full. */
  reserve(): number {
    if (((this.#tail - this.#head) | 0) >= this.capacity && this.free === 0) return -1;
    const at = (this.#tail & this.#mask) * DESCRIPTOR_SLOTS;
    this.#tail = (this.#tail + 1) | 0;
    return at;
  }

  /** Makes everything reserved visible to the consumer; false when there was nothing new. */
  publish(): boolean {
    if (this.#tail === this.#published) return false;
    this.#published = this.#tail;
    Atomics.store(this.#counters, TAIL, this.#tail);
    return true;
  }
}

export class RingConsumer {
  readonly slots: Float64Array;
  readonly #counters: Int32Array;
  readonly #mask: number;
  #head: number;
  #tail: number;

  constructor(memory: SharedArrayBuffer) {
    this.#counters = new Int32Array(memory, 0, HEADER_BYTES / 4);
    this.slots = new Float64Array(memory, HEADER_BYTES);
    this.#mask = this.slots.length / DESCRIPTOR_SLOTS - 1;
    this.#head = Atomics.load(this.#counters, HEAD);
    this.#tail = this.#head;
  }

  get capacity(): number {
    return this.#mask + 1;
  }

  /** Index into `slots` of the oldest entry, or -1 when there is none. Read it before `advance`. */
  peek(): number {
    if (this.#head === this.#tail) {
      this.#tail = Atomics.load(this.#counters, TAIL);
      if (this.#head === this.#tail) return -1;
    }
    return (this.#head & this.#mask) * DESCRIPTOR_SLOTS;
  }

  /** Consumes the entry that `peek` showed. The producer sees it after `release`. */
  advance(): void {
    this.#head = (this.#head + 1) | 0;
  }

  /** Gives the consumed entries back to the producer. */
  release(): void {
    Atomics.store(this.#counters, HEAD, this.#head);
  }
}
