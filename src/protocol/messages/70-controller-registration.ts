/**
 * ControllerRegistration: a controller presents itself to the active one.
 */
import { array, bool, int16, int32, type MessageType, request, response, string, uint16, uuid } from '../schema.ts';

export const controllerRegistrationRequest = request({
  apiKey: 70,
  name: 'ControllerRegistrationRequest',
  versions: '0',
  flexible: '0+',
  listeners: ['controller'],
  fields: {
    controllerId: int32(),
    incarnationId: uuid(),
    zkMigrationReady: bool(),
    listeners: array({
      name: string(),
      host: string(),
      port: uint16(),
      securityProtocol: int16(),
    }),
    features: array({
      name: string(),
      minSupportedVersion: int16(),
      maxSupportedVersion: int16(),
    }),
  },
});
export type ControllerRegistrationRequest = MessageType<typeof controllerRegistrationRequest>;

export const controllerRegistrationResponse = response({
  apiKey: 70,
  name: 'ControllerRegistrationResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
  },
});
export type ControllerRegistrationResponse = MessageType<typeof controllerRegistrationResponse>;
