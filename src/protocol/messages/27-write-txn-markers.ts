/**
 * WriteTxnMarkers: the transaction coordinator has leaders write commit and abort markers. v2 tells the transaction
 * version (KIP-1228).
 */
import { array, bool, int8, int16, int32, int64, type MessageType, request, response, string } from '../schema.ts';

export const writeTxnMarkersRequest = request({
  apiKey: 27,
  name: 'WriteTxnMarkersRequest',
  versions: '1-2',
  flexible: '1+',
  listeners: ['broker'],
  fields: {
    markers: array({
      producerId: int64(),
      producerEpoch: int16(),
      transactionResult: bool(),
      topics: array({
        name: string(),
        partitionIndexes: array(int32()),
      }),
      coordinatorEpoch: int32(),
      transactionVersion: int8('2+', { ignorable: true }),
    }),
  },
});
export type WriteTxnMarkersRequest = MessageType<typeof writeTxnMarkersRequest>;

export const writeTxnMarkersResponse = response({
  apiKey: 27,
  name: 'WriteTxnMarkersResponse',
  versions: '1-2',
  flexible: '1+',
  fields: {
    markers: array({
      producerId: int64(),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
        }),
      }),
    }),
  },
});
export type WriteTxnMarkersResponse = MessageType<typeof writeTxnMarkersResponse>;
