/**
 * DeleteShareGroupState: the group coordinator drops share partitions. Between brokers.
 */
import { array, int16, int32, type MessageType, request, response, string, uuid } from '../schema.ts';

export const deleteShareGroupStateRequest = request({
  apiKey: 86,
  name: 'DeleteShareGroupStateRequest',
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    topics: array({
      topicId: uuid(),
      partitions: array({
        partition: int32(),
      }),
    }),
  },
});
export type DeleteShareGroupStateRequest = MessageType<typeof deleteShareGroupStateRequest>;

export const deleteShareGroupStateResponse = response({
  apiKey: 86,
  name: 'DeleteShareGroupStateResponse',
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
export type DeleteShareGroupStateResponse = MessageType<typeof deleteShareGroupStateResponse>;
