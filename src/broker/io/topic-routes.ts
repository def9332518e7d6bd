/**
 * What an I/O thread knows of topics: names and ids to rows of the partition table. Built from the control thread's
 * messages, so that Produce and Fetch ask nobody. One per I/O thread.
 */
import { ownBytes } from '../../base/own-bytes.ts';
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
    const nameBytes = ownBytes(Buffer.from(message.name));
    const route = { ...message, nameBytes, idBytes: ownBytes(uuidToBytes(message.id)) };
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
    if (last && last.nameBytes.length === end - start && hasBytes(bytes, start, last.nameBytes)) return last;
    return (this.#last = this.#byName.get(bytes.toString('latin1', start, end)));
  }

  /** The route of the 16 bytes of an id at `start`. */
  byIdBytes(bytes: Buffer, start: number): TopicRoute | undefined {
    const last = this.#last;
    if (last && hasBytes(bytes, start, last.idBytes)) return last;
    return (this.#last = this.#byId.get(bytes.toString('base64url', start, start + 16)));
  }
}

/** Byte by byte: shorter than the way into the engine's comparison. */
function hasBytes(bytes: Uint8Array, start: number, known: Uint8Array): boolean {
  for (let at = 0; at < known.length; at++) if (bytes[start + at] !== known[at]) return false;
  return true;
}
