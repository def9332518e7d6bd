/** The control thread's side of the I/O threads: listeners, routes, requests and responses. */
import type { ListenerOptions } from '../network/listener.ts';
import type { AbortedQuestion, AbortedTransaction, EpochEnd } from '../partition/storage-messages.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { TlsSettings } from '../security/tls-endpoint.ts';
import type { IoLink } from './io/control-frames.ts';
import type { ControlRequest, FromIo, IoSettings, Port, ToIo, VerifyQuestion } from './io/io-messages.ts';
import type { TopicRouteMessage } from './io/topic-routes.ts';

export interface IoEvents {
  /** A response frame, or null to close the connection. */
  onRequest(request: ControlRequest): Promise<Uint8Array | null>;
  onReadAborted(question: AbortedQuestion): Promise<readonly AbortedTransaction[]>;
  onReadEpochEnd(row: number, leaderEpoch: number): Promise<EpochEnd>;
  /** A connection that has used telemetry is gone. */
  onTelemetryClosed(connection: number): void;
  /** Error codes of the partitions, in order. */
  onVerify(question: VerifyQuestion): Promise<readonly number[]>;
}

export class IoLinks {
  readonly #links: readonly IoLink[];
  readonly #replies = new Map<number, (message: FromIo) => void>();
  #nextId = 1;

  constructor(links: readonly IoLink[], events: IoEvents) {
    this.#links = links;
    for (const [index, link] of links.entries()) {
      link.onRequest((request) => this.#answer(link, request, events));
      link.port.onMessage((message) => this.#receive(index, message, events));
    }
  }

  /** Opens a listener on every I/O thread; resolves with its port. */
  async listen(options: Omit<ListenerOptions, 'reusePort'>, tls: TlsSettings | null): Promise<number> {
    const reusePort = this.#links.length > 1;
    let { port } = options;
    for (const { port: io } of this.#links) {
      const id = this.#nextId++;
      const reply = await this.#expect(id, () =>
        io.post({ type: 'listen', id, listener: { ...options, port, reusePort }, tls }),
      );
      if (reply.type !== 'listening' || reply.error !== null) {
        throw new Error(reply.type === 'listening' ? (reply.error ?? '') : 'no listener');
      }
      port = reply.port;
    }
    return port;
  }

  /** Resolves when every I/O thread keeps to it. */
  async changeSettings(settings: IoSettings): Promise<void> {
    await this.#applyEverywhere((io, id) => io.post({ type: 'settings', id, settings }));
  }

  /** Resolves when every I/O thread knows: nobody can be told of a topic that a neighbour does not serve yet. */
  async publishRoutes(set: readonly TopicRouteMessage[], remove: readonly string[]): Promise<void> {
    await this.#applyEverywhere((io, id) => io.post({ type: 'routes', id, set, remove }));
  }

  /** Reading begins. */
  start(): void {
    for (const { port: io } of this.#links) io.post({ type: 'start' });
  }

  /** Answers what is under way, then closes all connections. */
  async stop(): Promise<void> {
    await Promise.all(
      this.#links.map(({ port: io }, index) => this.#expect(-1 - index, () => io.post({ type: 'stop' }))),
    );
  }

  async #applyEverywhere(tell: (io: Port<ToIo, FromIo>, id: number) => void): Promise<void> {
    await Promise.all(
      this.#links.map(({ port }) => {
        const id = this.#nextId++;
        return this.#expect(id, () => tell(port, id));
      }),
    );
  }

  #expect(id: number, ask: () => void): Promise<FromIo> {
    return new Promise((resolve) => {
      this.#replies.set(id, resolve);
      ask();
    });
  }

  #reply(id: number, message: FromIo): void {
    this.#replies.get(id)?.(message);
    this.#replies.delete(id);
  }

  #answer(link: IoLink, request: ControlRequest, events: IoEvents): void {
    const { connection } = request;
    events.onRequest(request).then((frame) => link.respond(connection, frame, 0));
  }

  #receive(index: number, message: FromIo, events: IoEvents): void {
    const link = this.#links[index];
    const { port: io } = link;
    link.take();
    switch (message.type) {
      case 'request':
        this.#answer(link, message, events);
        break;
      case 'readEpochEnd': {
        const { id, row, leaderEpoch } = message;
        events
          .onReadEpochEnd(row, leaderEpoch)
          .catch(() => null)
          .then((end) => io.post({ type: 'epochEnd', id, end }));
        break;
      }
      case 'readAborted': {
        const { id, question } = message;
        events
          .onReadAborted(question)
          .catch(() => null)
          .then((aborted) => io.post({ type: 'aborted', id, aborted }));
        break;
      }
      case 'verify':
        events
          .onVerify(message)
          .catch(() => message.partitions.map(() => ErrorCode.UNKNOWN_SERVER_ERROR))
          .then((errorCodes) => io.post({ type: 'verified', id: message.id, errorCodes }));
        break;
      case 'telemetryClosed':
        events.onTelemetryClosed(message.connection);
        break;
      case 'stopped':
        this.#reply(-1 - index, message);
        break;
      default:
        this.#reply(message.id, message);
    }
  }
}
