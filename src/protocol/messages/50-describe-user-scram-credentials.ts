/**
 * DescribeUserScramCredentials: which SCRAM mechanisms and iterations users have; never the secrets. Null or no users
 * mean all.
 */
import { array, int8, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const describeUserScramCredentialsRequest = request({
  apiKey: 50,
  name: 'DescribeUserScramCredentialsRequest',
  versions: '0',
  flexible: '0+',
  listeners: ['broker', 'controller'],
  fields: {
    users: array(
      {
        name: string(),
      },
      { nullable: true },
    ),
  },
});
export type DescribeUserScramCredentialsRequest = MessageType<typeof describeUserScramCredentialsRequest>;

export const describeUserScramCredentialsResponse = response({
  apiKey: 50,
  name: 'DescribeUserScramCredentialsResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
    results: array({
      user: string(),
      errorCode: int16(),
      errorMessage: string({ nullable: true }),
      credentialInfos: array({
        mechanism: int8(),
        iterations: int32(),
      }),
    }),
  },
});
export type DescribeUserScramCredentialsResponse = MessageType<typeof describeUserScramCredentialsResponse>;
