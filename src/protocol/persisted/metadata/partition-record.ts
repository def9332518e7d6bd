/**
 * Type 3: a partition with its replicas and in-sync set. v1 directories, v2 eligible leader replicas (KIP-966).
 */
import { array, int8, int32, type MessageType, metadataRecord, uuid } from '../../schema.ts';

export const partitionRecord = metadataRecord({
  apiKey: 3,
  name: 'PartitionRecord',
  versions: '0-2',
  flexible: '0+',
  fields: {
    partitionId: int32({ default: -1 }),
    topicId: uuid(),
    replicas: array(int32()),
    isr: array(int32()),
    removingReplicas: array(int32()),
    addingReplicas: array(int32()),
    leader: int32({ default: -1 }),
    leaderRecoveryState: int8({ tag: 0 }),
    leaderEpoch: int32({ default: -1 }),
    partitionEpoch: int32({ default: -1 }),
    directories: array('1+', uuid()),
    eligibleLeaderReplicas: array('2+', int32(), { nullable: true, default: null, tag: 1 }),
    lastKnownElr: array('2+', int32(), { nullable: true, default: null, tag: 2 }),
  },
});
export type PartitionRecord = MessageType<typeof partitionRecord>;
