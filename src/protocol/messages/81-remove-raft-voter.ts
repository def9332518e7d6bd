/**
 * RemoveRaftVoter: removes a KRaft voter (KIP-853). Forwarded to the controller.
 */
import { int16, int32, type MessageType, request, response, string, uuid } from '../schema.ts';

export const removeRaftVoterRequest = request({
  apiKey: 81,
  name: 'RemoveRaftVoterRequest',
  versions: '0',
  flexible: '0+',
  listeners: ['controller', 'broker'],
  fields: {
    clusterId: string({ nullable: true }),
    voterId: int32(),
    voterDirectoryId: uuid(),
  },
});
export type RemoveRaftVoterRequest = MessageType<typeof removeRaftVoterRequest>;

export const removeRaftVoterResponse = response({
  apiKey: 81,
  name: 'RemoveRaftVoterResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true, ignorable: true }),
  },
});
export type RemoveRaftVoterResponse = MessageType<typeof removeRaftVoterResponse>;
