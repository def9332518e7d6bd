/**
 * A streams group (type 17): its epoch, the hash of its topics, the last assignment's settings.
 */
import { array, bigint64, coordinatorKey, coordinatorValue, int32, type MessageType, string } from '../../schema.ts';

export const streamsGroupMetadataKey = coordinatorKey({
  apiKey: 17,
  name: 'StreamsGroupMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string(),
  },
});
export type StreamsGroupMetadataKey = MessageType<typeof streamsGroupMetadataKey>;

const lastAssignmentConfig = {
  key: string(),
  value: string(),
};

export const streamsGroupMetadataValue = coordinatorValue({
  apiKey: 17,
  name: 'StreamsGroupMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    epoch: int32(),
    metadataHash: bigint64(),
    validatedTopologyEpoch: int32({ default: -1, tag: 0 }),
    lastAssignmentConfigs: array(lastAssignmentConfig, { nullable: true, default: null, explicitNull: true, tag: 1 }),
    storedDescriptionTopologyEpoch: int32({ default: -1, tag: 2 }),
    failedDescriptionTopologyEpoch: int32({ default: -1, tag: 3 }),
  },
});
export type StreamsGroupMetadataValue = MessageType<typeof streamsGroupMetadataValue>;
