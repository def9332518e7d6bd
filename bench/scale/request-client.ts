/** One connection that asks in raw frames: a client whose own cost stays small beside a broker's. */
import { connect, type Socket } from 'node:net';
import { type Address, requestFrame } from '../load/admin.ts';

const SIZE_BYTES = 4;

export class RequestClient {
  readonly #socket: Socket;
  #held: Buffer = Buffer.alloc(0);
  #onFrame: (frame: Buffer) => void = () => {};
  #onFailure: (error: Error) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.#onFailure(error));
    socket.on('close', () => this.#onFailure(new Error('the broker closed the connection')));
  }

  static connect({ host, port }: Address): Promise<RequestClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port }, () => resolve(new RequestClient(socket)));
      socket.once('error', reject);
    });
  }

  /** The body of the answer. */
  ask(api: number, version: number, body: Buffer): Promise<Buffer> {
    const frame = requestFrame(api, version, body);
    return new Promise((resolve, reject) => {
      this.#onFailure = reject;
      this.#onFrame = (answer) => resolve(Buffer.from(answer.subarray(2 * SIZE_BYTES)));
      this.#socket.write(frame);
    });
  }

  /** Asks the same again and again, one request under way, while `more` says so; every answer has to be `expected`. */
  repeat(api: number, version: number, body: Buffer, expected: Buffer, more: () => boolean): Promise<void> {
    const frame = requestFrame(api, version, body);
    return new Promise((resolve, reject) => {
      this.#onFailure = reject;
      this.#onFrame = (answer) => {
        if (expected.compare(answer, 2 * SIZE_BYTES) !== 0) reject(new Error('one answer is not like the first'));
        else if (more()) this.#socket.write(frame);
        else resolve();
      };
      if (more()) this.#socket.write(frame);
      else resolve();
    });
  }

  close(): void {
    this.#onFailure = () => {};
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#held = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    if (this.#held.length < SIZE_BYTES) return;
    const end = SIZE_BYTES + this.#held.readInt32BE(0);
    if (this.#held.length < end) return;
    const frame = this.#held.subarray(0, end);
    this.#held = this.#held.subarray(end);
    this.#onFrame(frame);
  }
}
