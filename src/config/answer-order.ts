/**
 * The order in which Kafka answers the settings of a resource: that of the hash table it keeps them in, whatever order they were
 * asked for in. Clients that compare whole answers rely on it. Within a bucket they stay in the order of their definition.
 */
export function inAnswerOrder<T extends { readonly name: string }>(configs: readonly T[]): T[] {
  const mask = tableSize(configs.length) - 1;
  return configs
    .map((config) => ({ config, bucket: spreadHash(config.name) & mask }))
    .sort((a, b) => a.bucket - b.bucket)
    .map(({ config }) => config);
}

/** Java's hash of a string, with the upper half folded into the lower as its hash table does. */
function spreadHash(name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (Math.imul(31, hash) + name.charCodeAt(i)) | 0;
  return hash ^ (hash >>> 16);
}

/** Begins at 16 and doubles when it is more than three quarters full. */
function tableSize(entries: number): number {
  let size = 16;
  while (entries > size * 0.75) size *= 2;
  return size;
}
