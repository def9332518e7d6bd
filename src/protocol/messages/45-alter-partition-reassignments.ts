/**
 * AlterPartitionReassignments: starts, changes or (null replicas) cancels reassignments. Forwarded to the controller.
 * v1 can forbid a change of the replication factor.
 */
import { array, bool, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const alterPartitionReassignmentsRequest = request({
  apiKey: 45,
  name: 'AlterPartitionReassignmentsRequest',
  versions: '0-1',
  flexible: '0+',
  listeners: ['broker', 'controller'],
  fields: {
    timeoutMs: int32({ default: 60000 }),
    allowReplicationFactorChange: bool('1+', { default: true }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        replicas: array(int32(), { nullable: true, default: null }),
      }),
    }),
  },
});
export type AlterPartitionReassignmentsRequest = MessageType<typeof alterPartitionReassignmentsRequest>;

export const alterPartitionReassignmentsResponse = response({
  apiKey: 45,
  name: 'AlterPartitionReassignmentsResponse',
  versions: '0-1',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    allowReplicationFactorChange: bool('1+', { default: true, ignorable: true }),
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
    responses: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: true }),
      }),
    }),
  },
});
export type AlterPartitionReassignmentsResponse = MessageType<typeof alterPartitionReassignmentsResponse>;
