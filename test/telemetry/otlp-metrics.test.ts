import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { OtlpTooLargeError, PUSH_POINTS_MAX, readOtlpMetrics } from '../../src/telemetry/otlp-metrics.ts';
import { ProtobufError, ProtobufReader } from '../../src/telemetry/protobuf-reader.ts';
import {
  bytesField,
  gauge,
  histogram,
  message,
  metricsData,
  sum,
  summary,
  varint,
  varintField,
} from './otlp-writer.ts';

const sample = metricsData(
  [
    gauge(
      'org.apache.kafka.producer.connection.count',
      [{ value: 3, attributes: { node: 7, active: true } }],
      'How many.',
    ),
    sum('a.sum', [{ value: -5, asInt: true, attributes: { ratio: 0.5, name: 'ü' } }], {
      delta: true,
      monotonic: false,
    }),
    histogram('a.histogram', [{ counts: [1, 2, 3], bounds: [10, 20], sum: 77.5 }]),
    summary(
      'a.summary',
      [
        [0.5, 4],
        [0.99, 9],
      ],
      12,
      48,
    ),
  ],
  { group_id: 'g' },
);

describe('OTLP', () => {
  test('reads gauges, sums, histograms and summaries with their attributes', () => {
    const [count, total, buckets, quantiles] = readOtlpMetrics(sample);
    assert.equal(count.name, 'org.apache.kafka.producer.connection.count');
    assert.equal(count.description, 'How many.');
    assert.equal(count.kind, 'gauge');
    assert.deepEqual([...count.resource], [['group_id', 'g']]);
    assert.equal(count.points[0].value, 3);
    assert.deepEqual(
      [...count.points[0].attributes],
      [
        ['node', '7'],
        ['active', 'true'],
      ],
    );
    assert.equal(total.kind, 'sum');
    assert.equal(total.isDelta, true);
    assert.equal(total.isMonotonic, false);
    assert.equal(total.points[0].value, -5);
    assert.deepEqual(
      [...total.points[0].attributes],
      [
        ['ratio', '0.5'],
        ['name', 'ü'],
      ],
    );
    assert.deepEqual(buckets.points[0].bounds, [10, 20]);
    assert.deepEqual(buckets.points[0].values, [1, 2, 3]);
    assert.equal(buckets.points[0].count, 6);
    assert.equal(buckets.points[0].sum, 77.5);
    assert.deepEqual(quantiles.points[0].bounds, [0.5, 0.99]);
    assert.deepEqual(quantiles.points[0].values, [4, 9]);
    assert.equal(quantiles.points[0].count, 12);
  });

  test('reads the resource wherever it stands, and passes over what it does not know', () => {
    const scope = message(2, bytesField(1, 'scope'), gauge('late', [{ value: 1 }]), varintField(99, 5));
    const resource = message(1, message(1, bytesField(1, 'key'), message(2, bytesField(1, 'value'))));
    const exponential = message(2, message(2, bytesField(1, 'exp'), message(10, bytesField(1, 'x'))));
    const [metric, ...others] = readOtlpMetrics(message(1, scope, resource, exponential, bytesField(3, 'schema')));
    assert.deepEqual([...metric.resource], [['key', 'value']]);
    assert.deepEqual(others, []);
  });

  test('negative whole numbers in attributes keep their value', () => {
    const attributes = { small: -1, large: -123_456_789_012 };
    const [{ points }] = readOtlpMetrics(metricsData([gauge('g', [{ value: 0, attributes }])]));
    assert.deepEqual([...points[0].attributes.values()], ['-1', '-123456789012']);
  });

  test('an empty push has no metrics', () => assert.deepEqual(readOtlpMetrics(Buffer.alloc(0)), []));

  test('long texts are cut, further attributes are passed over', () => {
    const attributes = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`a${at}`, 'v'.repeat(5_000)]));
    const [metric] = readOtlpMetrics(metricsData([gauge('n'.repeat(5_000), [{ value: 1, attributes }])]));
    assert.equal(metric.name.length, 256);
    assert.equal(metric.points[0].attributes.size, 32);
    assert.equal(metric.points[0].attributes.get('a0')!.length, 256);
  });

  test('too many points or buckets are refused', () => {
    const points = Array.from({ length: PUSH_POINTS_MAX / 2 + 1 }, () => ({ value: 1 }));
    assert.throws(() => readOtlpMetrics(metricsData([gauge('a', points), gauge('b', points)])), OtlpTooLargeError);
    assert.equal(readOtlpMetrics(metricsData([gauge('a', points)]))[0].points.length, points.length);
    const counts = new Array(300).fill(1);
    assert.throws(
      () => readOtlpMetrics(metricsData([histogram('h', [{ counts, bounds: [], sum: 0 }])])),
      OtlpTooLargeError,
    );
  });

  test('what is cut off or mistyped is refused', () => {
    for (let end = 1; end < sample.length; end++) {
      assert.throws(() => readOtlpMetrics(sample.subarray(0, end)), ProtobufError, `cut off at ${end}`);
    }
    // A length that no bytes stand behind, a varint without end, a group, and field number 0.
    assert.throws(() => readOtlpMetrics(Buffer.concat([varint(10), varint(2 ** 40)])), ProtobufError);
    assert.throws(() => readOtlpMetrics(Buffer.alloc(64, 0xff)), ProtobufError);
    assert.throws(() => readOtlpMetrics(Buffer.from([0x0b, 0x0c])), ProtobufError);
    assert.throws(() => readOtlpMetrics(Buffer.from([0x02, 0x00])), ProtobufError);
    const asText = message(1, message(2, message(2, bytesField(1, 'm'), message(5, message(1, bytesField(4, 'x'))))));
    assert.throws(() => readOtlpMetrics(asText), ProtobufError);
  });

  test('any bytes are read or refused, nothing else', () => {
    const reads = (bytes: Buffer): void => {
      try {
        readOtlpMetrics(bytes);
      } catch (error) {
        assert.ok(error instanceof ProtobufError || error instanceof OtlpTooLargeError, String(error));
      }
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => reads(Buffer.from(bytes))),
      { numRuns: 2_000 },
    );
    const changes = fc.array(fc.tuple(fc.nat(sample.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(changes, (list) => {
        const bytes = Buffer.from(sample);
        for (const [at, value] of list) bytes[at] = value;
        reads(bytes);
      }),
      { numRuns: 5_000 },
    );
  });

  test('varints of every size come back', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        assert.equal(new ProtobufReader(varint(value)).varint(), value);
        assert.equal(new ProtobufReader(varint(-value)).signedVarint(), -value + 0);
      }),
    );
  });
});
