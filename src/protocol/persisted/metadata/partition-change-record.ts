/**
 * Type 5: what changed in a partition; null, and leader -2, mean unchanged. v1 directories, v2 eligible leader
 * replicas (KIP-966).
 */
import { array, int8, int32, type MessageType, metadataRecord, uuid } from '../../schema.ts';

export const partitionChangeRecord = metadataRecord({
  apiKey: 5,
  name: 'PartitionChangeRecord',
  versions: '0-2',
  flexible: '0+',
  fields: {
    partitionId: int32({ default: -1 }),
    topicId: uuid(),
    isr: array(int32(), { nullable: true, default: null, tag: 0 }),
    leader: int32({ default: -2, tag: 1 }),
    replicas: array(int32(), { nullable: true, default: null, tag: 2 }),
    removingReplicas: array(int32(), { nullable: true, default: null, tag: 3 }),
    addingReplicas: array(int32(), { nullable: true, default: null, tag: 4 }),
    leaderRecoveryState: int8({ default: -1, tag: 5 }),
    directories: array('1+', uuid(), { nullable: true, default: null, tag: 8 }),
    eligibleLeaderReplicas: array('2+', int32(), { nullable: true, default: null, tag: 6 }),
    lastKnownElr: array('2+', int32(), { nullable: true, default: null, tag: 7 }),
  },
});
export type PartitionChangeRecord = MessageType<typeof partitionChangeRecord>;
