/**
 * What every control is given and gives back. A control is a pure function `(request, context) -> {records, response}`:
 * it reads the image, decides, and changes nothing; the effect comes when the controller has made the records durable
 * and replays them. Control thread.
 */
import type { Random } from '../base/random.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import type { MetadataRecord } from '../metadata/metadata-records.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { ConfigRules } from './config-rules.ts';

/** Records that one request may write at most: they must fit one atomic batch. */
export const RECORDS_PER_REQUEST_MAX = 10_000;
/** Partitions that one CreateTopics or CreatePartitions request may ask for. */
export const PARTITIONS_PER_REQUEST_MAX = 10_000;

export type AccessOperation = 'CREATE' | 'DELETE' | 'ALTER' | 'DESCRIBE' | 'ALTER_CONFIGS' | 'DESCRIBE_CONFIGS';
export type AccessResource = 'TOPIC' | 'GROUP' | 'CLUSTER';

/** The principal of whoever has not logged in. */
export const ANONYMOUS = 'User:ANONYMOUS';

/** Who asks, and how: what the broker knows of a request that it hands to its controller. */
export interface ControllerRequestContext {
  readonly apiVersion: number;
  /** E.g. "User:alice"; for logs and policies. */
  readonly principal: string;
  /** Whether the principal may do this. Absent: everything is permitted. */
  readonly allows?: (operation: AccessOperation, resource: AccessResource, name: string) => boolean;
  /**
   * Takes `count` partition changes out of the principal's mutation quota. Returns false when the quota is used up and
   * the request is new enough to be told so. Absent: no quota.
   */
  readonly takeMutations?: (count: number) => boolean;
}

export interface ControllerSettings {
  readonly nodeId: number;
  readonly clusterId: string;
  /** `num.partitions` */
  readonly defaultPartitions: number;
  /** `default.replication.factor` */
  readonly defaultReplicationFactor: number;
  /** Partitions that there is room for; absent: no bound. */
  readonly partitionsMax?: number;
  /** `delete.topic.enable` */
  readonly deleteTopicEnable: boolean;
  /** `min.insync.replicas` of the broker's file, 1 by default: what the cluster starts with. */
  readonly minInsyncReplicas?: number;
  /** Whether an authorizer is configured; without one ACLs are refused. */
  readonly aclsEnabled?: boolean;
  /** Absent while `delegation.token.secret.key` is not set. */
  readonly delegationTokens?: DelegationTokenSettings;
}

export interface DelegationTokenSettings {
  /** `delegation.token.secret.key` */
  readonly secretKey: string;
  /** `delegation.token.max.lifetime.ms` */
  readonly maxLifetimeMs: number;
  /** `delegation.token.expiry.time.ms` */
  readonly renewLifetimeMs: number;
}

export interface ControlContext {
  readonly image: MetadataImage;
  /** Level of `kraft.version`: no record of the image tells it. */
  readonly kraftVersion: number;
  readonly settings: ControllerSettings;
  readonly rules: ConfigRules;
  readonly random: Random;
  /** Offset that the first record of the result will have. */
  readonly nextOffset: number;
  readonly nowMs: number;
  readonly request: ControllerRequestContext;
}

export interface ControlResult<Response> {
  /** To be written atomically, in this order; may be empty. */
  readonly records: readonly MetadataRecord[];
  readonly response: Response;
}

/** An error of a part of a request. `NO_ERROR` when all went well. */
export interface ApiError {
  readonly code: number;
  readonly message: string | null;
}

export const NO_ERROR: ApiError = { code: ErrorCode.NONE, message: null };

export function apiError(code: number, message: string | null = null): ApiError {
  return { code, message };
}

export function allows(
  context: ControlContext,
  operation: AccessOperation,
  resource: AccessResource,
  name: string,
): boolean {
  return context.request.allows?.(operation, resource, name) ?? true;
}

export function takeMutations(context: ControlContext, count: number): ApiError {
  if (context.request.takeMutations?.(count) ?? true) return NO_ERROR;
  return apiError(
    ErrorCode.THROTTLING_QUOTA_EXCEEDED,
    'The quota for creating and deleting partitions is used up; retry after the throttle time.',
  );
}

/** Values that occur more than once. */
export function duplicatesOf<T>(values: Iterable<T>): Set<T> {
  const seen = new Set<T>();
  const twice = new Set<T>();
  for (const value of values) {
    if (seen.has(value)) twice.add(value);
    seen.add(value);
  }
  return twice;
}
