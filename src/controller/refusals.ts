/**
 * What the controller answers when it refuses all of a request: the disk of its log is full, or the request's time was over
 * before its turn came. Nothing has changed then. Pure.
 */
import { ZERO_UUID } from '../base/uuid.ts';
import type { CreateTopicsRequest, CreateTopicsResponse } from '../protocol/messages/19-create-topics.ts';
import type { DeleteTopicsRequest, DeleteTopicsResponse } from '../protocol/messages/20-delete-topics.ts';
import type { CreatePartitionsRequest, CreatePartitionsResponse } from '../protocol/messages/37-create-partitions.ts';
import type { ElectLeadersRequest, ElectLeadersResponse } from '../protocol/messages/43-elect-leaders.ts';
import type {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
} from '../protocol/messages/45-alter-partition-reassignments.ts';
import type { ApiError } from './control-context.ts';

export function topicsNotCreated({ topics }: CreateTopicsRequest, error: ApiError): CreateTopicsResponse {
  const unknown = {
    topicId: ZERO_UUID,
    topicConfigErrorCode: 0,
    numPartitions: -1,
    replicationFactor: -1,
    configs: [],
  };
  return { throttleTimeMs: 0, topics: topics.map(({ name }) => ({ ...unknown, name, ...fields(error) })) };
}

export function topicsNotDeleted(request: DeleteTopicsRequest, error: ApiError): DeleteTopicsResponse {
  const byName = request.topicNames.map((name) => ({ name, topicId: ZERO_UUID }));
  const responses = [...request.topics, ...byName].map((topic) => ({ ...topic, ...fields(error) }));
  return { throttleTimeMs: 0, responses };
}

export function partitionsNotCreated({ topics }: CreatePartitionsRequest, error: ApiError): CreatePartitionsResponse {
  return { throttleTimeMs: 0, results: topics.map(({ name }) => ({ name, ...fields(error) })) };
}

export function leadersNotElected({ topicPartitions }: ElectLeadersRequest, error: ApiError): ElectLeadersResponse {
  const replicaElectionResults = (topicPartitions ?? []).map(({ topic, partitions }) => ({
    topic,
    partitionResult: partitions.map((partitionId) => ({ partitionId, ...fields(error) })),
  }));
  return { throttleTimeMs: 0, errorCode: error.code, replicaElectionResults };
}

export function partitionsNotReassigned(
  { topics, allowReplicationFactorChange }: AlterPartitionReassignmentsRequest,
  error: ApiError,
): AlterPartitionReassignmentsResponse {
  const responses = topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, ...fields(error) })),
  }));
  return { throttleTimeMs: 0, allowReplicationFactorChange, ...fields(error), responses };
}

export interface ConfigsAnswer {
  readonly throttleTimeMs: number;
  readonly responses: {
    readonly errorCode: number;
    readonly errorMessage: string | null;
    readonly resourceType: number;
    readonly resourceName: string;
  }[];
}

export function configsNotAltered(
  { resources }: { readonly resources: readonly { readonly resourceType: number; readonly resourceName: string }[] },
  error: ApiError,
): ConfigsAnswer {
  const responses = resources.map(({ resourceType, resourceName }) => ({
    ...fields(error),
    resourceType,
    resourceName,
  }));
  return { throttleTimeMs: 0, responses };
}

function fields({ code, message }: ApiError): { errorCode: number; errorMessage: string | null } {
  return { errorCode: code, errorMessage: message };
}
