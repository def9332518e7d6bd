/**
 * ShareAcknowledge: acknowledges acquired records without fetching. v2 can renew the acquisition (KIP-1222).
 */
import {
  array,
  bool,
  int8,
  int16,
  int32,
  int64,
  type MessageType,
  request,
  response,
  string,
  struct,
  uuid,
} from '../schema.ts';

export const shareAcknowledgeRequest = request({
  apiKey: 79,
  name: 'ShareAcknowledgeRequest',
  versions: '1-2',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string({ nullable: true, default: null }),
    memberId: string({ nullable: true }),
    shareSessionEpoch: int32(),
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
  },
});
export type ShareAcknowledgeRequest = MessageType<typeof shareAcknowledgeRequest>;

export const shareAcknowledgeResponse = response({
  apiKey: 79,
  name: 'ShareAcknowledgeResponse',
  versions: '1-2',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true, default: null }),
    acquisitionLockTimeoutMs: int32('2+', { ignorable: true }),
    responses: array({
      topicId: uuid(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: true, default: null }),
        currentLeader: struct({
          leaderId: int32(),
          leaderEpoch: int32(),
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
export type ShareAcknowledgeResponse = MessageType<typeof shareAcknowledgeResponse>;
