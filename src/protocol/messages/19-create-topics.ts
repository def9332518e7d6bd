/**
 * CreateTopics. Forwarded to the controller.
 *
 * - v4 allows -1 for partitions and replication factor (the broker's defaults); v5 answers with the resulting configs;
 *   v6 throttles with THROTTLING_QUOTA_EXCEEDED; v7 answers with the topic id.
 */
import { array, bool, int8, int16, int32, type MessageType, request, response, string, uuid } from '../schema.ts';

export const createTopicsRequest = request({
  apiKey: 19,
  name: 'CreateTopicsRequest',
  versions: '2-7',
  flexible: '5+',
  listeners: ['broker', 'controller'],
  fields: {
    topics: array({
      name: string(),
      numPartitions: int32(),
      replicationFactor: int16(),
      assignments: array({
        partitionIndex: int32(),
        brokerIds: array(int32()),
      }),
      configs: array({
        name: string(),
        value: string({ nullable: true }),
      }),
    }),
    timeoutMs: int32({ default: 60000 }),
    validateOnly: bool(),
  },
});
export type CreateTopicsRequest = MessageType<typeof createTopicsRequest>;

export const createTopicsResponse = response({
  apiKey: 19,
  name: 'CreateTopicsResponse',
  versions: '2-7',
  flexible: '5+',
  fields: {
    throttleTimeMs: int32({ ignorable: true }),
    topics: array({
      name: string(),
      topicId: uuid('7+', { ignorable: true }),
      errorCode: int16(),
      errorMessage: string({ nullable: true, ignorable: true }),
      topicConfigErrorCode: int16('5+', { tag: 0, ignorable: true }),
      numPartitions: int32('5+', { default: -1, ignorable: true }),
      replicationFactor: int16('5+', { default: -1, ignorable: true }),
      configs: array(
        '5+',
        {
          name: string(),
          value: string({ nullable: true }),
          readOnly: bool(),
          configSource: int8({ default: -1, ignorable: true }),
          isSensitive: bool(),
        },
        { nullable: true, ignorable: true },
      ),
    }),
  },
});
export type CreateTopicsResponse = MessageType<typeof createTopicsResponse>;
