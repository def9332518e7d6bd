/** Short ways to speak of transactions with a broker over a raw connection. */

import { produceRequest, produceResponse } from '../../src/protocol/messages/00-produce.ts';
import { fetchRequest, fetchResponse } from '../../src/protocol/messages/01-fetch.ts';
import { listOffsetsRequest, listOffsetsResponse } from '../../src/protocol/messages/02-list-offsets.ts';
import { metadataRequest, metadataResponse } from '../../src/protocol/messages/03-metadata.ts';
import { findCoordinatorRequest, findCoordinatorResponse } from '../../src/protocol/messages/10-find-coordinator.ts';
import { createTopicsRequest, createTopicsResponse } from '../../src/protocol/messages/19-create-topics.ts';
import { initProducerIdRequest, initProducerIdResponse } from '../../src/protocol/messages/22-init-producer-id.ts';
import {
  addPartitionsToTxnRequest,
  addPartitionsToTxnResponse,
} from '../../src/protocol/messages/24-add-partitions-to-txn.ts';
import { endTxnRequest, endTxnResponse } from '../../src/protocol/messages/26-end-txn.ts';
import {
  describeTransactionsRequest,
  describeTransactionsResponse,
} from '../../src/protocol/messages/65-describe-transactions.ts';
import { buildBatch } from '../../src/protocol/records/batch-builder.ts';
import { readRecords } from '../../src/protocol/records/record-reader.ts';
import { recordBatches } from '../../src/protocol/records/stored-batches.ts';
import { RawClient } from './raw-client.ts';

export const TOPIC = 't';
/** Markers have the time of day; older records would begin a new segment at each of them. */
const NOW_MS = Date.now();
const READ_COMMITTED = 1;

export interface Producer {
  readonly producerId: number;
  readonly producerEpoch: number;
}

export interface Write extends Partial<Producer> {
  readonly value?: string;
  readonly partition?: number;
  readonly sequence?: number;
  readonly transactional?: boolean;
}

/** A batch of one record. */
export function batchOf(write: Write): Buffer {
  const { value = 'v', sequence: baseSequence = 0, transactional = true, producerId, producerEpoch } = write;
  const options = producerId === undefined ? {} : { producerId, producerEpoch, baseSequence, transactional };
  return buildBatch([{ value, timestamp: NOW_MS }], options);
}

export class TransactionClient {
  readonly raw: RawClient;

  private constructor(raw: RawClient) {
    this.raw = raw;
  }

  /** Makes the topic and the coordinator's topic when they are not there. */
  static async connect(port: number): Promise<TransactionClient> {
    const client = new TransactionClient(await RawClient.connect(port));
    const topics = [{ name: TOPIC, numPartitions: 3, replicationFactor: 1, assignments: [], configs: [] }];
    await client.raw.ask(createTopicsRequest, createTopicsResponse, 5, { topics });
    for (const keyType of [0, 1]) {
      await client.raw.ask(findCoordinatorRequest, findCoordinatorResponse, 1, { key: 'id', keyType });
    }
    return client;
  }

  close(): void {
    this.raw.close();
  }

  /** Asked again while an older transaction is being ended. */
  async init(transactionalId: string, transactionTimeoutMs = 60_000): Promise<Producer> {
    for (;;) {
      const request = { transactionalId, transactionTimeoutMs };
      const answer = await this.raw.ask(initProducerIdRequest, initProducerIdResponse, 5, request);
      const { errorCode, producerId, producerEpoch } = answer;
      if (errorCode === 0) return { producerId, producerEpoch };
      if (errorCode !== 51) throw new Error(`InitProducerId: ${errorCode}`);
    }
  }

  /** As an older client does; the error code of the first partition. */
  async add(transactionalId: string, producer: Producer, partitions: readonly number[]): Promise<number> {
    const { resultsByTopicV3AndBelow: results } = await this.raw.ask(
      addPartitionsToTxnRequest,
      addPartitionsToTxnResponse,
      3,
      {
        v3AndBelowTransactionalId: transactionalId,
        v3AndBelowProducerId: producer.producerId,
        v3AndBelowProducerEpoch: producer.producerEpoch,
        v3AndBelowTopics: [{ name: TOPIC, partitions: [...partitions] }],
      },
    );
    return results[0].resultsByPartition[0].partitionErrorCode;
  }

  /** Error code and offset of each write, in order. */
  async produce(version: number, transactionalId: string | null, ...writes: readonly Write[]) {
    const partitionData = writes.map((write) => ({ index: write.partition ?? 0, records: batchOf(write) }));
    const topicData = [{ name: TOPIC, topicId: version >= 13 ? await this.topicId() : undefined, partitionData }];
    const request = { transactionalId, acks: -1, timeoutMs: 1000, topicData };
    const { responses } = await this.raw.ask(produceRequest, produceResponse, version, request);
    return responses[0].partitionResponses.map(({ errorCode, baseOffset }) => [errorCode, baseOffset]);
  }

  async topicId(): Promise<string> {
    const { topics } = await this.raw.ask(metadataRequest, metadataResponse, 12, { topics: [{ name: TOPIC }] });
    return topics[0].topicId;
  }

  /** Asked again while the last markers are on their way. */
  async end(transactionalId: string, producer: Producer, committed: boolean, version = 5): Promise<Producer> {
    for (;;) {
      const request = { transactionalId, ...producer, committed };
      const { errorCode, producerId, producerEpoch } = await this.raw.ask(
        endTxnRequest,
        endTxnResponse,
        version,
        request,
      );
      if (errorCode === 0) return version >= 5 ? { producerId, producerEpoch } : producer;
      if (errorCode !== 51) throw new Error(`EndTxn: ${errorCode}`);
    }
  }

  async state(transactionalId: string): Promise<string> {
    const { transactionStates } = await this.raw.ask(describeTransactionsRequest, describeTransactionsResponse, 0, {
      transactionalIds: [transactionalId],
    });
    return transactionStates[0].transactionState;
  }

  /** Waits until the transaction is complete. */
  async completed(transactionalId: string): Promise<void> {
    while (!/^Complete/.test(await this.state(transactionalId)));
  }

  async lastStableOffset(partition = 0): Promise<number> {
    const topics = [
      { name: TOPIC, partitions: [{ partitionIndex: partition, currentLeaderEpoch: -1, timestamp: -1 }] },
    ];
    const request = { replicaId: -1, isolationLevel: READ_COMMITTED, topics };
    const answer = await this.raw.ask(listOffsetsRequest, listOffsetsResponse, 5, request);
    return answer.topics[0].partitions[0].offset;
  }

  /** What Fetch says, and the values that a reader of committed records takes from it. */
  async fetchCommitted(fetchOffset = 0, partition = 0, waitMs = 0) {
    const partitions = [{ partition, fetchOffset, partitionMaxBytes: 1 << 20, currentLeaderEpoch: -1 }];
    const { responses } = await this.raw.ask(fetchRequest, fetchResponse, 11, {
      maxWaitMs: waitMs,
      minBytes: waitMs > 0 ? 1 : 0,
      maxBytes: 1 << 20,
      isolationLevel: READ_COMMITTED,
      topics: [{ topic: TOPIC, partitions }],
    });
    const found = responses[0].partitions[0];
    const aborted = (found.abortedTransactions ?? []).map(({ producerId, firstOffset }) => ({
      producerId,
      firstOffset,
    }));
    const values = committedValues(found.records ?? Buffer.alloc(0), aborted);
    return { errorCode: found.errorCode, lastStableOffset: found.lastStableOffset, aborted, values };
  }
}

/** As clients do it: batches of producers whose aborted transaction has begun are dropped until its marker comes. */
function committedValues(
  records: Uint8Array,
  aborted: readonly { readonly producerId: number; readonly firstOffset: number }[],
): string[] {
  const pending = [...aborted].sort((one, other) => one.firstOffset - other.firstOffset);
  const dropping = new Set<number>();
  const values: string[] = [];
  for (const batch of recordBatches(records)) {
    while (pending.length > 0 && pending[0].firstOffset <= batch.lastOffset) dropping.add(pending.shift()!.producerId);
    if (batch.isControl) dropping.delete(batch.producerId);
    else if (!(batch.isTransactional && dropping.has(batch.producerId))) {
      values.push(...readRecords(batch).map(({ value }) => Buffer.from(value ?? []).toString()));
    }
  }
  return values;
}
