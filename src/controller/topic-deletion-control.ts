/** DeleteTopics, by name and by id. Pure; control thread. Behaviour of Kafka's ControllerApis and ReplicationControlManager. */
import { ZERO_UUID } from '../base/uuid.ts';
import { type MetadataRecord, metadataRecord } from '../metadata/metadata-records.ts';
import type { TopicImage } from '../metadata/topics-image.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { DeleteTopicsRequest, DeleteTopicsResponse } from '../protocol/messages/20-delete-topics.ts';
import {
  type ApiError,
  allows,
  apiError,
  type ControlContext,
  type ControlResult,
  duplicatesOf,
  NO_ERROR,
  takeMutations,
} from './control-context.ts';

/** From this version on a client understands TOPIC_DELETION_DISABLED. */
const DELETION_DISABLED_SINCE_VERSION = 3;

type DeletableTopicResult = DeleteTopicsResponse['responses'][number];

export function deleteTopics(
  request: DeleteTopicsRequest,
  context: ControlContext,
): ControlResult<DeleteTopicsResponse> {
  const named = [...request.topicNames, ...request.topics.flatMap(({ name }) => name ?? [])];
  const ids = request.topics.flatMap(({ name, topicId }) => (name === null ? topicId : []));
  if (!context.settings.deleteTopicEnable) return deletionDisabled(named, ids, context);
  const responses: DeletableTopicResult[] = [];
  const records: MetadataRecord[] = [];
  const answer = (name: string | null, topicId: string, error: ApiError) => {
    responses.push({ name, topicId, errorCode: error.code, errorMessage: error.message });
  };
  const remove = (topic: TopicImage): ApiError => {
    const quota = takeMutations(context, topic.partitions.length);
    if (quota === NO_ERROR) records.push(metadataRecord('RemoveTopicRecord', { topicId: topic.id }));
    return quota;
  };
  const taken = deleteById(request, answer, remove, context);
  deleteByName(request, taken, answer, remove, context);
  return { records, response: { throttleTimeMs: 0, responses } };
}

type Answer = (name: string | null, topicId: string, error: ApiError) => void;
type Remove = (topic: TopicImage) => ApiError;

/** Returns the ids that the request has used up. */
function deleteById(
  request: DeleteTopicsRequest,
  answer: Answer,
  remove: Remove,
  context: ControlContext,
): Set<string> {
  const ids = request.topics.flatMap(({ name, topicId }) => (name === null && topicId !== ZERO_UUID ? topicId : []));
  const duplicates = duplicatesOf(ids);
  for (const { name, topicId } of request.topics) {
    if (name === null && topicId === ZERO_UUID) {
      answer(null, ZERO_UUID, apiError(ErrorCode.INVALID_REQUEST, 'Neither a topic name nor a topic id was given.'));
    } else if (name !== null && topicId !== ZERO_UUID) {
      answer(name, topicId, apiError(ErrorCode.INVALID_REQUEST, 'Give either a topic name or a topic id, not both.'));
    }
  }
  for (const id of duplicates)
    answer(null, id, apiError(ErrorCode.INVALID_REQUEST, 'The topic id stands in the request twice.'));
  const named = new Set(request.topics.map(({ name }) => name));
  for (const id of ids) {
    if (duplicates.has(id)) continue;
    const topic = context.image.topics.get(id);
    // What is named as well is answered, and refused, under its name.
    if (topic && named.has(topic.name) && mayDelete(topic.name, context)) continue;
    if (!topic) answer(null, id, apiError(ErrorCode.UNKNOWN_TOPIC_ID, `There is no topic with id ${id}.`));
    else if (mayDelete(topic.name, context)) answer(topic.name, id, remove(topic));
    // Whoever may not even see the topic must not learn its name from its id.
    else answer(maySee(topic.name, context) ? topic.name : null, id, apiError(ErrorCode.TOPIC_AUTHORIZATION_FAILED));
  }
  return new Set(ids);
}

function deleteByName(
  request: DeleteTopicsRequest,
  taken: ReadonlySet<string>,
  answer: Answer,
  remove: Remove,
  context: ControlContext,
): void {
  const names = [
    ...request.topicNames,
    ...request.topics.flatMap(({ name, topicId }) => (name !== null && topicId === ZERO_UUID ? name : [])),
  ];
  const duplicates = duplicatesOf(names);
  for (const name of duplicates) {
    answer(name, ZERO_UUID, apiError(ErrorCode.INVALID_REQUEST, 'The topic name stands in the request twice.'));
  }
  for (const name of names) {
    if (duplicates.has(name)) continue;
    const topic = context.image.topics.byName(name);
    if (!maySee(name, context)) answer(name, ZERO_UUID, apiError(ErrorCode.TOPIC_AUTHORIZATION_FAILED));
    else if (!topic)
      answer(name, ZERO_UUID, apiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `There is no topic '${name}'.`));
    else if (!mayDelete(name, context)) answer(name, ZERO_UUID, apiError(ErrorCode.TOPIC_AUTHORIZATION_FAILED));
    else if (taken.has(topic.id)) {
      answer(name, topic.id, apiError(ErrorCode.INVALID_REQUEST, 'The topic stands in the request by name and by id.'));
    } else answer(name, topic.id, remove(topic));
  }
}

function mayDelete(name: string, context: ControlContext): boolean {
  return allows(context, 'DELETE', 'CLUSTER', 'kafka-cluster') || allows(context, 'DELETE', 'TOPIC', name);
}

function maySee(name: string, context: ControlContext): boolean {
  return allows(context, 'DELETE', 'CLUSTER', 'kafka-cluster') || allows(context, 'DESCRIBE', 'TOPIC', name);
}

function deletionDisabled(
  names: readonly string[],
  ids: readonly string[],
  context: ControlContext,
): ControlResult<DeleteTopicsResponse> {
  const error = {
    errorCode:
      context.request.apiVersion < DELETION_DISABLED_SINCE_VERSION
        ? ErrorCode.INVALID_REQUEST
        : ErrorCode.TOPIC_DELETION_DISABLED,
    errorMessage: 'Deleting topics is disabled (delete.topic.enable=false).',
  };
  const responses = [
    ...names.map((name) => ({ name, topicId: ZERO_UUID, ...error })),
    ...ids.map((topicId) => ({ name: null, topicId, ...error })),
  ];
  return { records: [], response: { throttleTimeMs: 0, responses } };
}
