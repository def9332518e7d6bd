/**
 * UpdateRaftVoter: a voter reports new endpoints and versions. Controllers only.
 */
import { array, int16, int32, type MessageType, request, response, string, struct, uint16, uuid } from '../schema.ts';

export const updateRaftVoterRequest = request({
  apiKey: 82,
  name: 'UpdateRaftVoterRequest',
  versions: '0',
  flexible: '0+',
  listeners: ['controller'],
  fields: {
    clusterId: string({ nullable: true }),
    currentLeaderEpoch: int32(),
    voterId: int32(),
    voterDirectoryId: uuid(),
    listeners: array({
      name: string(),
      host: string(),
      port: uint16(),
    }),
    kRaftVersionFeature: struct({
      minSupportedVersion: int16(),
      maxSupportedVersion: int16(),
    }),
  },
});
export type UpdateRaftVoterRequest = MessageType<typeof updateRaftVoterRequest>;

export const updateRaftVoterResponse = response({
  apiKey: 82,
  name: 'UpdateRaftVoterResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    currentLeader: struct(
      {
        leaderId: int32({ default: -1 }),
        leaderEpoch: int32({ default: -1 }),
        host: string(),
        port: int32(),
      },
      { tag: 0 },
    ),
  },
});
export type UpdateRaftVoterResponse = MessageType<typeof updateRaftVoterResponse>;
