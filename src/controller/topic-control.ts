/**
 * CreateTopics, DeleteTopics and the entry for topics that are created on demand. Pure; control thread.
 * Behaviour of Kafka's ReplicationControlManager and ControllerApis.
 */
import { randomUuid, ZERO_UUID } from '../base/uuid.ts';
import { ConfigResourceType } from '../metadata/configs-image.ts';
import { partitionRecord } from '../metadata/image-records.ts';
import { type MetadataRecord, metadataRecord } from '../metadata/metadata-records.ts';
import { CLUSTER_METADATA_TOPIC, topicNameFault } from '../metadata/topic-name.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { CreateTopicsRequest, CreateTopicsResponse } from '../protocol/messages/19-create-topics.ts';
import {
  type ApiError,
  allows,
  apiError,
  type ControlContext,
  type ControlResult,
  duplicatesOf,
  NO_ERROR,
  PARTITIONS_PER_REQUEST_MAX,
  RECORDS_PER_REQUEST_MAX,
  takeMutations,
} from './control-context.ts';
import { manualAssignmentFault, type NewPartitions, newPartition, roomFault } from './partition-control.ts';
import { DirectoryPlacer, placeReplicas } from './replica-placement.ts';

/** From this version on the answer tells the settings of a new topic. */
const CONFIGS_SINCE_VERSION = 5;

type CreatableTopic = CreateTopicsRequest['topics'][number];
type CreatableTopicResult = CreateTopicsResponse['topics'][number];

export function createTopics(
  request: CreateTopicsRequest,
  context: ControlContext,
): ControlResult<CreateTopicsResponse> {
  const records: MetadataRecord[] = [];
  const results: CreatableTopicResult[] = [];
  const duplicates = duplicatesOf(request.topics.map(({ name }) => name));
  const requestFault = requestTooLarge(request, context);
  const placer = new DirectoryPlacer(context.image);
  let partitionsSoFar = 0;
  for (const name of duplicates) {
    results.push(
      failedTopic(name, apiError(ErrorCode.INVALID_REQUEST, `Topic '${name}' stands in the request twice.`)),
    );
  }
  for (const topic of request.topics) {
    if (duplicates.has(topic.name)) continue;
    const fault = requestFault ?? nameFault(topic.name, context);
    const outcome = fault ?? createTopic(topic, partitionsSoFar, placer, context);
    if ('code' in outcome) {
      results.push(failedTopic(topic.name, outcome));
      continue;
    }
    if (records.length + outcome.records.length > RECORDS_PER_REQUEST_MAX) {
      results.push(failedTopic(topic.name, TOO_MANY_RECORDS));
      continue;
    }
    records.push(...outcome.records);
    partitionsSoFar += outcome.partitions;
    results.push(outcome.result);
  }
  return { records: request.validateOnly ? [] : records, response: { throttleTimeMs: 0, topics: results } };
}

const TOO_MANY_RECORDS = apiError(
  ErrorCode.POLICY_VIOLATION,
  `The request needs more than ${RECORDS_PER_REQUEST_MAX} metadata records. Split it.`,
);

/** The error of all topics when they ask for too much together. */
function requestTooLarge(request: CreateTopicsRequest, context: ControlContext): ApiError | null {
  let partitions = 0;
  for (const topic of request.topics) {
    if (topic.assignments.length > 0) partitions += topic.assignments.length;
    else
      partitions += Math.max(topic.numPartitions === -1 ? context.settings.defaultPartitions : topic.numPartitions, 0);
  }
  if (partitions <= PARTITIONS_PER_REQUEST_MAX) return null;
  return apiError(
    ErrorCode.POLICY_VIOLATION,
    `The request asks for ${partitions} partitions; at most ${PARTITIONS_PER_REQUEST_MAX} are allowed. Split it.`,
  );
}

function nameFault(name: string, context: ControlContext): ApiError | null {
  if (name === CLUSTER_METADATA_TOPIC) {
    return apiError(ErrorCode.INVALID_REQUEST, `Topic '${name}' holds the cluster's metadata and cannot be created.`);
  }
  if (!allows(context, 'CREATE', 'CLUSTER', 'kafka-cluster') && !allows(context, 'CREATE', 'TOPIC', name)) {
    return apiError(ErrorCode.TOPIC_AUTHORIZATION_FAILED, 'Authorization failed.');
  }
  if (context.image.topics.idOf(name) !== undefined) {
    return apiError(ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${name}' already exists.`);
  }
  const fault = topicNameFault(name);
  if (fault) return apiError(ErrorCode.INVALID_TOPIC_EXCEPTION, fault);
  // Names of one request are not compared with each other, as in Kafka.
  const colliding = context.image.topics.collidingWith(name);
  if (colliding === undefined) return null;
  return apiError(
    ErrorCode.INVALID_TOPIC_EXCEPTION,
    `Topic '${name}' collides with topic '${colliding}': metric names cannot tell '.' and '_' apart.`,
  );
}

interface CreatedTopic {
  readonly partitions: number;
  readonly records: readonly MetadataRecord[];
  readonly result: CreatableTopicResult;
}

function createTopic(
  topic: CreatableTopic,
  partitionsSoFar: number,
  placer: DirectoryPlacer,
  context: ControlContext,
): CreatedTopic | ApiError {
  const configs = topicConfigs(topic, context);
  if ('code' in configs) return configs;
  const partitions =
    topic.assignments.length > 0
      ? assignedPartitions(topic, placer, context)
      : placedPartitions(topic, placer, context);
  if ('code' in partitions) return partitions;
  const crowded = roomFault(partitionsSoFar + partitions.length, context);
  if (crowded) return crowded;
  const quota = takeMutations(context, partitions.length);
  if (quota !== NO_ERROR) return quota;
  const topicId = randomUuid(context.random);
  const records: MetadataRecord[] = [metadataRecord('TopicRecord', { name: topic.name, topicId })];
  // Kafka writes the settings between the topic and its partitions, so that a partition never lives without them.
  for (const [name, value] of configs) {
    const resource = { resourceType: ConfigResourceType.TOPIC, resourceName: topic.name };
    records.push(metadataRecord('ConfigRecord', { ...resource, name, value }));
  }
  for (const [index, partition] of partitions.entries()) {
    records.push(partitionRecord(topicId, index, partition, context.image.metadataVersion));
  }
  if (records.length > RECORDS_PER_REQUEST_MAX) return TOO_MANY_RECORDS;
  const result = createdTopic(topic.name, topicId, partitions, configs, context);
  return { partitions: partitions.length, records, result };
}

function topicConfigs(topic: CreatableTopic, context: ControlContext): Map<string, string> | ApiError {
  const configs = new Map<string, string>();
  const nulls: string[] = [];
  for (const { name, value } of topic.configs) {
    if (value === null) nulls.push(name);
    else configs.set(name, value);
  }
  if (nulls.length > 0) {
    return apiError(ErrorCode.INVALID_CONFIG, `A topic setting cannot be null: ${nulls.join(', ')}.`);
  }
  const fault = context.rules.topicFault(configs);
  return fault === null ? configs : apiError(ErrorCode.INVALID_CONFIG, fault.problem);
}

function assignedPartitions(topic: CreatableTopic, placer: DirectoryPlacer, context: ControlContext): NewPartitions {
  if (topic.replicationFactor !== -1) {
    return apiError(
      ErrorCode.INVALID_REQUEST,
      'A manual partition assignment was given together with a replication factor; leave the factor at -1.',
    );
  }
  if (topic.numPartitions !== -1) {
    return apiError(
      ErrorCode.INVALID_REQUEST,
      'A manual partition assignment was given together with a number of partitions; leave the number at -1.',
    );
  }
  const byIndex = new Map<number, readonly number[]>();
  for (const { partitionIndex, brokerIds } of topic.assignments) {
    if (byIndex.has(partitionIndex)) {
      return apiError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, `Partition ${partitionIndex} is assigned more than once.`);
    }
    byIndex.set(partitionIndex, brokerIds);
  }
  const partitions = [];
  const replicationFactor = topic.assignments[0].brokerIds.length;
  for (let index = 0; index < byIndex.size; index++) {
    const replicas = byIndex.get(index);
    if (!replicas) {
      return apiError(
        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
        `Partition ids must be 0 to ${byIndex.size - 1} without a gap; ${index} is missing.`,
      );
    }
    const fault = manualAssignmentFault(index, replicas, replicationFactor, context.image);
    if (fault) return fault;
    partitions.push(newPartition(replicas, placer, context.image));
  }
  return partitions;
}

function placedPartitions(topic: CreatableTopic, placer: DirectoryPlacer, context: ControlContext): NewPartitions {
  if (topic.replicationFactor < -1 || topic.replicationFactor === 0) {
    return apiError(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      'Replication factor must be larger than 0, or -1 for the default of the broker.',
    );
  }
  if (topic.numPartitions < -1 || topic.numPartitions === 0) {
    return apiError(
      ErrorCode.INVALID_PARTITIONS,
      'Number of partitions must be larger than 0, or -1 for the default of the broker.',
    );
  }
  const { defaultPartitions, defaultReplicationFactor } = context.settings;
  const count = topic.numPartitions === -1 ? defaultPartitions : topic.numPartitions;
  const replicationFactor = topic.replicationFactor === -1 ? defaultReplicationFactor : topic.replicationFactor;
  const placed = placeReplicas(context.image, count, replicationFactor, context.random);
  if (typeof placed === 'string') return apiError(ErrorCode.INVALID_REPLICATION_FACTOR, placed);
  return placed.map((replicas) => newPartition(replicas, placer, context.image));
}

function createdTopic(
  name: string,
  topicId: string,
  partitions: Exclude<NewPartitions, ApiError>,
  configs: ReadonlyMap<string, string>,
  context: ControlContext,
): CreatableTopicResult {
  if (!allows(context, 'DESCRIBE_CONFIGS', 'TOPIC', name)) {
    return {
      ...failedTopic(name, NO_ERROR),
      topicId,
      topicConfigErrorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
    };
  }
  const told = context.request.apiVersion >= CONFIGS_SINCE_VERSION;
  const effective = told ? context.rules.effectiveTopicConfigs(configs, context.image.configs) : [];
  return {
    name,
    topicId,
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    topicConfigErrorCode: ErrorCode.NONE,
    numPartitions: partitions.length,
    replicationFactor: partitions[0].replicas.length,
    configs: effective.map((config) => ({ ...config })),
  };
}

function failedTopic(name: string, error: ApiError): CreatableTopicResult {
  return {
    name,
    topicId: ZERO_UUID,
    errorCode: error.code,
    errorMessage: error.message,
    topicConfigErrorCode: ErrorCode.NONE,
    numPartitions: -1,
    replicationFactor: -1,
    configs: [],
  };
}
