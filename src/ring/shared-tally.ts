/**
 * Numbers that several threads count up and down together, such as open connections: one in all, and one for each name
 * (of a client's address).
 *
 *     Int32 0              all
 *     Int32 1 + 2 i        hash of a name, 0 while the place is free     i < NAMES_MAX
 *     Int32 2 + 2 i        its count
 *
 * A name keeps the place that it took: who else comes looks on from there. Names for which no place is left within
 * PROBES_MAX are not counted here; two names of one hash would be counted together, which does not happen to thousands.
 */

const NAMES_MAX = 1 << 14;
const PROBES_MAX = 32;
const NO_PLACE = -1;

export function allocateTally(): SharedArrayBuffer {
  return new SharedArrayBuffer((1 + 2 * NAMES_MAX) * Int32Array.BYTES_PER_ELEMENT);
}

export class SharedTally {
  readonly #cells: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Int32Array(memory);
  }

  /** Of all names together. */
  get total(): number {
    return Atomics.load(this.#cells, 0);
  }

  /** -1 for a name that found no place. */
  of(name: string): number {
    const place = this.#placeOf(name);
    return place === NO_PLACE ? -1 : Atomics.load(this.#cells, place + 1);
  }

  add(name: string, change: number): void {
    Atomics.add(this.#cells, 0, change);
    const place = this.#placeOf(name);
    if (place !== NO_PLACE) Atomics.add(this.#cells, place + 1, change);
  }

  #placeOf(name: string): number {
    const hash = hashOf(name);
    for (let probe = 0; probe < PROBES_MAX; probe++) {
      const place = 1 + 2 * ((hash + probe) & (NAMES_MAX - 1));
      const taken = Atomics.compareExchange(this.#cells, place, 0, hash);
      if (taken === 0 || taken === hash) return place;
    }
    return NO_PLACE;
  }
}

/** FNV-1a with its bits mixed once more; never 0. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) | 0 || 1;
}
