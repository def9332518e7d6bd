import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOT_YET } from '../../src/config/accepted-reasons.ts';
import { BROKER_CONFIGS as TABLE } from '../../src/config/broker-configs.ts';
import type { ConfigDefinition } from '../../src/config/config-definition.ts';
import {
  type BrokerConfigSources,
  type LoadedBrokerConfig,
  loadBrokerConfig,
} from '../../src/config/load-broker-config.ts';
import { threadCounts } from '../../src/config/node-identity.ts';

const BROKER_CONFIGS: readonly ConfigDefinition[] = TABLE;

const loadFile = (text: string, more: BrokerConfigSources = {}): LoadedBrokerConfig =>
  loadBrokerConfig({ propertiesFile: 'server.properties', readText: () => text, ...more });

test('nothing given: one broker alone, with data in ./data', () => {
  const { config, identity, warnings } = loadBrokerConfig({});
  assert.deepEqual(warnings, []);
  assert.equal(identity.alone, true);
  assert.equal(identity.nodeId, 1);
  assert.deepEqual(identity.logDirs, ['./data']);
  assert.equal(config.int('offsets.topic.replication.factor'), 1);
  assert.equal(config.int('group.initial.rebalance.delay.ms'), 3000);
  assert.equal(config.boolean('millrace.fsync.acks.all'), true);
});

test('flags win over the environment, the environment over the file, the file over defaults', () => {
  const { config } = loadFile('num.partitions=2\nnum.io.threads=2\nlog.dirs=/a\nbroker.rack=r', {
    defaults: {
      'num.partitions': '1',
      'num.io.threads': '1',
      'log.dirs': '/z',
      'broker.rack': 'z',
      'fetch.max.bytes': '2048',
    },
    env: { KAFKA_NUM_IO_THREADS: '3', KAFKA_LOG_DIRS: '/b', KAFKA_BROKER_RACK: 's' },
    overrides: ['log.dirs=/c', 'broker.rack=t=u'],
  });
  assert.equal(config.int('num.partitions'), 2);
  assert.equal(config.int('num.io.threads'), 3);
  assert.deepEqual(config.get('log.dirs'), ['/c']);
  assert.equal(config.string('broker.rack'), 't=u');
  assert.equal(config.int('fetch.max.bytes'), 2048);
});

test("Kafka's combined mode loads as one broker alone", () => {
  const { identity, listeners, warnings } = loadFile(
    `process.roles=broker,controller
node.id=7
controller.quorum.voters=7@localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
num.network.threads=3
log.dirs=/tmp/kraft-combined-logs
log.retention.hours=168
`,
  );
  assert.deepEqual(warnings, []);
  assert.equal(identity.alone, true);
  assert.equal(identity.nodeId, 7);
  assert.deepEqual(identity.voters, [{ id: 7, host: 'localhost', port: 9093 }]);
  assert.equal(listeners.listeners.length, 1);
});

test('a broker of a cluster is not alone', () => {
  const text = 'process.roles=broker\nnode.id=4\ncontroller.quorum.bootstrap.servers=c1:9093,c2:9093';
  const { identity } = loadFile(text);
  assert.equal(identity.alone, false);
  assert.deepEqual(identity.bootstrapServers, ['c1:9093', 'c2:9093']);
});

test('what Millrace cannot be is refused with cause, check and fix', () => {
  const whole = /[\s\S]*\n {2}check: [\s\S]*\n {2}fix: /;
  const refused: [string, RegExp][] = [
    ['process.roles=controller', /runs no controller of its own/],
    ['process.roles=broker', /nothing says where the controllers are/],
    ['controller.quorum.voters=1@a:9093,2@b:9093', /Millrace is no voter/],
    ['controller.quorum.voters=nobody', /not a voter/],
    ['node.id=1\nbroker.id=2', /node.id is 1, but broker.id is 2/],
    ['log.retention.ms=0', /keeps nothing/],
    ['group.consumer.session.timeout.ms=1000', /group.consumer.min.session.timeout.ms \(45000\) is greater/],
    ['num.partitions=many', /Not a number of type INT/],
    ['listener.name.plaintext.ssl.client.auth=perhaps', /must be one of: none, requested, required/],
  ];
  for (const [text, cause] of refused) {
    assert.throws(() => loadFile(text), cause, text);
    assert.throws(() => loadFile(text), whole, text);
  }
  assert.throws(() => loadBrokerConfig({ overrides: ['log.dirs'] }), /log.dirs is not a setting/);
  assert.throws(() => loadBrokerConfig({ propertiesFile: '/no/such/file' }), /cannot be read \(ENOENT\)/);
});

test('the origin of a bad value is named', () => {
  assert.throws(() => loadFile('num.partitions=x'), /num.partitions in server.properties/);
  assert.throws(
    () => loadBrokerConfig({ env: { KAFKA_NUM_PARTITIONS: 'x' } }),
    /environment variable KAFKA_NUM_PARTITIONS/,
  );
});

test('unknown names warn and say what may be meant', () => {
  const { warnings } = loadFile(
    `num.partition=3
zookeeper.connect=localhost:2181
retention.ms=5
my.plugin.setting=1
rsm.config.bucket=b
num.io.threads=4
ssl.keystore.loction=/x
listener.name.nobody.ssl.client.auth=none`,
  );
  assert.deepEqual(
    warnings.filter((warning) => !warning.endsWith(NOT_YET)),
    [
      'num.partition (server.properties) is not a setting that Millrace knows, and has no effect. Did you mean num.partitions?',
      'zookeeper.connect (server.properties) is a setting of Kafka before 4.0 and has no effect.',
      'retention.ms (server.properties) is a setting of topics and has no effect here. For all topics set log.retention.ms.',
      'my.plugin.setting (server.properties) is not a setting that Millrace knows, and has no effect.',
      'ssl.keystore.loction (server.properties) is not a setting that Millrace knows, and has no effect. Did you mean ssl.keystore.location?',
      'listener.name.nobody.ssl.client.auth has no effect: no listener is called NOBODY (there are PLAINTEXT).',
    ],
  );
});

test('a setting whose feature is still missing warns; one that can never matter does not', () => {
  const missing = BROKER_CONFIGS.find(({ accepted, type }) => accepted === NOT_YET && type === 'INT');
  if (missing) {
    const { warnings } = loadFile(`${missing.name}=${missing.defaultValue}\nnum.io.threads=8`);
    assert.deepEqual(warnings, [`${missing.name} (server.properties) has no effect: ${NOT_YET}`]);
  }
});

test('a broker that is to protect itself does not run open', () => {
  const missing = (name: string): boolean =>
    BROKER_CONFIGS.some((config) => config.name === name && config.accepted === NOT_YET);
  const authorizer = 'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer';
  if (missing('authorizer.class.name')) assert.throws(() => loadFile(authorizer), /would run unprotected/);
  else assert.doesNotThrow(() => loadFile(authorizer));
  for (const protocol of ['SASL_PLAINTEXT', 'SASL_SSL']) {
    const listener = `listeners=${protocol}://:9093\nsecurity.inter.broker.protocol=${protocol}`;
    if (missing('sasl.enabled.mechanisms')) assert.throws(() => loadFile(listener), /would run unprotected/);
    else assert.doesNotThrow(() => loadFile(listener));
  }
});

test('references are resolved when their provider is named', () => {
  const text = `config.providers=env,file
config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider
config.providers.file.class=org.apache.kafka.common.config.provider.FileConfigProvider
ssl.key.password=\${env:SECRET}
ssl.keystore.password=a-\${file:/run/secrets:store}-b
broker.rack=\${other:x}`;
  const readText = (path: string): string => (path === '/run/secrets' ? 'store=s3cret' : text);
  const { config } = loadFile(text, { readText, env: { SECRET: 'hunter2' } });
  assert.equal(config.string('ssl.key.password'), 'hunter2');
  assert.equal(config.string('ssl.keystore.password'), 'a-s3cret-b');
  assert.equal(config.string('broker.rack'), '$' + '{other:x}');
  assert.throws(() => loadFile(text, { readText, env: {} }), /ssl.key.password refers to .*SECRET.*no value/);
});

test('without config.providers a reference is plain text', () => {
  const reference = '$' + '{env:SECRET}';
  assert.equal(loadFile(`broker.rack=${reference}`, { env: { SECRET: 'x' } }).config.string('broker.rack'), reference);
});

test('threads by the number of cores, unless they are set', () => {
  const { config } = loadBrokerConfig({});
  assert.deepEqual(threadCounts(config, 1), { ioThreads: 1, storageWorkers: 1, colocated: true });
  assert.deepEqual(threadCounts(config, 2), { ioThreads: 1, storageWorkers: 1, colocated: true });
  assert.deepEqual(threadCounts(config, 16), { ioThreads: 8, storageWorkers: 4, colocated: false });
  const set = loadBrokerConfig({ overrides: ['millrace.io.threads=3'] }).config;
  assert.deepEqual(threadCounts(set, 2), { ioThreads: 3, storageWorkers: 1, colocated: true });
});
