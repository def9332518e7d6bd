/** Ids that the coordinator makes up for members: Kafka writes a random UUID with dashes behind the client's name. */
import type { Random } from '../../base/random.ts';

/** A random version-4 UUID in the dashed hexadecimal form. */
export function randomJavaUuid(random: Random): string {
  const bytes = Buffer.from(random.bytes(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
