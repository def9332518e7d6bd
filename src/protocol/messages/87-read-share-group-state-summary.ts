/**
 * ReadShareGroupStateSummary: start offset and epochs without the delivery states. Between brokers. v1 counts
 * completed deliveries.
 */
import { array, int16, int32, int64, type MessageType, request, response, string, uuid } from '../schema.ts';

export const readShareGroupStateSummaryRequest = request({
  apiKey: 87,
  name: 'ReadShareGroupStateSummaryRequest',
  versions: '0-1',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    topics: array({
      topicId: uuid(),
      partitions: array({
        partition: int32(),
        leaderEpoch: int32(),
      }),
    }),
  },
});
export type ReadShareGroupStateSummaryRequest = MessageType<typeof readShareGroupStateSummaryRequest>;

export const readShareGroupStateSummaryResponse = response({
  apiKey: 87,
  name: 'ReadShareGroupStateSummaryResponse',
  versions: '0-1',
  flexible: '0+',
  fields: {
    results: array({
      topicId: uuid(),
      partitions: array({
        partition: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: true, default: null }),
        stateEpoch: int32(),
        leaderEpoch: int32(),
        startOffset: int64(),
        deliveryCompleteCount: int32('1+', { default: -1, ignorable: true }),
      }),
    }),
  },
});
export type ReadShareGroupStateSummaryResponse = MessageType<typeof readShareGroupStateSummaryResponse>;
