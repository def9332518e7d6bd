/** Which partition of an internal topic keeps a group or transactional id: the same as Kafka's, so that data can move. */

/** Java's String.hashCode: over UTF-16 units, in 32 bits. */
function javaHashCode(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index++) hash = (Math.imul(31, hash) + text.charCodeAt(index)) | 0;
  return hash;
}

export function partitionForId(id: string, partitions: number): number {
  const hash = javaHashCode(id);
  // Java has no positive counterpart of its least int; Kafka takes 0.
  return (hash === -0x80000000 ? 0 : Math.abs(hash)) % partitions;
}
