/** What the controller answers when the disk of its log is full: the request was refused, and nothing has changed. Pure. */
import { ZERO_UUID } from '../base/uuid.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { CreateTopicsRequest, CreateTopicsResponse } from '../protocol/messages/19-create-topics.ts';
import type { DeleteTopicsRequest, DeleteTopicsResponse } from '../protocol/messages/20-delete-topics.ts';
import type { CreatePartitionsRequest, CreatePartitionsResponse } from '../protocol/messages/37-create-partitions.ts';

const errorCode = ErrorCode.KAFKA_STORAGE_ERROR;

export function topicsNotCreated({ topics }: CreateTopicsRequest, errorMessage: string): CreateTopicsResponse {
  const unknown = {
    topicId: ZERO_UUID,
    topicConfigErrorCode: 0,
    numPartitions: -1,
    replicationFactor: -1,
    configs: [],
  };
  return { throttleTimeMs: 0, topics: topics.map(({ name }) => ({ ...unknown, name, errorCode, errorMessage })) };
}

export function topicsNotDeleted(request: DeleteTopicsRequest, errorMessage: string): DeleteTopicsResponse {
  const byName = request.topicNames.map((name) => ({ name, topicId: ZERO_UUID }));
  const responses = [...request.topics, ...byName].map((topic) => ({ ...topic, errorCode, errorMessage }));
  return { throttleTimeMs: 0, responses };
}

export function partitionsNotCreated(
  { topics }: CreatePartitionsRequest,
  errorMessage: string,
): CreatePartitionsResponse {
  return { throttleTimeMs: 0, results: topics.map(({ name }) => ({ name, errorCode, errorMessage })) };
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
  errorMessage: string,
): ConfigsAnswer {
  const responses = resources.map(({ resourceType, resourceName }) => ({
    errorCode,
    errorMessage,
    resourceType,
    resourceName,
  }));
  return { throttleTimeMs: 0, responses };
}
