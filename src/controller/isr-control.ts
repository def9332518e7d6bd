/**
 * AlterPartition (a leader proposes an ISR) and AssignReplicasToDirs (a broker says where its replicas lie). Pure;
 * control thread. Behaviour of Kafka's ReplicationControlManager.
 */
import type { MetadataRecord } from '../metadata/metadata-records.ts';
import { changedRegistration, LeaderRecoveryState, type PartitionRegistration } from '../metadata/topics-image.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { AlterPartitionRequest, AlterPartitionResponse } from '../protocol/messages/56-alter-partition.ts';
import type {
  AssignReplicasToDirsRequest,
  AssignReplicasToDirsResponse,
} from '../protocol/messages/73-assign-replicas-to-dirs.ts';
import { brokerEpochFault } from './cluster-control.ts';
import { type ControlContext, type ControlResult, duplicatesOf } from './control-context.ts';
import { type PartitionChange, partitionChangeRecord } from './partition-change.ts';

type WantedPartition = AlterPartitionRequest['topics'][number]['partitions'][number];
type AlteredPartition = AlterPartitionResponse['topics'][number]['partitions'][number];

export function alterPartition(
  request: AlterPartitionRequest,
  context: ControlContext,
): ControlResult<AlterPartitionResponse> {
  const { image } = context;
  const fault = brokerEpochFault(request.brokerId, request.brokerEpoch, image);
  if (fault !== ErrorCode.NONE) return { records: [], response: { throttleTimeMs: 0, errorCode: fault, topics: [] } };
  const records: MetadataRecord[] = [];
  const topics = request.topics.map(({ topicId, partitions }) => {
    const topic = image.topics.get(topicId);
    const altered = partitions.map((wanted) => {
      const partition = topic?.partitions[wanted.partitionIndex];
      if (!topic) return refused(wanted.partitionIndex, ErrorCode.UNKNOWN_TOPIC_ID);
      if (!partition) return refused(wanted.partitionIndex, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
      const isr = wantedIsr(wanted);
      const error = isrFault(request.brokerId, partition, wanted, isr, context);
      if (error !== ErrorCode.NONE) return refused(wanted.partitionIndex, error);
      return alterOne(
        topicId,
        partition,
        wanted,
        isr.map(({ brokerId }) => brokerId),
        records,
        context,
      );
    });
    return { topicId, partitions: altered };
  });
  return { records, response: { throttleTimeMs: 0, errorCode: ErrorCode.NONE, topics } };
}

interface IsrMember {
  readonly brokerId: number;
  /** -1: not to be checked. */
  readonly brokerEpoch: number;
}

function wantedIsr(wanted: WantedPartition): readonly IsrMember[] {
  if (wanted.newIsrWithEpochs.length > 0) return wanted.newIsrWithEpochs;
  return wanted.newIsr.map((brokerId) => ({ brokerId, brokerEpoch: -1 }));
}

/** In Kafka's order, which leaders rely on to tell a stale controller from a stale self. */
function isrFault(
  brokerId: number,
  partition: PartitionRegistration,
  wanted: WantedPartition,
  isr: readonly IsrMember[],
  context: ControlContext,
): number {
  if (wanted.leaderEpoch > partition.leaderEpoch) return ErrorCode.NOT_CONTROLLER;
  if (wanted.partitionEpoch > partition.partitionEpoch) return ErrorCode.NOT_CONTROLLER;
  if (wanted.leaderEpoch < partition.leaderEpoch) return ErrorCode.FENCED_LEADER_EPOCH;
  if (brokerId !== partition.leader) return ErrorCode.INVALID_REQUEST;
  if (wanted.partitionEpoch < partition.partitionEpoch) return ErrorCode.INVALID_UPDATE_VERSION;
  const ids = isr.map((member) => member.brokerId);
  if (ids.length === 0 || duplicatesOf(ids).size > 0) return ErrorCode.INVALID_REQUEST;
  if (ids.some((id) => !partition.replicas.includes(id)) || !ids.includes(partition.leader)) {
    return ErrorCode.INVALID_REQUEST;
  }
  const recovering = wanted.leaderRecoveryState === LeaderRecoveryState.RECOVERING;
  if (recovering && ids.length > 1) return ErrorCode.INVALID_REQUEST;
  if (recovering && partition.leaderRecoveryState === LeaderRecoveryState.RECOVERED) return ErrorCode.INVALID_REQUEST;
  const eligible = isr.every(({ brokerId: id, brokerEpoch }) => {
    if (!context.image.cluster.isActive(id)) return false;
    return brokerEpoch === -1 || context.image.cluster.broker(id)?.epoch === brokerEpoch;
  });
  return eligible ? ErrorCode.NONE : ErrorCode.INELIGIBLE_REPLICA;
}

function alterOne(
  topicId: string,
  partition: PartitionRegistration,
  wanted: WantedPartition,
  isr: readonly number[],
  records: MetadataRecord[],
  context: ControlContext,
): AlteredPartition {
  const sameIsr = isr.length === partition.isr.length && isr.every((id) => partition.isr.includes(id));
  const change: PartitionChange = {
    ...(sameIsr ? {} : { isr }),
    ...(wanted.leaderRecoveryState === partition.leaderRecoveryState
      ? {}
      : { leaderRecoveryState: wanted.leaderRecoveryState }),
    // Who is in sync again need no longer be remembered as eligible.
    ...(partition.elr.some((id) => isr.includes(id)) ? { elr: partition.elr.filter((id) => !isr.includes(id)) } : {}),
    ...(partition.lastKnownElr.length > 0 ? { lastKnownElr: [] } : {}),
  };
  let after = partition;
  if (Object.keys(change).length > 0) {
    const record = partitionChangeRecord(topicId, wanted.partitionIndex, change, context.image.metadataVersion);
    records.push(record);
    if (record.kind === 'PartitionChangeRecord') after = changedRegistration(partition, record.data);
  }
  return {
    partitionIndex: wanted.partitionIndex,
    errorCode: ErrorCode.NONE,
    leaderId: after.leader,
    leaderEpoch: after.leaderEpoch,
    isr: [...after.isr],
    leaderRecoveryState: after.leaderRecoveryState,
    partitionEpoch: after.partitionEpoch,
  };
}

function refused(partitionIndex: number, errorCode: number): AlteredPartition {
  return { partitionIndex, errorCode, leaderId: 0, leaderEpoch: 0, isr: [], leaderRecoveryState: 0, partitionEpoch: 0 };
}

export function assignReplicasToDirs(
  request: AssignReplicasToDirsRequest,
  context: ControlContext,
): ControlResult<AssignReplicasToDirsResponse> {
  const { image } = context;
  const fault = brokerEpochFault(request.brokerId, request.brokerEpoch, image);
  if (fault !== ErrorCode.NONE)
    return { records: [], response: { throttleTimeMs: 0, errorCode: fault, directories: [] } };
  const records: MetadataRecord[] = [];
  const directories = request.directories.map(({ id, topics }) => ({
    id,
    topics: topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: assignOne(request.brokerId, id, topicId, partitionIndex, records, context),
      })),
    })),
  }));
  return { records, response: { throttleTimeMs: 0, errorCode: ErrorCode.NONE, directories } };
}

function assignOne(
  brokerId: number,
  directory: string,
  topicId: string,
  index: number,
  records: MetadataRecord[],
  context: ControlContext,
): number {
  const topic = context.image.topics.get(topicId);
  if (!topic) return ErrorCode.UNKNOWN_TOPIC_ID;
  const partition = topic.partitions[index];
  if (!partition) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  const place = partition.replicas.indexOf(brokerId);
  if (place < 0) return ErrorCode.NOT_LEADER_OR_FOLLOWER;
  if (partition.directories[place] === directory) return ErrorCode.NONE;
  const directories = partition.directories.with(place, directory);
  records.push(partitionChangeRecord(topicId, index, { directories }, context.image.metadataVersion));
  return ErrorCode.NONE;
}
