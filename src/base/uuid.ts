import type { Random } from './random.ts';

/**
 * Kafka's UUID: 16 bytes, written as 22 characters of base64url. Everywhere above the codecs a UUID is that string, so
 * it can be a map key; topic ids, directory ids and cluster ids are such.
 */
export type Uuid = string;

export const ZERO_UUID: Uuid = 'AAAAAAAAAAAAAAAAAAAAAA';
/** Reserved by Kafka for the metadata topic. */
export const METADATA_TOPIC_ID: Uuid = 'AAAAAAAAAAAAAAAAAAAAAQ';

/** The 16 bytes. Throws a RangeError when the text is not a UUID. */
export function uuidToBytes(uuid: Uuid): Uint8Array {
  const bytes = Buffer.from(uuid, 'base64url');
  if (bytes.length !== 16) throw new RangeError(`not a UUID of 22 base64url characters: ${JSON.stringify(uuid)}`);
  return bytes;
}

/** A random version-4 UUID; like Kafka's, it never begins with "-" (tools would take it for an option). */
export function randomUuid(random: Random): Uuid {
  for (;;) {
    const bytes = Buffer.from(random.bytes(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const uuid = bytes.toString('base64url');
    if (!uuid.startsWith('-')) return uuid;
  }
}
