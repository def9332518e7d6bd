/**
 * InitProducerId: gives an idempotent or transactional producer its id and epoch, and ends what its predecessor left
 * open.
 *
 * - v3 keeps id and epoch across errors (KIP-360); v4 answers PRODUCER_FENCED; v5 TRANSACTION_ABORTABLE.
 * - v6 is two-phase commit (KIP-939), unstable: advertised only when unstable versions are enabled.
 */
import { bool, int16, int32, int64, type MessageType, request, response, string } from '../schema.ts';

export const initProducerIdRequest = request({
  apiKey: 22,
  name: 'InitProducerIdRequest',
  versions: '0-6',
  flexible: '2+',
  listeners: ['broker'],
  latestVersionUnstable: true,
  fields: {
    transactionalId: string({ nullable: true }),
    transactionTimeoutMs: int32(),
    producerId: int64('3+', { default: -1 }),
    producerEpoch: int16('3+', { default: -1 }),
    enable2Pc: bool('6+'),
    keepPreparedTxn: bool('6+'),
  },
});
export type InitProducerIdRequest = MessageType<typeof initProducerIdRequest>;

export const initProducerIdResponse = response({
  apiKey: 22,
  name: 'InitProducerIdResponse',
  versions: '0-6',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32({ ignorable: true }),
    errorCode: int16(),
    producerId: int64({ default: -1 }),
    producerEpoch: int16(),
    ongoingTxnProducerId: int64('6+', { default: -1 }),
    ongoingTxnProducerEpoch: int16('6+', { default: -1 }),
  },
});
export type InitProducerIdResponse = MessageType<typeof initProducerIdResponse>;
