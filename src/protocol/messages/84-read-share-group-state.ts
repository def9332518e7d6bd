/**
 * ReadShareGroupState: the leader of a share partition loads its state from the share coordinator. Between brokers.
 */
import { array, int8, int16, int32, int64, type MessageType, request, response, string, uuid } from '../schema.ts';

export const readShareGroupStateRequest = request({
  apiKey: 84,
  name: 'ReadShareGroupStateRequest',
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    topics: array({
      topicId: uuid(),
      partitions: array({
        partition: int32(),
        leaderEpoch: int32(),
      }),
    }),
  },
});
export type ReadShareGroupStateRequest = MessageType<typeof readShareGroupStateRequest>;

export const readShareGroupStateResponse = response({
  apiKey: 84,
  name: 'ReadShareGroupStateResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    results: array({
      topicId: uuid(),
      partitions: array({
        partition: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: true, default: null }),
        stateEpoch: int32(),
        startOffset: int64(),
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
export type ReadShareGroupStateResponse = MessageType<typeof readShareGroupStateResponse>;
