/**
 * ListOffsets: offsets by timestamp, or by one of the special negative timestamps.
 *
 * - -1 latest, -2 earliest, -3 greatest timestamp (v7), -4 earliest local (v8), -5 latest tiered (v9), -6 earliest
 *   pending upload (v11).
 * - v2 isolation level: latest means the last stable offset for read_committed. v4 leader epochs. v10 a time-out,
 *   because tiered lookups take time.
 */
import { array, int8, int16, int32, int64, type MessageType, request, response, string } from '../schema.ts';

export const listOffsetsRequest = request({
  apiKey: 2,
  name: 'ListOffsetsRequest',
  versions: '1-11',
  flexible: '6+',
  listeners: ['broker'],
  fields: {
    replicaId: int32(),
    isolationLevel: int8('2+'),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        currentLeaderEpoch: int32('4+', { default: -1, ignorable: true }),
        timestamp: int64(),
      }),
    }),
    timeoutMs: int32('10+', { ignorable: true }),
  },
});
export type ListOffsetsRequest = MessageType<typeof listOffsetsRequest>;

export const listOffsetsResponse = response({
  apiKey: 2,
  name: 'ListOffsetsResponse',
  versions: '1-11',
  flexible: '6+',
  fields: {
    throttleTimeMs: int32('2+', { ignorable: true }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        timestamp: int64({ default: -1 }),
        offset: int64({ default: -1 }),
        leaderEpoch: int32('4+', { default: -1 }),
      }),
    }),
  },
});
export type ListOffsetsResponse = MessageType<typeof listOffsetsResponse>;
