import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  CLIENTS_MAX,
  ClientSeries,
  SERIES_BYTES_MAX,
  SERIES_PER_CLIENT_MAX,
} from '../../src/telemetry/client-series.ts';
import { readOtlpMetrics } from '../../src/telemetry/otlp-metrics.ts';
import { prometheusText } from '../../src/telemetry/prometheus-text.ts';
import { type Attributes, gauge, histogram, metricsData, sum, summary } from './otlp-writer.ts';

const KEEP_MS = 1_000;

function client(id: string) {
  return {
    clientInstanceId: id,
    clientId: `client-${id}`,
    softwareName: 'test',
    softwareVersion: '1.0',
    sourceAddress: '10.0.0.1',
    sourcePort: 5555,
  };
}

function push(
  series: ClientSeries,
  id: string,
  metrics: readonly Buffer[],
  nowMs = 0,
  resource: Attributes = {},
): void {
  series.take(client(id), readOtlpMetrics(metricsData(metrics, resource)), nowMs, KEEP_MS);
}

/** Lines of samples, without those that tell of clients. */
async function lines(series: ClientSeries, nowMs = 0): Promise<string[]> {
  const text = await prometheusText(series.families(nowMs));
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('kafka_client_info'));
}

describe('client series', () => {
  test('names and labels become Prometheus’', async () => {
    const series = new ClientSeries(100);
    const name = 'org.apache.kafka.producer.record.send';
    push(
      series,
      'a',
      [sum(name, [{ value: 5, attributes: { 'topic-name': 'te"st\n', __name__: 'x', '0': 'y' } }])],
      0,
      {
        client_id: 'somebody else',
        group_id: 'g',
      },
    );
    assert.deepEqual(await lines(series), [
      'org_apache_kafka_producer_record_send_total{client_id="client-a",group_id="g",client_0="y",topic_name="te\\"st\\n",name__="x",client_instance_id="a"} 5',
    ]);
  });

  test('other names cannot be taken for the broker’s', async () => {
    const series = new ClientSeries(100);
    push(series, 'a', [gauge('kafka_server_brokertopicmetrics_messagesin_total', [{ value: 1 }])]);
    const [line] = await lines(series);
    assert.match(line, /^client_kafka_server_brokertopicmetrics_messagesin_total\{/);
  });

  test('cumulative values replace, deltas add up', async () => {
    const series = new ClientSeries(100);
    for (const value of [3, 4]) {
      push(series, 'a', [
        sum('org.apache.kafka.delta.total', [{ value }], { delta: true }),
        sum('org.apache.kafka.cumulative.total', [{ value }]),
        sum('org.apache.kafka.updown', [{ value: -value }], { delta: true, monotonic: false }),
      ]);
    }
    const values = (await lines(series)).map((line) => [
      line.slice(0, line.indexOf('{')),
      Number(line.split(' ').at(-1)),
    ]);
    assert.deepEqual(Object.fromEntries(values), {
      org_apache_kafka_delta_total: 7,
      org_apache_kafka_cumulative_total: 4,
      org_apache_kafka_updown: -7,
    });
  });

  test('histograms and summaries get their lines', async () => {
    const series = new ClientSeries(100);
    for (let round = 0; round < 2; round++) {
      push(series, 'a', [
        histogram('org.apache.kafka.h', [{ counts: [1, 2, 3], bounds: [10, 20], sum: 70 }], true),
        summary('org.apache.kafka.s', [[0.5, 4]], 12, 48),
      ]);
    }
    const plain = (await lines(series)).map((line) =>
      line.replace(/client_id="[^"]*",client_instance_id="[^"]*",?/, ''),
    );
    assert.deepEqual(plain, [
      'org_apache_kafka_h_bucket{le="10"} 2',
      'org_apache_kafka_h_bucket{le="20"} 6',
      'org_apache_kafka_h_bucket{le="+Inf"} 12',
      'org_apache_kafka_h_sum{} 140',
      'org_apache_kafka_h_count{} 12',
      'org_apache_kafka_s{quantile="0.5"} 4',
      'org_apache_kafka_s_sum{} 48',
      'org_apache_kafka_s_count{} 12',
    ]);
  });

  test('a name has one type', async () => {
    const series = new ClientSeries(100);
    push(series, 'a', [gauge('org.apache.kafka.x.total', [{ value: 1 }])]);
    push(series, 'b', [sum('org.apache.kafka.x', [{ value: 2 }])]);
    const text = await prometheusText(series.families(0));
    assert.equal(text.match(/# TYPE org_apache_kafka_x_total /g)?.length, 1);
    assert.equal((await lines(series)).length, 1);
  });

  test('series that nobody pushes go, and make room', async () => {
    const series = new ClientSeries(2);
    push(series, 'a', [gauge('one', [{ value: 1 }]), gauge('two', [{ value: 2 }])]);
    push(series, 'a', [gauge('one', [{ value: 3 }])], KEEP_MS - 1);
    assert.equal((await lines(series, KEEP_MS - 1)).length, 2);
    assert.equal((await lines(series, KEEP_MS)).length, 1);
    push(series, 'b', [gauge('three', [{ value: 1 }])], KEEP_MS);
    assert.equal(series.seriesCount, 2);
    series.expire(KEEP_MS * 10);
    assert.equal(series.seriesCount, 0);
    assert.deepEqual(series.families(KEEP_MS * 10)[0].samples, []);
  });

  test('deltas of a series that went begin anew', async () => {
    const series = new ClientSeries(100);
    push(series, 'a', [sum('x', [{ value: 5 }], { delta: true })]);
    push(series, 'a', [sum('x', [{ value: 2 }], { delta: true })], KEEP_MS * 2);
    assert.match((await lines(series, KEEP_MS * 2))[0], / 2$/);
  });

  test('the number of series is bounded in all and for each client', () => {
    const points = Array.from({ length: SERIES_PER_CLIENT_MAX + 10 }, (_, at) => ({ value: at, attributes: { at } }));
    const series = new ClientSeries(SERIES_PER_CLIENT_MAX + 100);
    push(series, 'a', [gauge('g', points)]);
    assert.equal(series.seriesCount, SERIES_PER_CLIENT_MAX);
    assert.equal(series.refusedCount, 10);
    push(series, 'b', [gauge('g', points)]);
    assert.equal(series.seriesCount, SERIES_PER_CLIENT_MAX + 100);
    // What is known goes on.
    push(series, 'a', [gauge('g', points.slice(0, 5))]);
    assert.equal(series.seriesCount, SERIES_PER_CLIENT_MAX + 100);
  });

  test('long texts do not fill the memory: series are bounded by their size too', () => {
    const attributes = Object.fromEntries(
      Array.from({ length: 32 }, (_, at) => [`${at}`.padEnd(256, 'k'), 'v'.repeat(256)]),
    );
    const series = new ClientSeries(1_000_000);
    let kept = -1;
    for (let id = 0; kept < series.seriesCount; id++) {
      kept = series.seriesCount;
      const points = Array.from({ length: 100 }, (_, at) => ({ value: 1, attributes: { at, ...attributes } }));
      push(series, String(id), [gauge('g', points)]);
    }
    assert.ok(kept > 500 && kept * 32_000 < SERIES_BYTES_MAX, String(kept));
    assert.ok(series.refusedCount > 0);
    series.expire(KEEP_MS);
    push(series, 'after', [gauge('g', [{ value: 1 }])], KEEP_MS);
    assert.equal(series.seriesCount, 1);
  });

  test('the number of clients is bounded, and what is shown of a client id', () => {
    const series = new ClientSeries(CLIENTS_MAX * 2);
    const metrics = readOtlpMetrics(metricsData([gauge('g', [{ value: 1 }])]));
    for (let id = 0; id <= CLIENTS_MAX; id++) {
      series.take({ ...client(String(id)), clientId: 'c'.repeat(32_000) }, metrics, 0, KEEP_MS);
    }
    assert.equal(series.seriesCount, CLIENTS_MAX);
    const [info] = series.families(0);
    assert.equal(info.samples.length, CLIENTS_MAX);
    assert.equal(info.samples[0].labels.client_id.length, 256);
  });

  test('clients are told of', () => {
    const series = new ClientSeries(100);
    push(series, 'a', [gauge('g', [{ value: 1 }])]);
    const [info] = series.families(0);
    assert.deepEqual(info.samples, [
      {
        labels: {
          client_id: 'client-a',
          client_instance_id: 'a',
          client_software_name: 'test',
          client_software_version: '1.0',
          client_source_address: '10.0.0.1',
          client_source_port: '5555',
        },
        value: 1,
      },
    ]);
  });
});
