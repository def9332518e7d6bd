/** DescribeQuorum for a quorum of one. Pure; control thread. */
import { CLUSTER_METADATA_TOPIC } from '../metadata/topic-name.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { DescribeQuorumRequest, DescribeQuorumResponse } from '../protocol/messages/55-describe-quorum.ts';

export interface QuorumFacts {
  readonly nodeId: number;
  readonly directoryId: string;
  readonly leaderEpoch: number;
  readonly endOffset: number;
  readonly nowMs: number;
}

type DescribedPartition = DescribeQuorumResponse['topics'][number]['partitions'][number];

export function describeQuorum(request: DescribeQuorumRequest, facts: QuorumFacts): DescribeQuorumResponse {
  const isDescribed = asksForMetadataAlone(request);
  const topics = request.topics.map(({ topicName, partitions }) => ({
    topicName,
    partitions: partitions.map(({ partitionIndex }) =>
      isDescribed ? metadataPartition(facts) : unknownPartition(partitionIndex),
    ),
  }));
  // The controller has no listener of its own: nobody could reach it but through the broker.
  const nodes = isDescribed ? [{ nodeId: facts.nodeId, listeners: [] }] : [];
  return { errorCode: ErrorCode.NONE, errorMessage: '', topics, nodes };
}

/** Any other partition beside it, and even the same one named twice, makes all of them unknown. */
function asksForMetadataAlone({ topics: [topic, ...others] }: DescribeQuorumRequest): boolean {
  if (topic?.topicName !== CLUSTER_METADATA_TOPIC || others.length > 0) return false;
  return topic.partitions.length === 1 && topic.partitions[0].partitionIndex === 0;
}

function metadataPartition({ nodeId, directoryId, leaderEpoch, endOffset, nowMs }: QuorumFacts): DescribedPartition {
  const self = {
    replicaId: nodeId,
    replicaDirectoryId: directoryId,
    logEndOffset: endOffset,
    lastFetchTimestamp: nowMs,
    lastCaughtUpTimestamp: nowMs,
  };
  return {
    partitionIndex: 0,
    errorCode: ErrorCode.NONE,
    errorMessage: '',
    leaderId: nodeId,
    leaderEpoch,
    highWatermark: endOffset,
    currentVoters: [self],
    observers: [],
  };
}

function unknownPartition(partitionIndex: number): DescribedPartition {
  return {
    partitionIndex,
    errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    errorMessage: 'Only the cluster metadata has a quorum, and it is asked for alone.',
    leaderId: 0,
    leaderEpoch: 0,
    highWatermark: 0,
    currentVoters: [],
    observers: [],
  };
}
