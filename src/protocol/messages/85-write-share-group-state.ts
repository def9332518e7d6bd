/**
 * WriteShareGroupState: the leader of a share partition stores its state. Between brokers. v1 counts completed
 * deliveries.
 */
import { array, int8, int16, int32, int64, type MessageType, request, response, string, uuid } from '../schema.ts';

export const writeShareGroupStateRequest = request({
  apiKey: 85,
  name: 'WriteShareGroupStateRequest',
  versions: '0-1',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    topics: array({
      topicId: uuid(),
      partitions: array({
        partition: int32(),
        stateEpoch: int32(),
        leaderEpoch: int32(),
        startOffset: int64(),
        deliveryCompleteCount: int32('1+', { default: -1, ignorable: true }),
        stateBatches: array({
          firstOffset: int64(),
          lastOffset: int64(),
          deliveryState: int8(),
          deliveryCount: int16(),
        }),
      }),
    }),
  },
});
export type WriteShareGroupStateRequest = MessageType<typeof writeShareGroupStateRequest>;

export const writeShareGroupStateResponse = response({
  apiKey: 85,
  name: 'WriteShareGroupStateResponse',
  versions: '0-1',
  flexible: '0+',
  fields: {
    results: array({
      topicId: uuid(),
      partitions: array({
        partition: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: true, default: null }),
      }),
    }),
  },
});
export type WriteShareGroupStateResponse = MessageType<typeof writeShareGroupStateResponse>;
