/**
 * Accepts connections of one listener and wires each accepted handle to a `Connection`: reads go into memory that the
 * connection names. Lives on an I/O thread; with several I/O threads each listens on the same port (SO_REUSEPORT).
 */
import net, { type Server, type Socket } from 'node:net';
import type { SharedArena } from '../ring/shared-arena.ts';
import { Connection, type FrameHandler } from './connection.ts';
import { readerOf } from './node-sockets.ts';
import type { PlainSockets } from './plain-sockets.ts';
import type { OnDrained } from './response-sender.ts';
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

/** `later`: when another connection has closed. */
export type Admission = 'yes' | 'later' | 'no';

export interface ListenerContext {
  readonly arena: SharedArena;
  readonly handler: FrameHandler;
  nextConnectionId(): number;
  nowMs(): number;
  /** Whether there is a place for a connection (limits by count and address); `later` only if it may wait for one. */
  admit(clientHost: string, mayWait: boolean): Admission;
  /** A connection waits for a place, unread. */
  onWaiting(clientHost: string): void;
  readonly plainSockets: PlainSockets;
  /** The socket's peer is on this host: nothing is gained by pacing what is sent to it. */
  unpace(descriptor: number): void;
  /** Gives the connection its state; returns what its sender calls. */
  attachClient(connection: Connection): OnDrained;
  createTlsSender(onDrained: OnDrained): TlsResponseSender;
  readonly handshakes: TlsHandshakes;
  /** The connection could not be set up, and is gone before it was opened. */
  onFailed(connection: Connection, reason: string): void;
  /** False holds the connection's first read back until `Connection.socket.resume()` is called. */
  onOpened(connection: Connection): boolean;
}

/** What node's accepted socket hides: its handle, which is taken over. */
interface WithHandle {
  _handle: AcceptedHandle | null;
}

export class Listener {
  readonly options: ListenerOptions;
  /** How it speaks TLS; null for plain TCP. A new one serves the connections that come from now on. */
  tls: TlsEndpoint | null;
  readonly #server: Server;
  readonly #context: ListenerContext;
  readonly #scratch: Uint8Array;
  /** Connections without a place, in the order of their arrival: no more than the system would keep of them. */
  readonly #waiting: Socket[] = [];

  constructor(options: ListenerOptions, context: ListenerContext, tls: TlsEndpoint | null) {
    this.options = options;
    this.tls = tls;
    this.#context = context;
    this.#scratch = context.arena.bytes.subarray(0, context.arena.scratchBytes);
    // Kept alive: a client whose machine is gone would be there until the connection counts as idle.
    const accepting = { pauseOnConnect: true, noDelay: true, keepAlive: true };
    this.#server = net.createServer(accepting, (accepted) => {
      if (this.#adopt(accepted) === 'later') this.#context.onWaiting(plainAddress(accepted.remoteAddress));
    });
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
    for (const accepted of this.#waiting.splice(0)) accepted.destroy();
  }

  /** Connections have closed: those that wait come in as far as there is room. */
  admitWaiting(): void {
    for (const accepted of this.#waiting.splice(0)) this.#adopt(accepted);
  }

  #adopt(accepted: Socket): Admission {
    const clientHost = plainAddress(accepted.remoteAddress);
    const mayWait = this.#waiting.length < this.options.backlog;
    const admission = clientHost === '' ? 'no' : this.#context.admit(clientHost, mayWait);
    if (admission === 'yes') this.#open(accepted, clientHost);
    else if (admission === 'later') this.#waiting.push(accepted);
    else accepted.destroy();
    return admission;
  }

  #open(accepted: Socket, clientHost: string): void {
    const context = this.#context;
    // Asked of the handle, which will be gone.
    const localHost = plainAddress(accepted.localAddress);
    const handle = (accepted as unknown as WithHandle)._handle!;
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
        localHost,
      },
      this.#scratch,
    );
    connection.lastReceivedMs = context.nowMs();
    if (isSameHost(clientHost, localHost)) context.unpace(handle.fd);
    try {
      if (this.tls) this.#wireTls(connection, handle);
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

  #wirePlain(connection: Connection, handle: AcceptedHandle): void {
    const { plainSockets, handler, nowMs } = this.#context;
    const onDrained = this.#context.attachClient(connection);
    plainSockets.wire(connection, handle, { onDrained, onEnded: () => handler.onEnded(connection), nowMs });
  }

  #wireTls(connection: Connection, handle: AcceptedHandle): void {
    const context = this.#context;
    const sender = context.createTlsSender(context.attachClient(connection));
    connection.sender = sender;
    connection.socket = new TlsServerSocket(
      handle,
      () => this.tls!,
      context.handshakes,
      sender,
      readerOf(connection, context.nowMs),
      {
        onFailed: (reason, strange) => context.handler.onBroken(connection, reason, strange),
        onEnded: () => context.handler.onEnded(connection),
        onClosed: () => connection.close(),
      },
    );
  }
}

function isSameHost(clientHost: string, localHost: string): boolean {
  return clientHost === localHost || clientHost.startsWith('127.');
}

/** IPv4 addresses without the prefix that they have on a socket for both protocols; '' when the peer is gone. */
function plainAddress(address: string | undefined): string {
  return address?.replace(/^::ffff:(?=\d+\.)/, '') ?? '';
}
