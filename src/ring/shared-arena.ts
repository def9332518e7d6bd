/**
 * Memory for requests on their way to the storage workers: one shared region per I/O thread, cut by a buddy allocator.
 * The I/O thread alone allocates and frees; workers read the bytes and patch batch headers in place.
 *
 *     [ scratch: the read buffer of all idle connections | 2^n bytes of blocks, each a power of two ]
 *
 * A full arena is the bound on what a broker holds in flight: `allocate` then answers -1 and the connection waits.
 * Freed blocks are taken again last-in first-out, so a lightly loaded broker touches (and keeps) few pages. A few of each
 * small size are kept whole: without them every request of an idle broker would cut the whole region down to its size
 * and join it again.
 */

/** Smallest block: 2^8 bytes. */
const ORDER_MIN = 8;
const UNIT_BYTES = 2 ** ORDER_MIN;
const NONE = -1;
const FREE = 0x80;
const KEPT = 0x40;
/** Sizes by order: `2 ** order` is a call of pow where the order is not known. */
const SIZE_BYTES = Float64Array.from({ length: 53 }, (_, order) => 2 ** order);
/** Blocks up to this order (64 KiB) are kept whole when they are freed, so that the next request finds one of its size. */
const KEPT_ORDER_MAX = 16;
/** How many of each order. */
const KEPT_BLOCKS_MAX = 16;

export class SharedArena {
  readonly memory: SharedArrayBuffer;
  /** The whole region, scratch included; block offsets index it. */
  readonly bytes: Buffer;
  readonly scratchBytes: number;
  /** Bytes in use, counted in whole blocks. */
  usedBytes = 0;
  readonly #orderMax: number;
  /** Per smallest unit: order of the block that begins there, with FREE on a free list, with KEPT when kept whole. */
  readonly #orders: Uint8Array;
  readonly #nextFree: Int32Array;
  readonly #previousFree: Int32Array;
  /** First free unit by order. */
  readonly #free: Int32Array;
  /** Units of free blocks that are kept whole: KEPT_BLOCKS_MAX by order, the last freed last. */
  readonly #kept = new Int32Array((KEPT_ORDER_MAX + 1) * KEPT_BLOCKS_MAX);
  readonly #keptCount = new Int32Array(KEPT_ORDER_MAX + 1);

  /** Region for blocks of together `2^order` bytes behind `scratchBytes`. */
  static allocateMemory(order: number, scratchBytes: number): SharedArrayBuffer {
    return new SharedArrayBuffer(scratchBytes + 2 ** order);
  }

  constructor(memory: SharedArrayBuffer, scratchBytes: number) {
    this.memory = memory;
    this.bytes = Buffer.from(memory);
    this.scratchBytes = scratchBytes;
    this.#orderMax = Math.log2(memory.byteLength - scratchBytes);
    if (!Number.isInteger(this.#orderMax) || this.#orderMax < ORDER_MIN) throw new RangeError('arena size');
    const units = 2 ** (this.#orderMax - ORDER_MIN);
    this.#orders = new Uint8Array(units);
    this.#nextFree = new Int32Array(units);
    this.#previousFree = new Int32Array(units);
    this.#free = new Int32Array(this.#orderMax + 1).fill(NONE);
    this.#push(0, this.#orderMax);
  }

  /** Bytes that one block can have at most. */
  get blockBytesMax(): number {
    return 2 ** this.#orderMax;
  }

  /** Offset in `bytes` of a block of at least `sizeBytes`, or -1 when there is no room now. */
  allocate(sizeBytes: number): number {
    const wanted = orderFor(sizeBytes);
    if (wanted <= KEPT_ORDER_MAX && this.#keptCount[wanted] > 0) {
      const kept = this.#kept[wanted * KEPT_BLOCKS_MAX + --this.#keptCount[wanted]];
      this.#orders[kept] = wanted;
      this.usedBytes += SIZE_BYTES[wanted];
      return this.#offsetOf(kept);
    }
    let order = this.#smallestFree(wanted);
    if (order > this.#orderMax) {
      this.#joinKept();
      order = this.#smallestFree(wanted);
      if (order > this.#orderMax) return -1;
    }
    const unit = this.#free[order];
    this.#remove(unit, order);
    while (order > wanted) {
      order--;
      this.#push(unit + (1 << (order - ORDER_MIN)), order);
    }
    this.#orders[unit] = wanted;
    this.usedBytes += SIZE_BYTES[wanted];
    return this.#offsetOf(unit);
  }

  /**
   * Makes a block larger by taking in its free neighbours. Returns its offset, which is another when the room was below
   * it: the first `keptBytes` have then been moved. -1 when the neighbours are in use; the block stays as it was.
   */
  grow(offset: number, sizeBytes: number, keptBytes: number): number {
    let unit = this.#unitOf(offset);
    let order = this.#orders[unit];
    const wanted = orderFor(sizeBytes);
    if (wanted > this.#orderMax) return -1;
    this.#joinKept();
    for (let at = unit, level = order; level < wanted; level++) {
      const buddy = at ^ (1 << (level - ORDER_MIN));
      if (this.#orders[buddy] !== (level | FREE)) return -1;
      at = Math.min(at, buddy);
    }
    this.usedBytes += Math.max(SIZE_BYTES[wanted] - SIZE_BYTES[order], 0);
    for (; order < wanted; order++) {
      const buddy = unit ^ (1 << (order - ORDER_MIN));
      this.#remove(buddy, order);
      this.#orders[Math.max(unit, buddy)] = 0;
      unit = Math.min(unit, buddy);
    }
    this.#orders[unit] = order;
    const grown = this.#offsetOf(unit);
    if (grown !== offset) this.bytes.copyWithin(grown, offset, offset + keptBytes);
    return grown;
  }

  /** Bytes of an allocated block. */
  sizeOf(offset: number): number {
    return SIZE_BYTES[this.#orders[this.#unitOf(offset)]];
  }

  free(offset: number): void {
    const unit = this.#unitOf(offset);
    const order = this.#orders[unit];
    if (order & (FREE | KEPT) || order < ORDER_MIN) throw new Error(`arena block ${offset} is freed twice`);
    this.usedBytes -= SIZE_BYTES[order];
    if (order <= KEPT_ORDER_MAX && this.#keptCount[order] < KEPT_BLOCKS_MAX) {
      this.#kept[order * KEPT_BLOCKS_MAX + this.#keptCount[order]++] = unit;
      this.#orders[unit] = order | KEPT;
      return;
    }
    this.#join(unit, order);
  }

  #smallestFree(orderMin: number): number {
    let order = orderMin;
    while (order <= this.#orderMax && this.#free[order] === NONE) order++;
    return order;
  }

  /** Gives up the blocks that are kept whole. */
  #joinKept(): void {
    for (let order = ORDER_MIN; order <= KEPT_ORDER_MAX; order++) {
      while (this.#keptCount[order] > 0)
        this.#join(this.#kept[order * KEPT_BLOCKS_MAX + --this.#keptCount[order]], order);
    }
  }

  /** Puts a block on its free list, joined with its free neighbours. */
  #join(unit: number, order: number): void {
    while (order < this.#orderMax) {
      const buddy = unit ^ (1 << (order - ORDER_MIN));
      if (this.#orders[buddy] !== (order | FREE)) break;
      this.#remove(buddy, order);
      this.#orders[Math.max(unit, buddy)] = 0;
      unit = Math.min(unit, buddy);
      order++;
    }
    this.#push(unit, order);
  }

  #unitOf(offset: number): number {
    return (offset - this.scratchBytes) / UNIT_BYTES;
  }

  #offsetOf(unit: number): number {
    return this.scratchBytes + unit * UNIT_BYTES;
  }

  #push(unit: number, order: number): void {
    const next = this.#free[order];
    this.#orders[unit] = order | FREE;
    this.#nextFree[unit] = next;
    this.#previousFree[unit] = NONE;
    if (next !== NONE) this.#previousFree[next] = unit;
    this.#free[order] = unit;
  }

  #remove(unit: number, order: number): void {
    const next = this.#nextFree[unit];
    const previous = this.#previousFree[unit];
    if (previous === NONE) this.#free[order] = next;
    else this.#nextFree[previous] = next;
    if (next !== NONE) this.#previousFree[next] = previous;
  }
}

/** Order of the smallest block that holds so many bytes. */
function orderFor(sizeBytes: number): number {
  return sizeBytes <= UNIT_BYTES ? ORDER_MIN : 32 - Math.clz32(sizeBytes - 1);
}
