/**
 * Client quotas, SCRAM credentials, delegation tokens and ACLs, as the metadata log tells them, kept as raw data: the
 * quota manager and the authorizer build their own structures from them. Control thread; changed by replay only.
 */
import type { ChangeSet } from './change-set.ts';
import type {
  AccessControlEntryRecord,
  ClientQuotaRecord,
  DelegationTokenRecord,
  UserScramCredentialRecord,
} from './metadata-records.ts';

export interface QuotaEntityPart {
  /** "user", "client-id" or "ip". */
  readonly entityType: string;
  /** Null for the default of the type. */
  readonly entityName: string | null;
}

export interface ClientQuotas {
  /** Sorted by type. */
  readonly entity: readonly QuotaEntityPart[];
  /** By quota key, e.g. "producer_byte_rate". */
  readonly values: ReadonlyMap<string, number>;
}

export type Acl = AccessControlEntryRecord;
export type ScramCredential = UserScramCredentialRecord;
export type DelegationToken = DelegationTokenRecord;

/** The parts in the one order that makes equal entities equal keys. */
export function sortedEntity(entity: readonly QuotaEntityPart[]): QuotaEntityPart[] {
  return entity
    .map(({ entityType, entityName }) => ({ entityType, entityName }))
    .sort((a, b) => (a.entityType < b.entityType ? -1 : a.entityType > b.entityType ? 1 : 0));
}

/** Key of an entity in `delta.clientQuotas`. */
export function quotaEntityKey(entity: readonly QuotaEntityPart[]): string {
  return JSON.stringify(sortedEntity(entity).map(({ entityType, entityName }) => [entityType, entityName]));
}

/** Key of a credential in `delta.scramCredentials`. */
export function scramKey(mechanism: number, user: string): string {
  return `${mechanism}:${user}`;
}

export class ClientQuotasImage {
  readonly #entities = new Map<string, ClientQuotas>();

  of(entity: readonly QuotaEntityPart[]): ReadonlyMap<string, number> {
    return this.#entities.get(quotaEntityKey(entity))?.values ?? new Map();
  }

  entities(): IterableIterator<ClientQuotas> {
    return this.#entities.values();
  }

  replay(record: ClientQuotaRecord, changes: ChangeSet<string, ClientQuotas>): void {
    const key = quotaEntityKey(record.entity);
    const before = this.#entities.get(key) ?? null;
    const values = new Map(before?.values);
    if (record.remove) values.delete(record.key);
    else values.set(record.key, record.value);
    const after = values.size === 0 ? null : { entity: sortedEntity(record.entity), values };
    if (after) this.#entities.set(key, after);
    else this.#entities.delete(key);
    if (before || after) changes.note(key, before, after);
  }
}

/** Values under a string key with set and remove only: SCRAM credentials, tokens, ACLs. */
export class KeyedImage<T> {
  readonly #values = new Map<string, T>();

  get(key: string): T | undefined {
    return this.#values.get(key);
  }

  values(): IterableIterator<T> {
    return this.#values.values();
  }

  get size(): number {
    return this.#values.size;
  }

  replaySet(key: string, value: T, changes: ChangeSet<string, T>): void {
    changes.note(key, this.#values.get(key) ?? null, value);
    this.#values.set(key, value);
  }

  replayRemove(key: string, changes: ChangeSet<string, T>): void {
    const before = this.#values.get(key);
    if (before === undefined) return;
    this.#values.delete(key);
    changes.note(key, before, null);
  }
}
