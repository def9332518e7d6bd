import { APPEND_STRIDE, AppendSlot } from '../native/log-store.ts';

/** Batches that the storage engine is to append with one call. */

const BATCHES_AT_FIRST = 16;

export class AppendList {
  /** AppendSlot of each batch. */
  slots = new Float64Array(BATCHES_AT_FIRST * APPEND_STRIDE);
  count = 0;
  sizeBytes = 0;

  /** `appendTimeMs` and `maxTimestamp`: -1 to leave the batch's own. */
  add(
    memoryId: number,
    offset: number,
    sizeBytes: number,
    baseOffset: number,
    appendTimeMs: number,
    maxTimestamp: number,
  ): void {
    const at = this.count * APPEND_STRIDE;
    if (at === this.slots.length) {
      const grown = new Float64Array(this.slots.length * 2);
      grown.set(this.slots);
      this.slots = grown;
    }
    const { slots } = this;
    slots[at + AppendSlot.memoryId] = memoryId;
    slots[at + AppendSlot.offset] = offset;
    slots[at + AppendSlot.sizeBytes] = sizeBytes;
    slots[at + AppendSlot.baseOffset] = baseOffset;
    slots[at + AppendSlot.appendTimeMs] = appendTimeMs;
    slots[at + AppendSlot.maxTimestamp] = maxTimestamp;
    this.count++;
    this.sizeBytes += sizeBytes;
  }

  clear(): void {
    this.count = 0;
    this.sizeBytes = 0;
  }
}
