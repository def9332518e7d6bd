/**
 * ListGroups: ids of all groups of this broker. v4 filters by state, v5 by type (classic, consumer, share, streams).
 */
import { array, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const listGroupsRequest = request({
  apiKey: 16,
  name: 'ListGroupsRequest',
  versions: '0-5',
  flexible: '3+',
  listeners: ['broker'],
  fields: {
    statesFilter: array('4+', string()),
    typesFilter: array('5+', string()),
  },
});
export type ListGroupsRequest = MessageType<typeof listGroupsRequest>;

export const listGroupsResponse = response({
  apiKey: 16,
  name: 'ListGroupsResponse',
  versions: '0-5',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16(),
    groups: array({
      groupId: string(),
      protocolType: string(),
      groupState: string('4+', { ignorable: true }),
      groupType: string('5+', { ignorable: true }),
    }),
  },
});
export type ListGroupsResponse = MessageType<typeof listGroupsResponse>;
