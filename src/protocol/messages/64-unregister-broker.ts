/**
 * UnregisterBroker: removes a broker that is gone for good. Forwarded to the controller.
 */
import { int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const unregisterBrokerRequest = request({
  apiKey: 64,
  name: 'UnregisterBrokerRequest',
  versions: '0',
  flexible: '0+',
  listeners: ['broker', 'controller'],
  fields: {
    brokerId: int32(),
  },
});
export type UnregisterBrokerRequest = MessageType<typeof unregisterBrokerRequest>;

export const unregisterBrokerResponse = response({
  apiKey: 64,
  name: 'UnregisterBrokerResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
  },
});
export type UnregisterBrokerResponse = MessageType<typeof unregisterBrokerResponse>;
