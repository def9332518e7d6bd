/** CreateAcls and DeleteAcls. Pure; control thread. Behaviour of Kafka's AclControlManager and AclApis. */
import { randomUuid } from '../base/uuid.ts';
import { type MetadataRecord, metadataRecord } from '../metadata/metadata-records.ts';
import type { Acl } from '../metadata/security-image.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { CreateAclsRequest, CreateAclsResponse } from '../protocol/messages/30-create-acls.ts';
import type { DeleteAclsRequest, DeleteAclsResponse } from '../protocol/messages/31-delete-acls.ts';
import {
  type ApiError,
  apiError,
  type ControlContext,
  type ControlResult,
  NO_ERROR,
  RECORDS_PER_REQUEST_MAX,
} from './control-context.ts';

/** Numbers on the wire. */
const ResourceType = { UNKNOWN: 0, ANY: 1, CLUSTER: 4, USER: 7 } as const;
const PatternType = { UNKNOWN: 0, ANY: 1, MATCH: 2, LITERAL: 3, PREFIXED: 4 } as const;
const Operation = { UNKNOWN: 0, ANY: 1, TWO_PHASE_COMMIT: 15 } as const;
const PermissionType = { UNKNOWN: 0, ANY: 1, DENY: 2, ALLOW: 3 } as const;
const CLUSTER_NAME = 'kafka-cluster';
const WILDCARD = '*';

type AclCreation = CreateAclsRequest['creations'][number];
type AclFilter = DeleteAclsRequest['filters'][number];

const SECURITY_DISABLED = apiError(
  ErrorCode.SECURITY_DISABLED,
  'No authorizer is configured, so ACLs would have no effect. Set authorizer.class.name.',
);

/** One that exists already is answered with success and not written again. */
export function createAcls(request: CreateAclsRequest, context: ControlContext): ControlResult<CreateAclsResponse> {
  const existing = new Set([...context.image.acls.values()].map(contentOf));
  const records: MetadataRecord[] = [];
  const results = request.creations.map((creation) => {
    const error = context.settings.aclsEnabled ? creationFault(creation, records.length) : SECURITY_DISABLED;
    if (error === NO_ERROR) {
      const { resourcePatternType: patternType, ...rest } = creation;
      const acl = { id: randomUuid(context.random), patternType, ...rest };
      if (!existing.has(contentOf(acl))) records.push(metadataRecord('AccessControlEntryRecord', acl));
      existing.add(contentOf(acl));
    }
    return { errorCode: error.code, errorMessage: error.message };
  });
  return { records, response: { throttleTimeMs: 0, results } };
}

function contentOf({ id: _, ...acl }: Acl): string {
  const { resourceType, resourceName, patternType, principal, host, operation, permissionType } = acl;
  return JSON.stringify([resourceType, resourceName, patternType, principal, host, operation, permissionType]);
}

function creationFault(creation: AclCreation, recordsSoFar: number): ApiError {
  const invalid = (message: string) => apiError(ErrorCode.INVALID_REQUEST, message);
  const { resourceType, resourceName, resourcePatternType, operation, permissionType, principal } = creation;
  if (resourceType <= ResourceType.ANY || resourceType > ResourceType.USER)
    return invalid(`Invalid resource type ${resourceType}.`);
  if (resourcePatternType !== PatternType.LITERAL && resourcePatternType !== PatternType.PREFIXED) {
    return invalid(`Invalid pattern type ${resourcePatternType}; there are LITERAL and PREFIXED.`);
  }
  if (operation <= Operation.ANY || operation > Operation.TWO_PHASE_COMMIT)
    return invalid(`Invalid operation ${operation}.`);
  if (permissionType !== PermissionType.DENY && permissionType !== PermissionType.ALLOW) {
    return invalid(`Invalid permission type ${permissionType}.`);
  }
  if (resourceName === '') return invalid('The resource name is empty.');
  if (resourceType === ResourceType.CLUSTER && resourceName !== CLUSTER_NAME) {
    return invalid(`The only name of the CLUSTER resource is ${CLUSTER_NAME}.`);
  }
  if (!/^[^:]+:.+/s.test(principal)) return invalid(`The principal '${principal}' is not of the form Type:name.`);
  if (recordsSoFar >= RECORDS_PER_REQUEST_MAX) {
    return apiError(
      ErrorCode.POLICY_VIOLATION,
      `A request can create ${RECORDS_PER_REQUEST_MAX} ACLs at most. Split it.`,
    );
  }
  return NO_ERROR;
}

/** Every filter answers with all ACLs it matches; one that several match is removed once. */
export function deleteAcls(request: DeleteAclsRequest, context: ControlContext): ControlResult<DeleteAclsResponse> {
  const removed = new Set<string>();
  const filterResults = request.filters.map((filter) => {
    const fault = context.settings.aclsEnabled ? filterFault(filter) : SECURITY_DISABLED;
    if (fault) return { errorCode: fault.code, errorMessage: fault.message, matchingAcls: [] };
    const matching = [...context.image.acls.values()].filter((acl) => matches(filter, acl));
    if (new Set([...removed, ...matching.map(({ id }) => id)]).size > RECORDS_PER_REQUEST_MAX) {
      const errorMessage = `The request would remove more than ${RECORDS_PER_REQUEST_MAX} ACLs. Split it.`;
      return { errorCode: ErrorCode.POLICY_VIOLATION, errorMessage, matchingAcls: [] };
    }
    for (const { id } of matching) removed.add(id);
    const matchingAcls = matching.map(({ id: _, ...acl }) => ({
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      ...acl,
    }));
    return { errorCode: ErrorCode.NONE, errorMessage: null, matchingAcls };
  });
  const records = [...removed].map((id) => metadataRecord('RemoveAccessControlEntryRecord', { id }));
  return { records, response: { throttleTimeMs: 0, filterResults } };
}

function filterFault(filter: AclFilter): ApiError | null {
  const unknown =
    filter.resourceTypeFilter === ResourceType.UNKNOWN ||
    filter.patternTypeFilter === PatternType.UNKNOWN ||
    filter.operation === Operation.UNKNOWN ||
    filter.permissionType === PermissionType.UNKNOWN;
  return unknown
    ? apiError(ErrorCode.INVALID_REQUEST, 'The filter has an unknown type, operation or permission.')
    : null;
}

/** Whether an ACL is among what the filter asks for; DescribeAcls has the same filter. */
export function matches(filter: AclFilter, acl: Acl): boolean {
  const { resourceTypeFilter, principalFilter, hostFilter, operation, permissionType } = filter;
  return (
    (resourceTypeFilter === ResourceType.ANY || resourceTypeFilter === acl.resourceType) &&
    (principalFilter === null || principalFilter === acl.principal) &&
    (hostFilter === null || hostFilter === acl.host) &&
    (operation === Operation.ANY || operation === acl.operation) &&
    (permissionType === PermissionType.ANY || permissionType === acl.permissionType) &&
    matchesPattern(filter, acl)
  );
}

/** MATCH asks for all patterns that apply to a resource of that name; the other types for patterns of that very name. */
function matchesPattern({ patternTypeFilter, resourceNameFilter: name }: AclFilter, acl: Acl): boolean {
  if (patternTypeFilter === PatternType.LITERAL || patternTypeFilter === PatternType.PREFIXED) {
    if (patternTypeFilter !== acl.patternType) return false;
  }
  if (name === null) return true;
  if (patternTypeFilter !== PatternType.MATCH) return name === acl.resourceName;
  if (acl.patternType === PatternType.PREFIXED) return name.startsWith(acl.resourceName);
  return acl.resourceName === name || acl.resourceName === WILDCARD;
}
