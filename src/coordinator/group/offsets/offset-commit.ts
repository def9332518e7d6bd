/**
 * OffsetCommit and TxnOffsetCommit: which offsets are accepted, as records. Control thread.
 *
 * Topics come by name or, in the newest versions, by id. An unknown one refuses its own partitions and no others; a
 * group that refuses the client refuses all.
 */
import { type Uuid, ZERO_UUID } from '../../../base/uuid.ts';
import { ErrorCode } from '../../../protocol/errors.ts';
import type { OffsetCommitRequest, OffsetCommitResponse } from '../../../protocol/messages/08-offset-commit.ts';
import type { PartitionCheck } from '../group.ts';
import type { GroupEnvironment } from '../group-environment.ts';
import { type GroupRecord, offsetRecord } from '../group-records.ts';

/** What both APIs have in common. */
export interface OffsetsToCommit {
  readonly groupId: string;
  readonly topics: OffsetCommitRequest['topics'];
  readonly byTopicId: boolean;
  /** -1: as the broker is configured. */
  readonly retentionTimeMs: number;
}

type CommittedTopic = OffsetCommitResponse['topics'][number];
type PartitionToCommit = OffsetCommitRequest['topics'][number]['partitions'][number];

export interface CommitDecision {
  readonly records: GroupRecord[];
  readonly topics: CommittedTopic[];
}

export function decideCommit(
  env: GroupEnvironment,
  commit: OffsetsToCommit,
  check: PartitionCheck | null,
): CommitDecision {
  const records: GroupRecord[] = [];
  const nowMs = env.clock.wallMs();
  const expireTimestamp = commit.retentionTimeMs === -1 ? -1 : nowMs + commit.retentionTimeMs;
  const topics = commit.topics.map((topic): CommittedTopic => {
    const known = commit.byTopicId ? env.topics.byId(topic.topicId) : env.topics.byName(topic.name);
    const errorOf = (partition: PartitionToCommit): number => {
      if (!known) return commit.byTopicId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      const { partitionIndex } = partition;
      if (partitionIndex < 0 || partitionIndex >= known.partitionCount) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      const metadata = partition.committedMetadata ?? '';
      if (metadata.length > env.config.offsetMetadataMaxBytes) return ErrorCode.OFFSET_METADATA_TOO_LARGE;
      check?.(known.id, partitionIndex);
      const key = { group: commit.groupId, topic: known.name, partition: partitionIndex };
      records.push(
        offsetRecord(key, {
          offset: partition.committedOffset,
          leaderEpoch: partition.committedLeaderEpoch,
          metadata,
          commitTimestamp: nowMs,
          expireTimestamp,
          topicId: known.id,
        }),
      );
      return ErrorCode.NONE;
    };
    const partitions = topic.partitions.map((partition) => ({
      partitionIndex: partition.partitionIndex,
      errorCode: errorOf(partition),
    }));
    return { name: topic.name, topicId: topic.topicId, partitions };
  });
  return { records, topics };
}

/** The same error for every partition that was asked for. */
export function refuseCommit(topics: OffsetCommitRequest['topics'], errorCode: number): CommittedTopic[] {
  return topics.map(({ name, topicId, partitions }) => ({
    name,
    topicId,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
  }));
}

/** Whether an offset of this topic id may be one of a topic that now has that id; old records have none. */
export function sameTopicId(stored: Uuid, current: Uuid): boolean {
  return stored === current || stored === ZERO_UUID || current === ZERO_UUID;
}
