import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { javaSetOrder, subscriptionId } from '../../../src/broker/telemetry/subscription-id.ts';

/** What Apache Kafka 4.3 on a Java 21 computes for this client instance and an interval of 5 s. */
const ID = 'wYuF1vmOQ3-3W6EoqQbn1w';
const numbered = (numbers: readonly number[]): string[] => numbers.map((at) => `org.apache.kafka.metric.${at}`);
const KAFKA: readonly (readonly [metrics: readonly string[], id: number])[] = [
  [[], 938309229],
  [['*'], 1878065948],
  [['org.apache.kafka.producer.', 'a', 'org.apache.kafka.consumer.', 'b', 'zz.y'], -427962432],
  [
    numbered([
      25, 24, 23, 22, 29, 28, 27, 26, 9, 10, 8, 5, 4, 7, 6, 1, 0, 3, 2, 19, 14, 13, 12, 11, 18, 17, 16, 15, 21, 20,
    ]),
    266930950,
  ],
];

/** As they were added there: strings that share a place keep that order. */
const ADDED = [
  '*',
  'org.apache.kafka.producer.',
  'org.apache.kafka.consumer.',
  'a',
  'b',
  'zz.y',
  ...numbered(Array.from({ length: 30 }, (_, at) => at)),
];

describe('subscription ids', () => {
  test('are those of Apache Kafka', () => {
    for (const [metrics, expected] of KAFKA) {
      const order = javaSetOrder(ADDED.filter((metric) => metrics.includes(metric)));
      assert.deepEqual(order, metrics);
      assert.equal(subscriptionId(order, 5_000, ID), expected);
    }
  });

  test('metrics that are named twice count once', () => assert.deepEqual(javaSetOrder(['b', 'a', 'b']), ['a', 'b']));

  test('differ by interval and client', () => {
    assert.notEqual(subscriptionId(['*'], 5_001, ID), 1878065948);
    assert.notEqual(subscriptionId(['*'], 5_000, `x${ID.slice(1)}`), 1878065948);
  });
});
