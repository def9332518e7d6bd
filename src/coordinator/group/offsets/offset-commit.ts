/**
 * OffsetCommit and TxnOffsetCommit: which offsets are accepted, as records. Control thread.
 *
 * Topics come by name or, in the newest versions, by id. An unknown one refuses its own partitions and no others,
 * before the group is asked: a group that refuses the client refuses those that exist.
 */
import { type Uuid, ZERO_UUID } from '../../../base/uuid.ts';
import { ErrorCode } from '../../../protocol/errors.ts';
import type { OffsetCommitRequest, OffsetCommitResponse } from '../../../protocol/messages/08-offset-commit.ts';
import type { PartitionCheck } from '../group.ts';
import type { GroupEnvironment } from '../group-environment.ts';
import type { TopicCatalog, TopicDescription } from '../group-ports.ts';
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
type TopicToCommit = OffsetCommitRequest['topics'][number];
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
    const known = lookUp(env.topics, topic, commit.byTopicId);
    const errorOf = (partition: PartitionToCommit): number => {
      const { partitionIndex } = partition;
      const unknown = unknownError(known, partitionIndex, commit.byTopicId);
      if (!known || unknown !== ErrorCode.NONE) return unknown;
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

/** Whether any partition exists. When none does, the group and, within a transaction, its coordinator are not asked. */
export function anyExists(catalog: TopicCatalog, topics: readonly TopicToCommit[], byTopicId: boolean): boolean {
  return topics.some((topic) => {
    const known = lookUp(catalog, topic, byTopicId);
    return topic.partitions.some((each) => unknownError(known, each.partitionIndex, byTopicId) === ErrorCode.NONE);
  });
}

/** The same error for every partition that exists, its own for every other. */
export function refuseCommit(
  catalog: TopicCatalog,
  topics: readonly TopicToCommit[],
  byTopicId: boolean,
  errorCode: number,
): CommittedTopic[] {
  return topics.map((topic) => {
    const known = lookUp(catalog, topic, byTopicId);
    const partitions = topic.partitions.map(({ partitionIndex }) => {
      const unknown = unknownError(known, partitionIndex, byTopicId);
      return { partitionIndex, errorCode: unknown === ErrorCode.NONE ? errorCode : unknown };
    });
    return { name: topic.name, topicId: topic.topicId, partitions };
  });
}

function lookUp(catalog: TopicCatalog, topic: TopicToCommit, byTopicId: boolean): TopicDescription | null {
  return byTopicId ? catalog.byId(topic.topicId) : catalog.byName(topic.name);
}

function unknownError(known: TopicDescription | null, partitionIndex: number, byTopicId: boolean): number {
  if (!known) return byTopicId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  const exists = partitionIndex >= 0 && partitionIndex < known.partitionCount;
  return exists ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
}

/** Whether an offset of this topic id may be one of a topic that now has that id; old records have none. */
export function sameTopicId(stored: Uuid, current: Uuid): boolean {
  return stored === current || stored === ZERO_UUID || current === ZERO_UUID;
}
