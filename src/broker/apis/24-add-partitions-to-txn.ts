/**
 * AddPartitionsToTxn v0-5. v0-3: a client adds partitions to its transaction, all or none. v4+: brokers do it for many
 * producers at once, or only ask (VerifyOnly, KIP-890).
 */
import { downgradeFenced } from '../../coordinator/transaction/transaction-coordinator.ts';
import type { PartitionsByTopic } from '../../coordinator/transaction/transaction-metadata.ts';
import { isInternalTopic } from '../../metadata/topic-name.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import {
  type AddPartitionsToTxnRequest,
  addPartitionsToTxnRequest,
  addPartitionsToTxnResponse,
} from '../../protocol/messages/24-add-partitions-to-txn.ts';
import { api } from '../api-handler.ts';
import type { BrokerServices } from '../broker-services.ts';

const BATCHED_VERSION = 4;
/** Clients from here on know PRODUCER_FENCED. */
const FENCED_VERSION = 2;
/** Only producers with transaction.version 2 are added by brokers. */
const BROKER_CLIENT_VERSION = 2;

type Transaction = AddPartitionsToTxnRequest['transactions'][number];
type Topics = Transaction['topics'];

export const addPartitionsToTxn = api(
  addPartitionsToTxnRequest,
  addPartitionsToTxnResponse,
  async (request, { apiVersion }, services) => {
    if (apiVersion >= BATCHED_VERSION) {
      const results = request.transactions.map(async (transaction) => ({
        transactionalId: transaction.transactionalId,
        topicResults: await add(transaction, BROKER_CLIENT_VERSION, services),
      }));
      return { resultsByTransaction: await Promise.all(results) };
    }
    const transaction = {
      transactionalId: request.v3AndBelowTransactionalId,
      producerId: request.v3AndBelowProducerId,
      producerEpoch: request.v3AndBelowProducerEpoch,
      verifyOnly: false,
      topics: request.v3AndBelowTopics,
    };
    const knowsFenced = apiVersion >= FENCED_VERSION;
    const results = await add(transaction, 0, services, (errorCode) => downgradeFenced(errorCode, knowsFenced));
    return { resultsByTopicV3AndBelow: results };
  },
);

async function add(
  transaction: Transaction,
  clientTransactionVersion: number,
  { transactions, image }: BrokerServices,
  inWords: (errorCode: number) => number = (errorCode) => errorCode,
) {
  const { topics, transactionalId, verifyOnly } = transaction;
  const isClient = clientTransactionVersion < BROKER_CLIENT_VERSION;
  const isKnown = (topic: string, partition: number): boolean =>
    image.topics.byName(topic)?.partitions[partition] !== undefined;
  const faultOf = (topic: string, partition: number): number => {
    // Clients add offsets through their group; it is the group's broker that asks for the offsets' partition.
    if (isClient && isInternalTopic(topic)) return ErrorCode.TOPIC_AUTHORIZATION_FAILED;
    return isKnown(topic, partition) ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  };
  if (topics.some(({ name, partitions }) => partitions.some((partition) => faultOf(name, partition)))) {
    return resultsOf(topics, (name, partition) => faultOf(name, partition) || ErrorCode.OPERATION_NOT_ATTEMPTED);
  }
  if (verifyOnly) {
    const pairs = topics.flatMap(({ name, partitions }) => partitions.map((partition) => [name, partition] as const));
    const errorCodes = await transactions.verifyPartitions(transactionalId, transaction, pairs);
    const codes = errorCodes.values();
    return resultsOf(topics, () => codes.next().value ?? ErrorCode.NONE);
  }
  const { producerId, producerEpoch } = transaction;
  const partitions = byTopic(topics);
  const errorCode = inWords(
    await transactions.addPartitions({
      transactionalId,
      producerId,
      producerEpoch,
      partitions,
      clientTransactionVersion,
    }),
  );
  return resultsOf(topics, () => errorCode);
}

function byTopic(topics: Topics): PartitionsByTopic {
  const map = new Map<string, Set<number>>();
  for (const { name, partitions } of topics) map.set(name, new Set([...(map.get(name) ?? []), ...partitions]));
  return map;
}

function resultsOf(topics: Topics, errorOf: (topic: string, partition: number) => number) {
  return topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partitionIndex) => ({
      partitionIndex,
      partitionErrorCode: errorOf(name, partitionIndex),
    })),
  }));
}
