/** The listeners of one I/O thread: opened, given other certificates, closed, as the control thread says. */
import { Listener, type ListenerContext } from '../../network/listener.ts';
import { openTlsEndpoint, type TlsSettings } from '../../security/tls-endpoint.ts';
import type { FromIo, ToIo } from './io-messages.ts';

export class IoListeners {
  readonly #context: ListenerContext;
  readonly #post: (message: FromIo) => void;
  readonly #listeners: Listener[] = [];

  constructor(context: ListenerContext, post: (message: FromIo) => void) {
    this.#context = context;
    this.#post = post;
  }

  /** Answers `listening`. */
  listen({ id, listener: options, tls }: Extract<ToIo, { type: 'listen' }>): void {
    const listener = new Listener(options, this.#context, tls && openTlsEndpoint(tls));
    this.#listeners.push(listener);
    listener.listen().then(
      (port) => this.#post({ type: 'listening', id, port, error: null }),
      (error: Error) => this.#post({ type: 'listening', id, port: 0, error: error.message }),
    );
  }

  /** Connections that come from now on are spoken to with these settings. */
  changeTls(listenerName: string, tls: TlsSettings): void {
    for (const listener of this.#listeners) {
      if (listener.options.listenerName === listenerName) listener.tls = openTlsEndpoint(tls);
    }
  }

  /** Connections have closed: those that wait for a place come in. */
  admitWaiting(): void {
    for (const listener of this.#listeners) listener.admitWaiting();
  }

  /** Nobody else is let in; open connections stay. */
  close(): void {
    for (const listener of this.#listeners) listener.close();
  }
}
