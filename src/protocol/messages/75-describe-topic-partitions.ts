/**
 * DescribeTopicPartitions: topics page by page (KIP-966). The Java admin client describes topics with it and falls
 * back to Metadata.
 *
 * - At most `responsePartitionLimit` partitions are answered; the cursor tells where to go on.
 */
import { array, bool, int16, int32, type MessageType, request, response, string, struct, uuid } from '../schema.ts';

export const describeTopicPartitionsRequest = request({
  apiKey: 75,
  name: 'DescribeTopicPartitionsRequest',
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    topics: array({
      name: string(),
    }),
    responsePartitionLimit: int32({ default: 2000 }),
    cursor: struct(
      {
        topicName: string(),
        partitionIndex: int32(),
      },
      { nullable: true, default: null },
    ),
  },
});
export type DescribeTopicPartitionsRequest = MessageType<typeof describeTopicPartitionsRequest>;

export const describeTopicPartitionsResponse = response({
  apiKey: 75,
  name: 'DescribeTopicPartitionsResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32({ ignorable: true }),
    topics: array({
      errorCode: int16(),
      name: string({ nullable: true }),
      topicId: uuid({ ignorable: true }),
      isInternal: bool({ ignorable: true }),
      partitions: array({
        errorCode: int16(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32({ default: -1, ignorable: true }),
        replicaNodes: array(int32()),
        isrNodes: array(int32()),
        eligibleLeaderReplicas: array(int32(), { nullable: true, default: null }),
        lastKnownElr: array(int32(), { nullable: true, default: null }),
        offlineReplicas: array(int32(), { ignorable: true }),
      }),
      topicAuthorizedOperations: int32({ default: -0x80000000 }),
    }),
    nextCursor: struct(
      {
        topicName: string(),
        partitionIndex: int32(),
      },
      { nullable: true, default: null },
    ),
  },
});
export type DescribeTopicPartitionsResponse = MessageType<typeof describeTopicPartitionsResponse>;
