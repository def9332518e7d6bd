import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BrokerConfig } from '../../src/config/broker-config.ts';
import { effectiveClientMetricsConfig } from '../../src/config/client-metrics-config.ts';
import { ConfigSource, describeClientMetricsConfig, describeGroupConfig } from '../../src/config/describe-configs.ts';
import { effectiveGroupConfig } from '../../src/config/group-config.ts';
import { validateClientMetricsConfigs, validateGroupConfigs } from '../../src/config/validate-configs.ts';

const texts = (entries: Record<string, string>): Map<string, string> => new Map(Object.entries(entries));
const broker = (entries: Record<string, string> = {}): BrokerConfig => new BrokerConfig(texts(entries));

test("a group without overrides has the broker's values", () => {
  const group = effectiveGroupConfig(new Map(), broker({ 'group.share.delivery.count.limit': '7' }));
  assert.equal(group.shareDeliveryCountLimit, 7);
  assert.equal(group.consumerSessionTimeoutMs, 45_000);
  assert.equal(group.shareAutoOffsetReset, 'latest');
  assert.equal(group.streamsAssignorName, null);
});

test("a stored override outside of the broker's bounds is brought back into them", () => {
  const group = effectiveGroupConfig(texts({ 'consumer.session.timeout.ms': '1000' }), broker());
  assert.equal(group.consumerSessionTimeoutMs, 45_000);
});

test("changes of groups are held against the broker's bounds", () => {
  const problems = (entries: Record<string, string>): string[] =>
    validateGroupConfigs(texts(entries), broker()).map(({ problem }) => problem);
  assert.deepEqual(
    problems({ 'consumer.session.timeout.ms': '60000', 'share.auto.offset.reset': 'by_duration:PT1H' }),
    [],
  );
  assert.match(problems({ 'consumer.session.timeout.ms': '1' })[0], /greater than or equal to group.consumer.min/);
  assert.match(problems({ 'streams.num.standby.replicas': '3' })[0], /less than or equal to group.streams.max/);
  assert.match(problems({ 'share.auto.offset.reset': 'none' })[0], /must be latest, earliest/);
  assert.deepEqual(problems({ foo: '1' }), ['Unknown group config name: foo']);
});

test('a group is described with its override before the broker', () => {
  const entries = describeGroupConfig(texts({ 'share.session.timeout.ms': '50000' }), broker());
  const entry = entries.find(({ name }) => name === 'share.session.timeout.ms')!;
  assert.equal(entry.configSource, ConfigSource.GROUP_CONFIG);
  assert.deepEqual(entry.synonyms, [
    { name: 'share.session.timeout.ms', value: '50000', source: 8 },
    { name: 'group.share.session.timeout.ms', value: '45000', source: 5 },
  ]);
});

test('client metrics subscriptions', () => {
  const problems = (entries: Record<string, string>): string[] =>
    validateClientMetricsConfigs(texts(entries)).map(({ code, problem }) => `${code}: ${problem}`);
  assert.deepEqual(problems({ metrics: '*', 'interval.ms': '1000', match: 'client_id=a.*,client_source_port=1' }), []);
  assert.match(problems({ 'interval.ms': '99' })[0], /^INVALID_REQUEST: .*at least 100$/);
  assert.match(problems({ foo: '1' })[0], /^INVALID_REQUEST: Unknown/);
  assert.match(problems({ 'interval.ms': 'soon' })[0], /^INVALID_CONFIG: .*Not a number of type INT$/);
  assert.match(problems({ match: 'client_id=[' })[0], /^INVALID_CONFIG: .*not a regular expression/);
  assert.match(problems({ match: 'client_id=a=b' })[0], /^INVALID_CONFIG: .*one equals sign$/);
  assert.match(problems({ match: 'client_id=' })[0], /^INVALID_CONFIG/);
  assert.match(problems({ match: 'colour=red' })[0], /selector must be one of/);
  const described = describeClientMetricsConfig(texts({ metrics: 'a.' }));
  assert.deepEqual(
    described.map(({ name, value, configSource }) => [name, value, configSource]),
    [
      ['metrics', 'a.', 7],
      ['interval.ms', '300000', 5],
      ['match', '', 5],
    ],
  );
});

test('a subscription is read with its defaults, and the last pattern of a selector counts', () => {
  const { metrics, intervalMs, match } = effectiveClientMetricsConfig(
    texts({ metrics: 'a.,b.,a.', match: 'client_id=x,client_software_name=(?i)java.*,client_id=y.?' }),
  );
  assert.deepEqual(metrics, ['a.', 'b.']);
  assert.equal(intervalMs, 300_000);
  assert.deepEqual([...match.keys()], ['client_id', 'client_software_name']);
  assert.equal(match.get('client_id')!.matches('yz'), true);
  assert.equal(match.get('client_id')!.matches('xyz'), false, 'the whole value must match');
  assert.equal(match.get('client_software_name')!.matches('JAVA-client'), true);
  assert.equal(effectiveClientMetricsConfig(texts({ 'interval.ms': 'x' })).intervalMs, 300_000);
});
