/**
 * InitializeShareGroupState: the group coordinator sets a share partition's start. Between brokers.
 */
import { array, int16, int32, int64, type MessageType, request, response, string, uuid } from '../schema.ts';

export const initializeShareGroupStateRequest = request({
  apiKey: 83,
  name: 'InitializeShareGroupStateRequest',
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    topics: array({
      topicId: uuid(),
      partitions: array({
        partition: int32(),
        stateEpoch: int32(),
        startOffset: int64(),
      }),
    }),
  },
});
export type InitializeShareGroupStateRequest = MessageType<typeof initializeShareGroupStateRequest>;

export const initializeShareGroupStateResponse = response({
  apiKey: 83,
  name: 'InitializeShareGroupStateResponse',
  versions: '0',
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
export type InitializeShareGroupStateResponse = MessageType<typeof initializeShareGroupStateResponse>;
