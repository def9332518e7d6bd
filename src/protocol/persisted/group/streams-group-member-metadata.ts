/**
 * A member of a streams group (type 19): process, endpoint, tags, topology epoch.
 */
import {
  array,
  coordinatorKey,
  coordinatorValue,
  int32,
  type MessageType,
  string,
  struct,
  uint16,
} from '../../schema.ts';

export const streamsGroupMemberMetadataKey = coordinatorKey({
  apiKey: 19,
  name: 'StreamsGroupMemberMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string(),
    memberId: string(),
  },
});
export type StreamsGroupMemberMetadataKey = MessageType<typeof streamsGroupMemberMetadataKey>;

const endpoint = {
  host: string(),
  port: uint16(),
};

const keyValue = {
  key: string(),
  value: string(),
};

export const streamsGroupMemberMetadataValue = coordinatorValue({
  apiKey: 19,
  name: 'StreamsGroupMemberMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    instanceId: string({ nullable: true }),
    rackId: string({ nullable: true }),
    clientId: string(),
    clientHost: string(),
    rebalanceTimeoutMs: int32({ default: -1 }),
    topologyEpoch: int32(),
    processId: string(),
    userEndpoint: struct(endpoint, { nullable: true, default: null }),
    clientTags: array(keyValue),
  },
});
export type StreamsGroupMemberMetadataValue = MessageType<typeof streamsGroupMemberMetadataValue>;
