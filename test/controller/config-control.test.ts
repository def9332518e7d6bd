import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigOperation } from '../../src/controller/config-control.ts';
import { ConfigResourceType } from '../../src/metadata/configs-image.ts';
import { encodeRecordBatch } from '../../src/metadata/metadata-batch.ts';
import { metadataRecord } from '../../src/metadata/metadata-records.ts';
import { errorName } from '../../src/protocol/errors.ts';
import {
  creatable,
  createRequest,
  LATEST,
  openController,
  type Setup,
  startBroker,
  startedController,
} from './controller-setup.ts';

const { SET, DELETE, APPEND, SUBTRACT } = ConfigOperation;
const { TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP } = ConfigResourceType;

type Operation = [operation: number, name: string, value: string | null];

async function started(): Promise<Setup> {
  const setup = await startedController();
  await setup.controller.createTopics(createRequest([creatable('a')]), LATEST);
  return setup;
}

function resource(resourceType: number, resourceName: string, operations: Operation[]) {
  const configs = operations.map(([configOperation, name, value]) => ({ configOperation, name, value }));
  return { resourceType, resourceName, configs };
}

async function alterError({ controller }: Setup, ...parameters: Parameters<typeof resource>): Promise<string> {
  const request = { resources: [resource(...parameters)], validateOnly: false };
  const { responses } = await controller.incrementalAlterConfigs(request, LATEST);
  return errorName(responses[0].errorCode);
}

test('set, delete, append and subtract on a topic', async () => {
  const setup = await started();
  const values = () => Object.fromEntries(setup.controller.image.configs.topic('a'));
  assert.equal(
    await alterError(setup, TOPIC, 'a', [
      [SET, 'retention.ms', '1000'],
      [SET, 'segment.ms', '5'],
    ]),
    'NONE',
  );
  assert.deepEqual(values(), { 'retention.ms': '1000', 'segment.ms': '5' });
  assert.equal(await alterError(setup, TOPIC, 'a', [[DELETE, 'segment.ms', null]]), 'NONE');
  assert.equal(await alterError(setup, TOPIC, 'a', [[APPEND, 'cleanup.policy', 'compact']]), 'NONE');
  assert.deepEqual(values(), { 'retention.ms': '1000', 'cleanup.policy': 'delete,compact' }, 'appended to the default');
  assert.equal(await alterError(setup, TOPIC, 'a', [[APPEND, 'cleanup.policy', 'compact']]), 'NONE');
  assert.equal(await alterError(setup, TOPIC, 'a', [[SUBTRACT, 'cleanup.policy', 'delete']]), 'NONE');
  assert.deepEqual(values(), { 'retention.ms': '1000', 'cleanup.policy': 'compact' });
});

test('append and subtract begin with the default of the list, whatever the cluster says', async () => {
  const setup = await started();
  const { configs } = setup.controller.image;
  const after = async (type: number, name: string, ...operation: Operation) => {
    assert.equal(await alterError(setup, type, name, [operation]), 'NONE');
    const [, key] = operation;
    const value = configs.of(type, name).get(key);
    assert.equal(await alterError(setup, type, name, [[DELETE, key, null]]), 'NONE');
    return value;
  };
  assert.equal(await after(BROKER, '', APPEND, 'log.cleanup.policy', 'compact'), 'delete,compact');
  assert.equal(await after(BROKER, '', SUBTRACT, 'log.cleanup.policy', 'compact'), 'delete');
  assert.equal(await after(BROKER, '1', SUBTRACT, 'ssl.enabled.protocols', 'TLSv1.2'), 'TLSv1.3');
  assert.equal(await alterError(setup, BROKER, '', [[SET, 'log.cleanup.policy', 'compact']]), 'NONE');
  assert.equal(await after(BROKER, '1', APPEND, 'log.cleanup.policy', 'compact'), 'delete,compact');
  assert.equal(await after(TOPIC, 'a', SUBTRACT, 'cleanup.policy', 'compact'), 'delete');
});

test('a list of one listener is set whole', async () => {
  const setup = await started();
  const name = 'listener.name.plaintext.ssl.enabled.protocols';
  assert.equal(await alterError(setup, BROKER, '1', [[APPEND, name, 'TLSv1.2']]), 'INVALID_CONFIG');
  assert.equal(await alterError(setup, BROKER, '', [[SUBTRACT, name, 'TLSv1.2']]), 'INVALID_CONFIG');
  assert.equal(await alterError(setup, BROKER, '1', [[SET, name, 'TLSv1.2']]), 'NONE');
});

test('operations that make no sense', async () => {
  const setup = await started();
  assert.equal(await alterError(setup, TOPIC, 'a', [[SET, 'retention.ms', null]]), 'INVALID_REQUEST');
  assert.equal(await alterError(setup, TOPIC, 'a', [[APPEND, 'cleanup.policy', null]]), 'INVALID_REQUEST');
  assert.equal(await alterError(setup, TOPIC, 'a', [[APPEND, 'retention.ms', '1']]), 'INVALID_CONFIG');
  assert.equal(await alterError(setup, TOPIC, 'a', [[SUBTRACT, 'no.such', '1']]), 'INVALID_CONFIG');
  assert.equal(await alterError(setup, TOPIC, 'a', [[9, 'retention.ms', '1']]), 'INVALID_REQUEST');
  assert.equal(await alterError(setup, TOPIC, 'a', [[SET, 'no.such', '1']]), 'INVALID_CONFIG');
  assert.equal(await alterError(setup, TOPIC, 'a', [[SET, 'retention.ms', 'x']]), 'INVALID_CONFIG');
  const twice: Operation[] = [
    [SET, 'retention.ms', '1'],
    [SET, 'retention.ms', '2'],
  ];
  assert.equal(await alterError(setup, TOPIC, 'a', twice), 'INVALID_REQUEST');
  assert.equal(setup.controller.image.configs.topic('a').size, 0);
});

test('of several faults the one is told that Kafka finds first: in the operations, the name of the topic, the values', async () => {
  const setup = await started();
  const bad = (...operations: Operation[]) => alterError(setup, TOPIC, 'bad name', operations);
  assert.equal(await bad([SET, 'retention.ms', null]), 'INVALID_REQUEST');
  assert.equal(await bad([APPEND, 'retention.ms', '1']), 'INVALID_CONFIG');
  assert.equal(await bad([SET, 'retention.ms', 'x']), 'INVALID_TOPIC_EXCEPTION');
  assert.equal(await bad([DELETE, 'retention.ms', null]), 'INVALID_TOPIC_EXCEPTION');
  const none = (...operations: Operation[]) => alterError(setup, TOPIC, 'none', operations);
  assert.equal(await none([SET, 'retention.ms', 'x']), 'INVALID_CONFIG');
  assert.equal(await none([SET, 'retention.ms', '1']), 'UNKNOWN_TOPIC_OR_PARTITION');
});

test('what is wrong with the values of a broker is told before what ELR forbids', async () => {
  const setup = await started();
  assert.ok(setup.controller.image.configs.broker().has('min.insync.replicas'), 'ELR is on');
  const replace = async (name: string, value: string) => {
    const resources = [{ resourceType: BROKER, resourceName: '', configs: [{ name, value }] }];
    const { responses } = await setup.controller.alterConfigs({ resources, validateOnly: true }, LATEST);
    return errorName(responses[0].errorCode);
  };
  assert.equal(await replace('log.retention.ms', '1000'), 'INVALID_CONFIG', 'it would remove min.insync.replicas');
  assert.equal(await replace('log.retention.ms', 'x'), 'INVALID_REQUEST');
  assert.equal(await replace('node.id', '7'), 'INVALID_REQUEST');
  assert.equal(await replace('listeners', 'PLAINTEXT://:9092'), 'INVALID_REQUEST');
});

test('a list cannot grow beyond what a record holds', async () => {
  const setup = await started();
  const name = 'leader.replication.throttled.replicas';
  const replicas = (from: number) => Array.from({ length: 4000 }, (_, index) => `${from + index}:1`).join();
  assert.equal(await alterError(setup, TOPIC, 'a', [[SET, name, replicas(0)]]), 'NONE');
  assert.equal(await alterError(setup, TOPIC, 'a', [[APPEND, name, replicas(4000)]]), 'INVALID_CONFIG');
});

test('one bad setting leaves the whole resource as it was, other resources are changed', async () => {
  const { controller } = await started();
  await controller.createTopics(createRequest([creatable('b')]), LATEST);
  const resources = [
    resource(TOPIC, 'a', [
      [SET, 'retention.ms', '1000'],
      [SET, 'segment.ms', 'x'],
    ]),
    resource(TOPIC, 'b', [[SET, 'retention.ms', '2000']]),
  ];
  const { responses } = await controller.incrementalAlterConfigs({ resources, validateOnly: false }, LATEST);
  assert.deepEqual(
    responses.map(({ errorCode }) => errorName(errorCode)),
    ['INVALID_CONFIG', 'NONE'],
  );
  assert.equal(controller.image.configs.topic('a').size, 0);
  assert.equal(controller.image.configs.topic('b').get('retention.ms'), '2000');
});

test('resources that cannot be changed', async () => {
  const setup = await started();
  const set = (type: number, name: string) => alterError(setup, type, name, [[SET, 'retention.ms', '1000']]);
  assert.equal(await set(TOPIC, 'zz'), 'UNKNOWN_TOPIC_OR_PARTITION');
  assert.equal(await set(TOPIC, ''), 'INVALID_REQUEST');
  assert.equal(await set(TOPIC, 'a b'), 'INVALID_TOPIC_EXCEPTION');
  assert.equal(await set(BROKER, '2'), 'INVALID_REQUEST');
  assert.equal(await set(BROKER, 'x'), 'INVALID_REQUEST');
  assert.equal(await set(GROUP, ''), 'INVALID_REQUEST');
  assert.equal(await set(CLIENT_METRICS, ''), 'INVALID_REQUEST');
  assert.equal(await set(BROKER_LOGGER, '1'), 'INVALID_REQUEST');
  assert.equal(await set(0, 'x'), 'INVALID_REQUEST');
});

test('settings of brokers, groups and client metrics', async () => {
  const setup = await started();
  const { configs } = setup.controller.image;
  assert.equal(await alterError(setup, BROKER, '', [[SET, 'log.cleaner.threads', '2']]), 'NONE');
  assert.equal(configs.broker().get('log.cleaner.threads'), '2');
  assert.equal(await alterError(setup, BROKER, '1', [[SET, 'log.cleaner.threads', '1']]), 'NONE');
  assert.equal(configs.broker(1).get('log.cleaner.threads'), '1');
  assert.equal(await alterError(setup, BROKER, '1', [[SET, 'node.id', '3']]), 'INVALID_REQUEST', 'needs a restart');
  assert.equal(await alterError(setup, GROUP, 'g', [[SET, 'consumer.session.timeout.ms', '50000']]), 'NONE');
  assert.equal(configs.group('g').get('consumer.session.timeout.ms'), '50000');
  assert.equal(await alterError(setup, GROUP, 'g', [[SET, 'retention.ms', '1']]), 'INVALID_CONFIG');
  assert.equal(await alterError(setup, CLIENT_METRICS, 'm', [[SET, 'interval.ms', '60000']]), 'NONE');
  assert.equal(configs.clientMetrics('m').get('interval.ms'), '60000');
  assert.deepEqual(configs.namesOf(CLIENT_METRICS), ['m']);
});

test('a broker setting that stays the same is written all the same, a topic setting is not', async () => {
  const setup = await started();
  const { image } = setup.controller;
  const written = async (...parameters: Parameters<typeof resource>) => {
    await alterError(setup, ...parameters);
    const before = image.lastOffset;
    await alterError(setup, ...parameters);
    return image.lastOffset - before;
  };
  assert.equal(await written(TOPIC, 'a', [[SET, 'retention.ms', '1000']]), 0);
  assert.equal(await written(BROKER, '', [[SET, 'log.cleaner.threads', '2']]), 1);
});

test('the legacy request replaces everything', async () => {
  const setup = await started();
  const { controller } = setup;
  await alterError(setup, TOPIC, 'a', [
    [SET, 'retention.ms', '1000'],
    [SET, 'segment.ms', '5'],
  ]);
  const replace = async (configs: { name: string; value: string | null }[], validateOnly = false) => {
    const resources = [{ resourceType: TOPIC, resourceName: 'a', configs }];
    return errorName((await controller.alterConfigs({ resources, validateOnly }, LATEST)).responses[0].errorCode);
  };
  assert.equal(await replace([{ name: 'retention.ms', value: null }]), 'INVALID_REQUEST');
  assert.equal(await replace([{ name: 'no.such', value: '1' }]), 'INVALID_CONFIG');
  assert.equal(await replace([{ name: 'retention.ms', value: '7' }], true), 'NONE');
  assert.equal(controller.image.configs.topic('a').size, 2, 'validateOnly changes nothing');
  assert.equal(await replace([{ name: 'retention.ms', value: '7' }]), 'NONE');
  assert.deepEqual([...controller.image.configs.topic('a')], [['retention.ms', '7']]);
});

test('a resource that stands in the request twice is refused both times', async () => {
  const { controller } = await started();
  const one = resource(TOPIC, 'a', [[SET, 'retention.ms', '1000']]);
  const { responses } = await controller.incrementalAlterConfigs(
    { resources: [one, one], validateOnly: false },
    LATEST,
  );
  assert.deepEqual(
    responses.map(({ errorCode }) => errorName(errorCode)),
    ['INVALID_REQUEST', 'INVALID_REQUEST'],
  );
});

test('permission, by type of resource', async () => {
  const { controller } = await started();
  const resources = [TOPIC, GROUP, BROKER].map((type) => resource(type, type === BROKER ? '' : 'a', []));
  const denied = await controller.incrementalAlterConfigs(
    { resources, validateOnly: false },
    { ...LATEST, allows: () => false },
  );
  assert.deepEqual(
    denied.responses.map(({ errorCode }) => errorName(errorCode)),
    ['TOPIC_AUTHORIZATION_FAILED', 'GROUP_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED'],
  );
});

test('without ELR there is nothing to forget when the minimum of in-sync replicas changes', async () => {
  const setup = await started();
  const { controller, directory } = setup;
  const recordsOf = async (name: string, value: string): Promise<number> => {
    const before = directory.log.endOffset;
    assert.equal(await alterError(setup, TOPIC, 'a', [[SET, name, value]]), 'NONE');
    return directory.log.endOffset - before;
  };
  assert.equal(await recordsOf('min.insync.replicas', '2'), (await recordsOf('retention.ms', '1000')) + 1);
  const feature = 'eligible.leader.replicas.version';
  const off = { feature, maxVersionLevel: 0, allowDowngrade: true, upgradeType: 2 };
  await controller.updateFeatures({ timeoutMs: 5000, featureUpdates: [off], validateOnly: false }, LATEST);
  assert.equal(await recordsOf('min.insync.replicas', '3'), await recordsOf('retention.ms', '2000'));
});

test('another minimum of in-sync replicas forgets the eligible leader replicas', async () => {
  const setup = await started();
  const { controller } = setup;
  const topicId = controller.image.topics.idOf('a')!;
  const { log } = setup.directory;
  const change = { partitionId: 0, topicId, eligibleLeaderReplicas: [1], lastKnownElr: [1] };
  const record = metadataRecord('PartitionChangeRecord', change, 2);
  await log.append(
    encodeRecordBatch([record], { baseOffset: log.endOffset, epoch: 1, timestampMs: 0 }),
    1,
    log.endOffset,
  );
  const after = await openController({ files: setup.files, seed: 2 });
  await startBroker(after);
  const partition = () => after.controller.image.topics.partition(topicId, 0)!;
  assert.deepEqual(partition().elr, [1]);
  await alterError(after, TOPIC, 'a', [[SET, 'retention.ms', '1000']]);
  assert.deepEqual(partition().elr, [1]);
  await alterError(after, TOPIC, 'a', [[SET, 'min.insync.replicas', '2']]);
  assert.deepEqual([partition().elr, partition().lastKnownElr], [[], []]);
});

test('cordoned.log.dirs needs a metadata.version that knows of cordoned directories', async () => {
  const setup = await started();
  assert.equal(await alterError(setup, BROKER, '1', [[SET, 'cordoned.log.dirs', '']]), 'NONE');
  const { log } = setup.directory;
  const record = metadataRecord('FeatureLevelRecord', { name: 'metadata.version', featureLevel: 29 });
  await log.append(
    encodeRecordBatch([record], { baseOffset: log.endOffset, epoch: 1, timestampMs: 0 }),
    1,
    log.endOffset,
  );
  const before = await openController({ files: setup.files, seed: 2 });
  assert.equal(await alterError(before, BROKER, '1', [[SET, 'cordoned.log.dirs', '']]), 'INVALID_CONFIG');
});
