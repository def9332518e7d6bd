/**
 * AddPartitionsToTxn: makes partitions part of a transaction, before anything is produced to them.
 *
 * - v0 to v3 are for clients and have one transaction at the top level (`v3AndBelow...`).
 * - v4 and v5 are for brokers: many transactions, or only asking whether a partition is part of one (`verifyOnly`).
 */
import { array, bool, int16, int32, int64, type MessageType, request, response, string } from '../schema.ts';

const addPartitionsToTxnTopic = {
  name: string(),
  partitions: array(int32()),
};

export const addPartitionsToTxnRequest = request({
  apiKey: 24,
  name: 'AddPartitionsToTxnRequest',
  versions: '0-5',
  flexible: '3+',
  listeners: ['broker'],
  fields: {
    transactions: array('4+', {
      transactionalId: string(),
      producerId: int64(),
      producerEpoch: int16(),
      verifyOnly: bool(),
      topics: array(addPartitionsToTxnTopic),
    }),
    v3AndBelowTransactionalId: string('0-3'),
    v3AndBelowProducerId: int64('0-3'),
    v3AndBelowProducerEpoch: int16('0-3'),
    v3AndBelowTopics: array('0-3', addPartitionsToTxnTopic),
  },
});
export type AddPartitionsToTxnRequest = MessageType<typeof addPartitionsToTxnRequest>;

const addPartitionsToTxnPartitionResult = {
  partitionIndex: int32(),
  partitionErrorCode: int16(),
};

const addPartitionsToTxnTopicResult = {
  name: string(),
  resultsByPartition: array(addPartitionsToTxnPartitionResult),
};

export const addPartitionsToTxnResponse = response({
  apiKey: 24,
  name: 'AddPartitionsToTxnResponse',
  versions: '0-5',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16('4+', { ignorable: true }),
    resultsByTransaction: array('4+', {
      transactionalId: string(),
      topicResults: array(addPartitionsToTxnTopicResult),
    }),
    resultsByTopicV3AndBelow: array('0-3', addPartitionsToTxnTopicResult),
  },
});
export type AddPartitionsToTxnResponse = MessageType<typeof addPartitionsToTxnResponse>;
