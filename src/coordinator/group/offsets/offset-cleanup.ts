/**
 * When committed offsets go: by retention, with their topic, by OffsetDelete, or with their group. Control thread.
 */
import { ErrorCode } from '../../../protocol/errors.ts';
import type { OffsetDeleteRequest, OffsetDeleteResponse } from '../../../protocol/messages/47-offset-delete.ts';
import type { OffsetCommitKey, OffsetCommitValue } from '../../../protocol/persisted/group/offset-commit.ts';
import type { Group, RetentionStart } from '../group.ts';
import type { TopicCatalog, TopicDescription } from '../group-ports.ts';
import { type GroupRecord, offsetTombstone } from '../group-records.ts';
import { sameTopicId } from './offset-commit.ts';
import type { OffsetStore } from './offset-store.ts';

/** Appends tombstones of the group's expired offsets; returns whether nothing is left that keeps the group alive. */
export function expireOffsets(
  store: OffsetStore,
  group: Group,
  nowMs: number,
  retentionMs: number,
  records: GroupRecord[],
): boolean {
  const topics = store.topicsOf(group.groupId);
  if (!topics) return !store.hasOpenTransaction(group.groupId);
  const retentionStart = group.retentionStart();
  if (!retentionStart) return false;
  let allExpired = true;
  for (const [topic, partitions] of topics) {
    const subscribed = group.isSubscribedTo(topic);
    for (const [partition, { value }] of partitions) {
      const expired =
        !subscribed &&
        isExpired(value, retentionStart, nowMs, retentionMs) &&
        !store.hasPending(group.groupId, topic, partition);
      if (expired) records.push(offsetTombstone({ group: group.groupId, topic, partition }));
      else allExpired = false;
    }
  }
  return allExpired && !store.hasOpenTransaction(group.groupId);
}

/** A commit of versions 2 to 4 may have asked for a retention time of its own. */
function isExpired(
  offset: OffsetCommitValue,
  retentionStart: RetentionStart,
  nowMs: number,
  retentionMs: number,
): boolean {
  if (offset.expireTimestamp !== -1) return nowMs >= offset.expireTimestamp;
  return nowMs - retentionStart(offset) >= retentionMs;
}

export function deleteOffsets(
  store: OffsetStore,
  group: Group,
  request: OffsetDeleteRequest,
  catalog: TopicCatalog,
): { records: GroupRecord[]; topics: OffsetDeleteResponse['topics'] } {
  const records: GroupRecord[] = [];
  const answers = new Map<string, OffsetDeleteResponse['topics'][number]>();
  for (const { name: topic, partitions } of request.topics) {
    const known = catalog.byName(topic);
    if (known && partitions.length === 0) continue;
    const partitionCount = known?.partitionCount ?? 0;
    const deleteOne = (partition: number): number => {
      if (partition < 0 || partition >= partitionCount) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      if (group.isSubscribedTo(topic)) return ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC;
      const { groupId } = group;
      if (store.get(groupId, topic, partition) || store.hasPending(groupId, topic, partition)) {
        records.push(offsetTombstone({ group: groupId, topic, partition }));
      }
      return ErrorCode.NONE;
    };
    const answer = answers.get(topic) ?? { name: topic, partitions: [] };
    answers.set(topic, answer);
    for (const { partitionIndex } of partitions) {
      answer.partitions.push({ partitionIndex, errorCode: deleteOne(partitionIndex) });
    }
  }
  return { records, topics: [...answers.values()] };
}

/** Tombstones of all offsets of the group, those of open transactions too. */
export function allOffsetTombstones(store: OffsetStore, groupId: string): GroupRecord[] {
  const keys = new Map<string, OffsetCommitKey>();
  for (const { topic, partition } of store.placesOf(groupId)) {
    keys.set(`${partition}:${topic}`, { group: groupId, topic, partition });
  }
  return [...keys.values()].map(offsetTombstone);
}

/** Tombstones of all offsets of topics that exist no more; a topic that took the name meanwhile keeps its own. */
export function deletedTopicTombstones(
  store: OffsetStore,
  deleted: readonly Pick<TopicDescription, 'name' | 'id'>[],
): GroupRecord[] {
  const idsOf = Map.groupBy(deleted, ({ name }) => name);
  const keys = new Map<string, OffsetCommitKey>();
  for (const { group, topic, partition, topicId } of store.placesOfTopics(new Set(idsOf.keys()))) {
    if (!idsOf.get(topic)?.some(({ id }) => sameTopicId(topicId, id))) continue;
    keys.set(`${partition}:${topic}:${group}`, { group, topic, partition });
  }
  return [...keys.values()].map(offsetTombstone);
}
