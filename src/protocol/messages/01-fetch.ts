/**
 * Fetch: reads record batches; used by consumers, by followers, and by KRaft observers on the controller listener.
 *
 * - v4 isolation level and aborted transactions; v7 fetch sessions (KIP-227); v9 fences by leader epoch; v10 zstd; v11
 *   the consumer's rack (KIP-392); v12 detects divergence by epoch; v13 topic ids; v15 moves the replica id into
 *   `replicaState`; v16 leader discovery (KIP-951); v17 directory ids; v18 the follower's high watermark (KIP-1166).
 * - The order of partitions is the order in which they are filled. The first batch is sent even when larger than the
 *   limits.
 * - Trap: from v15 on `replicaId` is at its default -1 and the follower stands in `replicaState`.
 * - Trap: `highWatermark` of the request defaults to Long.MAX_VALUE, which means that the sender does not know the
 *   feature.
 */
import {
  array,
  int8,
  int16,
  int32,
  int64,
  LONG_MAX,
  type MessageType,
  records,
  request,
  response,
  string,
  struct,
  uuid,
} from '../schema.ts';

export const fetchRequest = request({
  apiKey: 1,
  name: 'FetchRequest',
  versions: '4-18',
  flexible: '12+',
  listeners: ['broker', 'controller'],
  fields: {
    clusterId: string('12+', { nullable: true, default: null, tag: 0, ignorable: true }),
    replicaId: int32('4-14', { default: -1 }),
    replicaState: struct(
      '15+',
      {
        replicaId: int32({ default: -1 }),
        replicaEpoch: int64({ default: -1 }),
      },
      { tag: 1 },
    ),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32({ default: 0x7fffffff, ignorable: true }),
    isolationLevel: int8({ ignorable: true }),
    sessionId: int32('7+', { ignorable: true }),
    sessionEpoch: int32('7+', { default: -1, ignorable: true }),
    topics: array({
      topic: string('4-12', { ignorable: true }),
      topicId: uuid('13+', { ignorable: true }),
      partitions: array({
        partition: int32(),
        currentLeaderEpoch: int32('9+', { default: -1, ignorable: true }),
        fetchOffset: int64(),
        lastFetchedEpoch: int32('12+', { default: -1 }),
        logStartOffset: int64('5+', { default: -1, ignorable: true }),
        partitionMaxBytes: int32(),
        replicaDirectoryId: uuid('17+', { tag: 0, ignorable: true }),
        highWatermark: int64('18+', { default: LONG_MAX, tag: 1, ignorable: true }),
      }),
    }),
    forgottenTopicsData: array('7+', {
      topic: string('7-12', { ignorable: true }),
      topicId: uuid('13+', { ignorable: true }),
      partitions: array(int32()),
    }),
    rackId: string('11+', { ignorable: true }),
  },
});
export type FetchRequest = MessageType<typeof fetchRequest>;

export const fetchResponse = response({
  apiKey: 1,
  name: 'FetchResponse',
  versions: '4-18',
  flexible: '12+',
  fields: {
    throttleTimeMs: int32({ ignorable: true }),
    errorCode: int16('7+', { ignorable: true }),
    sessionId: int32('7+'),
    responses: array({
      topic: string('4-12', { ignorable: true }),
      topicId: uuid('13+', { ignorable: true }),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        highWatermark: int64(),
        lastStableOffset: int64({ default: -1, ignorable: true }),
        logStartOffset: int64('5+', { default: -1, ignorable: true }),
        divergingEpoch: struct(
          '12+',
          {
            epoch: int32({ default: -1 }),
            endOffset: int64({ default: -1 }),
          },
          { tag: 0 },
        ),
        currentLeader: struct(
          '12+',
          {
            leaderId: int32({ default: -1 }),
            leaderEpoch: int32({ default: -1 }),
          },
          { tag: 1 },
        ),
        snapshotId: struct(
          '12+',
          {
            endOffset: int64({ default: -1 }),
            epoch: int32({ default: -1 }),
          },
          { tag: 2 },
        ),
        abortedTransactions: array(
          {
            producerId: int64(),
            firstOffset: int64(),
          },
          { nullable: true, ignorable: true },
        ),
        preferredReadReplica: int32('11+', { default: -1 }),
        records: records({ nullable: true }),
      }),
    }),
    nodeEndpoints: array(
      '16+',
      {
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string({ nullable: true, default: null }),
      },
      { tag: 0 },
    ),
  },
});
export type FetchResponse = MessageType<typeof fetchResponse>;
