/**
 * The server's end of a TLS connection, around an accepted handle. Lives on an I/O thread.
 *
 * node:tls decrypts straight into the memory that `onread` names, so records land in the arena with one copy, as on a
 * plain connection. It takes `onread` only together with a handle of its own making; `AdoptedTlsSocket` gives it the
 * accepted handle at that point.
 *
 *     accepted -> (resume) waits for its turn -> handshake -> client's certificate judged -> bytes flow
 */
import { writeSync } from 'node:fs';
import type { OnReadOpts } from 'node:net';
import { type SecureContext, TLSSocket, type TLSSocketOptions } from 'node:tls';
import type { ConnectionSocket } from './connection-socket.ts';
import type { Handshake, TlsHandshakes } from './tls-handshakes.ts';
import type { TlsResponseSender } from './tls-response-sender.ts';

export type ClientAuth = 'none' | 'requested' | 'required';

/** How a listener speaks TLS. Another one may take its place while connections are open; they keep theirs. */
export interface TlsEndpoint {
  readonly secureContext: SecureContext;
  readonly clientAuth: ClientAuth;
}

/** What node hides: the handle that its constructor wraps, and the verdict on the client's certificate. */
interface TlsInternals {
  _wrapHandle(wrap: unknown, handle: unknown, hasActiveWrite: boolean): unknown;
}
interface AcceptedOptions extends TLSSocketOptions {
  readonly acceptedHandle: unknown;
  readonly onread: OnReadOpts;
  readonly allowHalfOpen: boolean;
}
/** A TCP handle of node's. */
export interface AcceptedHandle {
  readonly fd: number;
  readonly bytesRead: number;
  close(): void;
}
interface Verifier {
  verifyError(): (Error & { code?: string }) | null | undefined;
}

/**
 * What a client gets whose certificate is refused: a fatal alert, certificate_unknown. It goes in the clear: node takes every
 * certificate in the handshake and lets no alert be sent behind it. Clients fail for it, as for one of the handshake; a
 * mere end would have them try again for as long as they may.
 */
const REFUSED_ALERT = Buffer.from([21, 3, 3, 0, 2, 2, 46]);

class AdoptedTlsSocket extends TLSSocket {
  constructor(options: AcceptedOptions) {
    super(undefined as never, options);
    // Without a socket node takes this for a client's end that still has to connect.
    (this as { connecting: boolean }).connecting = false;
  }

  _wrapHandle(wrap: unknown, handle: unknown, hasActiveWrite: boolean): unknown {
    const { acceptedHandle } = (this as unknown as { _tlsOptions: AcceptedOptions })._tlsOptions;
    const internals = TLSSocket.prototype as unknown as TlsInternals;
    return internals._wrapHandle.call(this, wrap, handle ?? acceptedHandle, hasActiveWrite);
  }
}

export interface TlsSocketEvents {
  /** `strange`: the peer does not speak TLS, or left before it did. */
  onFailed(reason: string, strange: boolean): void;
  onEnded(): void;
  onClosed(): void;
}

export class TlsServerSocket implements ConnectionSocket, Handshake {
  readonly #handle: AcceptedHandle;
  readonly #endpoint: () => TlsEndpoint;
  readonly #handshakes: TlsHandshakes;
  readonly #sender: TlsResponseSender;
  readonly #onread: OnReadOpts;
  readonly #events: TlsSocketEvents;
  #tls: TLSSocket | null = null;
  #begun = false;
  #secure = false;
  #destroyed = false;

  /** `endpoint` gives the one that is in force when the handshake begins. */
  constructor(
    handle: AcceptedHandle,
    endpoint: () => TlsEndpoint,
    handshakes: TlsHandshakes,
    sender: TlsResponseSender,
    onread: OnReadOpts,
    events: TlsSocketEvents,
  ) {
    this.#handle = handle;
    this.#endpoint = endpoint;
    this.#handshakes = handshakes;
    this.#sender = sender;
    this.#onread = onread;
    this.#events = events;
  }

  resume(): void {
    if (this.#begun) {
      this.#tls?.resume();
      return;
    }
    this.#begun = true;
    this.#handshakes.enter(this);
  }

  end(): void {
    if (this.#secure) this.#tls?.end();
  }

  /** Tells the client that this is the end, when nothing else is on its way to it. */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#handshakes.leave(this);
    if (!this.#tls) {
      this.#handle.close();
      return;
    }
    if (this.#secure && this.#tls.writableLength === 0) this.#tls.end();
    this.#tls.destroy();
  }

  start(): void {
    const { secureContext, clientAuth } = this.#endpoint();
    const tls = new AdoptedTlsSocket({
      acceptedHandle: this.#handle,
      isServer: true,
      secureContext,
      requestCert: clientAuth !== 'none',
      rejectUnauthorized: clientAuth === 'required',
      allowHalfOpen: true,
      onread: this.#onread,
    });
    this.#tls = tls;
    tls.on('secure', () => this.#onSecure(tls, clientAuth));
    // Errors of the handshake come as '_tlsError', errors of the connection below as 'error'.
    tls.on('_tlsError', (error) => this.#onError(error));
    tls.on('error', (error) => this.#onError(error));
    tls.on('end', () => {
      if (this.#secure) this.#events.onEnded();
      else this.#onError(new Error('the client left in the handshake'), true);
    });
    tls.on('close', () => this.#events.onClosed());
  }

  get silent(): boolean {
    return this.#handle.bytesRead === 0;
  }

  onTimeout(): void {
    this.#events.onFailed('the TLS handshake took too long', true);
  }

  #onSecure(tls: TLSSocket, clientAuth: ClientAuth): void {
    this.#handshakes.leave(this);
    const refusal = clientAuth === 'none' ? null : certificateRefusal(tls, clientAuth);
    if (refusal !== null) {
      this.#alert();
      this.#events.onFailed(refusal, false);
      return;
    }
    this.#secure = true;
    this.#sender.open(tls);
  }

  #alert(): void {
    try {
      writeSync(this.#handle.fd, REFUSED_ALERT);
    } catch {
      // The client has left.
    }
  }

  #onError(error: Error & { code?: string }, strange = isStrange(error)): void {
    if (this.#destroyed) return;
    if (this.#secure) this.#events.onClosed();
    else this.#events.onFailed(`TLS handshake: ${error.code ?? error.message}`, strange);
  }
}

/** Why the client's certificate will not do, or null. `requested` takes clients without one, as Kafka does. */
function certificateRefusal(tls: TLSSocket, clientAuth: ClientAuth): string | null {
  const certificate = tls.getPeerX509Certificate();
  if (!certificate) return clientAuth === 'required' ? 'the client shows no certificate' : null;
  const error = (tls as unknown as { _handle: Verifier })._handle.verifyError();
  return error ? `the client's certificate is refused: ${error.code ?? error.message}` : null;
}

/** The peer does not speak TLS at all, or the network failed: nothing that a setting of ours would mend. */
function isStrange({ code = '' }: { code?: string }): boolean {
  return (
    !code.startsWith('ERR_SSL_') ||
    /WRONG_VERSION_NUMBER|HTTP_REQUEST|HTTPS_PROXY_REQUEST|BAD_RECORD_TYPE|PACKET_LENGTH_TOO_LONG|UNEXPECTED_MESSAGE|RECORD_LAYER_FAILURE/.test(
      code,
    )
  );
}
