/**
 * Strings that messages name again and again (topic ids, topics, groups, clients), kept by a hash of their bytes so that
 * they are made and hashed once. A bounded number, of which each place holds the one that was read last. Any thread.
 */
import { ZERO_UUID } from '../base/uuid.ts';

/** Node's Buffer has these; its type declarations do not. */
export interface SliceBuffer extends Buffer {
  utf8Slice(start: number, end: number): string;
  latin1Slice(start: number, end: number): string;
  base64urlSlice(start: number, end: number): string;
  utf8Write(text: string, offset: number): number;
}

/**
 * UUIDs that were read lately, by a hash of their bytes: the same few topics are named again and again, and what is a
 * string already needs neither to be made nor hashed again.
 */
const UUID_PLACES = 256;
const uuidWords = new Int32Array(UUID_PLACES * 4);
const uuidTexts: string[] = new Array(UUID_PLACES).fill(ZERO_UUID);

export function internUuid(bytes: SliceBuffer, at: number): string {
  const first = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  const second = (bytes[at + 4] << 24) | (bytes[at + 5] << 16) | (bytes[at + 6] << 8) | bytes[at + 7];
  const third = (bytes[at + 8] << 24) | (bytes[at + 9] << 16) | (bytes[at + 10] << 8) | bytes[at + 11];
  const fourth = (bytes[at + 12] << 24) | (bytes[at + 13] << 16) | (bytes[at + 14] << 8) | bytes[at + 15];
  const mixed = first ^ second ^ third ^ fourth;
  const place = (mixed ^ (mixed >>> 8) ^ (mixed >>> 16)) & (UUID_PLACES - 1);
  const word = place * 4;
  if (
    uuidWords[word] === first &&
    uuidWords[word + 1] === second &&
    uuidWords[word + 2] === third &&
    uuidWords[word + 3] === fourth
  )
    return uuidTexts[place];
  uuidWords[word] = first;
  uuidWords[word + 1] = second;
  uuidWords[word + 2] = third;
  uuidWords[word + 3] = fourth;
  return (uuidTexts[place] = bytes.base64urlSlice(at, at + 16));
}

/** The same for short ASCII strings: names of topics, groups, clients. */
export const INTERNED_BYTES_MAX = 64;
const TEXT_PLACES = 512;
const texts: string[] = new Array(TEXT_PLACES).fill('');

export function internText(bytes: SliceBuffer, at: number, end: number): string {
  let hash = 0;
  for (let i = at; i < end; i++) {
    if (bytes[i] >= 0x80) return bytes.utf8Slice(at, end);
    hash = (Math.imul(hash, 31) + bytes[i]) | 0;
  }
  const place = (hash ^ (hash >>> 9) ^ (hash >>> 18)) & (TEXT_PLACES - 1);
  const known = texts[place];
  if (known.length === end - at) {
    let i = at;
    while (i < end && known.charCodeAt(i - at) === bytes[i]) i++;
    if (i === end) return known;
  }
  return (texts[place] = bytes.latin1Slice(at, end));
}
