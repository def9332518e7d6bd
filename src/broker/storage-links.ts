/** The control thread's side of the storage workers: requests and replies by message. Rows belong to workers by remainder. */
import type { FromStorage, StorageReplies, StorageRequest, ToStorage } from '../partition/storage-messages.ts';
import { RemoteStorageError } from '../storage/storage-error.ts';
import type { Port } from './io/io-messages.ts';

type StoragePort = Port<ToStorage, FromStorage>;

export interface StorageEvents {
  onOffline(row: number, fault: string, ofDirectory: boolean): void;
}

interface Waiting {
  resolve(reply: unknown): void;
  reject(error: Error): void;
}

export class StorageLinks {
  readonly #ports: readonly StoragePort[];
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;

  constructor(ports: readonly StoragePort[], events: StorageEvents) {
    this.#ports = ports;
    for (const port of ports) {
      port.onMessage((message) => {
        if (message.type === 'offline') events.onOffline(message.row, message.fault, message.ofDirectory);
        else this.#settle(message);
      });
    }
  }

  get workers(): number {
    return this.#ports.length;
  }

  /** Asks the owner of a row. */
  request<R extends StorageRequest>(row: number, request: R): Promise<StorageReplies[R['op']]> {
    return this.#ask(row % this.#ports.length, request);
  }

  /** Asks every worker for its share of the rows; workers without a share are left alone. */
  async requestRows<R extends StorageRequest>(
    rows: readonly number[],
    make: (rows: number[]) => R,
  ): Promise<StorageReplies[R['op']][]> {
    const shares = this.#ports.map((_, worker) => rows.filter((row) => row % this.#ports.length === worker));
    const asks = shares.map((share, worker) => (share.length > 0 ? this.#ask(worker, make(share)) : undefined));
    return (await Promise.all(asks)).filter((reply) => reply !== undefined);
  }

  async requestAll<R extends StorageRequest>(request: R): Promise<StorageReplies[R['op']][]> {
    return Promise.all(this.#ports.map((_, worker) => this.#ask(worker, request)));
  }

  #ask<R extends StorageRequest>(worker: number, request: R): Promise<StorageReplies[R['op']]> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
      this.#ports[worker].post({ id, request });
    });
  }

  #settle(message: Extract<FromStorage, { type: 'reply' }>): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.error === null) waiting?.resolve(message.reply);
    else if (message.fault)
      waiting?.reject(new RemoteStorageError(message.error, message.fault.path, message.fault.errno));
    else waiting?.reject(new Error(message.error));
  }
}
