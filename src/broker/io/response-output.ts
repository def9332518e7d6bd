/**
 * Collects the responses that one turn of an I/O thread has for a connection, so that they leave in one send. Responses
 * are written into the thread's response memory; file ranges stand between the pieces. One per I/O thread.
 */
import {
  OUTPUT_PART_STRIDE,
  OutputPartKind,
  OutputPartSlot,
  setFilePart,
  setMemoryPart,
} from '../../native/socket-output.ts';
import type { ResponseSender } from '../../network/response-sender.ts';

/** Response memory at first; it grows to the largest that one turn has for a connection, file ranges apart. */
export const RESPONSE_BYTES_START = 256 * 1024;

/** Memory that responses are written into, and the engine's id of it. */
export interface ResponseMemory {
  readonly bytes: Buffer;
  readonly id: number;
}

/** Parts that there is room for at first; the list grows. */
const PARTS_START = 256;

export class ResponseOutput {
  /** Grows (by replacement) through `ensure`; never keep it across calls. */
  memory: Buffer;
  /** The same memory. */
  view: DataView;
  /** Where the next byte goes. */
  at = 0;
  #parts = new Float64Array(PARTS_START * OUTPUT_PART_STRIDE);
  #partCount = 0;
  #partStart = 0;
  #fileBytes = 0;
  #memoryId: number;
  readonly #grow: (bytesMin: number) => ResponseMemory;

  /** `grow` gives response memory of at least so many bytes; the old one is not used any more. */
  constructor(memory: ResponseMemory, grow: (bytesMin: number) => ResponseMemory) {
    this.memory = memory.bytes;
    this.view = viewOf(memory.bytes);
    this.#memoryId = memory.id;
    this.#grow = grow;
  }

  /** Bytes of file ranges so far. */
  get fileBytes(): number {
    return this.#fileBytes;
  }

  /** Makes room for `bytes` more at `at`. */
  ensure(bytes: number): void {
    if (this.at + bytes <= this.memory.length) return;
    const larger = this.#grow(Math.max(this.at + bytes, this.memory.length * 2));
    this.memory.copy(larger.bytes, 0, 0, this.at);
    this.memory = larger.bytes;
    this.view = viewOf(larger.bytes);
    this.#memoryId = larger.id;
    // Pieces that were ended before lie at the same places of the new memory.
    for (let part = 0; part < this.#partCount; part++) {
      const at = part * OUTPUT_PART_STRIDE;
      if (this.#parts[at] === OutputPartKind.memory) this.#parts[at + OutputPartSlot.source] = larger.id;
    }
  }

  /** Ends the piece of memory at hand and puts a planned file range behind it. */
  file(file: number, position: number, sizeBytes: number, cached: boolean): void {
    this.#endMemory();
    setFilePart(this.#parts, this.#nextPart(), file, position, sizeBytes, cached);
    this.#fileBytes += sizeBytes;
  }

  /** Sends everything collected; see ResponseSender.send. */
  flush(sender: ResponseSender): number {
    this.#endMemory();
    if (this.#partCount === 0) return sender.pendingBytes;
    const queued = sender.send(this.#parts, this.#partCount, this.at + this.#fileBytes);
    this.discard();
    return queued;
  }

  /** Forgets everything collected. File ranges must have been given back. */
  discard(): void {
    this.at = this.#partStart = this.#partCount = this.#fileBytes = 0;
  }

  #endMemory(): void {
    const sizeBytes = this.at - this.#partStart;
    if (sizeBytes > 0) setMemoryPart(this.#parts, this.#nextPart(), this.#memoryId, this.#partStart, sizeBytes);
    this.#partStart = this.at;
  }

  #nextPart(): number {
    const part = this.#partCount++;
    if ((part + 1) * OUTPUT_PART_STRIDE > this.#parts.length) {
      const larger = new Float64Array(this.#parts.length * 2);
      larger.set(this.#parts);
      this.#parts = larger;
    }
    return part;
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
