/**
 * What the broker keeps of a connection: its requests in the order of arrival, so that responses leave in that order.
 * Only Produce requests may be under way together; anything else has the connection to itself, as in Kafka, where a
 * channel is muted while a request runs. Lives on an I/O thread.
 */
import type { Connection } from '../../network/connection.ts';
import type { ClientSoftware } from './client-software.ts';
import { writeOrigin } from './control-frames.ts';
import { PendingRequests } from './pending-requests.ts';
import type { ResponseOutput } from './response-output.ts';

export interface PendingRequest {
  readonly apiKey: number;
  /** Monotonic time of its arrival; kept when metrics are. */
  startedMs: number;
  /** Some partition of a Produce or Fetch request got an error. */
  readonly failed: boolean;
  /** The response can be written. */
  readonly ready: boolean;
  readonly isProduce: boolean;
  /** The response leaves nothing to read: what the client asks next is most likely to wait anyway. */
  readonly caughtUp: boolean;
  /** Writes the response (or nothing) and lets go of everything held. */
  finish(output: ResponseOutput, client: ClientState): void;
  /** The connection is gone: lets go of everything held as soon as that is possible. */
  abandon(): void;
}

/** Bytes of responses that may wait for a client while further Produce requests of it are taken. */
const QUEUED_RESPONSE_BYTES_MAX = 256 * 1024;

export class ClientState {
  readonly connection: Connection;
  readonly pending = new PendingRequests<PendingRequest>();
  /** A frame was refused: resume when something finishes. */
  waiting = false;
  /** The client has closed its side. */
  ended = false;
  /** Why the connection is closed behind the responses that are ready; null while it is to go on. */
  closeReason: string | null = null;
  /** Why no further frame is taken: the connection is closed when all that was asked before is answered. */
  refusal: string | null = null;
  /** On the thread's list of clients to flush. */
  dirty = false;
  /** Transactional batches wait for their coordinator's word: nothing may overtake them until all is answered. */
  verifying = false;
  #software: ClientSoftware | null = null;
  #origin: Buffer | null = null;
  /** It has asked for telemetry: the control thread wants to know when it goes. */
  usesTelemetry = false;
  /** When its last Produce was answered. */
  producedMs = Number.NEGATIVE_INFINITY;
  /** KIP-219: no frame is taken for a while. */
  muted = false;
  /** When its frame last came on by a fair piece, and what had come by then; see `stalled-frames.ts`. */
  progressMs = 0;
  progressBytes = 0;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** What the client has said of itself in ApiVersions. */
  set software(software: ClientSoftware | null) {
    this.#software = software;
    this.#origin = null;
  }

  /** A `RequestOrigin` as the control thread reads it. */
  get origin(): Buffer {
    if (this.#origin) return this.#origin;
    const { listenerName, clientHost, clientPort, localHost } = this.connection;
    this.#origin = writeOrigin({ listenerName, clientHost, clientPort, localHost, software: this.#software });
    return this.#origin;
  }

  /** May a request start now? */
  accepts(isProduce: boolean, pipelineMax: number): boolean {
    // A client that reads no responses is read no further, else they would fill the memory.
    if (this.connection.sender.pendingBytes > QUEUED_RESPONSE_BYTES_MAX) return false;
    const count = this.pending.length;
    if (count === 0) {
      this.verifying = false;
      return this.connection.sender.pendingBytes === 0 || isProduce;
    }
    return isProduce && !this.verifying && count < pipelineMax && this.pending.last.isProduce;
  }
}
