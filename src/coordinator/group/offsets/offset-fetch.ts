/**
 * OffsetFetch: a group's committed offsets. A partition without one has offset -1 and no error. Control thread.
 */
import { ZERO_UUID } from '../../../base/uuid.ts';
import { ErrorCode } from '../../../protocol/errors.ts';
import type { OffsetFetchRequest, OffsetFetchResponse } from '../../../protocol/messages/09-offset-fetch.ts';
import type { OffsetCommitValue } from '../../../protocol/persisted/group/offset-commit.ts';
import type { TopicCatalog } from '../group-ports.ts';
import { sameTopicId } from './offset-commit.ts';
import type { OffsetStore } from './offset-store.ts';

export type GroupToFetch = OffsetFetchRequest['groups'][number];
export type FetchedGroup = OffsetFetchResponse['groups'][number];
type FetchedTopic = FetchedGroup['topics'][number];
type FetchedPartition = FetchedTopic['partitions'][number];

export interface FetchOptions {
  readonly byTopicId: boolean;
  /** Refuse partitions whose offset a running transaction may yet change (KIP-447). */
  readonly requireStable: boolean;
}

/** The offsets that were asked for, or all of the group's; `exists` is false for a group that nobody has seen. */
export function fetchOffsets(
  store: OffsetStore,
  catalog: TopicCatalog,
  request: GroupToFetch,
  options: FetchOptions,
  exists: boolean,
): FetchedGroup {
  const { groupId } = request;
  const topics = request.topics
    ? request.topics.map((topic) => fetchTopic(store, catalog, groupId, topic, options, exists))
    : exists
      ? fetchAll(store, catalog, groupId, options)
      : [];
  // Topics that are not known by their id come last.
  if (options.byTopicId) topics.sort((a, b) => Number(a.name === '') - Number(b.name === ''));
  return { groupId, topics, errorCode: ErrorCode.NONE };
}

/** The group's error stands alone. Versions before 2 have no place for it: there it stands in each partition. */
export function refuseFetch(request: GroupToFetch, errorCode: number, apiVersion: number): FetchedGroup {
  if (apiVersion >= 2) return { groupId: request.groupId, topics: [], errorCode };
  const topics = (request.topics ?? []).map((topic) => ({
    name: topic.name,
    topicId: topic.topicId,
    partitions: topic.partitionIndexes.map((partition) => noOffset(partition, errorCode)),
  }));
  return { groupId: request.groupId, topics, errorCode };
}

function fetchTopic(
  store: OffsetStore,
  catalog: TopicCatalog,
  groupId: string,
  topic: NonNullable<GroupToFetch['topics']>[number],
  options: FetchOptions,
  exists: boolean,
): FetchedTopic {
  const name = options.byTopicId ? catalog.byId(topic.topicId)?.name : topic.name;
  const partitions = topic.partitionIndexes.map((partition) => {
    if (name === undefined) return noOffset(partition, ErrorCode.UNKNOWN_TOPIC_ID);
    if (!exists) return noOffset(partition, ErrorCode.NONE);
    if (options.requireStable && store.hasPending(groupId, name, partition)) {
      return noOffset(partition, ErrorCode.UNSTABLE_OFFSET_COMMIT);
    }
    const value = store.get(groupId, name, partition);
    // Of a topic that was deleted and made again: not an offset of this one.
    if (!value || !sameTopicId(value.topicId, topic.topicId)) return noOffset(partition, ErrorCode.NONE);
    return fetched(partition, value);
  });
  return { name: name ?? topic.name, topicId: topic.topicId, partitions };
}

function fetchAll(store: OffsetStore, catalog: TopicCatalog, groupId: string, options: FetchOptions): FetchedTopic[] {
  const topics: FetchedTopic[] = [];
  for (const [name, partitions] of store.topicsOf(groupId) ?? []) {
    const topicId = catalog.byName(name)?.id ?? ZERO_UUID;
    if (options.byTopicId && topicId === ZERO_UUID) continue;
    const answer: FetchedTopic = { name, topicId, partitions: [] };
    for (const [partition, { value }] of partitions) {
      if (options.requireStable && store.hasPending(groupId, name, partition)) {
        answer.partitions.push(noOffset(partition, ErrorCode.UNSTABLE_OFFSET_COMMIT));
      } else if (!options.byTopicId || sameTopicId(value.topicId, topicId)) {
        answer.partitions.push(fetched(partition, value));
      }
    }
    topics.push(answer);
  }
  return topics;
}

function fetched(partitionIndex: number, value: OffsetCommitValue): FetchedPartition {
  return {
    partitionIndex,
    committedOffset: value.offset,
    committedLeaderEpoch: value.leaderEpoch,
    metadata: value.metadata,
    errorCode: ErrorCode.NONE,
  };
}

function noOffset(partitionIndex: number, errorCode: number): FetchedPartition {
  return { partitionIndex, committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode };
}
