/**
 * AddOffsetsToTxn: makes a group's offsets partition part of a transaction (before transaction.version 2). v4 may
 * answer TRANSACTION_ABORTABLE.
 */
import { int16, int32, int64, type MessageType, request, response, string } from '../schema.ts';

export const addOffsetsToTxnRequest = request({
  apiKey: 25,
  name: 'AddOffsetsToTxnRequest',
  versions: '0-4',
  flexible: '3+',
  listeners: ['broker'],
  fields: {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    groupId: string(),
  },
});
export type AddOffsetsToTxnRequest = MessageType<typeof addOffsetsToTxnRequest>;

export const addOffsetsToTxnResponse = response({
  apiKey: 25,
  name: 'AddOffsetsToTxnResponse',
  versions: '0-4',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
  },
});
export type AddOffsetsToTxnResponse = MessageType<typeof addOffsetsToTxnResponse>;
