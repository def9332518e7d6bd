/**
 * Accepts connections of one listener and wires each socket to a `Connection`: reads go into memory that the connection
 * names (`onread` with a buffer function, which node:net offers only when the socket is made by hand around the accepted
 * handle). Lives on an I/O thread; with several I/O threads each listens on the same port (SO_REUSEPORT).
 */
import net, { type Server, Socket } from 'node:net';
import type { SharedArena } from '../ring/shared-arena.ts';
import { Connection, type FrameHandler } from './connection.ts';
import type { ResponseSender } from './response-sender.ts';
import type { TlsHandshakes } from './tls-handshakes.ts';
import type { TlsResponseSender } from './tls-response-sender.ts';
import { type AcceptedHandle, type TlsEndpoint, TlsServerSocket } from './tls-socket.ts';

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
  createTlsSender(connection: Connection): TlsResponseSender;
  readonly handshakes: TlsHandshakes;
  /** The connection could not be set up, and is gone before it was opened. */
  onFailed(connection: Connection, reason: string): void;
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
  /** How it speaks TLS; null for plain TCP. A new one serves the connections that come from now on. */
  tls: TlsEndpoint | null;
  readonly #server: Server;
  readonly #context: ListenerContext;
  readonly #scratch: Uint8Array;

  constructor(options: ListenerOptions, context: ListenerContext, tls: TlsEndpoint | null = null) {
    this.options = options;
    this.tls = tls;
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
        clientPort: accepted.remotePort ?? 0,
        localHost: plainAddress(accepted.localAddress),
      },
      this.#scratch,
    );
    connection.lastReceivedMs = context.nowMs();
    try {
      if (this.tls) this.#wireTls(connection, handle as AcceptedHandle);
      else this.#wirePlain(connection, handle);
    } catch (error) {
      // No descriptor is left, say. This client goes; who is there already stays.
      connection.closed = true;
      connection.socket?.destroy();
      context.onFailed(connection, (error as Error).message);
      return;
    }
    if (context.onOpened(connection)) connection.socket.resume();
  }

  #wirePlain(connection: Connection, handle: unknown): void {
    const context = this.#context;
    const socket = new Socket({
      handle,
      allowHalfOpen: true,
      // A socket made around a handle reads at once unless it is told not to: `resume()` begins it.
      manualStart: true,
      onread: this.#reader(connection),
    } as net.SocketConstructorOpts);
    connection.socket = socket;
    socket.on('error', () => connection.close());
    socket.on('close', () => connection.close());
    socket.on('end', () => context.handler.onEnded(connection));
    connection.sender = context.createSender(connection, (handle as WithDescriptor).fd, socket);
  }

  #wireTls(connection: Connection, handle: AcceptedHandle): void {
    const context = this.#context;
    const sender = context.createTlsSender(connection);
    connection.sender = sender;
    connection.socket = new TlsServerSocket(
      handle,
      () => this.tls!,
      context.handshakes,
      sender,
      this.#reader(connection),
      {
        onFailed: (reason, strange) => context.handler.onBroken(connection, reason, strange),
        onEnded: () => context.handler.onEnded(connection),
        onClosed: () => connection.close(),
      },
    );
  }

  /** Reads go where the connection says, and it hears how much came. */
  #reader(connection: Connection): net.OnReadOpts {
    let buffer: Uint8Array = this.#scratch;
    return {
      buffer: () => {
        buffer = connection.nextReadBuffer();
        return buffer;
      },
      callback: (count: number) => {
        connection.lastReceivedMs = this.#context.nowMs();
        return connection.received(count, buffer);
      },
    };
  }
}

/** IPv4 addresses without the prefix that they have on a socket for both protocols; '' when the peer is gone. */
function plainAddress(address: string | undefined): string {
  return address?.replace(/^::ffff:(?=\d+\.)/, '') ?? '';
}
