/**
 * DeleteGroups: deletes empty groups with their offsets. v3 error messages and GROUP_DELETION_FAILED.
 */
import { array, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const deleteGroupsRequest = request({
  apiKey: 42,
  name: 'DeleteGroupsRequest',
  versions: '0-3',
  flexible: '2+',
  listeners: ['broker'],
  fields: {
    groupsNames: array(string()),
  },
});
export type DeleteGroupsRequest = MessageType<typeof deleteGroupsRequest>;

export const deleteGroupsResponse = response({
  apiKey: 42,
  name: 'DeleteGroupsResponse',
  versions: '0-3',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32(),
    results: array({
      groupId: string(),
      errorCode: int16(),
      errorMessage: string('3+', { nullable: true, default: null, ignorable: true }),
    }),
  },
});
export type DeleteGroupsResponse = MessageType<typeof deleteGroupsResponse>;
