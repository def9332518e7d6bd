/** A client that speaks the protocol by its schemas and does nothing by itself: no retries, no versions, no metadata. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { apiCatalog } from '../../src/protocol/api-catalog.ts';
import { decode, encodeBehind } from '../../src/protocol/codec.ts';
import { parseResponseHeader, writeRequestHeader } from '../../src/protocol/request-header.ts';
import type { Fields, FieldsType, Partially, Schema } from '../../src/protocol/schema.ts';

interface Awaited {
  readonly request: Schema;
  readonly version: number;
  readonly correlationId: number;
  resolve(body: unknown): void;
  reject(error: Error): void;
}

const responseSchemas = new Map(apiCatalog.map(({ request, response }) => [request, response]));

/** A request frame with its size field. */
export function requestFrame<Q extends Fields>(
  request: Schema<Q>,
  version: number,
  body: Partially<FieldsType<Q>>,
  correlationId = 1,
  clientId: string | null = 'raw',
): Buffer {
  const frame = encodeBehind(request, body, version, (writer) => {
    writer.int32(0);
    writeRequestHeader(writer, request.apiKey, version, correlationId, clientId);
  });
  frame.writeInt32BE(frame.length - 4, 0);
  return frame;
}

export class RawClient {
  readonly socket: Socket;
  /** Response frames that nobody waited for. */
  readonly stray: Buffer[] = [];
  /** Resolves when the connection is closed, by whomever. */
  readonly closed: Promise<void>;
  isClosed = false;
  #awaited: Awaited[] = [];
  #parts: Buffer[] = [];
  #partsBytes = 0;
  /** With fewer bytes than this there is no whole frame. */
  #wantedBytes = 4;
  #nextId = 1;

  static async connect(port: number, options: { paused?: boolean } = {}): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawClient(socket, options.paused ?? false);
  }

  /** Over a socket that is connected, such as one that speaks TLS. */
  static over(socket: Socket, options: { paused?: boolean } = {}): RawClient {
    return new RawClient(socket, options.paused ?? false);
  }

  private constructor(socket: Socket, paused: boolean) {
    this.socket = socket;
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      const close = (): void => {
        this.isClosed = true;
        for (const { reject } of this.#awaited.splice(0)) reject(new Error('connection closed'));
        resolve();
      };
      socket.on('close', close);
      socket.on('end', () => {
        close();
        socket.destroy();
      });
    });
    if (!paused) this.read();
  }

  /** Begins to read, when it was opened as paused. */
  read(): void {
    this.socket.on('data', (bytes: Buffer) => this.#take(bytes));
  }

  /** Resolves with the decoded response; rejects when the connection closes before. */
  ask<Q extends Fields, R extends Fields>(
    request: Schema<Q>,
    response: Schema<R>,
    version: number,
    body: Partially<FieldsType<Q>>,
    clientId?: string | null,
  ): Promise<FieldsType<R>> {
    if (responseSchemas.get(request as Schema) !== (response as Schema))
      throw new Error('not the response of the request');
    const correlationId = this.#nextId++;
    this.socket.write(requestFrame(request, version, body, correlationId, clientId));
    return this.await(request as Schema, version, correlationId) as Promise<FieldsType<R>>;
  }

  /** Waits for the response to a request that was written by hand. */
  await(request: Schema, version: number, correlationId: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.isClosed) reject(new Error('connection closed'));
      else this.#awaited.push({ request, version, correlationId, resolve, reject });
    });
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  close(): void {
    this.socket.destroy();
  }

  #take(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#partsBytes += bytes.length;
    while (this.#partsBytes >= this.#wantedBytes) {
      const all = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
      const end = all.length >= 4 ? 4 + all.readInt32BE(0) : 4;
      const isWhole = all.length >= 4 && all.length >= end;
      this.#parts = [isWhole ? all.subarray(end) : all];
      this.#partsBytes = this.#parts[0].length;
      this.#wantedBytes = isWhole ? 4 : end;
      if (!isWhole) return;
      const frame = all.subarray(4, end);
      const awaited = this.#awaited.shift();
      if (awaited) settle(awaited, frame);
      else this.stray.push(Buffer.from(frame));
    }
  }
}

function settle({ request, version, correlationId, resolve, reject }: Awaited, frame: Buffer): void {
  try {
    const header = parseResponseHeader(frame, request.apiKey, version);
    if (header.correlationId !== correlationId) {
      throw new Error(`response ${header.correlationId} came where ${correlationId} was awaited`);
    }
    resolve(decode(responseSchemas.get(request)!, Buffer.from(frame), header.bodyOffset, version));
  } catch (error) {
    reject(error as Error);
  }
}
