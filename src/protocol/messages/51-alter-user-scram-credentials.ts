/**
 * AlterUserScramCredentials: deletes and upserts. Forwarded to the controller. The client sends salt, iterations and
 * the salted password, never the password. Mechanisms: SCRAM-SHA-256 is 1, SCRAM-SHA-512 is 2.
 */
import { array, bytes, int8, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const alterUserScramCredentialsRequest = request({
  apiKey: 51,
  name: 'AlterUserScramCredentialsRequest',
  versions: '0',
  flexible: '0+',
  listeners: ['broker', 'controller'],
  fields: {
    deletions: array({
      name: string(),
      mechanism: int8(),
    }),
    upsertions: array({
      name: string(),
      mechanism: int8(),
      iterations: int32(),
      salt: bytes(),
      saltedPassword: bytes(),
    }),
  },
});
export type AlterUserScramCredentialsRequest = MessageType<typeof alterUserScramCredentialsRequest>;

export const alterUserScramCredentialsResponse = response({
  apiKey: 51,
  name: 'AlterUserScramCredentialsResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    results: array({
      user: string(),
      errorCode: int16(),
      errorMessage: string({ nullable: true }),
    }),
  },
});
export type AlterUserScramCredentialsResponse = MessageType<typeof alterUserScramCredentialsResponse>;
