/**
 * DeleteShareGroupOffsets: deletes a share group's offsets of topics.
 */
import { array, int16, int32, type MessageType, request, response, string, uuid } from '../schema.ts';

export const deleteShareGroupOffsetsRequest = request({
  apiKey: 92,
  name: 'DeleteShareGroupOffsetsRequest',
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    topics: array({
      topicName: string(),
    }),
  },
});
export type DeleteShareGroupOffsetsRequest = MessageType<typeof deleteShareGroupOffsetsRequest>;

export const deleteShareGroupOffsetsResponse = response({
  apiKey: 92,
  name: 'DeleteShareGroupOffsetsResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true, default: null }),
    responses: array({
      topicName: string(),
      topicId: uuid(),
      errorCode: int16(),
      errorMessage: string({ nullable: true, default: null }),
    }),
  },
});
export type DeleteShareGroupOffsetsResponse = MessageType<typeof deleteShareGroupOffsetsResponse>;
