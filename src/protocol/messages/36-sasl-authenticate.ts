/**
 * SaslAuthenticate: one step of the SASL exchange after SaslHandshake v1. v1 tells how long the session lasts
 * (KIP-368).
 */
import { bytes, int16, int64, type MessageType, request, response, string } from '../schema.ts';

export const saslAuthenticateRequest = request({
  apiKey: 36,
  name: 'SaslAuthenticateRequest',
  versions: '0-2',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  fields: {
    authBytes: bytes(),
  },
});
export type SaslAuthenticateRequest = MessageType<typeof saslAuthenticateRequest>;

export const saslAuthenticateResponse = response({
  apiKey: 36,
  name: 'SaslAuthenticateResponse',
  versions: '0-2',
  flexible: '2+',
  fields: {
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
    authBytes: bytes(),
    sessionLifetimeMs: int64('1+', { ignorable: true }),
  },
});
export type SaslAuthenticateResponse = MessageType<typeof saslAuthenticateResponse>;
