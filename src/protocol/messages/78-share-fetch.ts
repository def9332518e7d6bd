/**
 * ShareFetch: acquires records of a share group and acknowledges earlier ones in one go, within a share session.
 *
 * - Acknowledge types by record: gap 0, accept 1, release 2, reject 3, renew 4 (v2, KIP-1222).
 * - v1 has `maxRecords` and `batchSize`; v2 lets the client choose how strictly the record limit holds (KIP-1206).
 */
import {
  array,
  bool,
  int8,
  int16,
  int32,
  int64,
  type MessageType,
  records,
  request,
  response,
  string,
  struct,
  uuid,
} from '../schema.ts';

export const shareFetchRequest = request({
  apiKey: 78,
  name: 'ShareFetchRequest',
  versions: '1-2',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string({ nullable: true, default: null }),
    memberId: string({ nullable: true }),
    shareSessionEpoch: int32(),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32({ default: 0x7fffffff }),
    maxRecords: int32(),
    batchSize: int32(),
    shareAcquireMode: int8('2+', { ignorable: true }),
    isRenewAck: bool('2+'),
    topics: array({
      topicId: uuid(),
      partitions: array({
        partitionIndex: int32(),
        acknowledgementBatches: array({
          firstOffset: int64(),
          lastOffset: int64(),
          acknowledgeTypes: array(int8()),
        }),
      }),
    }),
    forgottenTopicsData: array({
      topicId: uuid(),
      partitions: array(int32()),
    }),
  },
});
export type ShareFetchRequest = MessageType<typeof shareFetchRequest>;

export const shareFetchResponse = response({
  apiKey: 78,
  name: 'ShareFetchResponse',
  versions: '1-2',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true, default: null }),
    acquisitionLockTimeoutMs: int32(),
    responses: array({
      topicId: uuid(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: true, default: null }),
        acknowledgeErrorCode: int16(),
        acknowledgeErrorMessage: string({ nullable: true, default: null }),
        currentLeader: struct({
          leaderId: int32(),
          leaderEpoch: int32(),
        }),
        records: records(),
        acquiredRecords: array({
          firstOffset: int64(),
          lastOffset: int64(),
          deliveryCount: int16(),
        }),
      }),
    }),
    nodeEndpoints: array({
      nodeId: int32(),
      host: string(),
      port: int32(),
      rack: string({ nullable: true, default: null }),
    }),
  },
});
export type ShareFetchResponse = MessageType<typeof shareFetchResponse>;
