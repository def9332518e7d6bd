/**
 * RenewDelegationToken: prolongs a token, found by its HMAC. Forwarded to the controller.
 */
import { bytes, int16, int32, int64, type MessageType, request, response } from '../schema.ts';

export const renewDelegationTokenRequest = request({
  apiKey: 39,
  name: 'RenewDelegationTokenRequest',
  versions: '1-2',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  fields: {
    hmac: bytes(),
    renewPeriodMs: int64(),
  },
});
export type RenewDelegationTokenRequest = MessageType<typeof renewDelegationTokenRequest>;

export const renewDelegationTokenResponse = response({
  apiKey: 39,
  name: 'RenewDelegationTokenResponse',
  versions: '1-2',
  flexible: '2+',
  fields: {
    errorCode: int16(),
    expiryTimestampMs: int64(),
    throttleTimeMs: int32(),
  },
});
export type RenewDelegationTokenResponse = MessageType<typeof renewDelegationTokenResponse>;
