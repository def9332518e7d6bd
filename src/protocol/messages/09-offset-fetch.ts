/**
 * OffsetFetch: a group's committed offsets.
 *
 * - v2 on: null topics mean all of the group's, and there is an error for the whole group. v5 leader epoch.
 * - v7 `requireStable` answers UNSTABLE_OFFSET_COMMIT while a transaction is pending; v8 batches groups, so that the
 *   top level and `groups` exclude each other.
 * - v9 member id and epoch (KIP-848); v10 topic ids.
 */
import { array, bool, int16, int32, int64, type MessageType, request, response, string, uuid } from '../schema.ts';

export const offsetFetchRequest = request({
  apiKey: 9,
  name: 'OffsetFetchRequest',
  versions: '1-10',
  flexible: '6+',
  listeners: ['broker'],
  fields: {
    groupId: string('1-7'),
    topics: array(
      '1-7',
      {
        name: string(),
        partitionIndexes: array(int32()),
      },
      { nullable: '2+' },
    ),
    groups: array('8+', {
      groupId: string(),
      memberId: string('9+', { nullable: true, default: null, ignorable: true }),
      memberEpoch: int32('9+', { default: -1, ignorable: true }),
      topics: array(
        {
          name: string('8-9', { ignorable: true }),
          topicId: uuid('10+', { ignorable: true }),
          partitionIndexes: array(int32()),
        },
        { nullable: true },
      ),
    }),
    requireStable: bool('7+'),
  },
});
export type OffsetFetchRequest = MessageType<typeof offsetFetchRequest>;

export const offsetFetchResponse = response({
  apiKey: 9,
  name: 'OffsetFetchResponse',
  versions: '1-10',
  flexible: '6+',
  fields: {
    throttleTimeMs: int32('3+', { ignorable: true }),
    topics: array('1-7', {
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        committedOffset: int64(),
        committedLeaderEpoch: int32('5+', { default: -1, ignorable: true }),
        metadata: string({ nullable: true }),
        errorCode: int16(),
      }),
    }),
    errorCode: int16('2-7', { ignorable: true }),
    groups: array('8+', {
      groupId: string(),
      topics: array({
        name: string('8-9', { ignorable: true }),
        topicId: uuid('10+', { ignorable: true }),
        partitions: array({
          partitionIndex: int32(),
          committedOffset: int64(),
          committedLeaderEpoch: int32({ default: -1, ignorable: true }),
          metadata: string({ nullable: true }),
          errorCode: int16(),
        }),
      }),
      errorCode: int16(),
    }),
  },
});
export type OffsetFetchResponse = MessageType<typeof offsetFetchResponse>;
