// A machine that lacks the library of a compression codec: the start says so, and the client learns the reason.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../src/base/logger.ts';
import { BatchFault, BatchSlot } from '../../src/native/log-store.ts';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import { SegmentedLogStore } from '../../src/native/segmented-log-store.ts';
import { errorName } from '../../src/protocol/errors.ts';
import { produceRequest, produceResponse } from '../../src/protocol/messages/00-produce.ts';
import { createTopicsRequest, createTopicsResponse } from '../../src/protocol/messages/19-create-topics.ts';
import { buildBatch } from '../../src/protocol/records/batch-builder.ts';
import { BatchAttribute } from '../../src/protocol/records/batch-header.ts';
import { CompressionType } from '../../src/protocol/records/compression.ts';
import { startTestBroker } from '../../src/testing/test-broker.ts';
import { RawClient } from './raw-client.ts';

const { gzip, zstd } = CompressionType;

/** As the engine behaves where zstd cannot be found. */
class WithoutZstd extends SegmentedLogStore {
  override codecAvailable(codec: number): boolean {
    return codec !== zstd && super.codecAvailable(codec);
  }

  override validate(...parameters: Parameters<SegmentedLogStore['validate']>): BatchFault {
    const [, , , , out, outAt] = parameters;
    const fault = super.validate(...parameters);
    const codec = out[outAt + BatchSlot.attributes] & BatchAttribute.compressionMask;
    return codec === zstd ? BatchFault.compression : fault;
  }
}

test('a missing codec is told of at the start and to clients', async () => {
  const warned: object[] = [];
  const broker = await startTestBroker({
    store: new WithoutZstd(new MemoryFileSpace(() => 0)),
    logger: { ...silentLogger, warn: (details, message) => warned.push({ ...details, message }) },
  });
  const client = await RawClient.connect(broker.port);
  try {
    const told = warned.filter((each) => 'codec' in each) as { codec: string; message: string; fix: string }[];
    assert.deepEqual(
      told.map(({ codec }) => codec),
      ['zstd'],
    );
    assert.match(told[0].message, /cannot read a compression codec/);
    const topics = [{ name: 'a', numPartitions: 1, replicationFactor: 1 }];
    await client.ask(createTopicsRequest, createTopicsResponse, 7, { topics });
    const produce = async (records: Buffer) => {
      const topicData = [{ name: 'a', partitionData: [{ index: 0, records }] }];
      const { responses } = await client.ask(produceRequest, produceResponse, 9, { acks: -1, topicData });
      const { errorCode, errorMessage } = responses[0].partitionResponses[0];
      return [errorName(errorCode), errorMessage];
    };
    const batch = (compression: CompressionType) => buildBatch([{ value: 'v', timestamp: 1 }], { compression });
    assert.deepEqual(await produce(batch(zstd)), [
      'UNSUPPORTED_COMPRESSION_TYPE',
      'the broker cannot read this compression codec',
    ]);
    assert.deepEqual(await produce(batch(gzip)), ['NONE', null]);
  } finally {
    client.close();
    await broker.stop();
  }
});
