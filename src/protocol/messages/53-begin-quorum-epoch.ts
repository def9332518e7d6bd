/**
 * BeginQuorumEpoch: a new KRaft leader makes itself known. v1 directory ids and endpoints (KIP-853). Controllers only.
 */
import { array, int16, int32, type MessageType, request, response, string, uint16, uuid } from '../schema.ts';

export const beginQuorumEpochRequest = request({
  apiKey: 53,
  name: 'BeginQuorumEpochRequest',
  versions: '0-1',
  flexible: '1+',
  listeners: ['controller'],
  fields: {
    clusterId: string({ nullable: true, default: null }),
    voterId: int32('1+', { default: -1, ignorable: true }),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        voterDirectoryId: uuid('1+', { ignorable: true }),
        leaderId: int32(),
        leaderEpoch: int32(),
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
export type BeginQuorumEpochRequest = MessageType<typeof beginQuorumEpochRequest>;

export const beginQuorumEpochResponse = response({
  apiKey: 53,
  name: 'BeginQuorumEpochResponse',
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
export type BeginQuorumEpochResponse = MessageType<typeof beginQuorumEpochResponse>;
