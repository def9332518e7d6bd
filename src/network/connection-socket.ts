/** What a `Connection` asks of the socket below it: a net.Socket, or the TLS end in `tls-socket.ts`. I/O thread. */
export interface ConnectionSocket {
  /** Reads (again), until the read callback answers false. */
  resume(): unknown;
  /** The next read is in no hurry: where the socket can, it leaves it until the thread is awake for something else. */
  defer?(): void;
  /** Tells the client that nothing follows, and reads on. When nothing is queued. */
  end(): unknown;
  /** Closes at once; what is queued is lost. */
  destroy(): unknown;
}
