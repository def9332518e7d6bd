/**
 * DescribeDelegationToken: the tokens of some owners, or of all (null). v3 shows who asked for the token.
 */
import { array, bytes, int16, int32, int64, type MessageType, request, response, string } from '../schema.ts';

export const describeDelegationTokenRequest = request({
  apiKey: 41,
  name: 'DescribeDelegationTokenRequest',
  versions: '1-3',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  fields: {
    owners: array(
      {
        principalType: string(),
        principalName: string(),
      },
      { nullable: true },
    ),
  },
});
export type DescribeDelegationTokenRequest = MessageType<typeof describeDelegationTokenRequest>;

export const describeDelegationTokenResponse = response({
  apiKey: 41,
  name: 'DescribeDelegationTokenResponse',
  versions: '1-3',
  flexible: '2+',
  fields: {
    errorCode: int16(),
    tokens: array({
      principalType: string(),
      principalName: string(),
      tokenRequesterPrincipalType: string('3+'),
      tokenRequesterPrincipalName: string('3+'),
      issueTimestamp: int64(),
      expiryTimestamp: int64(),
      maxTimestamp: int64(),
      tokenId: string(),
      hmac: bytes(),
      renewers: array({
        principalType: string(),
        principalName: string(),
      }),
    }),
    throttleTimeMs: int32(),
  },
});
export type DescribeDelegationTokenResponse = MessageType<typeof describeDelegationTokenResponse>;
