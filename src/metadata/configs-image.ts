/**
 * Dynamic settings by resource, as the metadata log tells them: only what somebody set, no defaults. Control thread;
 * changed by replay only. Values are immutable: a change makes a new map.
 */

import type { ChangeSet } from './change-set.ts';
import type { ConfigRecord } from './metadata-records.ts';

export const ConfigResourceType = {
  TOPIC: 2,
  BROKER: 4,
  BROKER_LOGGER: 8,
  CLIENT_METRICS: 16,
  GROUP: 32,
} as const;

export type ConfigValues = ReadonlyMap<string, string>;

export interface ConfigResource {
  readonly resourceType: number;
  /** Topic, broker id in decimal ('' for the default of all brokers), group, or metrics subscription. */
  readonly resourceName: string;
  readonly values: ConfigValues;
}

const NO_VALUES: ConfigValues = new Map();

/** Key of a resource in `delta.configs`. */
export function configKey(resourceType: number, resourceName: string): string {
  return `${resourceType}:${resourceName}`;
}

type ConfigChanges = ChangeSet<string, ConfigResource>;

export class ConfigsImage {
  readonly #resources = new Map<string, ConfigResource>();

  /** What was set for the resource; empty when nothing was. */
  of(resourceType: number, resourceName: string): ConfigValues {
    return this.#resources.get(configKey(resourceType, resourceName))?.values ?? NO_VALUES;
  }

  topic(name: string): ConfigValues {
    return this.of(ConfigResourceType.TOPIC, name);
  }

  /** Settings of one broker; without an id those for all brokers. */
  broker(id?: number): ConfigValues {
    return this.of(ConfigResourceType.BROKER, id === undefined ? '' : String(id));
  }

  group(groupId: string): ConfigValues {
    return this.of(ConfigResourceType.GROUP, groupId);
  }

  clientMetrics(name: string): ConfigValues {
    return this.of(ConfigResourceType.CLIENT_METRICS, name);
  }

  resources(): IterableIterator<ConfigResource> {
    return this.#resources.values();
  }

  /** Names of the resources of one type for which something is set. */
  namesOf(resourceType: number): string[] {
    const names: string[] = [];
    for (const resource of this.#resources.values()) {
      if (resource.resourceType === resourceType) names.push(resource.resourceName);
    }
    return names;
  }

  replay(record: ConfigRecord, changes: ConfigChanges): void {
    const key = configKey(record.resourceType, record.resourceName);
    const before = this.#resources.get(key) ?? null;
    const values = new Map(before?.values);
    if (record.value === null) values.delete(record.name);
    else values.set(record.name, record.value);
    const after = values.size === 0 ? null : { ...identityOf(record), values };
    if (after) this.#resources.set(key, after);
    else this.#resources.delete(key);
    if (before || after) changes.note(key, before, after);
  }

  /** A deleted topic takes its settings with it. */
  replayRemoveTopic(name: string, changes: ConfigChanges): void {
    const key = configKey(ConfigResourceType.TOPIC, name);
    const before = this.#resources.get(key);
    if (!before) return;
    this.#resources.delete(key);
    changes.note(key, before, null);
  }
}

function identityOf(record: ConfigRecord): Pick<ConfigResource, 'resourceType' | 'resourceName'> {
  return { resourceType: record.resourceType, resourceName: record.resourceName };
}
