/**
 * SaslHandshake: agrees on a SASL mechanism. Never flexible, and its version can never be raised.
 *
 * - After v0 the SASL bytes travel bare, each behind an int32 size; after v1 they travel in SaslAuthenticate.
 */
import { array, int16, type MessageType, request, response, string } from '../schema.ts';

export const saslHandshakeRequest = request({
  apiKey: 17,
  name: 'SaslHandshakeRequest',
  versions: '0-1',
  flexible: 'none',
  listeners: ['broker', 'controller'],
  fields: {
    mechanism: string(),
  },
});
export type SaslHandshakeRequest = MessageType<typeof saslHandshakeRequest>;

export const saslHandshakeResponse = response({
  apiKey: 17,
  name: 'SaslHandshakeResponse',
  versions: '0-1',
  flexible: 'none',
  fields: {
    errorCode: int16(),
    mechanisms: array(string()),
  },
});
export type SaslHandshakeResponse = MessageType<typeof saslHandshakeResponse>;
