/**
 * IncrementalAlterConfigs: sets (0), deletes (1), appends to (2) or subtracts from (3) single configs. Forwarded to
 * the controller.
 *
 * - Resource types: topic 2, broker 4, broker logger 8, client metrics 16, group 32.
 */
import { array, bool, int8, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const incrementalAlterConfigsRequest = request({
  apiKey: 44,
  name: 'IncrementalAlterConfigsRequest',
  versions: '0-1',
  flexible: '1+',
  listeners: ['broker', 'controller'],
  fields: {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
        configOperation: int8(),
        value: string({ nullable: true }),
      }),
    }),
    validateOnly: bool(),
  },
});
export type IncrementalAlterConfigsRequest = MessageType<typeof incrementalAlterConfigsRequest>;

export const incrementalAlterConfigsResponse = response({
  apiKey: 44,
  name: 'IncrementalAlterConfigsResponse',
  versions: '0-1',
  flexible: '1+',
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
export type IncrementalAlterConfigsResponse = MessageType<typeof incrementalAlterConfigsResponse>;
