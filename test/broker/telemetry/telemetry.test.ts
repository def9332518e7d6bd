import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ZERO_UUID } from '../../../src/base/uuid.ts';
import { ErrorCode } from '../../../src/protocol/errors.ts';
import { apiVersionsRequest, apiVersionsResponse } from '../../../src/protocol/messages/18-api-versions.ts';
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../../src/protocol/messages/44-incremental-alter-configs.ts';
import {
  getTelemetrySubscriptionsRequest,
  getTelemetrySubscriptionsResponse,
} from '../../../src/protocol/messages/71-get-telemetry-subscriptions.ts';
import { pushTelemetryRequest, pushTelemetryResponse } from '../../../src/protocol/messages/72-push-telemetry.ts';
import { CompressionType, compress } from '../../../src/protocol/records/compression.ts';
import { startTestBroker, type TestBroker } from '../../../src/testing/test-broker.ts';
import { metricsData, sum } from '../../telemetry/otlp-writer.ts';
import { RawClient } from '../raw-client.ts';

let broker: TestBroker;
let client: RawClient;
let metricsPort: number;

beforeEach(async () => {
  broker = await startTestBroker({ configs: { 'millrace.metrics.listener': '127.0.0.1:0' } });
  metricsPort = broker.metricsPort!;
  client = await RawClient.connect(broker.port);
});

afterEach(async () => {
  client.close();
  await broker.stop();
});

async function subscribe(name: string, configs: Record<string, string>): Promise<void> {
  const answer = await client.ask(incrementalAlterConfigsRequest, incrementalAlterConfigsResponse, 1, {
    resources: [
      {
        resourceType: 16,
        resourceName: name,
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, configOperation: 0, value })),
      },
    ],
    validateOnly: false,
  });
  assert.equal(answer.responses[0].errorCode, ErrorCode.NONE, answer.responses[0].errorMessage ?? '');
}

const introduce = (clientSoftwareName: string, clientSoftwareVersion: string) =>
  client.ask(apiVersionsRequest, apiVersionsResponse, 3, { clientSoftwareName, clientSoftwareVersion });

const get = (clientInstanceId = ZERO_UUID) =>
  client.ask(getTelemetrySubscriptionsRequest, getTelemetrySubscriptionsResponse, 0, { clientInstanceId }, 'app');

async function push(clientInstanceId: string, subscriptionId: number, metrics: Uint8Array, compressionType = 0) {
  const body = { clientInstanceId, subscriptionId, terminating: false, compressionType, metrics };
  const { errorCode } = await client.ask(pushTelemetryRequest, pushTelemetryResponse, 0, body, 'app');
  return errorCode;
}

async function scrape(path = '/metrics', method = 'GET'): Promise<Response> {
  return fetch(`http://127.0.0.1:${metricsPort}${path}`, { method });
}

describe('client telemetry', () => {
  test('what a matching client pushes is served at /metrics', async () => {
    await introduce('test-client', '1.2.3');
    await subscribe('all', { metrics: '*', 'interval.ms': '100', match: 'client_software_name=test-.*,client_id=app' });
    const { clientInstanceId, subscriptionId, requestedMetrics, pushIntervalMs } = await get();
    assert.deepEqual(requestedMetrics, ['*']);
    assert.equal(pushIntervalMs, 100);
    const points = [{ value: 42, attributes: { topic: 'orders' } }];
    const otlp = metricsData([sum('org.apache.kafka.producer.topic.records', points, { delta: true })]);
    assert.equal(await push(clientInstanceId, subscriptionId, compress(CompressionType.zstd, otlp), 4), ErrorCode.NONE);
    const response = await scrape();
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    const labels = `topic="orders",client_id="app",client_instance_id="${clientInstanceId}"`;
    assert.ok(text.includes(`org_apache_kafka_producer_topic_records_total{${labels}} 42\n`), text);
    assert.match(text, /^kafka_client_info\{.*client_software_name="test-client",client_software_version="1\.2\.3"/m);
    assert.match(text, /^kafka_server_client_metrics_instance_count 1$/m);
  });

  test('clients that do not match, or have not said who they are, push nothing', async () => {
    await subscribe('some', { metrics: '*', match: 'client_software_name=test-client' });
    assert.deepEqual((await get()).requestedMetrics, []);
    await introduce('other-client', '1');
    assert.deepEqual((await get()).requestedMetrics, []);
  });

  test('garbage is refused, and so is what was not asked for', async () => {
    await subscribe('all', { metrics: '*', 'interval.ms': '100' });
    const { clientInstanceId, subscriptionId } = await get();
    assert.equal(await push(clientInstanceId, subscriptionId, Buffer.from('garbage')), ErrorCode.INVALID_RECORD);
    assert.equal((await get()).errorCode, ErrorCode.NONE);
    const { clientInstanceId: other, subscriptionId: otherSubscription } = await get();
    assert.equal(await push(other, otherSubscription + 1, Buffer.alloc(0)), ErrorCode.UNKNOWN_SUBSCRIPTION_ID);
  });

  test('a client instance goes with its connection', async () => {
    const { clientInstanceId } = await get();
    assert.equal((await get(clientInstanceId)).errorCode, ErrorCode.THROTTLING_QUOTA_EXCEEDED);
    client.close();
    client = await RawClient.connect(broker.port);
    for (;;) {
      const text = await (await scrape()).text();
      if (text.includes('\nkafka_server_client_metrics_instance_count 0\n')) break;
    }
    assert.equal((await get(clientInstanceId)).errorCode, ErrorCode.NONE);
  });
});

describe('metrics endpoint', () => {
  test('serves nothing else', async () => {
    assert.equal((await scrape('/')).status, 404);
    assert.equal((await scrape('/metrics', 'POST')).status, 405);
    assert.equal((await scrape('/metrics?name=x', 'HEAD')).status, 200);
  });

  test('a port in use is told at start', async () => {
    const configs = { 'millrace.metrics.listener': `127.0.0.1:${metricsPort}` };
    await assert.rejects(startTestBroker({ configs }), /EADDRINUSE/);
  });

  test('goes with the broker', async () => {
    await broker.stop();
    await assert.rejects(scrape());
  });
});
