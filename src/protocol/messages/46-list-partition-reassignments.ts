/**
 * ListPartitionReassignments: reassignments under way; null topics mean all. Forwarded to the controller.
 */
import { array, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const listPartitionReassignmentsRequest = request({
  apiKey: 46,
  name: 'ListPartitionReassignmentsRequest',
  versions: '0',
  flexible: '0+',
  listeners: ['broker', 'controller'],
  fields: {
    timeoutMs: int32({ default: 60000 }),
    topics: array(
      {
        name: string(),
        partitionIndexes: array(int32()),
      },
      { nullable: true, default: null },
    ),
  },
});
export type ListPartitionReassignmentsRequest = MessageType<typeof listPartitionReassignmentsRequest>;

export const listPartitionReassignmentsResponse = response({
  apiKey: 46,
  name: 'ListPartitionReassignmentsResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        replicas: array(int32()),
        addingReplicas: array(int32()),
        removingReplicas: array(int32()),
      }),
    }),
  },
});
export type ListPartitionReassignmentsResponse = MessageType<typeof listPartitionReassignmentsResponse>;
