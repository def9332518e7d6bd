/**
 * TxnOffsetCommit: commits offsets as part of a transaction. v3 fences by member and generation; v5 needs no
 * AddOffsetsToTxn before it (transaction.version 2); v6 names topics by id (KIP-1319).
 */
import { array, int16, int32, int64, type MessageType, request, response, string, uuid } from '../schema.ts';

export const txnOffsetCommitRequest = request({
  apiKey: 28,
  name: 'TxnOffsetCommitRequest',
  versions: '0-6',
  flexible: '3+',
  listeners: ['broker'],
  fields: {
    transactionalId: string(),
    groupId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    generationIdOrMemberEpoch: int32('3+', { default: -1 }),
    memberId: string('3+'),
    groupInstanceId: string('3+', { nullable: true, default: null }),
    topics: array({
      name: string('0-5', { ignorable: true }),
      topicId: uuid('6+', { ignorable: true }),
      partitions: array({
        partitionIndex: int32(),
        committedOffset: int64(),
        committedLeaderEpoch: int32('2+', { default: -1, ignorable: true }),
        committedMetadata: string({ nullable: true }),
      }),
    }),
  },
});
export type TxnOffsetCommitRequest = MessageType<typeof txnOffsetCommitRequest>;

export const txnOffsetCommitResponse = response({
  apiKey: 28,
  name: 'TxnOffsetCommitResponse',
  versions: '0-6',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32(),
    topics: array({
      name: string('0-5', { ignorable: true }),
      topicId: uuid('6+', { ignorable: true }),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
});
export type TxnOffsetCommitResponse = MessageType<typeof txnOffsetCommitResponse>;
