/** AlterClientQuotas (KIP-546). Pure; control thread. */
import { isIP } from 'node:net';
import { INT_MAX, LONG_MAX } from '../config/config-definition.ts';
import { type MetadataRecord, metadataRecord } from '../metadata/metadata-records.ts';
import { type QuotaEntityPart, quotaEntityKey, sortedEntity } from '../metadata/security-image.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type {
  AlterClientQuotasRequest,
  AlterClientQuotasResponse,
} from '../protocol/messages/49-alter-client-quotas.ts';
import {
  type ApiError,
  apiError,
  type ControlContext,
  type ControlResult,
  duplicatesOf,
  NO_ERROR,
} from './control-context.ts';

interface QuotaKey {
  /** A fraction makes no sense. */
  readonly whole: boolean;
  readonly max: number;
}

const USER_AND_CLIENT_KEYS: ReadonlyMap<string, QuotaKey> = new Map([
  ['producer_byte_rate', { whole: true, max: LONG_MAX }],
  ['consumer_byte_rate', { whole: true, max: LONG_MAX }],
  ['request_percentage', { whole: false, max: Number.MAX_VALUE }],
  ['controller_mutation_rate', { whole: false, max: Number.MAX_VALUE }],
]);
const IP_KEYS: ReadonlyMap<string, QuotaKey> = new Map([['connection_creation_rate', { whole: true, max: INT_MAX }]]);

/** How far a value may lie beside a whole number and still count as one. */
const FRACTION_MAX = 1e-6;

type Entry = AlterClientQuotasRequest['entries'][number];

/** Each entity is changed as a whole or not at all. */
export function alterClientQuotas(
  request: AlterClientQuotasRequest,
  context: ControlContext,
): ControlResult<AlterClientQuotasResponse> {
  const records: MetadataRecord[] = [];
  const duplicates = duplicatesOf(request.entries.map(({ entity }) => quotaEntityKey(entity)));
  const entries = request.entries.map((entry) => {
    const outcome = duplicates.has(quotaEntityKey(entry.entity))
      ? invalid('The entity stands in the request twice.')
      : alterEntity(entry, context);
    const error = 'code' in outcome ? outcome : NO_ERROR;
    if (!('code' in outcome)) records.push(...outcome);
    return { errorCode: error.code, errorMessage: error.message, entity: entry.entity };
  });
  return { records: request.validateOnly ? [] : records, response: { throttleTimeMs: 0, entries } };
}

function invalid(message: string): ApiError {
  return apiError(ErrorCode.INVALID_REQUEST, message);
}

function alterEntity({ entity: parts, ops }: Entry, context: ControlContext): MetadataRecord[] | ApiError {
  const keys = keysFor(parts);
  if ('code' in keys) return keys;
  const [twice] = duplicatesOf(ops.map(({ key }) => key));
  if (twice !== undefined) return invalid(`The quota ${twice} stands in the entity twice.`);
  const current = context.image.clientQuotas.of(parts);
  const entity = sortedEntity(parts);
  const records: MetadataRecord[] = [];
  for (const { key, value, remove } of ops) {
    if (remove) {
      if (current.has(key)) records.push(metadataRecord('ClientQuotaRecord', { entity, key, value: 0, remove: true }));
      continue;
    }
    const fault = valueFault(key, value, keys.get(key));
    if (fault) return invalid(fault);
    if (current.get(key) !== value)
      records.push(metadataRecord('ClientQuotaRecord', { entity, key, value, remove: false }));
  }
  return records;
}

/** The quotas that an entity can have. */
function keysFor(parts: readonly QuotaEntityPart[]): ReadonlyMap<string, QuotaKey> | ApiError {
  if (parts.length === 0) return invalid('A quota entity must name a user, a client id or an IP address.');
  const types = new Map<string, string | null>();
  for (const { entityType, entityName } of parts) {
    if (entityType !== 'user' && entityType !== 'client-id' && entityType !== 'ip') {
      return invalid(`Quota entity type ${entityType} is not known; there are user, client-id and ip.`);
    }
    if (types.has(entityType)) return invalid(`The entity type ${entityType} stands in the entity twice.`);
    if (entityName === '') return invalid(`An empty ${entityType} is not possible.`);
    types.set(entityType, entityName);
  }
  if (!types.has('ip')) return USER_AND_CLIENT_KEYS;
  if (types.size > 1) return invalid('An IP address cannot be combined with a user or a client id.');
  const ip = types.get('ip') ?? null;
  if (ip !== null && isIP(ip) === 0) return invalid(`'${ip}' is not an IP address.`);
  return IP_KEYS;
}

function valueFault(key: string, value: number, quota: QuotaKey | undefined): string | null {
  if (!quota) return `There is no quota ${key} for such an entity.`;
  if (!(value > 0)) return `The quota ${key} must be greater than 0.`;
  if (value > quota.max) return `The value of ${key} is too large; at most ${quota.max} is possible.`;
  if (quota.whole && Math.abs(value % 1) > FRACTION_MAX) return `The quota ${key} cannot be a fraction.`;
  return null;
}
