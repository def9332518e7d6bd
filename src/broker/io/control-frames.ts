/**
 * Frames between an I/O thread and the control thread: by two rings, or by the port where a ring has no room. Whoever
 * takes a message from the port empties the ring first, so that no message overtakes a frame that was sent before it.
 *
 *     request     connection, bytes of the origin (both doubles), the origin as JSON, the frame without its size field
 *     response    connection, muteMs (both doubles), the whole frame; none: the connection must be closed
 */
import { ownBytes } from '../../base/own-bytes.ts';
import { soon } from '../../base/soon.ts';
import { FrameRingConsumer, FrameRingProducer } from '../../ring/frame-ring.ts';
import type { WakeCaller } from '../../ring/wake-signal.ts';
import type { InboxSource } from '../control-inbox.ts';
import type { ControlRequest, FromIo, Port, RequestOrigin, ToIo } from './io-messages.ts';

export interface ControlFrameMemory {
  readonly requests: SharedArrayBuffer;
  readonly responses: SharedArrayBuffer;
}

/** A client as the control thread knows it. */
interface FrameSender {
  readonly connection: { readonly id: number };
  /** A `RequestOrigin`, see `writeOrigin`. */
  readonly origin: Buffer;
}

export type Respond = (connection: number, frame: Uint8Array | null, muteMs: number) => void;

/** Bytes before the origin of a request, or before the frame of a response. */
const HEAD_BYTES = 16;
/** Connections whose origin the control thread keeps in readable form. */
const ORIGINS_MAX = 4_096;

/** The I/O thread's end. */
export class ControlLink {
  readonly #requests: FrameRingProducer;
  readonly #responses: FrameRingConsumer;
  readonly #caller: WakeCaller;
  readonly #port: Port<FromIo, ToIo>;
  #sent = false;

  constructor(memory: ControlFrameMemory, caller: WakeCaller, port: Port<FromIo, ToIo>) {
    this.#requests = new FrameRingProducer(memory.requests);
    this.#responses = new FrameRingConsumer(memory.responses);
    this.#caller = caller;
    this.#port = port;
  }

  get hasResponses(): boolean {
    return this.#responses.peek() >= 0;
  }

  /** Sends a copy of the frame `bytes[start..end)`; the control thread may notice it after `wake` only. */
  send(client: FrameSender, bytes: Buffer, start: number, end: number): void {
    const { origin } = client;
    const ring = this.#requests;
    const at = ring.reserve(HEAD_BYTES + origin.length + end - start);
    if (at < 0) {
      const frame = new Uint8Array(end - start);
      bytes.copy(frame, 0, start, end);
      const request = { connection: client.connection.id, origin: readOrigin(origin), frame };
      this.#port.post({ type: 'request', ...request }, [frame.buffer]);
      return;
    }
    ring.doubles[at / 8] = client.connection.id;
    ring.doubles[at / 8 + 1] = origin.length;
    origin.copy(ring.bytes, at + HEAD_BYTES);
    bytes.copy(ring.bytes, at + HEAD_BYTES + origin.length, start, end);
    ring.publish();
    this.#sent = true;
  }

  /** Calls the control thread if something was sent since the last time. */
  wake(): void {
    if (!this.#sent) return;
    this.#sent = false;
    this.#caller.call();
  }

  /** Hands out all responses that are there, each with memory of its own; returns how many. */
  take(respond: Respond): number {
    const ring = this.#responses;
    let taken = 0;
    for (let at = ring.peek(); at >= 0; at = ring.peek()) {
      const size = ring.sizeAt(at) - HEAD_BYTES;
      let frame: Buffer | null = null;
      if (size > 0) {
        frame = Buffer.allocUnsafe(size);
        ring.bytes.copy(frame, 0, at + HEAD_BYTES, at + HEAD_BYTES + size);
      }
      const [connection, muteMs] = [ring.doubles[at / 8], ring.doubles[at / 8 + 1]];
      ring.advance();
      respond(connection, frame, muteMs);
      taken++;
    }
    return taken;
  }
}

/** The control thread's end. */
export class IoLink implements InboxSource {
  readonly port: Port<ToIo, FromIo>;
  readonly #requests: FrameRingConsumer;
  readonly #responses: FrameRingProducer;
  readonly #caller: WakeCaller;
  readonly #call = (): void => {
    this.#callQueued = false;
    this.#caller.call();
  };
  readonly #origins = new Map<number, { readonly bytes: Buffer; readonly origin: RequestOrigin }>();
  #onRequest: (request: ControlRequest) => void = () => {};
  #callQueued = false;

  constructor(memory: ControlFrameMemory, caller: WakeCaller, port: Port<ToIo, FromIo>) {
    this.#requests = new FrameRingConsumer(memory.requests);
    this.#responses = new FrameRingProducer(memory.responses);
    this.#caller = caller;
    this.port = port;
  }

  get hasMore(): boolean {
    return this.#requests.peek() >= 0;
  }

  /** Whom `take` gives requests. A frame is a view of the ring, to be read before the call returns. */
  onRequest(receive: (request: ControlRequest) => void): void {
    this.#onRequest = receive;
  }

  /** Hands out all requests that are there. */
  take(): void {
    const ring = this.#requests;
    for (let at = ring.peek(); at >= 0; at = ring.peek()) {
      const end = at + ring.sizeAt(at);
      const [connection, originBytes] = [ring.doubles[at / 8], ring.doubles[at / 8 + 1]];
      const frameAt = at + HEAD_BYTES + originBytes;
      const origin = this.#originOf(connection, at + HEAD_BYTES, frameAt);
      this.#onRequest({ connection, origin, frame: ring.bytes.subarray(frameAt, end) });
      ring.advance();
    }
  }

  respond(connection: number, frame: Uint8Array | null, muteMs: number): void {
    const ring = this.#responses;
    const at = ring.reserve(HEAD_BYTES + (frame?.length ?? 0));
    if (at < 0) {
      this.port.post({ type: 'response', connection, frame, muteMs });
      return;
    }
    ring.doubles[at / 8] = connection;
    ring.doubles[at / 8 + 1] = muteMs;
    if (frame) ring.bytes.set(frame, at + HEAD_BYTES);
    ring.publish();
    if (this.#callQueued) return;
    this.#callQueued = true;
    soon(this.#call);
  }

  #originOf(connection: number, start: number, end: number): RequestOrigin {
    const { bytes } = this.#requests;
    const known = this.#origins.get(connection);
    if (known && bytes.compare(known.bytes, 0, known.bytes.length, start, end) === 0) return known.origin;
    const own = ownBytes(bytes.subarray(start, end));
    const origin = readOrigin(own);
    if (this.#origins.size >= ORIGINS_MAX) this.#origins.clear();
    this.#origins.set(connection, { bytes: own, origin });
    return origin;
  }
}

export function writeOrigin(origin: RequestOrigin): Buffer {
  return ownBytes(Buffer.from(JSON.stringify(origin)));
}

function readOrigin(bytes: Buffer): RequestOrigin {
  return JSON.parse(bytes.toString());
}
