/**
 * Collects the responses that one turn of an I/O thread has for a connection, so that they leave in one send. Responses
 * are written into the thread's response memory; file ranges stand between the pieces. One per I/O thread.
 */
import { PART_STRIDE, PartKind, type ResponseSender } from '../../network/response-sender.ts';

/** Parts that there is room for at first; the list grows. */
const PARTS_START = 256;

export class ResponseOutput {
  /** Grows (by replacement) through `ensure`; never keep it across calls. */
  memory: Buffer;
  /** Where the next byte goes. */
  at = 0;
  #parts = new Float64Array(PARTS_START * PART_STRIDE);
  #partCount = 0;
  #partStart = 0;
  #fileBytes = 0;
  readonly #grow: (bytesMin: number) => Buffer;

  /** `grow` gives response memory of at least so many bytes; the old one is not used any more. */
  constructor(memory: Buffer, grow: (bytesMin: number) => Buffer) {
    this.memory = memory;
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
    this.memory.copy(larger, 0, 0, this.at);
    this.memory = larger;
  }

  /** Ends the piece of memory at hand and puts a planned file range behind it. */
  file(file: number, position: number, sizeBytes: number, cached: boolean): void {
    this.#endMemory();
    this.#add(PartKind.file, file, position, sizeBytes, cached);
    this.#fileBytes += sizeBytes;
  }

  get isEmpty(): boolean {
    return this.at === 0;
  }

  /** Sends everything collected; true when nothing of it is left in the sender's queue. */
  flush(sender: ResponseSender): boolean {
    if (this.isEmpty && this.#partCount === 0) return sender.pendingBytes === 0;
    this.#endMemory();
    const sent = sender.send(this.#parts, this.#partCount);
    this.discard();
    return sent;
  }

  /** Forgets everything collected. File ranges must have been given back. */
  discard(): void {
    this.at = this.#partStart = this.#partCount = this.#fileBytes = 0;
  }

  #endMemory(): void {
    if (this.at > this.#partStart) this.#add(PartKind.memory, this.#partStart, 0, this.at - this.#partStart, true);
    this.#partStart = this.at;
  }

  #add(kind: number, source: number, position: number, sizeBytes: number, cached: boolean): void {
    const at = this.#partCount++ * PART_STRIDE;
    if (at === this.#parts.length) {
      const larger = new Float64Array(this.#parts.length * 2);
      larger.set(this.#parts);
      this.#parts = larger;
    }
    this.#parts[at] = kind;
    this.#parts[at + 1] = source;
    this.#parts[at + 2] = position;
    this.#parts[at + 3] = sizeBytes;
    this.#parts[at + 4] = cached ? 1 : 0;
  }
}
