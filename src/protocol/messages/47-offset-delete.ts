/**
 * OffsetDelete: deletes a group's offsets of topics that it is not subscribed to. Never flexible.
 */
import { array, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const offsetDeleteRequest = request({
  apiKey: 47,
  name: 'OffsetDeleteRequest',
  versions: '0',
  flexible: 'none',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
      }),
    }),
  },
});
export type OffsetDeleteRequest = MessageType<typeof offsetDeleteRequest>;

export const offsetDeleteResponse = response({
  apiKey: 47,
  name: 'OffsetDeleteResponse',
  versions: '0',
  flexible: 'none',
  fields: {
    errorCode: int16(),
    throttleTimeMs: int32({ ignorable: true }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
});
export type OffsetDeleteResponse = MessageType<typeof offsetDeleteResponse>;
