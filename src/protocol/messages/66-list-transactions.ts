/**
 * ListTransactions: ids and states of this coordinator's transactions. v1 filters by duration, v2 by a regular
 * expression.
 */
import { array, int16, int32, int64, type MessageType, request, response, string } from '../schema.ts';

export const listTransactionsRequest = request({
  apiKey: 66,
  name: 'ListTransactionsRequest',
  versions: '0-2',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    stateFilters: array(string()),
    producerIdFilters: array(int64()),
    durationFilter: int64('1+', { default: -1 }),
    transactionalIdPattern: string('2+', { nullable: true, default: null }),
  },
});
export type ListTransactionsRequest = MessageType<typeof listTransactionsRequest>;

export const listTransactionsResponse = response({
  apiKey: 66,
  name: 'ListTransactionsResponse',
  versions: '0-2',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    unknownStateFilters: array(string()),
    transactionStates: array({
      transactionalId: string(),
      producerId: int64(),
      transactionState: string(),
    }),
  },
});
export type ListTransactionsResponse = MessageType<typeof listTransactionsResponse>;
