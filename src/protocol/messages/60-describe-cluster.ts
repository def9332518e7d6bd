/**
 * DescribeCluster: brokers, controller and cluster id. v1 tells brokers (endpoint type 1) from controllers (2); v2 can
 * include fenced brokers.
 */
import { array, bool, int8, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const describeClusterRequest = request({
  apiKey: 60,
  name: 'DescribeClusterRequest',
  versions: '0-2',
  flexible: '0+',
  listeners: ['broker', 'controller'],
  fields: {
    includeClusterAuthorizedOperations: bool(),
    endpointType: int8('1+', { default: 1 }),
    includeFencedBrokers: bool('2+'),
  },
});
export type DescribeClusterRequest = MessageType<typeof describeClusterRequest>;

export const describeClusterResponse = response({
  apiKey: 60,
  name: 'DescribeClusterResponse',
  versions: '0-2',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true, default: null }),
    endpointType: int8('1+', { default: 1 }),
    clusterId: string(),
    controllerId: int32({ default: -1 }),
    brokers: array({
      brokerId: int32(),
      host: string(),
      port: int32(),
      rack: string({ nullable: true, default: null }),
      isFenced: bool('2+'),
    }),
    clusterAuthorizedOperations: int32({ default: -0x80000000 }),
  },
});
export type DescribeClusterResponse = MessageType<typeof describeClusterResponse>;
