/**
 * DescribeLogDirs: sizes of replicas by log directory. v3 an error for all; v4 total and usable bytes of the volume;
 * v5 cordoned directories.
 */
import { array, bool, int16, int32, int64, type MessageType, request, response, string } from '../schema.ts';

export const describeLogDirsRequest = request({
  apiKey: 35,
  name: 'DescribeLogDirsRequest',
  versions: '1-5',
  flexible: '2+',
  listeners: ['broker'],
  fields: {
    topics: array(
      {
        topic: string(),
        partitions: array(int32()),
      },
      { nullable: true },
    ),
  },
});
export type DescribeLogDirsRequest = MessageType<typeof describeLogDirsRequest>;

export const describeLogDirsResponse = response({
  apiKey: 35,
  name: 'DescribeLogDirsResponse',
  versions: '1-5',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16('3+', { ignorable: true }),
    results: array({
      errorCode: int16(),
      logDir: string(),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          partitionSize: int64(),
          offsetLag: int64(),
          isFutureKey: bool(),
        }),
      }),
      totalBytes: int64('4+', { default: -1, ignorable: true }),
      usableBytes: int64('4+', { default: -1, ignorable: true }),
      isCordoned: bool('5+', { ignorable: true }),
    }),
  },
});
export type DescribeLogDirsResponse = MessageType<typeof describeLogDirsResponse>;
