/**
 * JoinGroup: enters a classic group, or begins its next generation. The answer waits for the rebalance.
 *
 * - v1 rebalance time-out apart from the session time-out; v5 static members (KIP-345); v7 names the protocol type; v8
 *   a reason; v9 tells a leader to skip the assignment.
 * - From v4 on a dynamic member without an id is refused once with MEMBER_ID_REQUIRED and the id to come back with.
 * - Trap: `protocolName` may be null from v7 on; before, the empty string stands for none.
 */
import { array, bool, bytes, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const joinGroupRequest = request({
  apiKey: 11,
  name: 'JoinGroupRequest',
  versions: '0-9',
  flexible: '6+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    sessionTimeoutMs: int32(),
    rebalanceTimeoutMs: int32('1+', { default: -1, ignorable: true }),
    memberId: string(),
    groupInstanceId: string('5+', { nullable: true, default: null }),
    protocolType: string(),
    protocols: array({
      name: string(),
      metadata: bytes(),
    }),
    reason: string('8+', { nullable: true, default: null, ignorable: true }),
  },
});
export type JoinGroupRequest = MessageType<typeof joinGroupRequest>;

export const joinGroupResponse = response({
  apiKey: 11,
  name: 'JoinGroupResponse',
  versions: '0-9',
  flexible: '6+',
  fields: {
    throttleTimeMs: int32('2+', { ignorable: true }),
    errorCode: int16(),
    generationId: int32({ default: -1 }),
    protocolType: string('7+', { nullable: true, default: null, ignorable: true }),
    protocolName: string({ nullable: '7+' }),
    leader: string(),
    skipAssignment: bool('9+'),
    memberId: string(),
    members: array({
      memberId: string(),
      groupInstanceId: string('5+', { nullable: true, default: null, ignorable: true }),
      metadata: bytes(),
    }),
  },
});
export type JoinGroupResponse = MessageType<typeof joinGroupResponse>;
