import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createApiTable } from '../../src/broker/api-table.ts';
import { apiCatalog } from '../../src/protocol/api-catalog.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { metadataRequest, metadataResponse } from '../../src/protocol/messages/03-metadata.ts';
import { apiVersionsRequest, apiVersionsResponse } from '../../src/protocol/messages/18-api-versions.ts';
import { startTestBroker, type TestBroker } from '../../src/testing/test-broker.ts';
import { RawClient } from './raw-client.ts';

let broker: TestBroker;
let client: RawClient;

before(async () => {
  broker = await startTestBroker();
  client = await RawClient.connect(broker.port);
});

after(async () => {
  client?.close();
  await broker?.stop();
});

const ask = (version: number, extra: object = {}) =>
  client.ask(apiVersionsRequest, apiVersionsResponse, version, {
    clientSoftwareName: 'raw-client',
    clientSoftwareVersion: '1.0.0',
    ...extra,
  });

describe('API table', () => {
  test('pairs requests with their responses, within the versions of their schemas, in order', () => {
    let keyBefore = -1;
    for (const [key, { request, response, minVersion, maxVersion, handle }] of createApiTable()) {
      const known = apiCatalog.find(({ apiKey }) => apiKey === key)!;
      assert.equal(request, known.request, request.name);
      assert.equal(response, known.response, request.name);
      assert.ok(key > keyBefore, request.name);
      assert.ok(request.listeners?.includes('broker') ?? true, `${request.name} is no API of brokers`);
      assert.ok(minVersion >= request.versions.min && maxVersion <= request.versions.max, request.name);
      assert.ok(minVersion <= maxVersion, request.name);
      assert.ok(response.versions.min <= minVersion && response.versions.max >= maxVersion, request.name);
      // Produce and Fetch are answered where their bytes are.
      assert.equal(handle === undefined, key <= 1, request.name);
      keyBefore = key;
    }
  });
});

describe('ApiVersions', () => {
  test('every version names exactly the APIs of the table; Produce from version 0 on, for old clients’ sake', async () => {
    const expected = [...createApiTable()].map(([apiKey, { minVersion, maxVersion }]) => ({
      apiKey,
      minVersion: apiKey === 0 ? 0 : minVersion,
      maxVersion,
    }));
    for (let version = 0; version <= 5; version++) {
      const answer = await ask(version);
      assert.equal(answer.errorCode, ErrorCode.NONE);
      assert.deepEqual(answer.apiKeys, expected);
      assert.equal(answer.throttleTimeMs, 0);
    }
  });

  test('features: what is supported and what is in force; least level 0 only for who can read it', async () => {
    const three = await ask(3);
    const four = await ask(4);
    assert.ok(three.supportedFeatures.every(({ minVersion }) => minVersion > 0));
    assert.ok(four.supportedFeatures.length > three.supportedFeatures.length);
    assert.ok(four.finalizedFeaturesEpoch >= 0);
    const metadataVersion = four.finalizedFeatures.find(({ name }) => name === 'metadata.version')!;
    const supported = four.supportedFeatures.find(({ name }) => name === 'metadata.version')!;
    assert.ok(metadataVersion.maxVersionLevel <= supported.maxVersion);
    assert.ok(metadataVersion.maxVersionLevel >= supported.minVersion);
  });

  test('names of client software that are no names are refused, and the connection goes on', async () => {
    for (const name of ['', '-x', 'x-', 'a b', 'ü', '.']) {
      assert.equal((await ask(3, { clientSoftwareName: name })).errorCode, ErrorCode.INVALID_REQUEST, name);
      assert.equal((await ask(3, { clientSoftwareVersion: name })).errorCode, ErrorCode.INVALID_REQUEST, name);
    }
    for (const name of ['x', 'apache-kafka-java', '4.0.0', 'a.b-c']) {
      assert.equal((await ask(3, { clientSoftwareName: name })).errorCode, ErrorCode.NONE, name);
    }
    await client.ask(metadataRequest, metadataResponse, 1, { topics: [] });
  });

  test('a client that looks for another broker is told to start over', async () => {
    const errorOf = async (clusterId: string | null, nodeId: number) => (await ask(5, { clusterId, nodeId })).errorCode;
    assert.equal(await errorOf(broker.clusterId, 1), ErrorCode.NONE);
    assert.equal(await errorOf(null, -1), ErrorCode.NONE);
    assert.equal(await errorOf(broker.clusterId, 2), ErrorCode.REBOOTSTRAP_REQUIRED);
    assert.equal(await errorOf('another', 1), ErrorCode.REBOOTSTRAP_REQUIRED);
  });
});
