// Settings of every type of resource, asked over a socket: loggers, groups, client metrics, and several in one request.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { silentLogger } from '../../src/base/logger.ts';
import { ConfigOperation } from '../../src/controller/config-control.ts';
import { ConfigResourceType } from '../../src/metadata/configs-image.ts';
import { errorName } from '../../src/protocol/errors.ts';
import { describeConfigsRequest, describeConfigsResponse } from '../../src/protocol/messages/32-describe-configs.ts';
import { alterConfigsRequest, alterConfigsResponse } from '../../src/protocol/messages/33-alter-configs.ts';
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../src/protocol/messages/44-incremental-alter-configs.ts';
import {
  listConfigResourcesRequest,
  listConfigResourcesResponse,
} from '../../src/protocol/messages/74-list-config-resources.ts';
import { LOGGER_NAMES } from '../../src/telemetry/component-loggers.ts';
import { startTestBroker, type TestBroker } from '../../src/testing/test-broker.ts';
import { RawClient } from './raw-client.ts';

const { SET, DELETE, APPEND, SUBTRACT } = ConfigOperation;
const { BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP, TOPIC } = ConfigResourceType;
type Operation = readonly [operation: number, name: string, value: string | null];

let broker: TestBroker;
let client: RawClient;
const debugLines: string[] = [];

before(async () => {
  const logger = { ...silentLogger, debug: (_: object, message: string) => void debugLines.push(message) };
  broker = await startTestBroker({ logger });
  client = await RawClient.connect(broker.port);
});

after(async () => {
  client?.close();
  await broker?.stop();
});

async function alter(
  resources: readonly { type: number; name: string; operations: readonly Operation[] }[],
  validateOnly = false,
): Promise<string[]> {
  const { responses } = await client.ask(incrementalAlterConfigsRequest, incrementalAlterConfigsResponse, 1, {
    validateOnly,
    resources: resources.map(({ type, name, operations }) => ({
      resourceType: type,
      resourceName: name,
      configs: operations.map(([configOperation, key, value]) => ({ name: key, configOperation, value })),
    })),
  });
  return responses.map(({ errorCode }) => errorName(errorCode));
}

const alterOne = async (type: number, name: string, ...operations: Operation[]): Promise<string> =>
  (await alter([{ type, name, operations }]))[0];

async function describeOne(resourceType: number, resourceName: string, configurationKeys: string[] | null = null) {
  const { results } = await client.ask(describeConfigsRequest, describeConfigsResponse, 4, {
    resources: [{ resourceType, resourceName, configurationKeys }],
    includeSynonyms: true,
  });
  return results[0];
}

const levelOf = async (name: string): Promise<string | null | undefined> =>
  (await describeOne(BROKER_LOGGER, '1', [name])).configs[0]?.value;

test('loggers are listed with their levels, as settings of this broker only', async () => {
  const { configs } = await describeOne(BROKER_LOGGER, '1');
  assert.deepEqual(
    configs.map(({ name, value, configSource, readOnly }) => [name, value, configSource, readOnly]),
    LOGGER_NAMES.map((name) => [name, 'INFO', 6, false]),
  );
  assert.equal(errorName((await describeOne(BROKER_LOGGER, '2')).errorCode), 'INVALID_REQUEST');
  assert.equal(errorName((await describeOne(BROKER_LOGGER, '')).errorCode), 'INVALID_REQUEST');
});

test('an empty list of names asks for all settings, as none does; they come in their own order', async () => {
  const all = (await describeOne(BROKER_LOGGER, '1')).configs;
  assert.deepEqual((await describeOne(BROKER_LOGGER, '1', [])).configs, all);
  const two = await describeOne(BROKER_LOGGER, '1', [LOGGER_NAMES[1]!, LOGGER_NAMES[0]!, 'nowhere']);
  assert.deepEqual(
    two.configs.map(({ name }) => name),
    [LOGGER_NAMES[0], LOGGER_NAMES[1]],
  );
});

test('a description without an error has an empty message, and so has that of an unknown topic', async () => {
  const answers = [await describeOne(BROKER, '1', ['log.dirs']), await describeOne(TOPIC, 'none')];
  const said = answers.map(({ errorCode, errorMessage }) => [errorName(errorCode), errorMessage]);
  assert.deepEqual(said, [
    ['NONE', ''],
    ['UNKNOWN_TOPIC_OR_PARTITION', ''],
  ]);
});

test('nothing is added to what a client metrics subscription lists, nor taken away', async () => {
  assert.equal(await alterOne(CLIENT_METRICS, 'm', [APPEND, 'metrics', 'a']), 'INVALID_CONFIG');
  assert.equal(await alterOne(CLIENT_METRICS, 'm', [SUBTRACT, 'metrics', 'a']), 'INVALID_CONFIG');
});

test('settings come in the order in which Kafka answers them', async () => {
  const names = async (type: number, name: string, ...keys: string[]) =>
    (await describeOne(type, name, keys)).configs.map((config) => config.name);
  assert.deepEqual(await names(CLIENT_METRICS, 'm'), ['interval.ms', 'match', 'metrics']);
  const group = ['consumer.session.timeout.ms', 'share.auto.offset.reset', 'consumer.heartbeat.interval.ms'];
  assert.deepEqual(await names(GROUP, 'g', ...group.toSorted()), group);
});

test('a level counts at once, and its own goes when it is deleted', async () => {
  assert.equal(debugLines.length, 0);
  assert.equal(await alterOne(BROKER_LOGGER, '1', [SET, 'requests', 'DEBUG']), 'NONE');
  assert.equal(await levelOf('requests'), 'DEBUG');
  assert.ok(debugLines.includes('request answered'));
  assert.equal(await alterOne(BROKER_LOGGER, '1', [DELETE, 'requests', null], [SET, 'root', 'ERROR']), 'NONE');
  const { length } = debugLines;
  assert.equal(await levelOf('requests'), 'ERROR');
  assert.equal(debugLines.length, length);
  assert.equal(await alterOne(BROKER_LOGGER, '1', [SET, 'root', 'INFO']), 'NONE');
});

test('levels and loggers that there are not are refused, and then nothing changes', async () => {
  const refused = async (...operations: Operation[]): Promise<string> => {
    const code = await alterOne(BROKER_LOGGER, '1', [SET, 'groups', 'TRACE'], ...operations);
    assert.equal(await levelOf('groups'), 'INFO');
    return code;
  };
  assert.equal(await refused([SET, 'storage', 'loud']), 'INVALID_CONFIG');
  assert.equal(await refused([SET, 'kafka.server.KafkaApis', 'DEBUG']), 'INVALID_CONFIG');
  assert.equal(await refused([SET, 'storage', null]), 'INVALID_REQUEST');
  assert.equal(await refused([DELETE, 'root', null]), 'INVALID_REQUEST');
  assert.equal(await refused([APPEND, 'storage', 'INFO']), 'INVALID_REQUEST');
  assert.equal(await refused([SET, 'groups', 'DEBUG']), 'INVALID_REQUEST');
  assert.equal(await alterOne(BROKER_LOGGER, '7', [SET, 'groups', 'DEBUG']), 'INVALID_REQUEST');
  const trace: Operation = [SET, 'groups', 'TRACE'];
  assert.deepEqual(await alter([{ type: BROKER_LOGGER, name: '1', operations: [trace] }], true), ['NONE']);
  assert.equal(await levelOf('groups'), 'INFO');
});

test('the older request knows no loggers', async () => {
  const { responses } = await client.ask(alterConfigsRequest, alterConfigsResponse, 2, {
    resources: [{ resourceType: BROKER_LOGGER, resourceName: '1', configs: [{ name: 'groups', value: 'DEBUG' }] }],
  });
  assert.equal(errorName(responses[0].errorCode), 'INVALID_REQUEST');
});

test('resources of all types are answered in the order of the request', async () => {
  const codes = await alter([
    { type: GROUP, name: 'g', operations: [[SET, 'consumer.session.timeout.ms', '50000']] },
    { type: BROKER_LOGGER, name: '1', operations: [[SET, 'groups', 'WARN']] },
    { type: CLIENT_METRICS, name: 'watch', operations: [[SET, 'interval.ms', '1']] },
    { type: BROKER_LOGGER, name: '3', operations: [] },
    { type: BROKER, name: '', operations: [[SET, 'message.max.bytes', '1000']] },
    { type: CLIENT_METRICS, name: 'all', operations: [[SET, 'metrics', '*']] },
  ]);
  assert.deepEqual(codes, ['NONE', 'NONE', 'INVALID_REQUEST', 'INVALID_REQUEST', 'NONE', 'NONE']);
  assert.equal(await levelOf('groups'), 'WARN');
  const listed = async (version: number, resourceTypes: number[]) =>
    (
      await client.ask(listConfigResourcesRequest, listConfigResourcesResponse, version, { resourceTypes })
    ).configResources.map(({ resourceType, resourceName }) => `${resourceType}:${resourceName}`);
  assert.deepEqual(await listed(0, []), ['16:all']);
  assert.deepEqual(await listed(1, [GROUP, BROKER_LOGGER]), ['32:g', '8:1']);
});

test('what is only validated is answered as if it were done, and is not', async () => {
  const all = [
    { type: BROKER, name: '', operations: [[SET, 'message.max.bytes', '77777']] },
    { type: BROKER, name: '1', operations: [[SET, 'log.cleaner.threads', '100']] },
    { type: GROUP, name: 'v', operations: [[SET, 'share.session.timeout.ms', '50000']] },
    { type: CLIENT_METRICS, name: 'v', operations: [[SET, 'match', 'client_id=[']] },
    { type: CLIENT_METRICS, name: 'w', operations: [[SET, 'interval.ms', '1000']] },
  ] as const;
  assert.deepEqual(await alter(all, true), ['NONE', 'INVALID_REQUEST', 'NONE', 'INVALID_CONFIG', 'NONE']);
  const settingOf = async (type: number, name: string, key: string) =>
    (await describeOne(type, name, [key])).configs[0]?.value;
  assert.notEqual(await settingOf(BROKER, '1', 'message.max.bytes'), '77777');
  assert.equal(await settingOf(GROUP, 'v', 'share.session.timeout.ms'), '45000');
  assert.equal(await settingOf(CLIENT_METRICS, 'w', 'interval.ms'), '300000');
});
