import { BatchFault } from '../../native/log-store.ts';
import { BatchError } from '../../protocol/records/batch-header.ts';

/**
 * The records of a batch as the cleaner wants them: where they lie, their keys, whether they are tombstones. Values and
 * headers are passed over. Nothing is allocated for a record but the view of its key.
 *
 *     record: length varint | attributes 1 | timestampDelta varlong | offsetDelta varint | keyLength varint | key |
 *             valueLength varint | value | headers
 *
 * Thread: the cleaner's.
 */
export class RecordWalk {
  readonly bytes: Uint8Array;
  #at = 0;
  /** Bytes of the current record, its length field included. */
  start = 0;
  end = 0;
  timestampDelta = 0;
  /** Where its offset delta begins: what follows does not depend on timestamps. */
  offsetDeltaAt = 0;
  offsetDelta = 0;
  /** Null without a key. */
  key: Uint8Array | null = null;
  isTombstone = false;

  /** `bytes` are the records after decompression. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** False behind the last record. Throws a BatchError where the bytes are no record. */
  next(): boolean {
    const { bytes } = this;
    if (this.#at >= bytes.length) return false;
    this.start = this.#at;
    const length = this.#varint();
    this.end = this.#at + length;
    if (length < 0 || this.end > bytes.length) fail();
    this.#at++;
    this.timestampDelta = this.#varlong();
    this.offsetDeltaAt = this.#at;
    this.offsetDelta = this.#varint();
    const keyBytes = this.#varint();
    if (keyBytes > this.end - this.#at) fail();
    this.key = keyBytes < 0 ? null : bytes.subarray(this.#at, this.#at + keyBytes);
    this.#at += Math.max(0, keyBytes);
    this.isTombstone = this.#varint() < 0;
    if (this.#at > this.end) fail();
    this.#at = this.end;
    return true;
  }

  #varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.#at >= this.bytes.length) fail();
      const byte = this.bytes[this.#at++];
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
    return fail();
  }

  #varlong(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      if (this.#at >= this.bytes.length) fail();
      const byte = this.bytes[this.#at++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      scale *= 128;
    }
    return fail();
  }
}

function fail(): never {
  throw new BatchError(BatchFault.records, 'records do not parse');
}
