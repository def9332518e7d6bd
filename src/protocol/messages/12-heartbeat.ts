/**
 * Heartbeat: keeps a member of a classic group alive and tells it of a rebalance. v3 static members.
 */
import { int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const heartbeatRequest = request({
  apiKey: 12,
  name: 'HeartbeatRequest',
  versions: '0-4',
  flexible: '4+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string('3+', { nullable: true, default: null }),
  },
});
export type HeartbeatRequest = MessageType<typeof heartbeatRequest>;

export const heartbeatResponse = response({
  apiKey: 12,
  name: 'HeartbeatResponse',
  versions: '0-4',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16(),
  },
});
export type HeartbeatResponse = MessageType<typeof heartbeatResponse>;
