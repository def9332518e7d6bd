/** Requests and responses through the compiled codecs, batches through checks and readers. */
import { decode, encode } from '../../src/protocol/codec.ts';
import { fetchRequest, fetchResponse } from '../../src/protocol/messages/01-fetch.ts';
import { metadataResponse } from '../../src/protocol/messages/03-metadata.ts';
import { offsetCommitRequest } from '../../src/protocol/messages/08-offset-commit.ts';
import { buildBatch } from '../../src/protocol/records/batch-builder.ts';
import { checkBatch, RecordBatchView } from '../../src/protocol/records/batch-header.ts';
import { RecordReader } from '../../src/protocol/records/record-reader.ts';
import type { MicroCase } from './micro-case.ts';

const PARTITIONS = 100;
const RECORDS = 100;

const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);

const fetch = {
  maxWaitMs: 500,
  minBytes: 1,
  topics: [
    {
      topic: 'orders',
      partitions: partitions.map((partition) => ({
        partition,
        fetchOffset: partition * 1000,
        partitionMaxBytes: 1 << 20,
      })),
    },
  ],
};
const fetched = {
  responses: [
    {
      topic: 'orders',
      partitions: partitions.map((partitionIndex) => ({
        partitionIndex,
        highWatermark: 5,
        lastStableOffset: 5,
        logStartOffset: 0,
        records: Buffer.alloc(0),
      })),
    },
  ],
};
const metadata = {
  brokers: [{ nodeId: 1, host: 'broker-1.example.org', port: 9092 }],
  clusterId: 'AAAAAAAAAAAAAAAAAAAAAA',
  topics: [
    {
      name: 'orders',
      partitions: partitions.map((partitionIndex) => ({
        partitionIndex,
        leaderId: 1,
        leaderEpoch: 3,
        replicaNodes: [1, 2, 3],
        isrNodes: [1, 2, 3],
      })),
    },
  ],
};
const commit = {
  groupId: 'billing',
  memberId: 'billing-1-0c6d3f9c-2f0e-4b52-a1f1-3d2f5a6f5a70',
  topics: [
    {
      name: 'orders',
      partitions: partitions.map((partitionIndex) => ({
        partitionIndex,
        committedOffset: 12345,
        committedMetadata: '',
      })),
    },
  ],
};

function drain(reader: RecordReader): number {
  let bytes = 0;
  for (let record = reader.next(); record !== undefined; record = reader.next()) bytes += record.value?.length ?? 0;
  return bytes;
}

export function codecCases(): MicroCase[] {
  const fetchBytes = encode(fetchRequest, fetch, 12);
  const commitBytes = encode(offsetCommitRequest, commit, 8);
  const value = Buffer.alloc(100, 'x');
  const batch = buildBatch(Array.from({ length: RECORDS }, () => ({ value, timestamp: 1_700_000_000_000 })));
  const view = new RecordBatchView(batch);
  return [
    { name: 'codec: decode Fetch v12, 100 partitions', bytes: 0, run: () => decode(fetchRequest, fetchBytes, 0, 12) },
    {
      name: 'codec: encode Fetch v12 response, 100 partitions',
      bytes: 0,
      run: () => encode(fetchResponse, fetched, 12),
    },
    {
      name: 'codec: encode Metadata v12 response, 100 partitions',
      bytes: 0,
      run: () => encode(metadataResponse, metadata, 12),
    },
    {
      name: 'codec: decode OffsetCommit v8, 100 partitions',
      bytes: 0,
      run: () => decode(offsetCommitRequest, commitBytes, 0, 8),
    },
    {
      name: 'records: check a batch of 100 x 100 B, portable CRC',
      bytes: batch.length,
      run: () => checkBatch(batch, 0, batch.length),
    },
    { name: 'records: read 100 x 100 B', bytes: batch.length, run: () => drain(new RecordReader(view)) },
    {
      name: 'records: build 100 x 100 B',
      bytes: batch.length,
      run: () => buildBatch(Array.from({ length: RECORDS }, () => ({ value, timestamp: 1_700_000_000_000 }))),
    },
  ];
}
