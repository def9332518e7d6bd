/**
 * Vote: a KRaft candidate asks for votes. v1 directory ids (KIP-853); v2 pre-votes (KIP-996). Controllers only.
 */
import {
  array,
  bool,
  int16,
  int32,
  int64,
  type MessageType,
  request,
  response,
  string,
  uint16,
  uuid,
} from '../schema.ts';

export const voteRequest = request({
  apiKey: 52,
  name: 'VoteRequest',
  versions: '0-2',
  flexible: '0+',
  listeners: ['controller'],
  fields: {
    clusterId: string({ nullable: true, default: null }),
    voterId: int32('1+', { default: -1, ignorable: true }),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        replicaEpoch: int32(),
        replicaId: int32(),
        replicaDirectoryId: uuid('1+', { ignorable: true }),
        voterDirectoryId: uuid('1+', { ignorable: true }),
        lastOffsetEpoch: int32(),
        lastOffset: int64(),
        preVote: bool('2+'),
      }),
    }),
  },
});
export type VoteRequest = MessageType<typeof voteRequest>;

export const voteResponse = response({
  apiKey: 52,
  name: 'VoteResponse',
  versions: '0-2',
  flexible: '0+',
  fields: {
    errorCode: int16(),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        leaderId: int32(),
        leaderEpoch: int32(),
        voteGranted: bool(),
      }),
    }),
    nodeEndpoints: array(
      '1+',
      {
        nodeId: int32(),
        host: string(),
        port: uint16(),
      },
      { tag: 0 },
    ),
  },
});
export type VoteResponse = MessageType<typeof voteResponse>;
