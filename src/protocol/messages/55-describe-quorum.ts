/**
 * DescribeQuorum: leader, voters and observers of the metadata log. v1 fetch times; v2 directory ids, listeners and
 * error messages. Forwarded to the controller.
 */
import { array, int16, int32, int64, type MessageType, request, response, string, uint16, uuid } from '../schema.ts';

export const describeQuorumRequest = request({
  apiKey: 55,
  name: 'DescribeQuorumRequest',
  versions: '0-2',
  flexible: '0+',
  listeners: ['broker', 'controller'],
  fields: {
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
      }),
    }),
  },
});
export type DescribeQuorumRequest = MessageType<typeof describeQuorumRequest>;

const replicaState = {
  replicaId: int32(),
  replicaDirectoryId: uuid('2+'),
  logEndOffset: int64(),
  lastFetchTimestamp: int64('1+', { default: -1, ignorable: true }),
  lastCaughtUpTimestamp: int64('1+', { default: -1, ignorable: true }),
};

export const describeQuorumResponse = response({
  apiKey: 55,
  name: 'DescribeQuorumResponse',
  versions: '0-2',
  flexible: '0+',
  fields: {
    errorCode: int16(),
    errorMessage: string('2+', { nullable: true, ignorable: true }),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string('2+', { nullable: true, ignorable: true }),
        leaderId: int32(),
        leaderEpoch: int32(),
        highWatermark: int64(),
        currentVoters: array(replicaState),
        observers: array(replicaState),
      }),
    }),
    nodes: array('2+', {
      nodeId: int32(),
      listeners: array({
        name: string(),
        host: string(),
        port: uint16(),
      }),
    }),
  },
});
export type DescribeQuorumResponse = MessageType<typeof describeQuorumResponse>;
