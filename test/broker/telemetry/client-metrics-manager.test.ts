import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { silentLogger } from '../../../src/base/logger.ts';
import { ManualClock } from '../../../src/base/manual-clock.ts';
import { seededRandom } from '../../../src/base/random.ts';
import { METADATA_TOPIC_ID, ZERO_UUID } from '../../../src/base/uuid.ts';
import {
  CLIENT_INSTANCES_MAX,
  ClientMetricsManager,
  type MetricsPush,
  type TelemetryClient,
} from '../../../src/broker/telemetry/client-metrics-manager.ts';
import { PushReceiver } from '../../../src/broker/telemetry/push-receiver.ts';
import { ErrorCode } from '../../../src/protocol/errors.ts';
import { CompressionType, compress } from '../../../src/protocol/records/compression.ts';
import { ClientSeries } from '../../../src/telemetry/client-series.ts';
import { gauge, metricsData } from '../../telemetry/otlp-writer.ts';

const BYTES_MAX = 1_000;
const METRICS = Buffer.from('metrics');
const CLIENT: TelemetryClient = {
  clientId: 'app-1',
  clientHost: '10.1.2.3',
  clientPort: 4711,
  software: { name: 'apache-kafka-java', version: '4.3.1' },
  connection: 1,
};

let clock: ManualClock;
let pushes: MetricsPush[];
let resources: Map<string, Record<string, string>>;
let receive: (push: MetricsPush) => ErrorCode;
let sweeps: number;
let manager: ClientMetricsManager;

beforeEach(() => {
  clock = new ManualClock();
  pushes = [];
  sweeps = 0;
  receive = () => ErrorCode.NONE;
  resources = new Map();
  manager = new ClientMetricsManager({
    clock,
    random: seededRandom(1),
    resources: () =>
      [...resources].map(([resourceName, values]) => ({
        resourceType: 16,
        resourceName,
        values: new Map(Object.entries(values)),
      })),
    telemetryBytesMax: () => BYTES_MAX,
    receive: (push) => {
      pushes.push(push);
      return receive(push);
    },
    onSweep: () => sweeps++,
  });
});

function subscribe(name: string, values: Record<string, string> | null): void {
  if (values) resources.set(name, values);
  else resources.delete(name);
  manager.subscriptionsChanged();
}

const get = (clientInstanceId = ZERO_UUID, client: Partial<TelemetryClient> = {}) =>
  manager.getSubscriptions({ clientInstanceId }, { ...CLIENT, ...client });

function push(
  clientInstanceId: string,
  subscriptionId: number,
  extra: { terminating?: boolean; compressionType?: number; metrics?: Uint8Array } = {},
): number {
  const request = {
    clientInstanceId,
    subscriptionId,
    terminating: false,
    compressionType: 0,
    metrics: METRICS,
    ...extra,
  };
  return manager.push(request, CLIENT).errorCode!;
}

describe('GetTelemetrySubscriptions', () => {
  test('without subscriptions nothing is wanted, and the client asks again in five minutes', () => {
    const answer = get();
    assert.equal(answer.errorCode ?? ErrorCode.NONE, ErrorCode.NONE);
    assert.match(answer.clientInstanceId!, /^[\w-]{22}$/);
    assert.deepEqual(answer.requestedMetrics, []);
    assert.equal(answer.pushIntervalMs, 300_000);
    assert.equal(answer.telemetryMaxBytes, BYTES_MAX);
    assert.equal(answer.deltaTemporality, true);
    assert.deepEqual(answer.acceptedCompressionTypes, [4, 3, 1, 2]);
  });

  test('every client without an id gets one of its own, others keep theirs', () => {
    assert.notEqual(get().clientInstanceId, get().clientInstanceId);
    assert.equal(get('wYuF1vmOQ3-3W6EoqQbn1w').clientInstanceId, 'wYuF1vmOQ3-3W6EoqQbn1w');
  });

  test('matching subscriptions together: all metrics, the shortest interval', () => {
    subscribe('one', { metrics: 'org.apache.kafka.producer.,b', 'interval.ms': '5000' });
    subscribe('two', { metrics: 'b,c', 'interval.ms': '1000', match: 'client_id=app-.*' });
    subscribe('three', { metrics: 'not.mine', 'interval.ms': '100', match: 'client_id=other' });
    const { requestedMetrics, pushIntervalMs } = get();
    assert.deepEqual([...requestedMetrics!].sort(), ['b', 'c', 'org.apache.kafka.producer.']);
    assert.equal(pushIntervalMs, 1000);
  });

  test('a star stands for all metrics', () => {
    subscribe('one', { metrics: 'a', 'interval.ms': '5000' });
    subscribe('two', { metrics: '*' });
    assert.deepEqual(get().requestedMetrics, ['*']);
  });

  test('every selector is matched against its whole value, all of a subscription together', () => {
    const id = 'wYuF1vmOQ3-3W6EoqQbn1w';
    const matches = (match: string, client: Partial<TelemetryClient> = {}): boolean => {
      subscribe('one', { metrics: 'm', match });
      return get(id, client).requestedMetrics!.length > 0;
    };
    assert.ok(matches(`client_instance_id=${id}`));
    assert.ok(matches('client_id=app-[0-9]'));
    assert.ok(!matches('client_id=app'));
    assert.ok(matches('client_software_name=apache-kafka-java,client_software_version=4[.].*'));
    assert.ok(!matches('client_software_name=apache-kafka-java,client_software_version=3[.].*'));
    assert.ok(matches('client_source_address=10[.]1[.].*,client_source_port=47..'));
    assert.ok(!matches('client_source_port=47.'));
    manager.close();
    assert.ok(!matches('client_software_name=.*', { software: null }));
  });

  test('who asks again before the interval is over is throttled, unless subscriptions have changed', () => {
    const { clientInstanceId } = get();
    assert.deepEqual(get(clientInstanceId), { errorCode: ErrorCode.THROTTLING_QUOTA_EXCEEDED });
    subscribe('one', { metrics: '*', 'interval.ms': '5000' });
    assert.deepEqual(get(clientInstanceId).requestedMetrics, ['*']);
    clock.advance(4_999);
    assert.equal(get(clientInstanceId).errorCode, ErrorCode.THROTTLING_QUOTA_EXCEEDED);
    clock.advance(1);
    assert.deepEqual(get(clientInstanceId).requestedMetrics, ['*']);
    assert.equal(manager.counts.throttled, 2);
  });

  test('the subscription id changes with what is wanted and comes back with it', () => {
    const { clientInstanceId, subscriptionId } = get();
    subscribe('one', { metrics: '*' });
    const { subscriptionId: changed } = get(clientInstanceId);
    assert.notEqual(changed, subscriptionId);
    subscribe('one', null);
    assert.equal(get(clientInstanceId).subscriptionId, subscriptionId);
  });
});

describe('PushTelemetry', () => {
  let id: string;
  let subscription: number;

  beforeEach(() => {
    subscribe('one', { metrics: '*', 'interval.ms': '1000' });
    const answer = get();
    id = answer.clientInstanceId!;
    subscription = answer.subscriptionId!;
  });

  test('is handed on, at once after the subscription and then once an interval', () => {
    assert.equal(push(id, subscription, { compressionType: 4 }), ErrorCode.NONE);
    assert.equal(pushes[0].clientInstanceId, id);
    assert.equal(pushes[0].compressionType, 4);
    assert.equal(pushes[0].client.clientId, 'app-1');
    assert.equal(pushes[0].keepMs, 60_000);
    clock.advance(999);
    assert.equal(push(id, subscription), ErrorCode.THROTTLING_QUOTA_EXCEEDED);
    clock.advance(1);
    assert.equal(push(id, subscription), ErrorCode.NONE);
    assert.equal(pushes.length, 2);
    assert.equal(manager.counts.pushes, 2);
  });

  test('the last push of a client comes whenever it likes, and nothing after it', () => {
    assert.equal(push(id, subscription), ErrorCode.NONE);
    assert.equal(push(id, subscription, { terminating: true }), ErrorCode.NONE);
    assert.equal(push(id, subscription, { terminating: true }), ErrorCode.INVALID_REQUEST);
    assert.equal(pushes.length, 2);
  });

  test('reserved ids are refused', () => {
    assert.equal(push(ZERO_UUID, subscription), ErrorCode.INVALID_REQUEST);
    assert.equal(push(METADATA_TOPIC_ID, subscription), ErrorCode.INVALID_REQUEST);
  });

  test('after a change the old subscription is unknown, and the new one can be had at once', () => {
    assert.equal(push(id, subscription), ErrorCode.NONE);
    subscribe('one', { metrics: 'less', 'interval.ms': '1000' });
    assert.equal(push(id, subscription), ErrorCode.UNKNOWN_SUBSCRIPTION_ID);
    const answer = get(id);
    assert.deepEqual(answer.requestedMetrics, ['less']);
    assert.equal(push(id, answer.subscriptionId!), ErrorCode.NONE);
    assert.equal(manager.counts.unknownSubscription, 1);
  });

  test('unknown codecs and large pushes are refused', () => {
    assert.equal(push(id, subscription, { compressionType: 5 }), ErrorCode.UNSUPPORTED_COMPRESSION_TYPE);
    assert.equal(get(id).errorCode ?? 0, ErrorCode.NONE);
    clock.advance(1_000);
    assert.equal(push(id, subscription, { metrics: new Uint8Array(BYTES_MAX + 1) }), ErrorCode.TELEMETRY_TOO_LARGE);
    assert.equal(pushes.length, 0);
  });

  test('an empty push is fine and goes nowhere', () => {
    assert.equal(push(id, subscription, { metrics: new Uint8Array() }), ErrorCode.NONE);
    assert.equal(pushes.length, 0);
  });

  test('what nobody asked for goes nowhere', () => {
    subscribe('one', null);
    const { clientInstanceId, subscriptionId } = get();
    assert.equal(push(clientInstanceId!, subscriptionId!), ErrorCode.NONE);
    assert.equal(pushes.length, 0);
  });

  test('the receiver’s verdict is the answer', () => {
    receive = () => ErrorCode.INVALID_RECORD;
    assert.equal(push(id, subscription), ErrorCode.INVALID_RECORD);
    assert.equal(manager.counts.failedPushes, 1);
  });

  test('a broker that has never seen the client takes its push, the ids being the same everywhere', () => {
    manager.close();
    assert.equal(push(id, subscription), ErrorCode.NONE);
  });
});

describe('client instances', () => {
  test('are forgotten after three silent intervals, and time is not kept for none', () => {
    subscribe('one', { metrics: '*', 'interval.ms': '30000' });
    const { clientInstanceId } = get();
    clock.advance(89_999);
    assert.equal(manager.instanceCount, 1);
    clock.advance(60_000);
    assert.equal(manager.instanceCount, 0);
    const before = sweeps;
    clock.advance(600_000);
    assert.equal(sweeps, before);
    assert.equal(get(clientInstanceId).errorCode ?? 0, ErrorCode.NONE);
  });

  test('go with their connection', () => {
    const { clientInstanceId } = get(ZERO_UUID, { connection: 7 });
    manager.connectionClosed(6);
    assert.equal(manager.instanceCount, 1);
    get(clientInstanceId, { connection: 8 });
    manager.connectionClosed(7);
    assert.equal(manager.instanceCount, 1);
    manager.connectionClosed(8);
    assert.equal(manager.instanceCount, 0);
  });

  test('are bounded; the longest silent one goes', () => {
    const first = get().clientInstanceId!;
    const second = get().clientInstanceId!;
    for (let count = 2; count < CLIENT_INSTANCES_MAX; count++) get();
    assert.equal(get(first).errorCode, ErrorCode.THROTTLING_QUOTA_EXCEEDED);
    get();
    assert.equal(manager.instanceCount, CLIENT_INSTANCES_MAX);
    assert.equal(get(first).errorCode, ErrorCode.THROTTLING_QUOTA_EXCEEDED);
    // Forgotten, so that it begins anew.
    assert.equal(get(second).errorCode ?? 0, ErrorCode.NONE);
  });
});

describe('pushed metrics', () => {
  const take = (compressionType: number, metrics: Uint8Array): [ErrorCode, ClientSeries] => {
    const series = new ClientSeries(100);
    const receiver = new PushReceiver(series, clock, silentLogger);
    const one = { clientInstanceId: 'id', client: CLIENT, compressionType, metrics, keepMs: 1_000 };
    return [receiver.receive(one), series];
  };
  const otlp = metricsData([gauge('g', [{ value: 1 }])]);

  test('are read under every codec', () => {
    for (const type of Object.values(CompressionType)) {
      const [errorCode, series] = take(type, compress(type, otlp));
      assert.equal(errorCode, ErrorCode.NONE, `codec ${type}`);
      assert.equal(series.seriesCount, 1);
    }
  });

  test('what cannot be read is refused for good', () => {
    for (const type of Object.values(CompressionType)) {
      assert.equal(take(type, Buffer.from('no metrics at all'))[0], ErrorCode.INVALID_RECORD, `codec ${type}`);
      if (type !== CompressionType.none)
        assert.equal(take(type, compress(type, Buffer.from('no metrics')))[0], ErrorCode.INVALID_RECORD);
    }
  });

  test('what unfolds to too much is refused as too large', () => {
    const zeros = Buffer.alloc(64 * 1024 * 1024);
    for (const type of [CompressionType.gzip, CompressionType.lz4, CompressionType.zstd, CompressionType.snappy]) {
      assert.equal(take(type, compress(type, zeros))[0], ErrorCode.TELEMETRY_TOO_LARGE, `codec ${type}`);
    }
  });
});
