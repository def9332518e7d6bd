/**
 * FetchSnapshot: a piece of a KRaft snapshot, by position. v1 directory ids (KIP-853). Controllers only.
 */
import {
  array,
  int16,
  int32,
  int64,
  type MessageType,
  records,
  request,
  response,
  string,
  struct,
  uint16,
  uuid,
} from '../schema.ts';

export const fetchSnapshotRequest = request({
  apiKey: 59,
  name: 'FetchSnapshotRequest',
  versions: '0-1',
  flexible: '0+',
  listeners: ['controller'],
  fields: {
    clusterId: string({ nullable: true, default: null, tag: 0 }),
    replicaId: int32({ default: -1 }),
    maxBytes: int32({ default: 0x7fffffff }),
    topics: array({
      name: string(),
      partitions: array({
        partition: int32(),
        currentLeaderEpoch: int32(),
        snapshotId: struct({
          endOffset: int64(),
          epoch: int32(),
        }),
        position: int64(),
        replicaDirectoryId: uuid('1+', { tag: 0, ignorable: true }),
      }),
    }),
  },
});
export type FetchSnapshotRequest = MessageType<typeof fetchSnapshotRequest>;

export const fetchSnapshotResponse = response({
  apiKey: 59,
  name: 'FetchSnapshotResponse',
  versions: '0-1',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32({ ignorable: true }),
    errorCode: int16(),
    topics: array({
      name: string(),
      partitions: array({
        index: int32(),
        errorCode: int16(),
        snapshotId: struct({
          endOffset: int64(),
          epoch: int32(),
        }),
        currentLeader: struct(
          {
            leaderId: int32(),
            leaderEpoch: int32(),
          },
          { tag: 0 },
        ),
        size: int64(),
        position: int64(),
        unalignedRecords: records(),
      }),
    }),
    nodeEndpoints: array(
      '1+',
      {
        nodeId: int32(),
        host: string(),
        port: uint16(),
      },
      { tag: 0 },
    ),
  },
});
export type FetchSnapshotResponse = MessageType<typeof fetchSnapshotResponse>;
