/**
 * OffsetForLeaderEpoch: where a leader epoch ended; for truncation by followers and consumers (KIP-320). Consumers
 * send replica id -1, followers theirs (v3).
 */
import { array, int16, int32, int64, type MessageType, request, response, string } from '../schema.ts';

export const offsetForLeaderEpochRequest = request({
  apiKey: 23,
  name: 'OffsetForLeaderEpochRequest',
  versions: '2-4',
  flexible: '4+',
  listeners: ['broker'],
  fields: {
    replicaId: int32('3+', { default: -2, ignorable: true }),
    topics: array({
      topic: string(),
      partitions: array({
        partition: int32(),
        currentLeaderEpoch: int32({ default: -1, ignorable: true }),
        leaderEpoch: int32(),
      }),
    }),
  },
});
export type OffsetForLeaderEpochRequest = MessageType<typeof offsetForLeaderEpochRequest>;

export const offsetForLeaderEpochResponse = response({
  apiKey: 23,
  name: 'OffsetForLeaderEpochResponse',
  versions: '2-4',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32({ ignorable: true }),
    topics: array({
      topic: string(),
      partitions: array({
        errorCode: int16(),
        partition: int32(),
        leaderEpoch: int32({ default: -1, ignorable: true }),
        endOffset: int64({ default: -1 }),
      }),
    }),
  },
});
export type OffsetForLeaderEpochResponse = MessageType<typeof offsetForLeaderEpochResponse>;
