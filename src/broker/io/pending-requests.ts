/**
 * The requests of one connection in the order of their arrival: a queue without the cost of moving an array's elements.
 * Lives on an I/O thread.
 */

/** Places at first, a power of two; the queue grows. */
const PLACES_START = 4;

export class PendingRequests<Request extends { abandon(): void }> {
  length = 0;
  #places: (Request | null)[] = new Array(PLACES_START).fill(null);
  #head = 0;

  /** The oldest one. Only when there is one. */
  get first(): Request {
    return this.#places[this.#head]!;
  }

  /** The newest one. Only when there is one. */
  get last(): Request {
    return this.#places[(this.#head + this.length - 1) & (this.#places.length - 1)]!;
  }

  push(request: Request): void {
    if (this.length === this.#places.length) this.#grow();
    this.#places[(this.#head + this.length++) & (this.#places.length - 1)] = request;
  }

  /** Takes the oldest one out. Only when there is one. */
  shift(): Request {
    const request = this.first;
    this.#places[this.#head] = null;
    this.#head = (this.#head + 1) & (this.#places.length - 1);
    this.length--;
    return request;
  }

  *[Symbol.iterator](): IterableIterator<Request> {
    for (let at = 0; at < this.length; at++) yield this.#places[(this.#head + at) & (this.#places.length - 1)]!;
  }

  /** The connection is gone: lets go of everything. */
  abandon(): void {
    while (this.length > 0) this.shift().abandon();
  }

  #grow(): void {
    const places = [...this];
    while (places.length < this.#places.length * 2) places.push(null as never);
    this.#places = places;
    this.#head = 0;
  }
}
