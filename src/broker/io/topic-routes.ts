/**
 * What an I/O thread knows of topics: names and ids to rows of the partition table. Built from the control thread's
 * messages, so that Produce and Fetch ask nobody. One per I/O thread.
 */
import { type Uuid, uuidToBytes } from '../../base/uuid.ts';

/** As the control thread sends it. `rows[p]` is partition p's row, -1 when this broker does not lead it. */
export interface TopicRouteMessage {
  readonly name: string;
  readonly id: Uuid;
  readonly internal: boolean;
  readonly rows: Int32Array;
}

export interface TopicRoute extends TopicRouteMessage {
  readonly nameBytes: Buffer;
  readonly idBytes: Buffer;
}

export class TopicRoutes {
  readonly #byName = new Map<string, TopicRoute>();
  readonly #byId = new Map<Uuid, TopicRoute>();
  /** The route that was found last: most requests of a busy client name one topic. */
  #last: TopicRoute | undefined;

  set(message: TopicRouteMessage): void {
    this.remove(message.name);
    const route = { ...message, nameBytes: Buffer.from(message.name), idBytes: Buffer.from(uuidToBytes(message.id)) };
    this.#byName.set(route.name, route);
    this.#byId.set(route.id, route);
  }

  remove(name: string): void {
    const route = this.#byName.get(name);
    if (!route) return;
    this.#byName.delete(name);
    this.#byId.delete(route.id);
    this.#last = undefined;
  }

  byName(name: string): TopicRoute | undefined {
    return this.#byName.get(name);
  }

  byId(id: Uuid): TopicRoute | undefined {
    return this.#byId.get(id);
  }

  /** The route of the name in bytes[start, end). */
  byNameBytes(bytes: Buffer, start: number, end: number): TopicRoute | undefined {
    const last = this.#last;
    if (last && bytes.compare(last.nameBytes, 0, last.nameBytes.length, start, end) === 0) return last;
    return (this.#last = this.#byName.get(bytes.toString('latin1', start, end)));
  }

  /** The route of the 16 bytes of an id at `start`. */
  byIdBytes(bytes: Buffer, start: number): TopicRoute | undefined {
    const last = this.#last;
    if (last && bytes.compare(last.idBytes, 0, 16, start, start + 16) === 0) return last;
    return (this.#last = this.#byId.get(bytes.toString('base64url', start, start + 16)));
  }
}
