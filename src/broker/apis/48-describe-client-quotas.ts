/**
 * DescribeClientQuotas v0-1: what is stored in the metadata, matched by component: exactly a name (0), the default of the
 * type (1), any that is set (2). `strict` leaves out entities with components that were not asked for.
 */
import type { QuotaEntityPart } from '../../metadata/security-image.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import {
  type DescribeClientQuotasRequest,
  describeClientQuotasRequest,
  describeClientQuotasResponse,
} from '../../protocol/messages/48-describe-client-quotas.ts';
import { api } from '../api-handler.ts';

type Component = DescribeClientQuotasRequest['components'][number];

const ENTITY_TYPES: readonly string[] = ['user', 'client-id', 'ip'];
const Match = { exact: 0, default: 1, any: 2 } as const;

export const describeClientQuotas = api(
  describeClientQuotasRequest,
  describeClientQuotasResponse,
  ({ components, strict }, _, { image }) => {
    const fault = faultOf(components);
    if (fault) return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage: fault, entries: null };
    const entries = [...image.clientQuotas.entities()]
      .filter(({ entity }) => matches(entity, components, strict))
      .map(({ entity, values }) => ({
        entity: entity.map(({ entityType, entityName }) => ({ entityType, entityName })),
        values: [...values].map(([key, value]) => ({ key, value })),
      }));
    return { errorCode: ErrorCode.NONE, errorMessage: null, entries };
  },
);

function faultOf(components: readonly Component[]): string | null {
  const types = components.map(({ entityType }) => entityType);
  if (new Set(types).size < types.length) return 'An entity type is named twice.';
  const unknown = types.find((type) => !ENTITY_TYPES.includes(type));
  if (unknown !== undefined) return `Entity type ${JSON.stringify(unknown)} is none of user, client-id, ip.`;
  if (types.includes('ip') && types.length > 1) return 'ip cannot be combined with other entity types.';
  return null;
}

function matches(entity: readonly QuotaEntityPart[], components: readonly Component[], strict: boolean): boolean {
  if (strict && entity.length !== components.length) return false;
  return components.every(({ entityType, matchType, match }) => {
    const part = entity.find((candidate) => candidate.entityType === entityType);
    if (!part) return false;
    if (matchType === Match.any) return true;
    return matchType === Match.default ? part.entityName === null : part.entityName === match;
  });
}
