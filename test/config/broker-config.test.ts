import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BrokerConfig } from '../../src/config/broker-config.ts';
import { ConfigSource, describeBrokerConfig, describeClusterBrokerConfig } from '../../src/config/describe-configs.ts';
import { validateDynamicBrokerConfigs } from '../../src/config/validate-configs.ts';

const config = (texts: Record<string, string> = {}): BrokerConfig => new BrokerConfig(new Map(Object.entries(texts)));
const dynamic = (texts: Record<string, string>): Map<string, string> => new Map(Object.entries(texts));

test('dynamic settings of this broker win over those of the cluster, and these over static ones', () => {
  const fixed = config({ 'log.cleaner.threads': '2', 'num.io.threads': '2' });
  const layered = fixed.withDynamic(
    dynamic({ 'log.cleaner.threads': '3', 'num.io.threads': '3', 'background.threads': '3' }),
    dynamic({ 'log.cleaner.threads': '4' }),
  );
  assert.equal(layered.int('log.cleaner.threads'), 4);
  assert.equal(layered.int('num.io.threads'), 3);
  assert.equal(layered.int('background.threads'), 3);
  assert.equal(fixed.int('log.cleaner.threads'), 2);
});

test('a stored dynamic setting that does not parse is passed over', () => {
  const layered = config().withDynamic(dynamic({ 'num.io.threads': 'x' }), new Map());
  assert.equal(layered.int('num.io.threads'), 8);
  assert.deepEqual(
    layered.ignored.map(({ name }) => name),
    ['num.io.threads'],
  );
});

test('a null value is refused by the typed getters and given by get', () => {
  assert.equal(config().get('broker.rack'), null);
  assert.throws(() => config().string('broker.rack'), /broker.rack has no value/);
});

test("a listener's own setting comes before the common one", () => {
  const set = config({ 'ssl.client.auth': 'none', 'listener.name.external.ssl.client.auth': 'required' });
  assert.equal(set.listenerText('EXTERNAL', 'ssl.client.auth'), 'required');
  assert.equal(set.listenerText('INTERNAL', 'ssl.client.auth'), 'none');
  assert.equal(set.listenerText('INTERNAL', 'ssl.keystore.type'), 'JKS');
  assert.equal(set.listenerText('INTERNAL', 'ssl.keystore.location'), null);
});

test('a broker is described with sources and synonyms in order of precedence', () => {
  const layered = config({ 'log.cleaner.threads': '2' }).withDynamic(
    dynamic({ 'log.cleaner.threads': ' 3 ' }),
    dynamic({ 'log.cleaner.threads': '4' }),
  );
  const entry = describeBrokerConfig(layered).find(({ name }) => name === 'log.cleaner.threads')!;
  assert.equal(entry.value, '4');
  assert.equal(entry.readOnly, false);
  assert.equal(entry.configSource, ConfigSource.DYNAMIC_BROKER_CONFIG);
  assert.equal(entry.configType, 3);
  assert.deepEqual(
    entry.synonyms.map(({ value, source }) => [value, source]),
    [
      ['4', 2],
      ['3', 3],
      ['2', 4],
      ['1', 5],
    ],
  );
});

test('what a DescribeConfigs of the whole cluster shows is what was set for it', () => {
  const layered = config({ 'num.io.threads': '2' }).withDynamic(dynamic({ 'num.io.threads': '3' }), new Map());
  const entries = describeClusterBrokerConfig(layered);
  assert.deepEqual(
    entries.map(({ name, value, configSource }) => [name, value, configSource]),
    [['num.io.threads', '3', 3]],
  );
});

test('a setting of one listener is shown as read-only, as Kafka shows it', () => {
  const name = 'ssl.keystore.type';
  const entries = describeBrokerConfig(config({ [name]: 'PEM', [`listener.name.internal.${name}`]: 'JKS' }));
  const readOnly = (name: string): boolean => entries.find((entry) => entry.name === name)!.readOnly;
  assert.deepEqual([readOnly(name), readOnly(`listener.name.internal.${name}`)], [false, true]);
});

test('secrets and unknown settings are hidden', () => {
  const entries = describeBrokerConfig(config({ 'ssl.key.password': 'hunter2', 'my.secret': 'hunter2' }));
  assert.ok(!JSON.stringify(entries).includes('hunter2'));
  const unknown = entries.find(({ name }) => name === 'my.secret')!;
  assert.deepEqual([unknown.isSensitive, unknown.configType, unknown.readOnly], [true, 0, true]);
});

test('the lead unit of a setting alone is described with its synonyms, as Kafka does', () => {
  const byName = new Map(
    describeBrokerConfig(config({ 'log.retention.hours': '5' })).map((entry) => [entry.name, entry]),
  );
  assert.deepEqual(byName.get('log.retention.ms')?.synonyms, []);
  assert.deepEqual(
    byName.get('log.retention.hours')?.synonyms.map(({ value, source }) => [value, source]),
    [
      ['5', 4],
      ['168', 5],
    ],
  );
});

test('internal settings are described only when given', () => {
  const name = 'group.consumer.regex.refresh.interval.ms';
  assert.equal(
    describeBrokerConfig(config()).some((entry) => entry.name === name),
    false,
  );
  assert.equal(
    describeBrokerConfig(config({ [name]: '10000' })).some((entry) => entry.name === name),
    true,
  );
});

test('dynamic changes: scope, range, and what no table knows', () => {
  const problems = (texts: Record<string, string | null>, perBroker: boolean): string[] =>
    validateDynamicBrokerConfigs(new Map(Object.entries(texts)), perBroker, config()).map(
      ({ code, problem }) => `${code}: ${problem}`,
    );
  assert.deepEqual(problems({ 'log.cleaner.threads': '2', 'max.connections': '5' }, false), []);
  assert.deepEqual(problems({ 'plugin.setting': 'x' }, false), []);
  assert.match(problems({ 'node.id': '2' }, true)[0], /^INVALID_REQUEST: Cannot update node.id while/);
  assert.match(problems({ 'sasl.enabled.mechanisms': 'PLAIN' }, false)[0], /for one broker only$/);
  assert.deepEqual(problems({ 'sasl.enabled.mechanisms': 'PLAIN' }, true), []);
  assert.match(problems({ 'ssl.keystore.type': 'PEM' }, true)[0], /listener.name.<listener>.ssl.keystore.type$/);
  assert.deepEqual(problems({ 'listener.name.x.ssl.keystore.type': 'PEM' }, true), []);
  assert.match(problems({ 'log.cleaner.threads': '-1' }, true)[0], /at least 0$/);
  assert.match(problems({ 'log.retention.ms': '0' }, false)[0], /give -1/);
  assert.match(problems({ 'log.retention.ms': null }, false)[0], /Null value/);
});

test('dynamic changes that would shut everybody out or contradict another setting are refused', () => {
  const problem = (texts: Record<string, string>, now: Record<string, string> = {}): string | undefined =>
    validateDynamicBrokerConfigs(new Map(Object.entries(texts)), true, config(now))[0]?.problem;
  for (const name of ['max.connections', 'max.connection.creation.rate']) {
    assert.match(problem({ [name]: '0' })!, /at least 1$/);
    assert.match(problem({ [`listener.name.plaintext.${name}`]: '0' })!, /at least 1$/);
  }
  assert.match(problem({ 'listener.name.plaintext.num.network.threads': '100' })!, /at most double/);
  assert.equal(problem({ 'listener.name.plaintext.max.connections.per.ip': '0' }), undefined);
  assert.match(problem({ 'log.roll.ms': '0' })!, /at least 1$/);
  assert.match(problem({ 'log.roll.jitter.ms': '-1' })!, /at least 0$/);
  assert.match(problem({ 'group.consumer.assignment.interval.ms': '15001' })!, /at most group.consumer.max/);
  assert.equal(problem({ 'group.share.assignment.interval.ms': '15000' }), undefined);
  assert.match(problem({ 'log.retention.ms': '1000', 'log.local.retention.ms': '1001' })!, /must not be greater/);
  assert.equal(problem({ 'log.retention.ms': '1000', 'log.local.retention.ms': '1000' }), undefined);
  assert.match(problem({ 'log.local.retention.bytes': '-1' }, { 'log.retention.bytes': '5' })!, /must not be greater/);
  assert.match(problem({ 'log.retention.bytes': '5' }, { 'log.local.retention.bytes': '6' })!, /must not be greater/);
  assert.match(problem({ 'log.cleaner.dedupe.buffer.size': '1048576' })!, /more than 1 MiB/);
  assert.equal(problem({ 'log.cleaner.dedupe.buffer.size': '1048577' }), undefined);
  const memory = { 'log.cleaner.dedupe.buffer.size': '2097152' };
  assert.match(problem({ 'log.cleaner.threads': '2' }, memory)!, /more than 1 MiB/);
});

test('dynamic changes name only classes that there are, and leave listeners their protocols', () => {
  const problem = (name: string, text: string, perBroker = true): string | undefined =>
    validateDynamicBrokerConfigs(new Map([[name, text]]), perBroker, config())[0]?.problem;
  const reporter = 'org.apache.kafka.common.metrics.JmxReporter';
  for (const text of [reporter, '']) assert.equal(problem('metric.reporters', text, false), undefined);
  assert.match(problem('metric.reporters', `${reporter},x.Y`, false)!, /there is no class 'x.Y' here$/);
  for (const prefix of ['', 'listener.name.x.']) {
    assert.match(problem(`${prefix}principal.builder.class`, 'x.Y')!, /there is no class/);
    assert.match(problem(`${prefix}ssl.engine.factory.class`, 'x.Y')!, /there is no class/);
  }
  for (const name of ['plugin', 'max.connections.per.ip', 'ssl.keystore.type']) {
    assert.match(problem(`listener.name.x.${name}`, '5', false)!, /for one broker only$/);
  }
  assert.equal(problem('listener.name.x.max.connections', '5', false), undefined);
  const map = (text: string) => problem('listener.security.protocol.map', text);
  assert.equal(map('PLAINTEXT:PLAINTEXT,EXTRA:SSL'), undefined);
  assert.match(map('EXTRA:SSL')!, /listener PLAINTEXT has PLAINTEXT, which cannot change/);
  assert.match(map('PLAINTEXT:SSL')!, /listener PLAINTEXT has PLAINTEXT, which cannot change/);
  for (const text of ['nonsense', 'PLAINTEXT:PLAINTEXT,X:NOPE', 'PLAINTEXT:PLAINTEXT,:SSL']) {
    assert.match(map(text)!, /not a pair/);
  }
});

test('dynamic changes are held against the value in effect', () => {
  const problem = (name: string, text: string, now: Record<string, string> = {}): string | undefined =>
    validateDynamicBrokerConfigs(new Map([[name, text]]), true, config(now))[0]?.problem;
  assert.equal(problem('num.io.threads', '16'), undefined);
  assert.match(problem('num.io.threads', '17')!, /at most double at once, and is 8 now$/);
  assert.equal(problem('num.io.threads', '4'), undefined);
  assert.match(problem('num.io.threads', '3')!, /at most halve/);
  assert.equal(problem('num.io.threads', '2', { 'num.io.threads': '5' }), undefined, 'half of five is two');
  assert.match(problem('log.cleaner.threads', '0')!, /at least 1$/);
  assert.equal(problem('background.threads', '100', { 'background.threads': '100' }), undefined);
  assert.match(problem('max.connection.creation.rate', '0')!, /at least 1$/);
  assert.match(problem('max.connections.per.ip', '0')!, /zero needs max.connections.per.ip.overrides$/);
  assert.equal(
    problem('max.connections.per.ip', '0', { 'max.connections.per.ip.overrides': '127.0.0.1:5' }),
    undefined,
  );
  assert.match(problem('cordoned.log.dirs', '/elsewhere', { 'log.dirs': '/a,/b' })!, /elsewhere is none of log.dirs$/);
  assert.equal(problem('cordoned.log.dirs', '/b', { 'log.dirs': '/a,/b' }), undefined);
  assert.equal(problem('cordoned.log.dirs', '*', { 'log.dirs': '/a,/b' }), undefined, 'all of them');
});

test('a limit that exists only while it is set is not described without', () => {
  const name = 'leader.replication.throttled.rate';
  assert.equal(
    describeBrokerConfig(config()).some((entry) => entry.name === name),
    false,
  );
  const dynamic = config().withDynamic(new Map([[name, '1000']]), new Map());
  const entry = describeBrokerConfig(dynamic).find((described) => described.name === name)!;
  assert.deepEqual(entry.synonyms, [{ name, value: '1000', source: ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG }]);
});
