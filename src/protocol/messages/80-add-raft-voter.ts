/**
 * AddRaftVoter: adds a KRaft voter (KIP-853). v1 can answer before the change is committed. Forwarded to the
 * controller.
 */
import { array, bool, int16, int32, type MessageType, request, response, string, uint16, uuid } from '../schema.ts';

export const addRaftVoterRequest = request({
  apiKey: 80,
  name: 'AddRaftVoterRequest',
  versions: '0-1',
  flexible: '0+',
  listeners: ['controller', 'broker'],
  fields: {
    clusterId: string({ nullable: true }),
    timeoutMs: int32(),
    voterId: int32(),
    voterDirectoryId: uuid(),
    listeners: array({
      name: string(),
      host: string(),
      port: uint16(),
    }),
    ackWhenCommitted: bool('1+', { default: true }),
  },
});
export type AddRaftVoterRequest = MessageType<typeof addRaftVoterRequest>;

export const addRaftVoterResponse = response({
  apiKey: 80,
  name: 'AddRaftVoterResponse',
  versions: '0-1',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true, ignorable: true }),
  },
});
export type AddRaftVoterResponse = MessageType<typeof addRaftVoterResponse>;
