/**
 * CreatePartitions: raises the number of partitions of topics. Forwarded to the controller. v3 may answer
 * THROTTLING_QUOTA_EXCEEDED.
 */
import { array, bool, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const createPartitionsRequest = request({
  apiKey: 37,
  name: 'CreatePartitionsRequest',
  versions: '0-3',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  fields: {
    topics: array({
      name: string(),
      count: int32(),
      assignments: array(
        {
          brokerIds: array(int32()),
        },
        { nullable: true },
      ),
    }),
    timeoutMs: int32(),
    validateOnly: bool(),
  },
});
export type CreatePartitionsRequest = MessageType<typeof createPartitionsRequest>;

export const createPartitionsResponse = response({
  apiKey: 37,
  name: 'CreatePartitionsResponse',
  versions: '0-3',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32(),
    results: array({
      name: string(),
      errorCode: int16(),
      errorMessage: string({ nullable: true, default: null }),
    }),
  },
});
export type CreatePartitionsResponse = MessageType<typeof createPartitionsResponse>;
