/**
 * ShareGroupDescribe: state and members of share groups. v0 was a preview and is gone.
 */
import { array, bool, int16, int32, type MessageType, request, response, string, struct, uuid } from '../schema.ts';

export const shareGroupDescribeRequest = request({
  apiKey: 77,
  name: 'ShareGroupDescribeRequest',
  versions: '1',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupIds: array(string()),
    includeAuthorizedOperations: bool(),
  },
});
export type ShareGroupDescribeRequest = MessageType<typeof shareGroupDescribeRequest>;

const topicPartitions = {
  topicId: uuid(),
  topicName: string(),
  partitions: array(int32()),
};

const assignment = {
  topicPartitions: array(topicPartitions),
};

export const shareGroupDescribeResponse = response({
  apiKey: 77,
  name: 'ShareGroupDescribeResponse',
  versions: '1',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    groups: array({
      errorCode: int16(),
      errorMessage: string({ nullable: true, default: null }),
      groupId: string(),
      groupState: string(),
      groupEpoch: int32(),
      assignmentEpoch: int32(),
      assignorName: string(),
      members: array({
        memberId: string(),
        rackId: string({ nullable: true, default: null }),
        memberEpoch: int32(),
        clientId: string(),
        clientHost: string(),
        subscribedTopicNames: array(string()),
        assignment: struct(assignment),
      }),
      authorizedOperations: int32({ default: -0x80000000 }),
    }),
  },
});
export type ShareGroupDescribeResponse = MessageType<typeof shareGroupDescribeResponse>;
