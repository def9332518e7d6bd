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
    if (fault) return { ...fault, entries: null };
    const entries = [...image.clientQuotas.entities()]
      .filter(({ entity }) => matches(entity, components, strict))
      .map(({ entity, values }) => ({
        entity: entity.map(({ entityType, entityName }) => ({ entityType, entityName })),
        values: [...values].map(([key, value]) => ({ key, value })),
      }));
    return { errorCode: ErrorCode.NONE, errorMessage: '', entries };
  },
);

interface Fault {
  readonly errorCode: number;
  readonly errorMessage: string;
}

/** The first component at fault decides; the types together are looked at last. */
function faultOf(components: readonly Component[]): Fault | null {
  const types = new Set<string>();
  for (const component of components) {
    const { entityType } = component;
    if (entityType === '') return invalid('An entity type is empty.');
    if (!ENTITY_TYPES.includes(entityType)) {
      const errorMessage = `Entity type ${JSON.stringify(entityType)} is none of ${ENTITY_TYPES.join(', ')}.`;
      return { errorCode: ErrorCode.UNSUPPORTED_VERSION, errorMessage };
    }
    if (types.has(entityType)) return invalid(`Entity type ${entityType} is named twice.`);
    types.add(entityType);
    const fault = matchFault(component);
    if (fault !== null) return invalid(fault);
  }
  return types.has('ip') && types.size > 1 ? invalid('ip cannot be combined with other entity types.') : null;
}

function matchFault({ matchType, match }: Component): string | null {
  if (matchType === Match.exact) return match === null ? 'An exact match needs a name.' : null;
  if (matchType !== Match.default && matchType !== Match.any) return `Match type ${matchType} is not known.`;
  return match === null ? null : 'Only an exact match takes a name.';
}

function invalid(errorMessage: string): Fault {
  return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage };
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
