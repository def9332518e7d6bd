/**
 * DescribeTransactions: state of transactional ids.
 */
import { array, int16, int32, int64, type MessageType, request, response, string } from '../schema.ts';

export const describeTransactionsRequest = request({
  apiKey: 65,
  name: 'DescribeTransactionsRequest',
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    transactionalIds: array(string()),
  },
});
export type DescribeTransactionsRequest = MessageType<typeof describeTransactionsRequest>;

export const describeTransactionsResponse = response({
  apiKey: 65,
  name: 'DescribeTransactionsResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    transactionStates: array({
      errorCode: int16(),
      transactionalId: string(),
      transactionState: string(),
      transactionTimeoutMs: int32(),
      transactionStartTimeMs: int64(),
      producerId: int64(),
      producerEpoch: int16(),
      topics: array({
        topic: string(),
        partitions: array(int32()),
      }),
    }),
  },
});
export type DescribeTransactionsResponse = MessageType<typeof describeTransactionsResponse>;
