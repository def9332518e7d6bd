/**
 * Sends on a TLS connection: what is to be sent is gathered into slices of bounded size, file ranges by reading them, and
 * each slice is handed to node:tls when the one before has left. So a client that reads slowly costs one slice beside what
 * its queue describes, however large the responses are. Runs on an I/O thread.
 *
 * One slice buffer serves all connections of the thread: node:tls encrypts (or copies) within `write` when no write of
 * the socket is under way, and the sender has one write under way at most.
 */
import type { Socket } from 'node:net';
import { Errno } from '../native/file-space.ts';
import type { LogStore } from '../native/log-store.ts';
import { OUTPUT_PART_STRIDE, OutputPartKind, OutputPartSlot } from '../native/socket-output.ts';
import type { OnDrained, ResponseSender } from './response-sender.ts';

/** Plain bytes that one connection has in the hands of node:tls at a time. */
export const TLS_SLICE_BYTES = 256 * 1024;

/** A part whose bytes have not been gathered: of a copy of memory, or of a held file. */
interface QueuedPart {
  readonly bytes: Buffer | null;
  readonly file: number;
  position: number;
  sizeBytes: number;
}

/** The slice that a thread's connections take turns in. */
export class TlsSlice {
  readonly bytes = Buffer.allocUnsafeSlow(TLS_SLICE_BYTES);
}

export class TlsResponseSender implements ResponseSender {
  readonly #store: LogStore;
  readonly #memory: () => Buffer;
  readonly #slice: TlsSlice;
  readonly #onDrained: OnDrained;
  readonly #onWritten: (error?: Error | null) => void;
  #socket: Socket | null = null;
  #queue: QueuedPart[] = [];
  #queuedBytes = 0;
  /** Bytes of the slice under way. */
  #slicedBytes = 0;

  /** `memory` gives the response memory that parts lie in now. */
  constructor(store: LogStore, memory: () => Buffer, slice: TlsSlice, onDrained: OnDrained) {
    this.#store = store;
    this.#memory = memory;
    this.#slice = slice;
    this.#onDrained = onDrained;
    this.#onWritten = (error) => this.#written(error);
  }

  /** The handshake is done. Nothing is sent before. */
  open(socket: Socket): void {
    this.#socket = socket;
  }

  get pendingBytes(): number {
    return this.#queuedBytes + this.#slicedBytes;
  }

  send(parts: Float64Array, count: number, totalBytes: number): number {
    const memory = this.#memory();
    const idle = this.pendingBytes === 0;
    // Small answers, which are most, go out without a queue.
    if (idle && totalBytes <= TLS_SLICE_BYTES) {
      const failed = !this.#gatherAll(parts, count, memory);
      return failed ? Errno.EIO : this.#write(totalBytes);
    }
    for (let i = 0; i < count; i++) {
      const at = i * OUTPUT_PART_STRIDE;
      const isMemory = parts[at] === OutputPartKind.memory;
      const position = parts[at + OutputPartSlot.position];
      const sizeBytes = parts[at + OutputPartSlot.sizeBytes];
      this.#queue.push({
        bytes: isMemory ? Buffer.from(memory.subarray(position, position + sizeBytes)) : null,
        file: isMemory ? 0 : parts[at + OutputPartSlot.source],
        position: isMemory ? 0 : position,
        sizeBytes,
      });
    }
    this.#queuedBytes += totalBytes;
    return idle ? this.#sendSlice() : this.pendingBytes;
  }

  close(): void {
    for (const { bytes, file } of this.#queue) if (bytes === null) this.#store.release(file);
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#socket = null;
  }

  /** All parts into the slice. False when a file cannot be read; all holds are given back either way. */
  #gatherAll(parts: Float64Array, count: number, memory: Buffer): boolean {
    const slice = this.#slice.bytes;
    let filled = 0;
    let whole = true;
    for (let i = 0; i < count; i++) {
      const at = i * OUTPUT_PART_STRIDE;
      const position = parts[at + OutputPartSlot.position];
      const sizeBytes = parts[at + OutputPartSlot.sizeBytes];
      if (parts[at] === OutputPartKind.memory) {
        memory.copy(slice, filled, position, position + sizeBytes);
      } else {
        const file = parts[at + OutputPartSlot.source];
        whole &&= this.#store.readPlanned(file, position, slice, filled, sizeBytes) === sizeBytes;
        this.#store.release(file);
      }
      filled += sizeBytes;
    }
    return whole;
  }

  /** Fills the slice from the queue and writes it. Returns what `send` returns. */
  #sendSlice(): number {
    const slice = this.#slice.bytes;
    let filled = 0;
    let done = 0;
    let whole = true;
    while (done < this.#queue.length && filled < TLS_SLICE_BYTES) {
      const part = this.#queue[done];
      const count = Math.min(part.sizeBytes, TLS_SLICE_BYTES - filled);
      if (part.bytes) part.bytes.copy(slice, filled, part.position, part.position + count);
      else whole = this.#store.readPlanned(part.file, part.position, slice, filled, count) === count;
      if (!whole) break;
      filled += count;
      part.position += count;
      part.sizeBytes -= count;
      if (part.sizeBytes > 0) break;
      if (part.bytes === null) this.#store.release(part.file);
      done++;
    }
    if (done > 0) this.#queue.splice(0, done);
    this.#queuedBytes -= filled;
    return whole ? this.#write(filled) : Errno.EIO;
  }

  #write(sizeBytes: number): number {
    if (!this.#socket) return Errno.EIO;
    this.#slicedBytes = sizeBytes;
    this.#socket.write(this.#slice.bytes.subarray(0, sizeBytes), this.#onWritten);
    return this.pendingBytes;
  }

  #written(error: Error | null | undefined): void {
    this.#slicedBytes = 0;
    // Closed, or about to be: whoever destroyed the socket knows.
    if (!this.#socket) return;
    if (error || (this.#queuedBytes > 0 && this.#sendSlice() < 0)) this.#onDrained(true);
    else if (this.pendingBytes === 0) this.#onDrained(false);
  }
}
