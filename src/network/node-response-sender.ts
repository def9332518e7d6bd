import type { Socket } from 'node:net';
import { Errno } from '../native/file-space.ts';
import type { LogStore } from '../native/log-store.ts';
import { OUTPUT_PART_STRIDE, OutputPartKind, OutputPartSlot } from '../native/socket-output.ts';
import type { OnDrained, ResponseSender } from './response-sender.ts';

/** Sends through node's own stream: bytes are copied, file ranges are read. Runs on an I/O thread. */
export class NodeResponseSender implements ResponseSender {
  readonly #socket: Socket;
  readonly #store: LogStore;
  readonly #memory: () => Buffer;
  readonly #onWritten: () => void;
  /** The last send left bytes behind, so `onDrained` is awaited. */
  #queued = false;

  /** `memory` gives the response memory that parts lie in now. */
  constructor(socket: Socket, store: LogStore, memory: () => Buffer, onDrained: OnDrained) {
    this.#socket = socket;
    this.#store = store;
    this.#memory = memory;
    // Not 'drain': node emits it only when more than its high-water mark was queued.
    this.#onWritten = () => {
      if (this.#queued && socket.writableLength === 0) {
        this.#queued = false;
        onDrained(false);
      }
    };
  }

  get pendingBytes(): number {
    return this.#socket.writableLength;
  }

  send(parts: Float64Array, count: number, totalBytes: number): number {
    const bytes = Buffer.allocUnsafe(totalBytes);
    let filled = 0;
    let failed = false;
    for (let i = 0; i < count; i++) {
      const at = i * OUTPUT_PART_STRIDE;
      const position = parts[at + OutputPartSlot.position];
      const size = parts[at + OutputPartSlot.sizeBytes];
      if (parts[at] === OutputPartKind.memory) {
        this.#memory().copy(bytes, filled, position, position + size);
      } else {
        const file = parts[at + OutputPartSlot.source];
        failed ||= this.#store.readPlanned(file, position, bytes, filled, size) !== size;
        this.#store.release(file);
      }
      filled += size;
    }
    if (failed) return Errno.EIO;
    this.#socket.write(bytes, this.#onWritten);
    this.#queued = this.#socket.writableLength > 0;
    return this.#socket.writableLength;
  }

  close(): void {}
}
