/** Connections without TLS on node's own sockets, where there is no engine. Lives on the I/O host's thread. */
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import type { Connection } from './connection.ts';
import type { PlainSocketEvents, PlainSockets } from './plain-sockets.ts';
import type { OnDrained, ResponseSender } from './response-sender.ts';
import type { AcceptedHandle } from './tls-socket.ts';

export class NodeSockets implements PlainSockets {
  readonly #createSender: (socket: Socket, onDrained: OnDrained) => ResponseSender;

  constructor(createSender: (socket: Socket, onDrained: OnDrained) => ResponseSender) {
    this.#createSender = createSender;
  }

  wire(connection: Connection, handle: AcceptedHandle, events: PlainSocketEvents): void {
    // node:net offers `onread` with a buffer function only when the socket is made by hand around the accepted handle.
    const socket = new Socket({
      handle,
      allowHalfOpen: true,
      // A socket made around a handle reads at once unless it is told not to: `resume()` begins it.
      manualStart: true,
      onread: readerOf(connection, events.nowMs),
    } as unknown as SocketConstructorOpts);
    connection.socket = socket;
    socket.on('error', () => connection.close());
    socket.on('close', () => connection.close());
    socket.on('end', () => events.onEnded());
    connection.sender = this.#createSender(socket, events.onDrained);
  }
}

/** Reads of node's sockets go where the connection says, and it hears how much came. */
export function readerOf(connection: Connection, nowMs: () => number): OnReadOpts {
  let intoBlock = false;
  return {
    buffer: () => {
      intoBlock = connection.nextReadBytes > 0;
      return connection.nextReadBuffer();
    },
    callback: (count: number) => {
      connection.lastReceivedMs = nowMs();
      return connection.received(count, intoBlock);
    },
  };
}
