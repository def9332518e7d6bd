/**
 * Produce: appends record batches to partitions. Served by brokers; with acks 0 no response is sent at all.
 *
 * - The response is sent only after the order of all requests of the connection is settled; acks -1 waits for the
 *   in-sync replicas.
 * - v7 allows zstd; v8 answers with the records that were refused (KIP-467); v10 carries the new leader (KIP-951).
 * - v12 adds partitions to the transaction on its own (transaction.version 2, KIP-890); v13 names topics by id.
 * - Trap: 3 is the oldest version, yet 0 must be advertised as the minimum, or old librdkafka turns compression off
 *   (KAFKA-18659).
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
  uuid,
} from '../schema.ts';

export const produceRequest = request({
  apiKey: 0,
  name: 'ProduceRequest',
  versions: '3-13',
  flexible: '9+',
  listeners: ['broker'],
  fields: {
    transactionalId: string({ nullable: true, default: null }),
    acks: int16(),
    timeoutMs: int32(),
    topicData: array({
      name: string('3-12', { ignorable: true }),
      topicId: uuid('13+', { ignorable: true }),
      partitionData: array({
        index: int32(),
        records: records({ nullable: true }),
      }),
    }),
  },
});
export type ProduceRequest = MessageType<typeof produceRequest>;

export const produceResponse = response({
  apiKey: 0,
  name: 'ProduceResponse',
  versions: '3-13',
  flexible: '9+',
  fields: {
    responses: array({
      name: string('3-12', { ignorable: true }),
      topicId: uuid('13+', { ignorable: true }),
      partitionResponses: array({
        index: int32(),
        errorCode: int16(),
        baseOffset: int64(),
        logAppendTimeMs: int64({ default: -1, ignorable: true }),
        logStartOffset: int64('5+', { default: -1, ignorable: true }),
        recordErrors: array(
          '8+',
          {
            batchIndex: int32(),
            batchIndexErrorMessage: string({ nullable: true, default: null }),
          },
          { ignorable: true },
        ),
        errorMessage: string('8+', { nullable: true, default: null, ignorable: true }),
        currentLeader: struct(
          '10+',
          {
            leaderId: int32({ default: -1 }),
            leaderEpoch: int32({ default: -1 }),
          },
          { tag: 0 },
        ),
      }),
    }),
    throttleTimeMs: int32({ ignorable: true }),
    nodeEndpoints: array(
      '10+',
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
export type ProduceResponse = MessageType<typeof produceResponse>;
