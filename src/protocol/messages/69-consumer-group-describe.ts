/**
 * ConsumerGroupDescribe: state, members and assignments of KIP-848 groups. v1 tells the member's type: 0 classic, 1
 * consumer, -1 unknown.
 */
import {
  array,
  bool,
  int8,
  int16,
  int32,
  type MessageType,
  request,
  response,
  string,
  struct,
  uuid,
} from '../schema.ts';

export const consumerGroupDescribeRequest = request({
  apiKey: 69,
  name: 'ConsumerGroupDescribeRequest',
  versions: '0-1',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupIds: array(string()),
    includeAuthorizedOperations: bool(),
  },
});
export type ConsumerGroupDescribeRequest = MessageType<typeof consumerGroupDescribeRequest>;

const topicPartitions = {
  topicId: uuid(),
  topicName: string(),
  partitions: array(int32()),
};

const assignment = {
  topicPartitions: array(topicPartitions),
};

export const consumerGroupDescribeResponse = response({
  apiKey: 69,
  name: 'ConsumerGroupDescribeResponse',
  versions: '0-1',
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
        instanceId: string({ nullable: true, default: null }),
        rackId: string({ nullable: true, default: null }),
        memberEpoch: int32(),
        clientId: string(),
        clientHost: string(),
        subscribedTopicNames: array(string()),
        subscribedTopicRegex: string({ nullable: true, default: null }),
        assignment: struct(assignment),
        targetAssignment: struct(assignment),
        memberType: int8('1+', { default: -1, ignorable: true }),
      }),
      authorizedOperations: int32({ default: -0x80000000 }),
    }),
  },
});
export type ConsumerGroupDescribeResponse = MessageType<typeof consumerGroupDescribeResponse>;
