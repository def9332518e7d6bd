import type { Socket } from 'node:net';
import type { LogStore } from '../native/log-store.ts';
import { type OnDrained, PART_STRIDE, PartKind, type ResponseSender } from './response-sender.ts';

/** Sends through node's own stream: bytes are copied, file ranges are read. Runs on an I/O thread. */
export class NodeResponseSender implements ResponseSender {
  readonly #socket: Socket;
  readonly #store: LogStore;
  readonly #memory: () => Buffer;

  /** `memory` gives the response memory that parts lie in now. */
  constructor(socket: Socket, store: LogStore, memory: () => Buffer, onDrained: OnDrained) {
    this.#socket = socket;
    this.#store = store;
    this.#memory = memory;
    socket.on('drain', () => onDrained(false));
  }

  get pendingBytes(): number {
    return this.#socket.writableLength;
  }

  send(parts: Float64Array, count: number): boolean {
    let total = 0;
    for (let i = 0; i < count; i++) total += parts[i * PART_STRIDE + 3];
    const bytes = Buffer.allocUnsafe(total);
    let filled = 0;
    let failed = false;
    for (let i = 0; i < count; i++) {
      const at = i * PART_STRIDE;
      const size = parts[at + 3];
      if (parts[at] === PartKind.memory) {
        this.#memory().copy(bytes, filled, parts[at + 1], parts[at + 1] + size);
      } else {
        const file = parts[at + 1];
        failed ||= this.#store.readPlanned(file, parts[at + 2], bytes, filled, size) !== size;
        this.#store.release(file);
      }
      filled += size;
    }
    if (failed) {
      this.#socket.destroy();
      return true;
    }
    return this.#socket.write(bytes);
  }

  close(): void {}
}
