/**
 * How response bytes leave an I/O thread: memory of the thread and ranges of segment files, in one order per
 * connection. Two adapters: the engine's socket output (sends inline on the descriptor, sendfile for file ranges) and
 * `node-response-sender.ts` (socket.write, for TLS and for engines without a native output).
 */

/** A response under construction is a list of parts, PART_STRIDE doubles each. */
export const PartKind = { memory: 0, file: 1 } as const;
/** kind | memory: offset in the thread's response memory; file: handle | file: position | bytes | file: 1 when in the page cache */
export const PART_STRIDE = 5;

export interface ResponseSender {
  /**
   * Sends parts behind whatever is still queued. Memory may be used again when it returns; holds on files are given back
   * when their bytes have left. True when nothing is queued any more; otherwise `onDrained` is called later.
   */
  send(parts: Float64Array, count: number): boolean;
  /** Bytes queued. */
  readonly pendingBytes: number;
  /** Drops what is queued. */
  close(): void;
}

/** Called when a sender's queue has emptied, or failed (then the connection closes). */
export type OnDrained = (failed: boolean) => void;
