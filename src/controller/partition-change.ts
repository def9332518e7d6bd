/**
 * Changes of existing partitions: who may lead, and the record that says what changed. Pure; control thread.
 */
import type { MetadataImage } from '../metadata/metadata-image.ts';
import { type MetadataRecord, metadataRecord } from '../metadata/metadata-records.ts';
import { permittedAt, recordVersionAt } from '../metadata/metadata-version.ts';
import {
  DIRECTORY_MIGRATING,
  DIRECTORY_UNASSIGNED,
  LeaderRecoveryState,
  NO_LEADER,
  type PartitionRegistration,
} from '../metadata/topics-image.ts';

/** What becomes different; absent fields stay. A named leader raises the leader epoch, even when it is the same one. */
export interface PartitionChange {
  readonly leader?: number;
  readonly replicas?: readonly number[];
  readonly directories?: readonly string[];
  readonly isr?: readonly number[];
  readonly addingReplicas?: readonly number[];
  readonly removingReplicas?: readonly number[];
  readonly leaderRecoveryState?: number;
  readonly elr?: readonly number[];
  readonly lastKnownElr?: readonly number[];
}

export function partitionChangeRecord(
  topicId: string,
  partitionId: number,
  change: PartitionChange,
  level: number,
): MetadataRecord {
  const { elr, lastKnownElr, directories, ...fields } = change;
  return metadataRecord(
    'PartitionChangeRecord',
    {
      partitionId,
      topicId,
      ...fields,
      ...(permittedAt.directoryAssignment(level) ? { directories } : {}),
      ...(permittedAt.elr(level) ? { eligibleLeaderReplicas: elr, lastKnownElr } : {}),
    },
    recordVersionAt.partitionChange(level),
  );
}

/** They say nothing of where a replica lies (KIP-858). */
const UNPLACED: ReadonlySet<string> = new Set([DIRECTORY_UNASSIGNED, DIRECTORY_MIGRATING]);

export type Election =
  /** The first replica, if it is in sync. */
  | 'preferred'
  /** Any replica that surely has all committed records. */
  | 'clean'
  /** Any replica at all, when no better one is active. */
  | 'unclean';

/**
 * The change that gives the partition a leader among the brokers for which `mayLead` holds, or null when none can be
 * elected. In this order: in-sync replicas, eligible leader replicas, then (unclean, or when it is all that is known)
 * the last known leader, then any other replica. Follows KIP-966.
 */
export function elect(
  partition: PartitionRegistration,
  mayLead: (brokerId: number) => boolean,
  election: Election,
): PartitionChange | null {
  const { replicas, isr, elr, lastKnownElr } = partition;
  if (election === 'preferred') {
    const [preferred] = replicas;
    return isr.includes(preferred) && mayLead(preferred) ? { leader: preferred } : null;
  }
  const inSync = replicas.find((replica) => isr.includes(replica) && mayLead(replica));
  if (inSync !== undefined) return { leader: inSync };
  const eligible = replicas.find((replica) => elr.includes(replica) && mayLead(replica));
  if (eligible !== undefined) {
    return { leader: eligible, isr: [eligible], elr: elr.filter((id) => id !== eligible), lastKnownElr: [] };
  }
  const nothingBetterExists = isr.length === 0 && elr.length === 0;
  const lastKnown = lastKnownElr.find((id) => replicas.includes(id) && mayLead(id));
  const unclean =
    nothingBetterExists && lastKnown !== undefined
      ? lastKnown
      : election === 'unclean'
        ? replicas.find((replica) => mayLead(replica))
        : undefined;
  if (unclean === undefined) return null;
  return {
    leader: unclean,
    isr: [unclean],
    elr: [],
    lastKnownElr: [],
    // A sole replica has nobody to recover from: what it holds is all there is.
    leaderRecoveryState: replicas.length === 1 ? LeaderRecoveryState.RECOVERED : LeaderRecoveryState.RECOVERING,
  };
}

/** Records that give a leader to partitions that lost theirs and have a replica on a broker that becomes active. */
export function electionsForUnfenced(image: MetadataImage, brokerId: number): MetadataRecord[] {
  const records: MetadataRecord[] = [];
  for (const topic of image.topics.values()) {
    for (const [index, partition] of topic.partitions.entries()) {
      if (partition.leader !== NO_LEADER || !partition.replicas.includes(brokerId)) continue;
      const mayLead = (id: number) =>
        id === brokerId ? hasOnlineDirectory(image, partition, id) : canLead(image, partition, id);
      const change = elect(partition, mayLead, 'clean');
      if (change) records.push(partitionChangeRecord(topic.id, index, change, image.metadataVersion));
    }
  }
  return records;
}

/** Whether the broker could lead the partition now: it is active, and its replica's directory has not failed. */
export function canLead(image: MetadataImage, partition: PartitionRegistration, brokerId: number): boolean {
  return image.cluster.isActive(brokerId) && hasOnlineDirectory(image, partition, brokerId);
}

function hasOnlineDirectory(image: MetadataImage, partition: PartitionRegistration, brokerId: number): boolean {
  const directory = partition.directories[partition.replicas.indexOf(brokerId)];
  const online = image.cluster.broker(brokerId)?.logDirs ?? [];
  if (online.length === 0 || directory === undefined || UNPLACED.has(directory)) return true;
  return online.includes(directory);
}

/**
 * Records that raise the leader epoch of everything the broker leads. A broker that stopped without notice may have
 * lost records that nobody was promised; a new epoch lets consumers and followers notice that the log was cut.
 */
export function epochRaises(image: MetadataImage, brokerId: number): MetadataRecord[] {
  const records: MetadataRecord[] = [];
  for (const topic of image.topics.values()) {
    for (const [index, partition] of topic.partitions.entries()) {
      if (partition.leader !== brokerId) continue;
      records.push(partitionChangeRecord(topic.id, index, { leader: brokerId }, image.metadataVersion));
    }
  }
  return records;
}
