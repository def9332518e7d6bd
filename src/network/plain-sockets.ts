import type { Connection } from './connection.ts';
import type { OnDrained } from './response-sender.ts';
import type { AcceptedHandle } from './tls-socket.ts';

/** How connections without TLS are read and written. I/O thread. */
export interface PlainSockets {
  /**
   * Gives the connection its socket, which reads nothing before `resume`, and its sender. The handle is taken over. Throws an
   * Error when no descriptor is left, say.
   */
  wire(connection: Connection, handle: AcceptedHandle, events: PlainSocketEvents): void;
}

export interface PlainSocketEvents {
  readonly onDrained: OnDrained;
  /** The client sends no more. */
  onEnded(): void;
  nowMs(): number;
}
