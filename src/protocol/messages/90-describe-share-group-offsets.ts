/**
 * DescribeShareGroupOffsets: start offsets of share groups. v1 adds the lag. Null topics mean all.
 */
import { array, int16, int32, int64, type MessageType, request, response, string, uuid } from '../schema.ts';

export const describeShareGroupOffsetsRequest = request({
  apiKey: 90,
  name: 'DescribeShareGroupOffsetsRequest',
  versions: '0-1',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groups: array({
      groupId: string(),
      topics: array(
        {
          topicName: string(),
          partitions: array(int32()),
        },
        { nullable: true },
      ),
    }),
  },
});
export type DescribeShareGroupOffsetsRequest = MessageType<typeof describeShareGroupOffsetsRequest>;

export const describeShareGroupOffsetsResponse = response({
  apiKey: 90,
  name: 'DescribeShareGroupOffsetsResponse',
  versions: '0-1',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    groups: array({
      groupId: string(),
      topics: array({
        topicName: string(),
        topicId: uuid(),
        partitions: array({
          partitionIndex: int32(),
          startOffset: int64(),
          leaderEpoch: int32(),
          lag: int64('1+', { default: -1, ignorable: true }),
          errorCode: int16(),
          errorMessage: string({ nullable: true, default: null }),
        }),
      }),
      errorCode: int16(),
      errorMessage: string({ nullable: true, default: null }),
    }),
  },
});
export type DescribeShareGroupOffsetsResponse = MessageType<typeof describeShareGroupOffsetsResponse>;
