/**
 * UnregisterController: removes a controller that is gone for good (KIP-1312). Forwarded to the controller.
 */
import { int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const unregisterControllerRequest = request({
  apiKey: 94,
  name: 'UnregisterControllerRequest',
  versions: '0',
  flexible: '0+',
  listeners: ['broker', 'controller'],
  fields: {
    controllerId: int32(),
  },
});
export type UnregisterControllerRequest = MessageType<typeof unregisterControllerRequest>;

export const unregisterControllerResponse = response({
  apiKey: 94,
  name: 'UnregisterControllerResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
  },
});
export type UnregisterControllerResponse = MessageType<typeof unregisterControllerResponse>;
