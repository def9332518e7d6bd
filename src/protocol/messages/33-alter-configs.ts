/**
 * AlterConfigs: replaces all configs of a resource. Old (IncrementalAlterConfigs took its place), still served.
 * Forwarded to the controller.
 */
import { array, bool, int8, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const alterConfigsRequest = request({
  apiKey: 33,
  name: 'AlterConfigsRequest',
  versions: '0-2',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  fields: {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
        value: string({ nullable: true }),
      }),
    }),
    validateOnly: bool(),
  },
});
export type AlterConfigsRequest = MessageType<typeof alterConfigsRequest>;

export const alterConfigsResponse = response({
  apiKey: 33,
  name: 'AlterConfigsResponse',
  versions: '0-2',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32(),
    responses: array({
      errorCode: int16(),
      errorMessage: string({ nullable: true }),
      resourceType: int8(),
      resourceName: string(),
    }),
  },
});
export type AlterConfigsResponse = MessageType<typeof alterConfigsResponse>;
