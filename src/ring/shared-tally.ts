/** A number that several threads count up and down together, such as open connections. */

export function allocateTally(): SharedArrayBuffer {
  return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
}

export class SharedTally {
  readonly #cell: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#cell = new Int32Array(memory);
  }

  get value(): number {
    return Atomics.load(this.#cell, 0);
  }

  add(change: number): void {
    Atomics.add(this.#cell, 0, change);
  }
}
