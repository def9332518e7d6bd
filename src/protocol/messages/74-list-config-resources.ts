/**
 * ListConfigResources: names of resources that have configs. v0 is the older ListClientMetricsResources: client
 * metrics only, no types.
 */
import { array, int8, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const listConfigResourcesRequest = request({
  apiKey: 74,
  name: 'ListConfigResourcesRequest',
  versions: '0-1',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    resourceTypes: array('1+', int8()),
  },
});
export type ListConfigResourcesRequest = MessageType<typeof listConfigResourcesRequest>;

export const listConfigResourcesResponse = response({
  apiKey: 74,
  name: 'ListConfigResourcesResponse',
  versions: '0-1',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    configResources: array({
      resourceName: string(),
      resourceType: int8('1+', { default: 16, ignorable: true }),
    }),
  },
});
export type ListConfigResourcesResponse = MessageType<typeof listConfigResourcesResponse>;
