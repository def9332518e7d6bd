import { getSystemErrorName } from 'node:util';
import type { SocketOutput } from '../native/socket-output.ts';
import type { OnDrained, ResponseSender } from './response-sender.ts';

/** Sends on the socket's descriptor through the engine: file ranges by sendfile, nothing is copied. I/O thread. */
export class NativeResponseSender implements ResponseSender {
  readonly #outputs: SocketOutput;
  readonly #output: number;

  /** Throws an Error when the descriptor cannot be used. */
  constructor(outputs: SocketOutput, descriptor: number, onDrained: OnDrained) {
    this.#outputs = outputs;
    this.#output = outputs.attach(descriptor, (result) => onDrained(result < 0));
    if (this.#output < 0) throw new Error(notSending(this.#output));
  }

  get pendingBytes(): number {
    return this.#outputs.pendingBytes(this.#output);
  }

  send(parts: Float64Array, count: number, totalBytes: number): number {
    const sent = this.#outputs.send(this.#output, parts, count);
    return sent < 0 ? sent : totalBytes - sent;
  }

  close(): void {
    this.#outputs.detach(this.#output);
  }
}

function notSending(errno: number): string {
  const name = getSystemErrorName(errno);
  return name === 'EMFILE' ? 'no file descriptors are left: raise ulimit -n, a connection takes two' : `dup: ${name}`;
}
