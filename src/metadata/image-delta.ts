/**
 * Deltas that no replay made: from nothing to an image, and between two images (after a snapshot was loaded in place of
 * the log). Pure; control thread.
 */
import type { ChangeSet } from './change-set.ts';
import { configKey } from './configs-image.ts';
import { MetadataDelta } from './metadata-delta.ts';
import type { MetadataImage } from './metadata-image.ts';
import { quotaEntityKey, scramKey } from './security-image.ts';

/** Everything in the image as if it had been created just now: what a new listener is given. */
export function wholeImageDelta(image: MetadataImage): MetadataDelta {
  return imageDelta(null, image);
}

/** What differs between two images. Values are compared by their content. */
export function imageDelta(before: MetadataImage | null, after: MetadataImage): MetadataDelta {
  const delta = new MetadataDelta();
  delta.lastOffset = after.lastOffset;
  delta.lastEpoch = after.lastEpoch;
  compare(delta.topics, before?.topics.values(), after.topics.values(), (topic) => topic.id);
  compare(delta.brokers, before?.cluster.brokers(), after.cluster.brokers(), (broker) => broker.id);
  compare(delta.controllers, before?.cluster.controllers(), after.cluster.controllers(), (it) => it.controllerId);
  compare(delta.configs, before?.configs.resources(), after.configs.resources(), (resource) =>
    configKey(resource.resourceType, resource.resourceName),
  );
  compare(delta.clientQuotas, before?.clientQuotas.entities(), after.clientQuotas.entities(), (it) =>
    quotaEntityKey(it.entity),
  );
  compare(delta.scramCredentials, before?.scramCredentials.values(), after.scramCredentials.values(), (it) =>
    scramKey(it.mechanism, it.name),
  );
  compare(
    delta.delegationTokens,
    before?.delegationTokens.values(),
    after.delegationTokens.values(),
    (it) => it.tokenId,
  );
  compare(delta.acls, before?.acls.values(), after.acls.values(), (acl) => acl.id);
  for (const name of new Set([...(before?.features.keys() ?? []), ...after.features.keys()])) {
    const was = before?.features.get(name) ?? null;
    const is = after.features.get(name) ?? null;
    if (was !== is) delta.features.note(name, was, is);
  }
  delta.producerIds = (before?.nextProducerId ?? 0) !== after.nextProducerId;
  return delta;
}

function compare<K, T>(
  changes: ChangeSet<K, T>,
  before: Iterable<T> | undefined,
  after: Iterable<T>,
  keyOf: (value: T) => K,
): void {
  const old = new Map<K, T>();
  for (const value of before ?? []) old.set(keyOf(value), value);
  for (const value of after) {
    const key = keyOf(value);
    const was = old.get(key);
    old.delete(key);
    if (was === undefined) changes.note(key, null, value);
    else if (was !== value && contentOf(was) !== contentOf(value)) changes.note(key, was, value);
  }
  for (const [key, value] of old) changes.note(key, value, null);
}

/** Maps as sorted pairs and bytes as hex, so that equal content gives equal text. */
function contentOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (part instanceof Map) return [...part].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
    if (part instanceof Uint8Array) return Buffer.from(part).toString('hex');
    return part;
  });
}
