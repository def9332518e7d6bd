/**
 * OffsetCommit: stores a group's offsets.
 *
 * - v2 to v4 carry a retention time, which is ignored as Kafka ignores it; v6 leader epoch; v7 static members.
 * - v9 serves the consumer protocol of KIP-848: `generationIdOrMemberEpoch` is then a member epoch, and
 *   STALE_MEMBER_EPOCH an answer.
 * - v10 names topics by id.
 */
import { array, int16, int32, int64, type MessageType, request, response, string, uuid } from '../schema.ts';

export const offsetCommitRequest = request({
  apiKey: 8,
  name: 'OffsetCommitRequest',
  versions: '2-10',
  flexible: '8+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    generationIdOrMemberEpoch: int32({ default: -1, ignorable: true }),
    memberId: string({ ignorable: true }),
    groupInstanceId: string('7+', { nullable: true, default: null }),
    retentionTimeMs: int64('2-4', { default: -1, ignorable: true }),
    topics: array({
      name: string('2-9', { ignorable: true }),
      topicId: uuid('10+', { ignorable: true }),
      partitions: array({
        partitionIndex: int32(),
        committedOffset: int64(),
        committedLeaderEpoch: int32('6+', { default: -1, ignorable: true }),
        committedMetadata: string({ nullable: true }),
      }),
    }),
  },
});
export type OffsetCommitRequest = MessageType<typeof offsetCommitRequest>;

export const offsetCommitResponse = response({
  apiKey: 8,
  name: 'OffsetCommitResponse',
  versions: '2-10',
  flexible: '8+',
  fields: {
    throttleTimeMs: int32('3+', { ignorable: true }),
    topics: array({
      name: string('2-9', { ignorable: true }),
      topicId: uuid('10+', { ignorable: true }),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
});
export type OffsetCommitResponse = MessageType<typeof offsetCommitResponse>;
