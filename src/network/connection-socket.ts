/** What a `Connection` asks of the socket below it: a net.Socket, or the TLS end in `tls-socket.ts`. I/O thread. */
export interface ConnectionSocket {
  /** Reads (again), until the read callback answers false. */
  resume(): unknown;
  /** Closes at once; what is queued is lost. */
  destroy(): unknown;
}
