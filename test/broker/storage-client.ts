/** Requests about topics and their logs, for tests of a broker's storage. */
import assert from 'node:assert/strict';
import { produceRequest, produceResponse } from '../../src/protocol/messages/00-produce.ts';
import { fetchRequest, fetchResponse } from '../../src/protocol/messages/01-fetch.ts';
import { metadataRequest, metadataResponse } from '../../src/protocol/messages/03-metadata.ts';
import { createTopicsRequest, createTopicsResponse } from '../../src/protocol/messages/19-create-topics.ts';
import { deleteTopicsRequest, deleteTopicsResponse } from '../../src/protocol/messages/20-delete-topics.ts';
import {
  alterReplicaLogDirsRequest,
  alterReplicaLogDirsResponse,
} from '../../src/protocol/messages/34-alter-replica-log-dirs.ts';
import { describeLogDirsRequest, describeLogDirsResponse } from '../../src/protocol/messages/35-describe-log-dirs.ts';
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../src/protocol/messages/44-incremental-alter-configs.ts';
import { buildBatch } from '../../src/protocol/records/batch-builder.ts';
import { RecordReader } from '../../src/protocol/records/record-reader.ts';
import { recordBatches } from '../../src/protocol/records/stored-batches.ts';
import { RawClient } from './raw-client.ts';

/** A partition in a log directory as DescribeLogDirs shows it. */
export interface DescribedReplica {
  readonly path: string;
  readonly partition: number;
  readonly sizeBytes: number;
  readonly offsetLag: number;
  readonly isFuture: boolean;
}

export class StorageClient {
  readonly raw: RawClient;

  constructor(raw: RawClient) {
    this.raw = raw;
  }

  static async connect(port: number): Promise<StorageClient> {
    return new StorageClient(await RawClient.connect(port));
  }

  close(): void {
    this.raw.close();
  }

  async create(name: string, numPartitions = 1, configs: Readonly<Record<string, string>> = {}): Promise<number> {
    const list = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
    const topics = [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: list }];
    return (await this.raw.ask(createTopicsRequest, createTopicsResponse, 7, { topics })).topics[0].errorCode;
  }

  async delete(name: string): Promise<number> {
    const body = { topicNames: [name], timeoutMs: 5000 };
    const { responses } = await this.raw.ask(deleteTopicsRequest, deleteTopicsResponse, 3, body);
    return responses[0].errorCode;
  }

  /** Error code and base offset. */
  async produce(
    name: string,
    value: string,
    { acks = -1, index = 0, ...options }: { acks?: number; index?: number } & Parameters<typeof buildBatch>[1] = {},
  ): Promise<[errorCode: number, baseOffset: number]> {
    const records = buildBatch([{ value, timestamp: 1_700_000_000_000 }], options);
    const topicData = [{ name, partitionData: [{ index, records }] }];
    const { responses } = await this.raw.ask(produceRequest, produceResponse, 9, { acks, topicData });
    const { errorCode, baseOffset } = responses[0].partitionResponses[0];
    return [errorCode, baseOffset];
  }

  async fetch(topic: string, fetchOffset = 0, partition = 0) {
    const partitions = [{ partition, fetchOffset, partitionMaxBytes: 1_000_000 }];
    const body = { maxWaitMs: 0, minBytes: 1, maxBytes: 1_000_000, topics: [{ topic, partitions }] };
    const { responses } = await this.raw.ask(fetchRequest, fetchResponse, 12, body);
    const { errorCode, records, highWatermark } = responses[0].partitions[0];
    return { errorCode, highWatermark, batches: records ? [...recordBatches(Buffer.from(records))] : [] };
  }

  /** All values of a partition in order; its offsets must be dense. */
  async values(topic: string, partition = 0): Promise<string[]> {
    const values: string[] = [];
    for (let offset = 0; ; ) {
      const { errorCode, highWatermark, batches } = await this.fetch(topic, offset, partition);
      assert.equal(errorCode, 0);
      if (offset >= highWatermark) return values;
      for (const batch of batches) {
        for (const record of new RecordReader(batch)) {
          assert.equal(record.offset, values.length);
          values.push(Buffer.from(record.value!).toString());
        }
        offset = batch.nextOffset;
      }
    }
  }

  async partition(topic: string, index = 0) {
    const { topics } = await this.raw.ask(metadataRequest, metadataResponse, 9, { topics: [{ name: topic }] });
    return topics[0].partitions[index];
  }

  async move(topic: string, partition: number, path: string): Promise<number> {
    const dirs = [{ path, topics: [{ name: topic, partitions: [partition] }] }];
    const { results } = await this.raw.ask(alterReplicaLogDirsRequest, alterReplicaLogDirsResponse, 2, { dirs });
    return results[0].partitions[0].errorCode;
  }

  async directories(): Promise<Map<string, number>> {
    const { results } = await this.raw.ask(describeLogDirsRequest, describeLogDirsResponse, 4, { topics: null });
    return new Map(results.map(({ logDir, errorCode }) => [logDir, errorCode]));
  }

  async replicas(topic: string): Promise<DescribedReplica[]> {
    const { results } = await this.raw.ask(describeLogDirsRequest, describeLogDirsResponse, 4, { topics: null });
    return results.flatMap(({ logDir: path, topics }) =>
      topics
        .filter(({ name }) => name === topic)
        .flatMap(({ partitions }) =>
          partitions.map(
            ({ partitionIndex: partition, partitionSize: sizeBytes, offsetLag, isFutureKey: isFuture }) => ({
              path,
              partition,
              sizeBytes,
              offsetLag,
              isFuture,
            }),
          ),
        ),
    );
  }

  /** Waits until the partition lies in the directory, and nowhere else. */
  async untilMoved(topic: string, partition: number, path: string): Promise<void> {
    for (;;) {
      const replicas = (await this.replicas(topic)).filter((replica) => replica.partition === partition);
      if (replicas.length === 1 && replicas[0].path === path) return;
      await new Promise(setImmediate);
    }
  }

  async alter(resourceType: number, resourceName: string, name: string, value: string): Promise<number> {
    const resources = [{ resourceType, resourceName, configs: [{ name, configOperation: 0, value }] }];
    const { responses } = await this.raw.ask(incrementalAlterConfigsRequest, incrementalAlterConfigsResponse, 1, {
      resources,
    });
    return responses[0].errorCode;
  }
}
