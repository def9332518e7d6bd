/**
 * Envelope: a broker passes a client's request on to the controller, with the client's principal and address; the
 * wrapped request and response have their own headers.
 */
import { bytes, int16, type MessageType, request, response } from '../schema.ts';

export const envelopeRequest = request({
  apiKey: 58,
  name: 'EnvelopeRequest',
  versions: '0',
  flexible: '0+',
  listeners: ['controller'],
  fields: {
    requestData: bytes(),
    requestPrincipal: bytes({ nullable: true }),
    clientHostAddress: bytes(),
  },
});
export type EnvelopeRequest = MessageType<typeof envelopeRequest>;

export const envelopeResponse = response({
  apiKey: 58,
  name: 'EnvelopeResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    responseData: bytes({ nullable: true, default: null }),
    errorCode: int16(),
  },
});
export type EnvelopeResponse = MessageType<typeof envelopeResponse>;
