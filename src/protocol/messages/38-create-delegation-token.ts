/**
 * CreateDelegationToken. Forwarded to the controller. v3 lets one ask for another owner.
 */
import { array, bytes, int16, int32, int64, type MessageType, request, response, string } from '../schema.ts';

export const createDelegationTokenRequest = request({
  apiKey: 38,
  name: 'CreateDelegationTokenRequest',
  versions: '1-3',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  fields: {
    ownerPrincipalType: string('3+', { nullable: true }),
    ownerPrincipalName: string('3+', { nullable: true }),
    renewers: array({
      principalType: string(),
      principalName: string(),
    }),
    maxLifetimeMs: int64(),
  },
});
export type CreateDelegationTokenRequest = MessageType<typeof createDelegationTokenRequest>;

export const createDelegationTokenResponse = response({
  apiKey: 38,
  name: 'CreateDelegationTokenResponse',
  versions: '1-3',
  flexible: '2+',
  fields: {
    errorCode: int16(),
    principalType: string(),
    principalName: string(),
    tokenRequesterPrincipalType: string('3+'),
    tokenRequesterPrincipalName: string('3+'),
    issueTimestampMs: int64(),
    expiryTimestampMs: int64(),
    maxTimestampMs: int64(),
    tokenId: string(),
    hmac: bytes(),
    throttleTimeMs: int32(),
  },
});
export type CreateDelegationTokenResponse = MessageType<typeof createDelegationTokenResponse>;
