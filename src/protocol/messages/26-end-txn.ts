/**
 * EndTxn: commits or aborts. v5 (transaction.version 2, KIP-890) raises the epoch at each end and answers with the
 * producer id and epoch to go on with.
 */
import { bool, int16, int32, int64, type MessageType, request, response, string } from '../schema.ts';

export const endTxnRequest = request({
  apiKey: 26,
  name: 'EndTxnRequest',
  versions: '0-5',
  flexible: '3+',
  listeners: ['broker'],
  fields: {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    committed: bool(),
  },
});
export type EndTxnRequest = MessageType<typeof endTxnRequest>;

export const endTxnResponse = response({
  apiKey: 26,
  name: 'EndTxnResponse',
  versions: '0-5',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    producerId: int64('5+', { default: -1, ignorable: true }),
    producerEpoch: int16('5+', { default: -1, ignorable: true }),
  },
});
export type EndTxnResponse = MessageType<typeof endTxnResponse>;
