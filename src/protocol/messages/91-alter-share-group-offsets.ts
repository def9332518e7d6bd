/**
 * AlterShareGroupOffsets: moves start offsets of an empty share group.
 */
import { array, int16, int32, int64, type MessageType, request, response, string, uuid } from '../schema.ts';

export const alterShareGroupOffsetsRequest = request({
  apiKey: 91,
  name: 'AlterShareGroupOffsetsRequest',
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        startOffset: int64(),
      }),
    }),
  },
});
export type AlterShareGroupOffsetsRequest = MessageType<typeof alterShareGroupOffsetsRequest>;

export const alterShareGroupOffsetsResponse = response({
  apiKey: 91,
  name: 'AlterShareGroupOffsetsResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true, default: null }),
    responses: array({
      topicName: string(),
      topicId: uuid(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: true, default: null }),
      }),
    }),
  },
});
export type AlterShareGroupOffsetsResponse = MessageType<typeof alterShareGroupOffsetsResponse>;
