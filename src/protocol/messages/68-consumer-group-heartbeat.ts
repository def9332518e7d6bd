/**
 * ConsumerGroupHeartbeat: the one API of the consumer protocol (KIP-848): joins (epoch 0), stays, leaves (-1, static
 * -2).
 *
 * - Fields that did not change since the last heartbeat are null (or -1), in both directions.
 * - v1 subscribes by regular expression (RE2/J's syntax) and has the client make its member id (KIP-1082).
 */
import { array, int16, int32, type MessageType, request, response, string, struct, uuid } from '../schema.ts';

export const consumerGroupHeartbeatRequest = request({
  apiKey: 68,
  name: 'ConsumerGroupHeartbeatRequest',
  versions: '0-1',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    instanceId: string({ nullable: true, default: null }),
    rackId: string({ nullable: true, default: null }),
    rebalanceTimeoutMs: int32({ default: -1 }),
    subscribedTopicNames: array(string(), { nullable: true, default: null }),
    subscribedTopicRegex: string('1+', { nullable: true, default: null }),
    serverAssignor: string({ nullable: true, default: null }),
    topicPartitions: array(
      {
        topicId: uuid(),
        partitions: array(int32()),
      },
      { nullable: true, default: null },
    ),
  },
});
export type ConsumerGroupHeartbeatRequest = MessageType<typeof consumerGroupHeartbeatRequest>;

const topicPartitions = {
  topicId: uuid(),
  partitions: array(int32()),
};

export const consumerGroupHeartbeatResponse = response({
  apiKey: 68,
  name: 'ConsumerGroupHeartbeatResponse',
  versions: '0-1',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true, default: null }),
    memberId: string({ nullable: true, default: null }),
    memberEpoch: int32(),
    heartbeatIntervalMs: int32(),
    assignment: struct(
      {
        topicPartitions: array(topicPartitions),
      },
      { nullable: true, default: null },
    ),
  },
});
export type ConsumerGroupHeartbeatResponse = MessageType<typeof consumerGroupHeartbeatResponse>;
