/**
 * CreatePartitions, and what new partitions have in common however they come about. Pure; control thread.
 */

import { partitionRecord } from '../metadata/image-records.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import type { MetadataRecord } from '../metadata/metadata-records.ts';
import { LeaderRecoveryState, type PartitionRegistration, type TopicImage } from '../metadata/topics-image.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { CreatePartitionsRequest, CreatePartitionsResponse } from '../protocol/messages/37-create-partitions.ts';
import {
  type ApiError,
  allows,
  apiError,
  type ControlContext,
  type ControlResult,
  duplicatesOf,
  NO_ERROR,
  PARTITIONS_PER_REQUEST_MAX,
  takeMutations,
} from './control-context.ts';
import { DirectoryPlacer, placeReplicas } from './replica-placement.ts';

/** Partitions in the order of their ids, or why there are none. */
export type NewPartitions = readonly PartitionRegistration[] | ApiError;

type TopicToGrow = CreatePartitionsRequest['topics'][number];

/** A partition whose ISR is those replicas that are active; at least one must be. */
export function newPartition(
  replicas: readonly number[],
  placer: DirectoryPlacer,
  image: MetadataImage,
): PartitionRegistration {
  const isr = replicas.filter((replica) => image.cluster.isActive(replica));
  return {
    replicas,
    directories: replicas.map((replica) => placer.directoryFor(replica)),
    isr,
    elr: [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
    leader: isr[0],
    leaderRecoveryState: LeaderRecoveryState.RECOVERED,
    leaderEpoch: 0,
    partitionEpoch: 0,
  };
}

/** What is wrong with a replica list that a user gave, or null. `replicationFactor` -1: any length. */
export function replicaListFault(
  partition: number,
  replicas: readonly number[],
  replicationFactor: number,
  image: MetadataImage,
): ApiError | null {
  const fault = (message: string) => apiError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message);
  if (replicas.length === 0) return fault(`The assignment of partition ${partition} has no replicas.`);
  for (const replica of replicas) {
    if (image.cluster.broker(replica)) continue;
    return fault(`The assignment of partition ${partition} names broker ${replica}, which is not registered.`);
  }
  const [twice] = duplicatesOf(replicas);
  if (twice !== undefined) return fault(`The assignment of partition ${partition} names broker ${twice} twice.`);
  if (replicationFactor === -1 || replicas.length === replicationFactor) return null;
  return fault(
    `The assignment of partition ${partition} has ${replicas.length} replica(s), other partitions have ${replicationFactor}.`,
  );
}

/** Like `replicaListFault`, for a partition that is to be created: some replica must be able to lead it. */
export function manualAssignmentFault(
  partition: number,
  replicas: readonly number[],
  replicationFactor: number,
  image: MetadataImage,
): ApiError | null {
  const fault = replicaListFault(partition, replicas, replicationFactor, image);
  if (fault) return fault;
  if (replicas.some((replica) => image.cluster.isActive(replica))) return null;
  return apiError(
    ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    `All brokers in the assignment of partition ${partition} are fenced or in controlled shutdown.`,
  );
}

/** Why there cannot be `added` partitions more, or null. */
export function roomFault(added: number, { image, settings }: ControlContext): ApiError | null {
  const { partitionsMax = Number.POSITIVE_INFINITY } = settings;
  const { partitionCount } = image.topics;
  if (partitionCount + added <= partitionsMax) return null;
  return apiError(
    ErrorCode.POLICY_VIOLATION,
    `There would be ${partitionCount + added} partitions; there is room for ${partitionsMax}.`,
  );
}

export function createPartitions(
  request: CreatePartitionsRequest,
  context: ControlContext,
): ControlResult<CreatePartitionsResponse> {
  const records: MetadataRecord[] = [];
  const results: CreatePartitionsResponse['results'] = [];
  const duplicates = duplicatesOf(request.topics.map(({ name }) => name));
  const placer = new DirectoryPlacer(context.image);
  for (const name of duplicates) {
    results.push({
      name,
      errorCode: ErrorCode.INVALID_REQUEST,
      errorMessage: `Topic '${name}' stands in the request twice.`,
    });
  }
  for (const topic of request.topics) {
    if (duplicates.has(topic.name)) continue;
    const outcome = growTopic(topic, records.length, placer, context);
    const error = 'code' in outcome ? outcome : NO_ERROR;
    if (!('code' in outcome)) records.push(...outcome);
    results.push({ name: topic.name, errorCode: error.code, errorMessage: error.message });
  }
  return { records: request.validateOnly ? [] : records, response: { throttleTimeMs: 0, results } };
}

function growTopic(
  wanted: TopicToGrow,
  partitionsSoFar: number,
  placer: DirectoryPlacer,
  context: ControlContext,
): readonly MetadataRecord[] | ApiError {
  if (!allows(context, 'ALTER', 'TOPIC', wanted.name)) return apiError(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
  const topic = context.image.topics.byName(wanted.name);
  if (!topic) return apiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  const count = topic.partitions.length;
  const additional = wanted.count - count;
  const fault = growthFault(wanted, topic, additional);
  if (fault) return fault;
  if (partitionsSoFar + additional > PARTITIONS_PER_REQUEST_MAX) {
    return apiError(
      ErrorCode.POLICY_VIOLATION,
      `The request adds more than ${PARTITIONS_PER_REQUEST_MAX} partitions. Split it.`,
    );
  }
  const crowded = roomFault(partitionsSoFar + additional, context);
  if (crowded) return crowded;
  const quota = takeMutations(context, additional);
  if (quota !== NO_ERROR) return quota;
  const partitions = addedPartitions(wanted, topic, additional, placer, context);
  if ('code' in partitions) return partitions;
  const level = context.image.metadataVersion;
  return partitions.map((partition, index) => partitionRecord(topic.id, count + index, partition, level));
}

function growthFault(wanted: TopicToGrow, topic: TopicImage, additional: number): ApiError | null {
  const count = topic.partitions.length;
  if (additional === 0)
    return apiError(ErrorCode.INVALID_PARTITIONS, `Topic '${topic.name}' has ${count} partition(s) already.`);
  if (additional < 0) {
    return apiError(
      ErrorCode.INVALID_PARTITIONS,
      `Topic '${topic.name}' has ${count} partition(s); the number can only grow, so ${wanted.count} is not possible.`,
    );
  }
  if (wanted.assignments === null || wanted.assignments.length === additional) return null;
  return apiError(
    ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    `${additional} partition(s) are to be added, but ${wanted.assignments.length} assignment(s) were given.`,
  );
}

function addedPartitions(
  wanted: TopicToGrow,
  topic: TopicImage,
  additional: number,
  placer: DirectoryPlacer,
  context: ControlContext,
): NewPartitions {
  const replicationFactor = topic.partitions[0].replicas.length;
  if (wanted.assignments === null) {
    const placed = placeReplicas(context.image, additional, replicationFactor, context.random);
    if (typeof placed === 'string') return apiError(ErrorCode.INVALID_REPLICATION_FACTOR, placed);
    return placed.map((replicas) => newPartition(replicas, placer, context.image));
  }
  const partitions: PartitionRegistration[] = [];
  for (const [index, { brokerIds }] of wanted.assignments.entries()) {
    const partition = topic.partitions.length + index;
    const fault = manualAssignmentFault(partition, brokerIds, replicationFactor, context.image);
    if (fault) return fault;
    partitions.push(newPartition(brokerIds, placer, context.image));
  }
  return partitions;
}
