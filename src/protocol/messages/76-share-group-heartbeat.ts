/**
 * ShareGroupHeartbeat: membership in share groups (KIP-932), as ConsumerGroupHeartbeat without rebalance handshakes.
 * v0 was a preview and is gone.
 */
import { array, int16, int32, type MessageType, request, response, string, struct, uuid } from '../schema.ts';

export const shareGroupHeartbeatRequest = request({
  apiKey: 76,
  name: 'ShareGroupHeartbeatRequest',
  versions: '1',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    rackId: string({ nullable: true, default: null }),
    subscribedTopicNames: array(string(), { nullable: true, default: null }),
  },
});
export type ShareGroupHeartbeatRequest = MessageType<typeof shareGroupHeartbeatRequest>;

const topicPartitions = {
  topicId: uuid(),
  partitions: array(int32()),
};

export const shareGroupHeartbeatResponse = response({
  apiKey: 76,
  name: 'ShareGroupHeartbeatResponse',
  versions: '1',
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
export type ShareGroupHeartbeatResponse = MessageType<typeof shareGroupHeartbeatResponse>;
