/**
 * How response bytes leave an I/O thread: memory of the thread and ranges of segment files, in one order per connection,
 * as a list of parts (layout: `native/socket-output.ts`). Two adapters: the engine's socket output, and
 * `node-response-sender.ts` (socket.write, for engines without a native output).
 */
export interface ResponseSender {
  /**
   * Sends parts of together `totalBytes` behind whatever is still queued. Memory may be used again when it returns; holds
   * on files are given back when their bytes have left. Returns 0 when all has left, the number of bytes queued (then
   * `onDrained` is called later), or a negative errno: the connection is to be closed.
   */
  send(parts: Float64Array, count: number, totalBytes: number): number;
  /** Bytes queued. */
  readonly pendingBytes: number;
  /** Drops what is queued. Before the socket is destroyed. */
  close(): void;
}

/** Called when a sender's queue has emptied, or failed (then the connection closes). */
export type OnDrained = (failed: boolean) => void;
