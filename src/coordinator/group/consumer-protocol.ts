/**
 * The bytes that consumers embed in JoinGroup and SyncGroup: int16 version, then a ConsumerProtocolSubscription or
 * -Assignment. The coordinator looks into them, and writes them only for classic members of consumer groups. Control
 * thread.
 */
import type { Uuid } from '../../base/uuid.ts';
import { decode, encodeBehind } from '../../protocol/codec.ts';
import {
  type ConsumerProtocolAssignment,
  consumerProtocolAssignment,
} from '../../protocol/persisted/consumer-protocol/consumer-protocol-assignment.ts';
import {
  type ConsumerProtocolSubscription,
  consumerProtocolSubscription,
} from '../../protocol/persisted/consumer-protocol/consumer-protocol-subscription.ts';
import type { OwnedPartitions, PartitionSet, TopicPartitions } from './consumer/partition-sets.ts';
import type { TopicCatalog } from './group-ports.ts';

const VERSION_BYTES = 2;
const VERSION_MAX = 3;

/** Its version; -1 when the bytes are something else. */
function versionOf(bytes: Uint8Array): number {
  return bytes.length < VERSION_BYTES || bytes[0] > 0x7f ? -1 : (bytes[0] << 8) | bytes[1];
}

/**
 * The topics of a subscription; null when the bytes are something else. Read as version 0, which all versions begin
 * with, so that versions to come are understood.
 */
export function subscribedTopicsOf(metadata: Uint8Array): string[] | null {
  if (versionOf(metadata) === -1) return null;
  try {
    return decode(consumerProtocolSubscription, metadata, VERSION_BYTES, 0).topics;
  } catch {
    return null;
  }
}

/** Null when the bytes are something else. Of a version to come, what the last known one has. */
export function subscriptionOf(metadata: Uint8Array): ConsumerProtocolSubscription | null {
  const version = versionOf(metadata);
  if (version === -1) return null;
  try {
    return decode(consumerProtocolSubscription, metadata, VERSION_BYTES, Math.min(version, VERSION_MAX));
  } catch {
    return null;
  }
}

/** What the member says it owns, of topics that exist. */
export function ownedPartitionsOf(subscription: ConsumerProtocolSubscription, topics: TopicCatalog): TopicPartitions[] {
  return subscription.ownedPartitions.flatMap(({ topic, partitions }) => {
    const topicId = topics.byName(topic)?.id;
    return topicId === undefined ? [] : [{ topicId, partitions }];
  });
}

/**
 * The partitions of an assignment, of topics that exist, as given in `epoch`; null when the bytes are something else, or hold
 * data of an assignor's own, which would be lost.
 */
export function assignedPartitionsOf(
  assignment: Uint8Array,
  topics: TopicCatalog,
  epoch: number,
): OwnedPartitions | null {
  const owned = new Map<Uuid, Map<number, number>>();
  if (assignment.length === 0) return owned;
  const version = versionOf(assignment);
  if (version === -1) return null;
  let assigned: ConsumerProtocolAssignment;
  try {
    assigned = decode(consumerProtocolAssignment, assignment, VERSION_BYTES, Math.min(version, VERSION_MAX));
  } catch {
    return null;
  }
  if (assigned.userData?.length) return null;
  for (const { topic, partitions } of assigned.assignedPartitions) {
    const topicId = topics.byName(topic)?.id;
    if (topicId !== undefined && partitions.length > 0) {
      owned.set(topicId, new Map(partitions.map((partition) => [partition, epoch])));
    }
  }
  return owned;
}

/** An assignment in the version that the member's own metadata has. Topics that are gone are left out. */
export function assignmentBytes(
  partitions: PartitionSet | OwnedPartitions,
  topics: TopicCatalog,
  metadata: Uint8Array,
): Uint8Array {
  const version = Math.min(Math.max(versionOf(metadata), 0), VERSION_MAX);
  const assignedPartitions = [...partitions].flatMap(([topicId, numbers]) => {
    const topic = topics.byId(topicId)?.name;
    return topic === undefined ? [] : [{ topic, partitions: [...numbers.keys()].sort((a, b) => a - b) }];
  });
  const value = { assignedPartitions, userData: null };
  return encodeBehind(consumerProtocolAssignment, value, version, (writer) => writer.int16(version));
}
