/**
 * The hash by which a group knows whether its topics have changed since its last epoch, as Kafka 4.1 and later compute it
 * (Utils.computeTopicHash, Utils.computeGroupHash), so that a group whose coordinator changes between brokers keeps its
 * epoch. Pure; control thread.
 *
 *     topic   XXH3 of  int8 0 | topic id, each half an int64 | name | int32 partitions | for each partition:
 *                      int32 index | for each rack of its replicas, sorted: int32 length | rack
 *     group   XXH3 of the topics' hashes, in the order of their names; 0 without topics
 *
 * Numbers are little-endian; a text is its UTF-16 code units and then their number as an int32 (hash4j's canonical form).
 */
import { xxh3 } from '../../base/xxh3.ts';
import type { TopicCatalog, TopicDescription } from './group-ports.ts';

/** Stands for "no topics" and for "not known". */
export const NO_METADATA_HASH = 0n;

const MAGIC = 0;

/** Signed, as the record holds it. Topics that do not exist do not count. */
export function groupMetadataHash(topicNames: Iterable<string>, topics: TopicCatalog): bigint {
  const known = [...new Set(topicNames)].sort().flatMap((name) => topics.byName(name) ?? []);
  if (known.length === 0) return NO_METADATA_HASH;
  const hashes = Buffer.allocUnsafe(known.length * 8);
  for (const [index, topic] of known.entries()) hashes.writeBigUInt64LE(topicHash(topic, topics), index * 8);
  return BigInt.asIntN(64, xxh3(hashes));
}

function topicHash({ id, name, partitionCount }: TopicDescription, topics: TopicCatalog): bigint {
  const parts: Buffer[] = [Buffer.of(MAGIC), ...halves(id), ...text(name), int32(partitionCount)];
  for (let partition = 0; partition < partitionCount; partition++) {
    parts.push(int32(partition));
    for (const rack of [...topics.racksOf(name, partition)].sort()) parts.push(int32(rack.length), ...text(rack));
  }
  return xxh3(Buffer.concat(parts));
}

/** An id's two halves are numbers of their own, so each is turned round. */
function halves(id: string): Buffer[] {
  const bytes = Buffer.from(id, 'base64url');
  return [bytes.subarray(0, 8).reverse(), bytes.subarray(8, 16).reverse()];
}

function text(value: string): Buffer[] {
  return [Buffer.from(value, 'utf16le'), int32(value.length)];
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32LE(value);
  return bytes;
}
