/**
 * DescribeGroups: state and members of classic groups. v3 authorized operations; v4 static members; v6 answers
 * GROUP_ID_NOT_FOUND with a message where older versions show the state "Dead".
 */
import { array, bool, bytes, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const describeGroupsRequest = request({
  apiKey: 15,
  name: 'DescribeGroupsRequest',
  versions: '0-6',
  flexible: '5+',
  listeners: ['broker'],
  fields: {
    groups: array(string()),
    includeAuthorizedOperations: bool('3+'),
  },
});
export type DescribeGroupsRequest = MessageType<typeof describeGroupsRequest>;

export const describeGroupsResponse = response({
  apiKey: 15,
  name: 'DescribeGroupsResponse',
  versions: '0-6',
  flexible: '5+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    groups: array({
      errorCode: int16(),
      errorMessage: string('6+', { nullable: true, default: null }),
      groupId: string(),
      groupState: string(),
      protocolType: string(),
      protocolData: string(),
      members: array({
        memberId: string(),
        groupInstanceId: string('4+', { nullable: true, default: null, ignorable: true }),
        clientId: string(),
        clientHost: string(),
        memberMetadata: bytes(),
        memberAssignment: bytes(),
      }),
      authorizedOperations: int32('3+', { default: -0x80000000 }),
    }),
  },
});
export type DescribeGroupsResponse = MessageType<typeof describeGroupsResponse>;
