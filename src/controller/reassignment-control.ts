/**
 * AlterPartitionReassignments and ListPartitionReassignments. Pure; control thread.
 *
 * This controller has one broker, so no replica can catch up on another one: what it carries out is whatever needs no
 * copying, that is, another order of the replicas or fewer of them.
 */

import type { MetadataRecord } from '../metadata/metadata-records.ts';
import type { PartitionRegistration, TopicImage } from '../metadata/topics-image.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
} from '../protocol/messages/45-alter-partition-reassignments.ts';
import type {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from '../protocol/messages/46-list-partition-reassignments.ts';
import { type ApiError, apiError, type ControlContext, type ControlResult, NO_ERROR } from './control-context.ts';
import { type PartitionChange, partitionChangeRecord } from './partition-change.ts';
import { replicaListFault } from './partition-control.ts';

export function alterPartitionReassignments(
  request: AlterPartitionReassignmentsRequest,
  context: ControlContext,
): ControlResult<AlterPartitionReassignmentsResponse> {
  const records: MetadataRecord[] = [];
  const responses: AlterPartitionReassignmentsResponse['responses'] = [];
  for (const { name, partitions } of request.topics) {
    const topic = context.image.topics.byName(name);
    const results = partitions.map(({ partitionIndex, replicas }) => {
      const outcome = reassign(topic, partitionIndex, replicas, request.allowReplicationFactorChange, context);
      const error = 'code' in outcome ? outcome : NO_ERROR;
      if (!('code' in outcome)) records.push(...outcome);
      return { partitionIndex, errorCode: error.code, errorMessage: error.message };
    });
    responses.push({ name, partitions: results });
  }
  const { allowReplicationFactorChange } = request;
  const response = {
    throttleTimeMs: 0,
    allowReplicationFactorChange,
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    responses,
  };
  return { records, response };
}

function reassign(
  topic: TopicImage | undefined,
  index: number,
  target: readonly number[] | null,
  mayChangeFactor: boolean,
  context: ControlContext,
): MetadataRecord[] | ApiError {
  const partition = topic?.partitions[index];
  if (!topic || !partition)
    return apiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'There is no such topic or partition.');
  const change = target === null ? cancelled(partition) : moved(partition, index, target, mayChangeFactor, context);
  if ('code' in change) return change;
  if (Object.keys(change).length === 0) return [];
  return [partitionChangeRecord(topic.id, index, change, context.image.metadataVersion)];
}

/** Undoes a reassignment that a controller of a larger cluster began. */
function cancelled(partition: PartitionRegistration): PartitionChange | ApiError {
  const { addingReplicas, removingReplicas } = partition;
  if (addingReplicas.length === 0 && removingReplicas.length === 0) {
    return apiError(ErrorCode.NO_REASSIGNMENT_IN_PROGRESS, 'The partition is not being reassigned.');
  }
  const kept = partition.replicas.filter((replica) => !addingReplicas.includes(replica));
  const isr = partition.isr.filter((replica) => kept.includes(replica));
  if (isr.length === 0) {
    return apiError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, 'Undoing the reassignment would leave no in-sync replica.');
  }
  return replicasChange(partition, kept, isr);
}

function moved(
  partition: PartitionRegistration,
  index: number,
  target: readonly number[],
  mayChangeFactor: boolean,
  context: ControlContext,
): PartitionChange | ApiError {
  const fault = replicaListFault(index, target, -1, context.image);
  if (fault) return fault;
  if (!mayChangeFactor && target.length !== partition.replicas.length) {
    return apiError(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      `The replication factor is ${partition.replicas.length} and the request does not allow it to change to ${target.length}.`,
    );
  }
  const added = target.filter((replica) => !partition.replicas.includes(replica));
  if (added.length > 0) {
    return apiError(
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      `Broker(s) ${added.join(', ')} hold no replica, and a broker that runs alone cannot copy one there.`,
    );
  }
  const isr = partition.isr.filter((replica) => target.includes(replica));
  if (isr.length === 0) {
    return apiError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, 'None of the wanted replicas is in sync.');
  }
  return replicasChange(partition, target, isr);
}

function replicasChange(
  partition: PartitionRegistration,
  replicas: readonly number[],
  isr: readonly number[],
): PartitionChange {
  const sameReplicas = replicas.join() === partition.replicas.join();
  const ongoing = partition.addingReplicas.length > 0 || partition.removingReplicas.length > 0;
  const directories = replicas.map((replica) => partition.directories[partition.replicas.indexOf(replica)]);
  return {
    ...(sameReplicas ? {} : { replicas, directories }),
    ...(isr.length === partition.isr.length ? {} : { isr }),
    ...(replicas.includes(partition.leader) ? {} : { leader: isr[0] }),
    ...(ongoing ? { addingReplicas: [], removingReplicas: [] } : {}),
  };
}

export function listPartitionReassignments(
  request: ListPartitionReassignmentsRequest,
  context: ControlContext,
): ListPartitionReassignmentsResponse {
  const { topics } = context.image;
  const wanted =
    request.topics ??
    [...topics.values()].map(({ name, partitions }) => ({ name, partitionIndexes: [...partitions.keys()] }));
  const found: ListPartitionReassignmentsResponse['topics'] = [];
  for (const { name, partitionIndexes } of wanted) {
    const partitions = partitionIndexes.flatMap((partitionIndex) => {
      const partition = topics.byName(name)?.partitions[partitionIndex];
      if (!partition || (partition.addingReplicas.length === 0 && partition.removingReplicas.length === 0)) return [];
      return {
        partitionIndex,
        replicas: [...partition.replicas],
        addingReplicas: [...partition.addingReplicas],
        removingReplicas: [...partition.removingReplicas],
      };
    });
    if (partitions.length > 0) found.push({ name, partitions });
  }
  return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, errorMessage: null, topics: found };
}
