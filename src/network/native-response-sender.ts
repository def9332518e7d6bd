import { getSystemErrorName } from 'node:util';
import type { OutputHandle, SocketOutput } from '../native/socket-output.ts';
import type { OnDrained, ResponseSender } from './response-sender.ts';

/** Sends on the socket's descriptor through the engine: file ranges by sendfile, nothing is copied. I/O thread. */
export class NativeResponseSender implements ResponseSender {
  readonly output: OutputHandle;
  readonly #outputs: SocketOutput;
  /** Something was queued and may be still; saves asking the engine for every request. */
  #mayBeQueued = false;

  /** Throws an Error when the descriptor cannot be used. */
  constructor(outputs: SocketOutput, descriptor: number, onDrained: OnDrained) {
    this.#outputs = outputs;
    this.output = outputs.attach(descriptor, (result) => onDrained(result < 0));
    if (this.output < 0) throw new Error(notSending(this.output));
  }

  get pendingBytes(): number {
    if (!this.#mayBeQueued) return 0;
    const queued = this.#outputs.pendingBytes(this.output);
    this.#mayBeQueued = queued > 0;
    return queued;
  }

  send(parts: Float64Array, count: number, totalBytes: number): number {
    const sent = this.#outputs.send(this.output, parts, count);
    if (sent < 0) return sent;
    if (sent < totalBytes) this.#mayBeQueued = true;
    return totalBytes - sent;
  }

  end(): void {
    this.#outputs.end(this.output);
  }

  close(): void {
    this.#outputs.detach(this.output);
  }
}

function notSending(errno: number): string {
  const name = getSystemErrorName(errno);
  return name === 'EMFILE' ? 'no file descriptors are left: raise ulimit -n' : `dup: ${name}`;
}
