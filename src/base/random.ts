import { randomBytes } from 'node:crypto';

/** Chance as a dependency, so that a seed can replay a run. */
export interface Random {
  bytes(length: number): Uint8Array;
  /** A whole number in `[0, below)`, `below` at most 2^31. */
  below(below: number): number;
}

export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
  below: (below) => randomBytes(4).readUInt32BE(0) % below,
};

/** A deterministic generator (mulberry32) for tests and simulations. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
    below: (below) => next() % below,
  };
}
