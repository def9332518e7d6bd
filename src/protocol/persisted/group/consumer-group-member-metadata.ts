/**
 * A member of a consumer group (type 5): what it subscribes to, and the classic protocols it speaks if it has not been
 * upgraded.
 */
import {
  array,
  bytes,
  coordinatorKey,
  coordinatorValue,
  int32,
  type MessageType,
  string,
  struct,
} from '../../schema.ts';

export const consumerGroupMemberMetadataKey = coordinatorKey({
  apiKey: 5,
  name: 'ConsumerGroupMemberMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string(),
    memberId: string(),
  },
});
export type ConsumerGroupMemberMetadataKey = MessageType<typeof consumerGroupMemberMetadataKey>;

export const consumerGroupMemberMetadataValue = coordinatorValue({
  apiKey: 5,
  name: 'ConsumerGroupMemberMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    instanceId: string({ nullable: true }),
    rackId: string({ nullable: true }),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: array(string()),
    subscribedTopicRegex: string({ nullable: true }),
    rebalanceTimeoutMs: int32({ default: -1 }),
    serverAssignor: string({ nullable: true }),
    classicMemberMetadata: struct(
      {
        sessionTimeoutMs: int32(),
        supportedProtocols: array({
          name: string(),
          metadata: bytes(),
        }),
      },
      { nullable: true, default: null, explicitNull: true, tag: 0 },
    ),
  },
});
export type ConsumerGroupMemberMetadataValue = MessageType<typeof consumerGroupMemberMetadataValue>;
