/**
 * Sockets that are read and written by the engine: after the accepted handle's descriptor was taken over, node has no part in
 * the connection. Lives on an I/O thread.
 */
import type { InputHandle, InputReader, SocketInput } from '../native/socket-input.ts';
import type { SocketOutput } from '../native/socket-output.ts';
import type { Connection } from './connection.ts';
import type { ConnectionSocket } from './connection-socket.ts';
import { NativeResponseSender } from './native-response-sender.ts';
import type { PlainSocketEvents, PlainSockets } from './plain-sockets.ts';
import type { AcceptedHandle } from './tls-socket.ts';

export class PolledSockets implements PlainSockets {
  readonly #outputs: SocketOutput;
  readonly #inputs: SocketInput;
  readonly #deferMaxMs: number;

  /** @param deferMaxMs `millrace.io.defer.max.ms` */
  constructor(outputs: SocketOutput, inputs: SocketInput, deferMaxMs: number) {
    this.#outputs = outputs;
    this.#inputs = inputs;
    this.#deferMaxMs = deferMaxMs;
  }

  wire(connection: Connection, handle: AcceptedHandle, events: PlainSocketEvents): void {
    try {
      // The sender has a duplicate of the descriptor.
      const sender = new NativeResponseSender(this.#outputs, handle.fd, events.onDrained);
      connection.sender = sender;
      connection.socket = new PolledSocket(this.#inputs, this.#deferMaxMs, sender, connection, events);
    } finally {
      handle.close();
    }
  }
}

class PolledSocket implements ConnectionSocket, InputReader {
  readonly #inputs: SocketInput;
  readonly #deferMaxMs: number;
  readonly #sender: NativeResponseSender;
  readonly #input: InputHandle;
  readonly #connection: Connection;
  readonly #events: PlainSocketEvents;
  #intoBlock = false;

  constructor(
    inputs: SocketInput,
    deferMaxMs: number,
    sender: NativeResponseSender,
    connection: Connection,
    events: PlainSocketEvents,
  ) {
    this.#inputs = inputs;
    this.#deferMaxMs = deferMaxMs;
    this.#connection = connection;
    this.#events = events;
    this.#sender = sender;
    this.#input = inputs.attach(sender.output, this);
  }

  get nextReadAt(): number {
    return this.#connection.nextReadAt;
  }

  get nextReadBytes(): number {
    const sizeBytes = this.#connection.nextReadBytes;
    this.#intoBlock = sizeBytes > 0;
    return sizeBytes;
  }

  received(count: number): boolean {
    const connection = this.#connection;
    if (count > 0) {
      connection.lastReceivedMs = this.#events.nowMs();
      return connection.received(count, this.#intoBlock);
    }
    if (count === 0) this.#events.onEnded();
    else connection.close();
    return false;
  }

  resume(): void {
    if (!this.#inputs.resume(this.#input)) this.#connection.close();
  }

  defer(): void {
    if (this.#deferMaxMs > 0) this.#inputs.defer(this.#input, this.#deferMaxMs);
  }

  end(): void {
    this.#sender.end();
  }

  destroy(): void {
    this.#inputs.detach(this.#input);
  }
}
