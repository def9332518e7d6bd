// Clients that send the last they have and close their side at once.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { produceRequest } from '../../src/protocol/messages/00-produce.ts';
import { listOffsetsRequest, listOffsetsResponse } from '../../src/protocol/messages/02-list-offsets.ts';
import { createTopicsRequest, createTopicsResponse } from '../../src/protocol/messages/19-create-topics.ts';
import { buildBatch } from '../../src/protocol/records/batch-builder.ts';
import { startTestBroker } from '../../src/testing/test-broker.ts';
import { RawClient, requestFrame } from './raw-client.ts';
import { tlsSocket } from './tls-client.ts';

const batch = buildBatch([{ value: 'v', timestamp: 1_700_000_000_000 }]);
/** More than may be under way together, in one write. */
const REQUESTS = 1_000;
const RESPONSE_BYTES = 53;

describe('a client that closes its side behind its last request', () => {
  for (const tls of [false, true]) {
    for (const acks of [0, -1]) {
      test(`is served to the end: acks=${acks}${tls ? ', TLS' : ''}`, async () => {
        const broker = await startTestBroker({ tls });
        const open = async () => {
          if (tls) return tlsSocket(broker.port, { ca: broker.ca });
          const socket = connect({ port: broker.port, host: '127.0.0.1', allowHalfOpen: true });
          await once(socket, 'connect');
          return socket;
        };
        const admin = RawClient.over(await open());
        const topics = [{ name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
        await admin.ask(createTopicsRequest, createTopicsResponse, 5, { topics });
        const body = { acks, topicData: [{ name: 't', partitionData: [{ index: 0, records: batch }] }] };
        const frames = Array.from({ length: REQUESTS }, (_, id) => requestFrame(produceRequest, 7, body, id));
        const socket = await open();
        let answeredBytes = 0;
        socket.on('data', (bytes: Buffer) => (answeredBytes += bytes.length));
        socket.end(Buffer.concat(frames));
        await once(socket, 'end');
        socket.destroy();
        assert.equal(answeredBytes, acks === 0 ? 0 : REQUESTS * RESPONSE_BYTES);
        const question = [{ name: 't', partitions: [{ partitionIndex: 0, timestamp: -1, currentLeaderEpoch: -1 }] }];
        const { topics: ends } = await admin.ask(listOffsetsRequest, listOffsetsResponse, 5, { topics: question });
        assert.equal(ends[0].partitions[0].offset, REQUESTS);
        admin.close();
        await broker.stop();
      });
    }
  }
});
