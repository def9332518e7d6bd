import { hash } from 'node:crypto';

/**
 * Which offset a key was written at last: an open-addressed table of fixed memory, 24 bytes an entry. Keys are told
 * apart by 128 bits of their SHA-256, so that no two of them will ever be taken for one, not even made on purpose.
 * Follows Kafka's SkimpyOffsetMap.
 *
 *     hash 16 (four words) | offset + 1, 0 when the entry is free, 8
 *
 * Thread: the cleaner's.
 */
export const OFFSET_MAP_ENTRY_BYTES = 24;
/** Look-ups of keys that are not there grow long in a full table. */
const LOAD_MAX = 0.97;
const LOAD_MIN = 0.01;
const SLOTS_MIN = 11;
const WORDS = 4;

export class OffsetMap {
  readonly #slots: number;
  readonly #hashes: Uint32Array;
  readonly #offsets: Float64Array;
  /** Keys that it takes. */
  readonly capacity: number;
  #size = 0;
  #word0 = 0;
  #word1 = 0;
  #word2 = 0;
  #word3 = 0;

  /** As large as `bytesMax` allows, but for no more than `keysMax` keys; a share of `load` of it is used. */
  constructor(bytesMax: number, keysMax: number, load: number) {
    const loadMax = Math.min(Math.max(load, LOAD_MIN), LOAD_MAX);
    const slotsMax = Math.max(SLOTS_MIN, Math.floor(bytesMax / OFFSET_MAP_ENTRY_BYTES));
    const wanted = Math.max(SLOTS_MIN, Math.ceil((keysMax + 1) / loadMax));
    const enough = nearestPrime(wanted, 1);
    this.#slots = enough <= slotsMax ? enough : nearestPrime(slotsMax, -1);
    this.#hashes = new Uint32Array(this.#slots * WORDS);
    this.#offsets = new Float64Array(this.#slots);
    this.capacity = Math.max(1, Math.floor(this.#slots * loadMax));
  }

  get size(): number {
    return this.#size;
  }

  /** False when there is no room for another key. */
  put(key: Uint8Array, offset: number): boolean {
    const slot = this.#find(key);
    if (this.#offsets[slot] === 0) {
      if (this.#size >= this.capacity) return false;
      this.#size++;
      const at = slot * WORDS;
      this.#hashes[at] = this.#word0;
      this.#hashes[at + 1] = this.#word1;
      this.#hashes[at + 2] = this.#word2;
      this.#hashes[at + 3] = this.#word3;
    }
    this.#offsets[slot] = offset + 1;
    return true;
  }

  /** -1 when the key is not there. */
  get(key: Uint8Array): number {
    return this.#offsets[this.#find(key)] - 1;
  }

  /** The key's slot, or the free one that it would get. */
  #find(key: Uint8Array): number {
    const digest = hash('sha256', key, 'binary');
    this.#word0 = wordAt(digest, 0);
    this.#word1 = wordAt(digest, 4);
    this.#word2 = wordAt(digest, 8);
    this.#word3 = wordAt(digest, 12);
    const hashes = this.#hashes;
    // The number of slots is prime, so every step reaches all of them.
    const step = 1 + (this.#word1 % (this.#slots - 1));
    for (let slot = this.#word0 % this.#slots; ; slot = (slot + step) % this.#slots) {
      if (this.#offsets[slot] === 0) return slot;
      const at = slot * WORDS;
      if (
        hashes[at] === this.#word0 &&
        hashes[at + 1] === this.#word1 &&
        hashes[at + 2] === this.#word2 &&
        hashes[at + 3] === this.#word3
      )
        return slot;
    }
  }
}

function wordAt(digest: string, at: number): number {
  return (
    ((digest.charCodeAt(at) << 24) |
      (digest.charCodeAt(at + 1) << 16) |
      (digest.charCodeAt(at + 2) << 8) |
      digest.charCodeAt(at + 3)) >>>
    0
  );
}

function nearestPrime(from: number, step: 1 | -1): number {
  for (let candidate = from; ; candidate += step) if (isPrime(candidate)) return candidate;
}

function isPrime(number: number): boolean {
  for (let factor = 2; factor * factor <= number; factor++) if (number % factor === 0) return false;
  return true;
}
