import type { MetadataImage } from '../../src/metadata/metadata-image.ts';

/** Everything an image says, as plain values in one order, so that equal images are deeply equal. */
export function imageContent(image: MetadataImage): unknown {
  const sorted = <T>(values: Iterable<T>, keyOf: (value: T) => string): T[] =>
    [...values].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0));
  return plain({
    features: new Map(sorted(image.features, ([name]) => name)),
    brokers: sorted(image.cluster.brokers(), (it) => String(it.id)),
    controllers: sorted(image.cluster.controllers(), (it) => String(it.controllerId)),
    topics: sorted(image.topics.values(), (it) => it.id),
    names: sorted(image.topics.names(), (it) => it),
    partitionCount: image.topics.partitionCount,
    configs: sorted(image.configs.resources(), (it) => `${it.resourceType}:${it.resourceName}`),
    quotas: sorted(image.clientQuotas.entities(), (it) => JSON.stringify(it.entity)),
    scram: sorted(image.scramCredentials.values(), (it) => `${it.mechanism}:${it.name}`),
    tokens: sorted(image.delegationTokens.values(), (it) => it.tokenId),
    acls: sorted(image.acls.values(), (it) => it.id),
    nextProducerId: image.nextProducerId,
    producerIdsKnown: image.producerIdsKnown,
  });
}

function plain(value: unknown): unknown {
  if (value instanceof Map) {
    return [...value].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)).map(([key, inner]) => [key, plain(inner)]);
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
  }
  return value;
}
