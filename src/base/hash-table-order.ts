/**
 * The order in which Java's hash table lists names. Kafka keeps in such tables what it answers, or chooses the first of, and who
 * compares with it sees the order. Any thread.
 */

/** Java's String.hashCode: over UTF-16 units, in 32 bits. */
export function javaHashCode(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index++) hash = (Math.imul(31, hash) + text.charCodeAt(index)) | 0;
  return hash;
}

/** What has one of `items` for each name, in the table's order; of one bucket, in the order of `items`. */
export function inHashTableOrder<T>(items: readonly T[], nameOf: (item: T) => string): T[] {
  const mask = tableSize(items.length) - 1;
  return items
    .map((item) => ({ item, bucket: spread(javaHashCode(nameOf(item))) & mask }))
    .sort((a, b) => a.bucket - b.bucket)
    .map(({ item }) => item);
}

/** The upper half is folded into the lower. */
function spread(hash: number): number {
  return hash ^ (hash >>> 16);
}

/** Begins at 16 and doubles when it is more than three quarters full. */
function tableSize(entries: number): number {
  let size = 16;
  while (entries > size * 0.75) size *= 2;
  return size;
}
