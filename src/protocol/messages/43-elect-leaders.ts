/**
 * ElectLeaders: preferred (type 0) or unclean (type 1) leader election; null partitions mean all. Forwarded to the
 * controller. v0 knows the preferred one only.
 */
import { array, int8, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const electLeadersRequest = request({
  apiKey: 43,
  name: 'ElectLeadersRequest',
  versions: '0-2',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  fields: {
    electionType: int8('1+'),
    topicPartitions: array(
      {
        topic: string(),
        partitions: array(int32()),
      },
      { nullable: true },
    ),
    timeoutMs: int32({ default: 60000 }),
  },
});
export type ElectLeadersRequest = MessageType<typeof electLeadersRequest>;

export const electLeadersResponse = response({
  apiKey: 43,
  name: 'ElectLeadersResponse',
  versions: '0-2',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16('1+'),
    replicaElectionResults: array({
      topic: string(),
      partitionResult: array({
        partitionId: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: true }),
      }),
    }),
  },
});
export type ElectLeadersResponse = MessageType<typeof electLeadersResponse>;
