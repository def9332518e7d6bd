/**
 * The number under which a client and the brokers know what the client shall push: changed subscriptions get another one.
 * It is computed as by Apache Kafka's ClientMetricsManager, so that a client may ask one broker and push to another,
 * whichever of the two is Kafka: CRC32C of Java's text of the set of metrics and the interval, XOR the hash of the id.
 */
import { type Uuid, uuidToBytes } from '../../base/uuid.ts';
import { crc32c } from '../../native/crc32c.ts';

/** Java's HashSet has 16 places at first, and twice as many whenever it is filled to three quarters. */
const PLACES_MIN = 16;
const LOAD_FACTOR = 0.75;

export function subscriptionId(metrics: Iterable<string>, pushIntervalMs: number, clientInstanceId: Uuid): number {
  const text = Buffer.from(`[${[...metrics].join(', ')}]${pushIntervalMs}`);
  return crc32c(text, 0, text.length) ^ javaUuidHash(clientInstanceId);
}

/** The strings, each once, in the order in which Java's HashSet goes through them. */
export function javaSetOrder(texts: Iterable<string>): string[] {
  const all = [...new Set(texts)];
  let places = PLACES_MIN;
  while (all.length > places * LOAD_FACTOR) places *= 2;
  const placeOf = (text: string): number => {
    const hash = javaStringHash(text);
    return (hash ^ (hash >>> 16)) & (places - 1);
  };
  // Sorting is stable: in one place the order is that of insertion.
  return all.sort((one, other) => placeOf(one) - placeOf(other));
}

function javaStringHash(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return hash;
}

/** Both halves and then both words of what is left, XOR. */
function javaUuidHash(uuid: Uuid): number {
  const bytes = Buffer.from(uuidToBytes(uuid));
  return bytes.readInt32BE(0) ^ bytes.readInt32BE(4) ^ bytes.readInt32BE(8) ^ bytes.readInt32BE(12);
}
