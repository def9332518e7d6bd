/** ElectLeaders. Pure; control thread. */

import type { MetadataRecord } from '../metadata/metadata-records.ts';
import { NO_LEADER, type TopicImage } from '../metadata/topics-image.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { ElectLeadersRequest, ElectLeadersResponse } from '../protocol/messages/43-elect-leaders.ts';
import { type ApiError, apiError, type ControlContext, type ControlResult, NO_ERROR } from './control-context.ts';
import { canLead, elect, partitionChangeRecord } from './partition-change.ts';

const ElectionType = { PREFERRED: 0, UNCLEAN: 1 } as const;

/** Without a list of partitions all are looked at, and those that need no election are not spoken of. */
export function electLeaders(
  request: ElectLeadersRequest,
  context: ControlContext,
): ControlResult<ElectLeadersResponse> {
  const { electionType } = request;
  const response: ElectLeadersResponse = { throttleTimeMs: 0, errorCode: ErrorCode.NONE, replicaElectionResults: [] };
  if (electionType !== ElectionType.PREFERRED && electionType !== ElectionType.UNCLEAN) {
    return { records: [], response: refuse(request, `Election type ${electionType} is not known.`) };
  }
  const records: MetadataRecord[] = [];
  const wanted = request.topicPartitions ?? allPartitions(context);
  for (const { topic: name, partitions } of wanted) {
    const topic = context.image.topics.byName(name);
    const partitionResult = [];
    for (const partitionId of partitions) {
      const error = electOne(topic, partitionId, electionType, records, context);
      if (request.topicPartitions === null && error.code === ErrorCode.ELECTION_NOT_NEEDED) continue;
      partitionResult.push({ partitionId, errorCode: error.code, errorMessage: error.message });
    }
    response.replicaElectionResults.push({ topic: name, partitionResult });
  }
  return { records, response };
}

/** The error of the request stands at each partition too. */
function refuse({ topicPartitions }: ElectLeadersRequest, errorMessage: string): ElectLeadersResponse {
  const errorCode = ErrorCode.INVALID_REQUEST;
  const replicaElectionResults = (topicPartitions ?? []).map(({ topic, partitions }) => ({
    topic,
    partitionResult: partitions.map((partitionId) => ({ partitionId, errorCode, errorMessage })),
  }));
  return { throttleTimeMs: 0, errorCode, replicaElectionResults };
}

function allPartitions(context: ControlContext): { topic: string; partitions: number[] }[] {
  return [...context.image.topics.values()].map(({ name, partitions }) => ({
    topic: name,
    partitions: [...partitions.keys()],
  }));
}

function electOne(
  topic: TopicImage | undefined,
  partitionId: number,
  electionType: number,
  records: MetadataRecord[],
  context: ControlContext,
): ApiError {
  const partition = topic?.partitions[partitionId];
  if (!topic || !partition)
    return apiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'There is no such topic or partition.');
  const preferred = electionType === ElectionType.PREFERRED;
  const needed = preferred ? partition.leader !== partition.replicas[0] : partition.leader === NO_LEADER;
  if (!needed) return apiError(ErrorCode.ELECTION_NOT_NEEDED, 'The partition has the wanted leader already.');
  const mayLead = (brokerId: number) => canLead(context.image, partition, brokerId);
  const change = elect(partition, mayLead, preferred ? 'preferred' : 'unclean');
  if (!change) {
    return preferred
      ? apiError(
          ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE,
          'The preferred leader is not active, not in sync, or its log directory has failed.',
        )
      : apiError(
          ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE,
          'No replica of the partition is active and in a log directory that works.',
        );
  }
  records.push(partitionChangeRecord(topic.id, partitionId, change, context.image.metadataVersion));
  return NO_ERROR;
}
