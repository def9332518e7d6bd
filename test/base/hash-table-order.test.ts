import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inHashTableOrder } from '../../src/base/hash-table-order.ts';
import { BrokerConfig } from '../../src/config/broker-config.ts';
import { describeTopicConfig } from '../../src/config/describe-configs.ts';

/** What Kafka 4.3.1 answers for a topic. */
const KAFKA = `compression.type remote.log.delete.on.disable leader.replication.throttled.replicas remote.storage.enable
  min.insync.replicas segment.jitter.ms remote.log.copy.disable local.retention.ms cleanup.policy flush.ms
  follower.replication.throttled.replicas compression.lz4.level segment.bytes retention.ms compression.gzip.level
  flush.messages compression.zstd.level max.compaction.lag.ms file.delete.delay.ms max.message.bytes
  min.compaction.lag.ms message.timestamp.type local.retention.bytes preallocate index.interval.bytes
  min.cleanable.dirty.ratio unclean.leader.election.enable retention.bytes delete.retention.ms
  message.timestamp.after.max.ms message.timestamp.before.max.ms segment.ms segment.index.bytes`.split(/\s+/);

test("the settings of a topic come in Kafka's order", () => {
  const ordered = inHashTableOrder(describeTopicConfig(new Map(), new BrokerConfig(new Map())), ({ name }) => name);
  const names = ordered.map(({ name }) => name).filter((name) => KAFKA.includes(name));
  assert.deepEqual(names, KAFKA);
});

test('the table grows with the number of names, and those of one bucket stay as they were', () => {
  const order = (...names: string[]): string => inHashTableOrder(names, (name) => name).join(' ');
  assert.equal(order('b', 'a'), 'a b');
  assert.equal(order('Aa', 'BB'), 'Aa BB');
  assert.equal(order('BB', 'Aa'), 'BB Aa');
  const twelve = [...'pabcdefghijk'];
  assert.equal(order(...twelve), 'p a b c d e f g h i j k');
  assert.equal(order(...twelve, 'l'), 'a b c d e f g h i j k l p');
});
