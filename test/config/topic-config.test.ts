import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BrokerConfig } from '../../src/config/broker-config.ts';
import { LONG_MAX } from '../../src/config/config-definition.ts';
import { ConfigSource, type DescribedConfig, describeTopicConfig } from '../../src/config/describe-configs.ts';
import { effectiveTopicConfig } from '../../src/config/topic-config.ts';
import { validateTopicConfigs } from '../../src/config/validate-configs.ts';

const texts = (entries: Record<string, string>): Map<string, string> => new Map(Object.entries(entries));
const broker = (entries: Record<string, string> = {}): BrokerConfig => new BrokerConfig(texts(entries));

test("without overrides a topic has Kafka's defaults", () => {
  const log = effectiveTopicConfig(new Map(), broker());
  assert.equal(log.segmentBytes, 1_073_741_824);
  assert.equal(log.segmentMs, 604_800_000);
  assert.equal(log.segmentJitterMs, 0);
  assert.equal(log.retentionMs, 604_800_000);
  assert.equal(log.retentionBytes, -1);
  assert.equal(log.flushMs, LONG_MAX);
  assert.equal(log.maxMessageBytes, 1_048_588);
  assert.equal(log.cleanupDelete, true);
  assert.equal(log.cleanupCompact, false);
  assert.equal(log.localRetentionMs, 604_800_000);
  assert.equal(log.compressionType, 'producer');
});

test('the units of broker settings are converted, the finest one first', () => {
  const retentionMs = (entries: Record<string, string>): number =>
    effectiveTopicConfig(new Map(), broker(entries)).retentionMs;
  assert.equal(retentionMs({ 'log.retention.hours': '1' }), 3_600_000);
  assert.equal(retentionMs({ 'log.retention.hours': '1', 'log.retention.minutes': '2' }), 120_000);
  assert.equal(retentionMs({ 'log.retention.minutes': '2', 'log.retention.ms': '3' }), 3);
  assert.equal(retentionMs({ 'log.retention.hours': '-1' }), -1);
  const rolled = effectiveTopicConfig(new Map(), broker({ 'log.roll.hours': '2', 'log.roll.jitter.hours': '1' }));
  assert.deepEqual([rolled.segmentMs, rolled.segmentJitterMs], [7_200_000, 3_600_000]);
  assert.equal(effectiveTopicConfig(new Map(), broker({ 'log.flush.scheduler.interval.ms': '9' })).flushMs, 9);
});

test('a dynamic change of the broker reaches topics without an override', () => {
  const changed = broker().withDynamic(texts({ 'log.retention.ms': '1000' }), new Map());
  assert.equal(effectiveTopicConfig(new Map(), changed).retentionMs, 1000);
  assert.equal(effectiveTopicConfig(texts({ 'retention.ms': '5' }), changed).retentionMs, 5);
});

test('the cleanup policy may be both or neither', () => {
  const policy = (text: string): boolean[] => {
    const log = effectiveTopicConfig(texts({ 'cleanup.policy': text }), broker());
    return [log.cleanupDelete, log.cleanupCompact];
  };
  assert.deepEqual(policy('compact'), [false, true]);
  assert.deepEqual(policy('compact, delete'), [true, true]);
  assert.deepEqual(policy(''), [false, false]);
});

test('an override that does not parse counts as not given', () => {
  assert.equal(effectiveTopicConfig(texts({ 'segment.bytes': 'x' }), broker()).segmentBytes, 1_073_741_824);
});

const described = (overrides: Record<string, string>, config: BrokerConfig): Map<string, DescribedConfig> =>
  new Map(describeTopicConfig(texts(overrides), config).map((entry) => [entry.name, entry]));

test('a topic is described with its override before the synonyms of the broker', () => {
  const config = broker({ 'log.segment.bytes': '2097152' });
  const entry = described({ 'segment.bytes': '3145728' }, config).get('segment.bytes')!;
  assert.equal(entry.value, '3145728');
  assert.equal(entry.configSource, ConfigSource.DYNAMIC_TOPIC_CONFIG);
  assert.equal(entry.readOnly, false);
  assert.deepEqual(entry.synonyms, [
    { name: 'segment.bytes', value: '3145728', source: 1 },
    { name: 'log.segment.bytes', value: '2097152', source: 4 },
    { name: 'log.segment.bytes', value: '1073741824', source: 5 },
  ]);
});

test('defaults are described with the values in effect', () => {
  const entries = described({}, broker({ 'log.segment.bytes': '2097152' }));
  assert.deepEqual(
    ['segment.bytes', 'retention.ms', 'flush.ms', 'min.cleanable.dirty.ratio', 'cleanup.policy'].map((name) => [
      entries.get(name)?.value,
      entries.get(name)?.configSource,
    ]),
    [
      ['2097152', ConfigSource.STATIC_BROKER_CONFIG],
      ['604800000', ConfigSource.DEFAULT_CONFIG],
      ['9223372036854775807', ConfigSource.DEFAULT_CONFIG],
      ['0.5', ConfigSource.DEFAULT_CONFIG],
      ['delete', ConfigSource.DEFAULT_CONFIG],
    ],
  );
});

test('an internal setting is described only where the topic has it', () => {
  assert.equal(described({}, broker()).has('internal.segment.bytes'), false);
  const entry = described({ 'internal.segment.bytes': '2000' }, broker()).get('internal.segment.bytes');
  assert.equal(entry?.value, '2000');
  assert.deepEqual(entry.synonyms, [
    { name: 'internal.segment.bytes', value: '2000', source: ConfigSource.DYNAMIC_TOPIC_CONFIG },
  ]);
});

test('changes of topics: unknown names, ranges, nulls, contradictions', () => {
  const problems = (entries: Record<string, string | null>, config = broker()): string[] =>
    validateTopicConfigs(new Map(Object.entries(entries)), config).map(({ code, problem }) => `${code}: ${problem}`);
  assert.deepEqual(problems({ 'retention.ms': '-1', 'cleanup.policy': 'compact,delete' }), []);
  assert.deepEqual(problems({ 'message.format.version': '3.0' }), [
    'INVALID_CONFIG: Unknown topic config name: message.format.version',
  ]);
  assert.match(problems({ 'retention.ms': '-2' })[0], /at least -1$/);
  assert.match(problems({ 'retention.ms': null })[0], /Null value not supported/);
  assert.match(problems({ 'min.compaction.lag.ms': '10', 'max.compaction.lag.ms': '5' })[0], /is greater than/);
  assert.match(problems({ 'remote.storage.enable': 'true' })[0], /Remote storage is off/);
  const tiered = broker({ 'remote.log.storage.system.enable': 'true' });
  assert.deepEqual(problems({ 'remote.storage.enable': 'true' }, tiered), []);
  assert.match(problems({ 'remote.storage.enable': 'true', 'cleanup.policy': 'compact' }, tiered)[0], /compacted/);
  const local = { 'remote.storage.enable': 'true', 'retention.ms': '5', 'local.retention.ms': '6' };
  assert.match(problems(local, tiered)[0], /local.retention.ms \(6\) must not be greater than retention.ms \(5\)/);
  const forever = { ...local, 'local.retention.ms': '-1' };
  assert.match(problems(forever, tiered)[0], /local.retention.ms \(-1\) must not be greater than retention.ms \(5\)/);
});
