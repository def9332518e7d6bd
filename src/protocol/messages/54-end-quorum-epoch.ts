/**
 * EndQuorumEpoch: a KRaft leader resigns and names its favourite successors. v1 directory ids and endpoints (KIP-853).
 * Controllers only.
 */
import { array, int16, int32, type MessageType, request, response, string, uint16, uuid } from '../schema.ts';

export const endQuorumEpochRequest = request({
  apiKey: 54,
  name: 'EndQuorumEpochRequest',
  versions: '0-1',
  flexible: '1+',
  listeners: ['controller'],
  fields: {
    clusterId: string({ nullable: true, default: null }),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32(),
        preferredSuccessors: array('0', int32(), { ignorable: true }),
        preferredCandidates: array(
          '1+',
          {
            candidateId: int32(),
            candidateDirectoryId: uuid(),
          },
          { ignorable: true },
        ),
      }),
    }),
    leaderEndpoints: array(
      '1+',
      {
        name: string(),
        host: string(),
        port: uint16(),
      },
      { ignorable: true },
    ),
  },
});
export type EndQuorumEpochRequest = MessageType<typeof endQuorumEpochRequest>;

export const endQuorumEpochResponse = response({
  apiKey: 54,
  name: 'EndQuorumEpochResponse',
  versions: '0-1',
  flexible: '1+',
  fields: {
    errorCode: int16(),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        leaderId: int32(),
        leaderEpoch: int32(),
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
export type EndQuorumEpochResponse = MessageType<typeof endQuorumEpochResponse>;
