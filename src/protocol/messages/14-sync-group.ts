/**
 * SyncGroup: the leader of a classic group hands in the assignment, every member gets its own. v3 static members; v5
 * checks that protocol type and name agree.
 */
import { array, bytes, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const syncGroupRequest = request({
  apiKey: 14,
  name: 'SyncGroupRequest',
  versions: '0-5',
  flexible: '4+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string('3+', { nullable: true, default: null }),
    protocolType: string('5+', { nullable: true, default: null, ignorable: true }),
    protocolName: string('5+', { nullable: true, default: null, ignorable: true }),
    assignments: array({
      memberId: string(),
      assignment: bytes(),
    }),
  },
});
export type SyncGroupRequest = MessageType<typeof syncGroupRequest>;

export const syncGroupResponse = response({
  apiKey: 14,
  name: 'SyncGroupResponse',
  versions: '0-5',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16(),
    protocolType: string('5+', { nullable: true, default: null, ignorable: true }),
    protocolName: string('5+', { nullable: true, default: null, ignorable: true }),
    assignment: bytes(),
  },
});
export type SyncGroupResponse = MessageType<typeof syncGroupResponse>;
