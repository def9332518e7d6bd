/**
 * What an I/O thread and the control thread say to each other, apart from the rings. Everything is structured-cloned
 * when they are different threads; on one thread the objects themselves are handed over. Requests and responses come
 * this way only where a ring has no room for them (`control-frames.ts`).
 */

import type { ListenerOptions } from '../../network/listener.ts';
import type { AbortedQuestion, AbortedTransaction, EpochEnd } from '../../partition/storage-messages.ts';
import type { TlsSettings } from '../../security/tls-endpoint.ts';
import type { ClientSoftware } from './client-software.ts';
import type { ConnectionBounds } from './connection-limits.ts';
import type { TopicRouteMessage } from './topic-routes.ts';

/**
 * Elements that the lists of one request may hold together, but for Produce, which has its own bound. It is several for
 * each partition that a broker can have; a small frame could claim millions, and each costs time and memory.
 */
export const REQUEST_ELEMENTS_MAX = 500_000;

export type ToIo =
  | {
      readonly type: 'listen';
      readonly id: number;
      readonly listener: ListenerOptions;
      /** Null for a listener without TLS. */
      readonly tls: TlsSettings | null;
    }
  /** For connections that come from now on; answered by `applied`, so that the control thread can wait for it. */
  | { readonly type: 'settings'; readonly id: number; readonly settings: IoSettings }
  /** Topics that came, changed or went; answered by `applied` too. */
  | {
      readonly type: 'routes';
      readonly id: number;
      readonly set: readonly TopicRouteMessage[];
      readonly remove: readonly string[];
    }
  /** A whole response frame, size field included; null closes the connection. */
  | {
      readonly type: 'response';
      readonly connection: number;
      readonly frame: Uint8Array | null;
      readonly muteMs: number;
    }
  /** Error codes of the question's partitions, in order. */
  | { readonly type: 'verified'; readonly id: number; readonly errorCodes: readonly number[] }
  | { readonly type: 'epochEnd'; readonly id: number; readonly end: EpochEnd | null }
  | { readonly type: 'aborted'; readonly id: number; readonly aborted: readonly AbortedTransaction[] | null }
  /** The broker is ready: connections that came before are read from now on. */
  | { readonly type: 'start' }
  /** Stop accepting, answer what is under way, close connections; answered by `stopped`. */
  | { readonly type: 'stop' };

export type FromIo =
  | { readonly type: 'listening'; readonly id: number; readonly port: number; readonly error: string | null }
  | { readonly type: 'applied'; readonly id: number }
  | ({ readonly type: 'request' } & ControlRequest)
  | {
      readonly type: 'readAborted';
      readonly id: number;
      readonly question: AbortedQuestion;
    }
  | { readonly type: 'readEpochEnd'; readonly id: number; readonly row: number; readonly leaderEpoch: number }
  | ({ readonly type: 'verify'; readonly id: number } & VerifyQuestion)
  /** A connection that has used telemetry is gone. */
  | { readonly type: 'telemetryClosed'; readonly connection: number }
  | { readonly type: 'stopped' };

/** Settings that change while the broker runs. */
export interface IoSettings {
  readonly connectionBounds: ConnectionBounds;
  /** Of the listeners whose files or settings have changed. */
  readonly tls: readonly { readonly listenerName: string; readonly tls: TlsSettings }[];
}

/** Where requests of a connection come from. */
export interface RequestOrigin {
  readonly listenerName: string;
  readonly clientHost: string;
  readonly clientPort: number;
  readonly localHost: string;
  /** What the client has said of itself in ApiVersions. */
  readonly software: ClientSoftware | null;
}

/** A request that the control thread answers. */
export interface ControlRequest {
  /** Unique in this broker. */
  readonly connection: number;
  readonly origin: RequestOrigin;
  /** Without its size field. Valid until whoever is given the request returns. */
  readonly frame: Uint8Array;
}

/** Whether a producer's transaction takes in these partitions, as a Produce request of that version understands it. */
export interface VerifyQuestion {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly apiVersion: number;
  /** Parallel: topic and partition. */
  readonly topics: readonly string[];
  readonly partitions: readonly number[];
}

/** One direction of a conversation between two hosts. */
export interface Port<Out, In> {
  post(message: Out, transfer?: readonly ArrayBuffer[]): void;
  onMessage(receive: (message: In) => void): void;
}
