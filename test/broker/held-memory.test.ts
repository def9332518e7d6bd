// Memory for requests, when clients send large ones that must wait for an earlier request of theirs.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { produceRequest, produceResponse } from '../../src/protocol/messages/00-produce.ts';
import { fetchRequest } from '../../src/protocol/messages/01-fetch.ts';
import { createTopicsRequest, createTopicsResponse } from '../../src/protocol/messages/19-create-topics.ts';
import { buildBatch } from '../../src/protocol/records/batch-builder.ts';
import { startTestBroker, type TestBroker } from '../../src/testing/test-broker.ts';
import { RawClient, requestFrame } from './raw-client.ts';

const ARENA_BYTES = 1 << 20;
const BATCH_BYTES = 300_000;
const CLIENTS = 6;

let broker: TestBroker;

before(async () => {
  const configs = { 'millrace.receive.arena.bytes': ARENA_BYTES, 'socket.request.max.bytes': ARENA_BYTES };
  broker = await startTestBroker({ configs });
});

after(() => broker?.stop());

const batch = buildBatch([{ value: Buffer.alloc(BATCH_BYTES), timestamp: 1_700_000_000_000 }]);
const produceBody = { acks: -1, topicData: [{ name: 't', partitionData: [{ index: 0, records: batch }] }] };

describe('memory for requests', () => {
  test('is not held by what waits behind long fetches; it comes to its turn later', async () => {
    const admin = await RawClient.connect(broker.port);
    const topics = [{ name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
    await admin.ask(createTopicsRequest, createTopicsResponse, 5, { topics });
    const partitions = [{ partition: 0, fetchOffset: 1, partitionMaxBytes: 10_000_000 }];
    // Offset 1 is out of range without a record before it.
    await admin.ask(produceRequest, produceResponse, 7, produceBody);
    const fetchBody = {
      maxWaitMs: 600_000,
      minBytes: 2 * BATCH_BYTES,
      maxBytes: 10_000_000,
      topics: [{ topic: 't', partitions }],
    };
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => RawClient.connect(broker.port)));
    const answers = clients.flatMap((client) => {
      client.write(requestFrame(fetchRequest, 11, fetchBody, 1));
      client.write(requestFrame(produceRequest, 7, produceBody, 2));
      return [client.await(fetchRequest, 11, 1), client.await(produceRequest, 7, 2)];
    });
    for (let count = 0; count < 3; count++) {
      const { responses } = await admin.ask(produceRequest, produceResponse, 7, produceBody);
      assert.equal(responses[0].partitionResponses[0].errorCode, 0);
    }
    // Those three have ended the fetches, so the others go on too.
    await Promise.all(answers);
    for (const client of [admin, ...clients]) client.close();
  });
});
