/**
 * ExpireDelegationToken: ends a token now (negative period) or later. Forwarded to the controller.
 */
import { bytes, int16, int32, int64, type MessageType, request, response } from '../schema.ts';

export const expireDelegationTokenRequest = request({
  apiKey: 40,
  name: 'ExpireDelegationTokenRequest',
  versions: '1-2',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  fields: {
    hmac: bytes(),
    expiryTimePeriodMs: int64(),
  },
});
export type ExpireDelegationTokenRequest = MessageType<typeof expireDelegationTokenRequest>;

export const expireDelegationTokenResponse = response({
  apiKey: 40,
  name: 'ExpireDelegationTokenResponse',
  versions: '1-2',
  flexible: '2+',
  fields: {
    errorCode: int16(),
    expiryTimestampMs: int64(),
    throttleTimeMs: int32(),
  },
});
export type ExpireDelegationTokenResponse = MessageType<typeof expireDelegationTokenResponse>;
