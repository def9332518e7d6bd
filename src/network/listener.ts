/**
 * Accepts connections of one listener and wires each socket to a `Connection`: reads go into memory that the connection
 * names (`onread` with a buffer function, which node:net offers only when the socket is made by hand around the accepted
 * handle). Lives on an I/O thread; with several I/O threads each listens on the same port (SO_REUSEPORT).
 */
import net, { type Server, Socket } from 'node:net';
import type { SharedArena } from '../ring/shared-arena.ts';
import { Connection, type FrameHandler } from './connection.ts';
import type { ResponseSender } from './response-sender.ts';

export interface ListenerOptions {
  readonly listenerName: string;
  readonly host: string | undefined;
  readonly port: number;
  readonly reusePort: boolean;
  /** `socket.listen.backlog.size` */
  readonly backlog: number;
  readonly frameBytesMax: number;
}

export interface ListenerContext {
  readonly arena: SharedArena;
  readonly handler: FrameHandler;
  nextConnectionId(): number;
  nowMs(): number;
  /** False refuses a connection (limits by count and address). */
  admit(clientHost: string, listenerName: string): boolean;
  createSender(connection: Connection, descriptor: number, socket: Socket): ResponseSender;
  /** False holds the connection's first read back until `Connection.socket.resume()` is called. */
  onOpened(connection: Connection): boolean;
}

/** What node's accepted socket hides: its handle, which a new socket takes over, and the handle's descriptor. */
interface WithHandle {
  _handle: unknown;
}
interface WithDescriptor {
  readonly fd: number;
}

export class Listener {
  readonly options: ListenerOptions;
  readonly #server: Server;
  readonly #context: ListenerContext;
  readonly #scratch: Uint8Array;

  constructor(options: ListenerOptions, context: ListenerContext) {
    this.options = options;
    this.#context = context;
    this.#scratch = context.arena.bytes.subarray(0, context.arena.scratchBytes);
    this.#server = net.createServer({ pauseOnConnect: true, noDelay: true }, (accepted) => this.#adopt(accepted));
  }

  /** Resolves with the port in use; rejects with the system's error (EADDRINUSE ...). */
  listen(): Promise<number> {
    const { host, port, reusePort, backlog } = this.options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, reusePort, backlog }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', () => {});
        resolve((this.#server.address() as net.AddressInfo).port);
      });
    });
  }

  /** Stops accepting; open connections stay. */
  close(): void {
    this.#server.close();
  }

  #adopt(accepted: Socket): void {
    const context = this.#context;
    const clientHost = plainAddress(accepted.remoteAddress);
    if (clientHost === '' || !context.admit(clientHost, this.options.listenerName)) {
      accepted.destroy();
      return;
    }
    const handle = (accepted as unknown as WithHandle)._handle;
    (accepted as unknown as WithHandle)._handle = null;
    const connection = new Connection(
      {
        id: context.nextConnectionId(),
        arena: context.arena,
        handler: context.handler,
        frameBytesMax: this.options.frameBytesMax,
        listenerName: this.options.listenerName,
        clientHost,
        localHost: plainAddress(accepted.localAddress),
      },
      this.#scratch,
    );
    let buffer: Uint8Array = this.#scratch;
    const socket = new Socket({
      handle,
      allowHalfOpen: true,
      // A socket made around a handle reads at once unless it is told not to: `resume()` below begins it.
      manualStart: true,
      onread: {
        buffer: () => {
          buffer = connection.nextReadBuffer();
          return buffer;
        },
        callback: (count: number) => {
          connection.lastReceivedMs = context.nowMs();
          return connection.received(count, buffer);
        },
      },
    } as net.SocketConstructorOpts);
    connection.socket = socket;
    connection.lastReceivedMs = context.nowMs();
    socket.on('error', () => connection.close());
    socket.on('close', () => connection.close());
    socket.on('end', () => context.handler.onEnded(connection));
    connection.sender = context.createSender(connection, (handle as WithDescriptor).fd, socket);
    if (context.onOpened(connection)) socket.resume();
  }
}

/** IPv4 addresses without the prefix that they have on a socket for both protocols; '' when the peer is gone. */
function plainAddress(address: string | undefined): string {
  return address?.replace(/^::ffff:(?=\d+\.)/, '') ?? '';
}
