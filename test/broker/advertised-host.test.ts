// Where clients are told to find the broker.
import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { metadataRequest, metadataResponse } from '../../src/protocol/messages/03-metadata.ts';
import { findCoordinatorRequest, findCoordinatorResponse } from '../../src/protocol/messages/10-find-coordinator.ts';
import { startTestBroker } from '../../src/testing/test-broker.ts';
import { RawClient } from './raw-client.ts';

const GROUP = 0;

test('a broker that advertises no host is found where its client found it', async (t) => {
  const broker = await startTestBroker({ configs: { listeners: 'PLAINTEXT://:0' } });
  t.after(() => broker.stop());
  const client = await RawClient.connect(broker.port);
  t.after(() => client.close());
  const { brokers } = await client.ask(metadataRequest, metadataResponse, 12, { topics: [] });
  assert.deepEqual(
    brokers.map(({ host, port }) => [host, port]),
    [['127.0.0.1', broker.port]],
  );
  const asked = { keyType: GROUP, coordinatorKeys: ['readers'] };
  const { coordinators } = await client.ask(findCoordinatorRequest, findCoordinatorResponse, 4, asked);
  assert.deepEqual([coordinators[0].host, coordinators[0].port], ['127.0.0.1', broker.port]);
});

test('an advertised host is told to everybody', async (t) => {
  const advertised = hostname();
  const configs = { listeners: 'PLAINTEXT://127.0.0.1:0', 'advertised.listeners': `PLAINTEXT://${advertised}:1234` };
  const broker = await startTestBroker({ configs });
  t.after(() => broker.stop());
  const client = await RawClient.connect(broker.port);
  t.after(() => client.close());
  const { brokers } = await client.ask(metadataRequest, metadataResponse, 12, { topics: [] });
  assert.deepEqual(
    brokers.map(({ host, port }) => [host, port]),
    [[advertised, 1234]],
  );
});
