/**
 * LeaveGroup: takes members out of a classic group. v3 takes several at once, also static ones by instance id; v5 a
 * reason.
 */
import { array, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const leaveGroupRequest = request({
  apiKey: 13,
  name: 'LeaveGroupRequest',
  versions: '0-5',
  flexible: '4+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    memberId: string('0-2'),
    members: array('3+', {
      memberId: string(),
      groupInstanceId: string({ nullable: true, default: null }),
      reason: string('5+', { nullable: true, default: null, ignorable: true }),
    }),
  },
});
export type LeaveGroupRequest = MessageType<typeof leaveGroupRequest>;

export const leaveGroupResponse = response({
  apiKey: 13,
  name: 'LeaveGroupResponse',
  versions: '0-5',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16(),
    members: array('3+', {
      memberId: string(),
      groupInstanceId: string({ nullable: true }),
      errorCode: int16(),
    }),
  },
});
export type LeaveGroupResponse = MessageType<typeof leaveGroupResponse>;
